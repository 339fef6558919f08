"""Candles with the fills on them: the whole span in longer candles, and close-ups in the run's own."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from genesis.adapters.report.backtest_report import BacktestReport
from genesis.adapters.report.chart import (
    FAINT,
    GAIN,
    LEGEND,
    LOSS,
    MAIN,
    OTHER,
    Chart,
    Plain,
    Trace,
    axis,
    label,
    layout,
    time_axis,
)
from genesis.adapters.report.thinning import longer_candles
from genesis.domain.candle import Candles, Timeframe
from genesis.domain.fill import Fill
from genesis.domain.order import Side
from genesis.domain.statistics.summary import RoundTrip
from genesis.domain.statistics.wording import count, counted, moment, percent
from genesis.domain.units import format_atoms, format_scaled

MARKS_MAX: Final = 300
"""More fills than this in one view hide the candles: then they are counted below them."""
CLOSE_UP: Final = 300
"""The candles of a close-up, about."""

_SIDES: Final = ((Side.BUY, "Buys", "triangle-up", MAIN), (Side.SELL, "Sells", "triangle-down", OTHER))


def candle_charts(report: BacktestReport) -> tuple[Chart, ...]:
    """Return the whole span, then the last fills, the best round trip and the worst, as far as there are any."""
    return (candle_chart(report, "candles", "The whole span", 0, len(report.candles)), *_close_ups(report))


def candle_chart(
    report: BacktestReport, name: str, title: str, first: int, last: int, trip: RoundTrip | None = None
) -> Chart:
    """Return the candles of rows *first* up to *last* with their fills, in longer candles where they are too many.

    A round trip is shaded from its opening to its close.
    """
    candles = report.candles[first:last]
    fills = _fills_between(report, candles, last == len(report.candles))
    drawn, timeframe = longer_candles(candles, report.timeframe)
    is_marked = len(fills) <= MARKS_MAX
    marks = list(_marks(report, fills) if is_marked else _counts(fills, drawn, timeframe))
    caption = _caption(report, candles, drawn, timeframe, fills)
    return Chart(name, title, caption, (_candle_trace(drawn), *marks), _layout(report, drawn, is_marked, trip))


def _close_ups(report: BacktestReport) -> Iterator[Chart]:
    fills, trips = report.record.fills, report.trips
    if not fills:
        return
    rows = len(report.candles)
    last = min(rows, _row(report, fills[-1].mts) + CLOSE_UP // 10)
    if rows > CLOSE_UP:
        yield candle_chart(report, "candles-last", "Close-up: the last fills", max(0, last - CLOSE_UP), last)
    if len(trips) > 1 and rows > CLOSE_UP:
        best = max(trips, key=_return_of)
        worst = min(trips, key=_return_of)
        for name, adjective, trip in (("candles-best", "best", best), ("candles-worst", "worst", worst)):
            first, last = _around(report, trip)
            title = f"Close-up: the {adjective} round trip, {percent(100.0 * _return_of(trip), sign=True)}"
            yield candle_chart(report, name, title, first, last, trip)


def _around(report: BacktestReport, trip: RoundTrip) -> tuple[int, int]:
    opened, closed = _row(report, trip.opened), _row(report, trip.closed)
    margin = max(CLOSE_UP - (closed - opened), CLOSE_UP // 3) // 2
    return max(0, opened - margin), min(len(report.candles), closed + 1 + margin)


def _return_of(trip: RoundTrip) -> float:
    return trip.profit / trip.spent if trip.spent else 0.0


def _row(report: BacktestReport, mts: int) -> int:
    return int(np.searchsorted(report.candles.mts, mts))


def _fills_between(report: BacktestReport, candles: Candles, to_the_end: bool) -> list[Fill]:
    if not len(candles):
        return []
    start, end = int(candles.mts[0]), int(candles.mts[-1])
    return [fill for fill in report.record.fills if start <= fill.mts and (to_the_end or fill.mts <= end)]


def _candle_trace(candles: Candles) -> Trace:
    return {
        "type": "candlestick",
        "name": "Candles",
        "x": candles.mts.tolist(),
        "open": candles.open.tolist(),
        "high": candles.high.tolist(),
        "low": candles.low.tolist(),
        "close": candles.close.tolist(),
        "increasing": {"line": {"color": GAIN, "width": 1}},
        "decreasing": {"line": {"color": LOSS, "width": 1}},
        "showlegend": False,
    }


def _marks(report: BacktestReport, fills: Sequence[Fill]) -> Iterator[Trace]:
    instrument = report.record.instrument
    for side, name, symbol, color in _SIDES:
        chosen = [fill for fill in fills if fill.side is side]
        prices = [format_scaled(fill.price, instrument.price_decimals) for fill in chosen]
        yield {
            "type": "scatter",
            "mode": "markers",
            "name": f"{name} ({count(len(chosen))})",
            "x": [fill.mts for fill in chosen],
            "y": [float(price) for price in prices],
            "text": [
                label(f"{fill.side.value} {format_atoms(fill.amount)} {instrument.base} at {price}")
                for fill, price in zip(chosen, prices, strict=True)
            ],
            "hovertemplate": "%{text}<extra></extra>",
            "marker": {"symbol": symbol, "size": 11, "color": color, "line": {"color": "var(--page)", "width": 1}},
        }


def _counts(fills: Sequence[Fill], drawn: Candles, timeframe: Timeframe) -> Iterator[Trace]:
    for side, name, _, color in _SIDES:
        times = np.array([fill.mts for fill in fills if fill.side is side], dtype=np.int64)
        rows = np.searchsorted(drawn.mts, timeframe.starts(times))
        yield {
            "type": "bar",
            "name": f"{name} ({count(len(times))})",
            "x": drawn.mts.tolist(),
            "y": np.bincount(rows, minlength=len(drawn)).tolist(),
            "yaxis": "y2",
            "marker": {"color": color, "line": {"width": 0}},
            "hovertemplate": "%{y:,} " + name.lower() + "<extra></extra>",
        }


def _caption(
    report: BacktestReport, candles: Candles, drawn: Candles, timeframe: Timeframe, fills: Sequence[Fill]
) -> str:
    if not len(candles):
        return "There is no candle."
    own, length = report.timeframe.value, timeframe.value
    text = f"{moment(int(candles.mts[0]))} to {moment(int(candles.mts[-1]))} UTC: "
    if len(drawn) < len(candles):
        text += f"{count(len(candles))} candles of {own}, drawn as {count(len(drawn))} of {length}"
    else:
        text += f"{counted(len(candles), 'candle')} of {own}"
    if len(fills) <= MARKS_MAX:
        return f"{text}, with {'all ' if len(fills) > 1 else ''}{counted(len(fills), 'fill')} marked."
    return (
        f"{text}. {count(len(fills))} fills are too many to mark one by one: below are their numbers for each candle"
        " drawn."
    )


def _layout(report: BacktestReport, drawn: Candles, is_marked: bool, trip: RoundTrip | None) -> Mapping[str, Plain]:
    instrument = report.record.instrument
    price = f"Price ({instrument.quote} per {instrument.base})"
    slider: Plain = {"visible": False}
    step = int(np.diff(drawn.mts).min()) if len(drawn) > 1 else report.timeframe.span_ms
    ends: Plain = [int(drawn.mts[0]) - step, int(drawn.mts[-1]) + step] if len(drawn) else None
    if is_marked:
        return layout(
            420,
            xaxis=time_axis(rangeslider=slider, range=ends),
            yaxis=axis(price, tickformat=",~f", zeroline=False),
            shapes=[] if trip is None else [_shade(trip)],
        )
    return layout(
        520,
        barmode="stack",
        bargap=0,
        legend={**LEGEND, "traceorder": "normal"},
        xaxis=time_axis(rangeslider=slider, range=ends, anchor="y2"),
        yaxis=axis(price, domain=[0.3, 1], tickformat=",~f", zeroline=False),
        yaxis2=axis("Fills (count)", domain=[0, 0.22], anchor="x", zerolinecolor=FAINT),
    )


def _shade(trip: RoundTrip) -> Plain:
    return {
        "type": "rect",
        "layer": "below",
        "x0": trip.opened,
        "x1": trip.closed,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "fillcolor": GAIN if trip.profit > 0 else LOSS,
        "opacity": 0.12,
        "line": {"width": 0},
    }
