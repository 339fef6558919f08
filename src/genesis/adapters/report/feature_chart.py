"""The features of an expression over candles: on the price where they are prices, else in panels of their own."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from attrs import frozen

from genesis.adapters.report.chart import (
    CLEAR,
    FAINT,
    GAIN,
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
from genesis.domain.candle import Candles, Floats
from genesis.domain.statistics.wording import count, moment

PANELS_MAX: Final = 8
OVERLAYS_MAX: Final = 8
_COLORS: Final = (MAIN, OTHER, "#8a5cd1", "#c23b8f", "#2a9db0", "#7a8b1f", "#b5651d", FAINT)
_DIGITS: Final = 6


@frozen(eq=False)
class Feature:
    """One node: what it is called, and its value at every candle."""

    name: str
    column: Floats


@frozen(eq=False)
class Sorted:
    """Features by how they are drawn."""

    overlays: list[Feature]
    conditions: list[Feature]
    panels: list[Feature]


def feature_chart(candles: Candles, features: Sequence[Feature], target: Feature) -> Chart:
    """Return the candles with all *features*, and the target below."""
    sorts = _sorted(candles, features)
    panels = sorts.panels[:PANELS_MAX]
    below = len(panels) + (1 if sorts.conditions else 0) + 1
    share = min(0.13, 0.62 / below)
    traces: list[Trace] = [_candles(candles)]
    traces += [_line(candles, each, "y", n) for n, each in enumerate(sorts.overlays[:OVERLAYS_MAX])]
    axes: dict[str, Plain] = {
        "yaxis": axis("Price", domain=[below * share + 0.02, 1], tickformat=",~f", zeroline=False)
    }
    number = 2
    for n, each in enumerate(panels):
        traces.append(_line(candles, each, f"y{number}", n, is_step=False))
        axes[f"yaxis{number}"] = _panel(below - 1 - n, share, each.name.split(" ")[0])
        number += 1
    if sorts.conditions:
        traces.append(_conditions(candles, sorts.conditions, f"y{number}"))
        axes[f"yaxis{number}"] = {**_panel(1, share, "Holds"), "type": "category"}
        number += 1
    traces.append(_line(candles, target, f"y{number}", 0, is_step=True))
    axes[f"yaxis{number}"] = _panel(0, share, "Target")
    left = max(len(sorts.panels) - PANELS_MAX, 0) + max(len(sorts.overlays) - OVERLAYS_MAX, 0)
    text = f"{moment(int(candles.mts[0]))} to {moment(int(candles.mts[-1]))} UTC, {count(len(candles))} candles."
    text += f" {count(left)} more features are in the list alone." if left else ""
    time = time_axis(rangeslider={"visible": False}, anchor=f"y{number}")
    return Chart(
        "features", "Features over candles", text, tuple(traces), layout(420 + 110 * below, xaxis=time, **axes)
    )


def _sorted(candles: Candles, features: Sequence[Feature]) -> Sorted:
    sorts = Sorted([], [], [])
    low, high = float(np.nanmin(candles.low)), float(np.nanmax(candles.high))
    for each in features:
        known = each.column[np.isfinite(each.column)]
        if not len(known):
            continue
        if np.isin(known, (0.0, 1.0)).all():
            sorts.conditions.append(each)
        elif low > 0 and low * 0.8 <= float(np.median(known)) <= high * 1.25:
            sorts.overlays.append(each)
        else:
            sorts.panels.append(each)
    return sorts


def _panel(place: int, share: float, title: str) -> dict[str, Plain]:
    shown = title if len(title) < 14 else f"{title[:12]}…"
    return {**axis(shown, domain=[place * share, (place + 1) * share - 0.02]), "zerolinecolor": FAINT}


def _candles(candles: Candles) -> Trace:
    return {
        "type": "candlestick",
        "name": "Candles",
        "x": candles.mts.tolist(),
        **{name: _plain(getattr(candles, name)) for name in ("open", "high", "low", "close")},
        "increasing": {"line": {"color": GAIN, "width": 1}},
        "decreasing": {"line": {"color": LOSS, "width": 1}},
        "showlegend": False,
    }


def _line(candles: Candles, feature: Feature, yaxis: str, number: int, is_step: bool = False) -> Trace:
    shape = {"shape": "hv"} if is_step else {}
    return {
        "type": "scatter",
        "mode": "lines",
        "name": label(feature.name),
        "x": candles.mts.tolist(),
        "y": _plain(feature.column),
        "yaxis": yaxis,
        "line": {"color": _COLORS[number % len(_COLORS)], "width": 1.5, **shape},
    }


def _conditions(candles: Candles, conditions: Sequence[Feature], yaxis: str) -> Trace:
    return {
        "type": "heatmap",
        "x": candles.mts.tolist(),
        "y": [label(each.name.split(" ")[0]) for each in conditions],
        "z": [_plain(each.column) for each in conditions],
        "text": [[label(each.name)] * len(candles) for each in conditions] if len(candles) <= 200 else None,
        "yaxis": yaxis,
        "colorscale": [["0", CLEAR], ["1", MAIN]],  # as text: the page leaves lists that begin with a number alone
        "zmin": 0,
        "zmax": 1,
        "showscale": False,
        "ygap": 2,
    }


def _plain(column: Floats) -> list[Plain]:
    """Return numbers with as many digits as are drawn, None where there is none."""
    return [float(f"{value:.{_DIGITS}g}") if np.isfinite(value) else None for value in column.tolist()]
