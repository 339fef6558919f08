"""Equity against buy and hold, and the drawdown below them."""

import numpy as np

from genesis.adapters.report.backtest_report import BacktestReport, Outcome
from genesis.adapters.report.chart import LOSS, MAIN, OTHER, Chart, Trace, axis, layout, rounded, time_axis
from genesis.adapters.report.thinning import POINTS_MAX, extreme_rows
from genesis.domain.statistics.drawdowns import drawdown_series
from genesis.domain.statistics.wording import count
from genesis.domain.units import ATOMS_PER_UNIT


def equity_chart(report: BacktestReport) -> Chart:
    """Return equity at the closes, and its drawdown, both thinned so that every extreme stays."""
    closes = len(report.candles)
    caption = "The account at the closes of its candles, costs included, and the same cash in buy and hold."
    if closes > POINTS_MAX:
        caption += (
            f" Of {count(closes)} closes at most {count(POINTS_MAX)} a curve are drawn: lowest and highest of each"
            " stretch, so no peak and no trough is missing."
        )
    held = _equity_trace(report, report.buy_and_hold, "Buy and hold", OTHER, 1.2)
    earned = _equity_trace(report, report.outcome, report.strategy, MAIN, 1.8)
    return Chart(
        "equity",
        "Equity and drawdown",
        caption,
        (held, earned, _drawdown_trace(report)),
        layout(
            520,
            hovermode="x unified",
            xaxis=time_axis(anchor="y2", domain=[0, 1]),
            yaxis=axis(f"Equity ({report.quote})", domain=[0.34, 1], tickformat=",~f"),
            yaxis2=axis("Drawdown (%)", domain=[0, 0.27], anchor="x", rangemode="tozero", ticksuffix=" %"),
        ),
        log_axis="yaxis",
    )


def _equity_trace(report: BacktestReport, outcome: Outcome, name: str, color: str, width: float) -> Trace:
    rows = extreme_rows(outcome.equity)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": report.candles.mts[rows].tolist(),
        "y": rounded((outcome.equity[rows] / ATOMS_PER_UNIT).tolist(), report.decimals),
        "line": {"color": color, "width": width},
        "hovertemplate": f"%{{y:,.{report.decimals}f}} {report.quote}",
    }


def _drawdown_trace(report: BacktestReport) -> Trace:
    lost = -100.0 * drawdown_series(report.outcome.equity, report.record.initial_cash)
    rows = extreme_rows((lost * 1e9).astype(np.int64))
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "Drawdown",
        "x": report.candles.mts[rows].tolist(),
        "y": rounded(lost[rows].tolist(), 3),
        "yaxis": "y2",
        "fill": "tozeroy",
        "line": {"color": LOSS, "width": 1},
        "hovertemplate": "%{y:.2f} %",
        "showlegend": False,
    }
