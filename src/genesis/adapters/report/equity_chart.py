"""Equity against buy and hold, and the drawdown below them."""

import math
from typing import Final

import numpy as np

from genesis.adapters.report.backtest_report import BacktestReport, Outcome
from genesis.adapters.report.chart import (
    LOSS,
    MAIN,
    OTHER,
    Chart,
    Plain,
    Trace,
    axis,
    label,
    layout,
    rounded,
    time_axis,
)
from genesis.adapters.report.thinning import POINTS_MAX, extreme_rows
from genesis.domain.statistics.drawdowns import drawdown_series
from genesis.domain.statistics.wording import count
from genesis.domain.units import ATOMS_PER_UNIT

LOG_FROM: Final = 1.3
"""Over so many powers of ten a linear scale presses the lower curve flat."""
DECADES_CROWDED: Final = 3.0
"""Over more powers of ten than this, only they themselves have a place on the axis."""


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
    magnitudes = _magnitudes(report.outcome, report.buy_and_hold)
    return Chart(
        "equity",
        "Equity and drawdown",
        caption,
        (held, earned, _drawdown_trace(report)),
        layout(
            520,
            shapes=_halts(report),
            annotations=_halt_labels(report),
            hovermode="x unified",
            xaxis=time_axis(anchor="y2", domain=[0, 1]),
            yaxis=axis(f"Equity ({report.quote})", domain=[0.34, 1], tickformat=",~f"),
            yaxis2=axis("Drawdown (%)", domain=[0, 0.27], anchor="x", rangemode="tozero", ticksuffix=" %"),
        ),
        log_axis="yaxis",
        log_step=1 if magnitudes > DECADES_CROWDED else "D2",
        is_log=magnitudes >= LOG_FROM,
    )


def _magnitudes(*outcomes: Outcome) -> float:
    """Return how many powers of ten lie between the lowest equity and the highest; 0 where one is not above zero."""
    ends = [(int(each.equity.min()), int(each.equity.max())) for each in outcomes if len(each.equity)]
    lowest, highest = min((low for low, _ in ends), default=0), max((high for _, high in ends), default=0)
    return math.log10(highest / lowest) if lowest > 0 else 0.0


def _halts(report: BacktestReport) -> list[Plain]:
    line: Plain = {"color": LOSS, "width": 1.5, "dash": "dash"}
    return [
        {"type": "line", "x0": alert.mts, "x1": alert.mts, "y0": 0, "y1": 1, "yref": "paper", "line": line}
        for alert in report.record.alerts
    ]


def _halt_labels(report: BacktestReport) -> list[Plain]:
    font: Plain = {"color": LOSS, "size": 12}
    middle = (int(report.candles.mts[0]) + int(report.candles.mts[-1])) // 2 if len(report.candles) else 0
    return [
        {
            "x": alert.mts,
            "y": 1,
            "yref": "paper",
            "yanchor": "top",
            "xanchor": "left" if alert.mts < middle else "right",
            "bgcolor": "var(--card)",
            "showarrow": False,
            "text": alert.code.value.replace("_", " "),
            "font": font,
        }
        for alert in report.record.alerts
    ]


def _equity_trace(report: BacktestReport, outcome: Outcome, name: str, color: str, width: float) -> Trace:
    rows = extreme_rows(outcome.equity)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": label(name),
        "x": report.candles.mts[rows].tolist(),
        "y": rounded((outcome.equity[rows] / ATOMS_PER_UNIT).tolist(), report.decimals),
        "line": {"color": color, "width": width},
        "hovertemplate": f"%{{y:,.{report.decimals}f}} {label(report.quote)}",
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
