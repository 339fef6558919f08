"""A chart as plotly takes it: plain data and a layout, coloured by the page's own variables.

Colours are written `var(--name)`: the page's script puts in what the name means in light, in dark and on paper.
Times are milliseconds UTC on axes of type `date`.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Final, TypeAlias

from attrs import field, frozen

Plain: TypeAlias = "bool | int | float | str | Sequence[Plain] | Mapping[str, Plain] | None"
Trace: TypeAlias = Mapping[str, Plain]

GAIN: Final = "var(--gain)"
LOSS: Final = "var(--loss)"
MAIN: Final = "var(--main)"
OTHER: Final = "var(--other)"
INK: Final = "var(--ink)"
FAINT: Final = "var(--faint)"
GRID: Final = "var(--grid)"
CLEAR: Final = "rgba(0,0,0,0)"

LEGEND: Final[Mapping[str, Plain]] = {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "bgcolor": CLEAR}
MINUTE_FORMAT: Final = "%Y-%m-%d %H:%M"


@frozen
class Chart:
    """One chart: *name* is its id on the page, *caption* says what it shows and what was left out.

    The axis in *log_axis* can be switched to a logarithmic scale by the reader, its ticks *log_step* apart as plotly
    counts them; *is_log* is how it begins.
    """

    name: str
    title: str
    caption: str
    traces: tuple[Trace, ...]
    layout: Mapping[str, Plain]
    log_axis: str = field(default="")
    log_step: str | int = field(default=1)
    is_log: bool = field(default=False)

    @property
    def plain(self) -> Mapping[str, Plain]:
        """What the page's script needs."""
        log: Plain = {"axis": self.log_axis, "step": self.log_step, "isOn": self.is_log}
        return {"data": list(self.traces), "layout": self.layout, "log": log}


def layout(height: int, **more: Plain) -> Mapping[str, Plain]:
    """Return what every chart shares, with *more* put in."""
    shared: dict[str, Plain] = {
        "height": height,
        "margin": {"l": 72, "r": 16, "t": 36, "b": 44},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": {"family": "system-ui, sans-serif", "size": 12, "color": INK},
        "hoverlabel": {"font": {"family": "system-ui, sans-serif"}},
        "legend": LEGEND,
        "showlegend": True,
        "separators": ".,",
    }
    return {**shared, **more}


def label(text: str) -> str:
    """Return text from outside for a place where plotly would read its own little HTML."""
    return escape(text, quote=False)


def axis(title: str, **more: Plain) -> Mapping[str, Plain]:
    """Return an axis with its title, unit included."""
    shared: dict[str, Plain] = {
        "title": {"text": label(title), "standoff": 8},
        "gridcolor": GRID,
        "linecolor": GRID,
        "zerolinecolor": FAINT,
        "automargin": True,
    }
    return {**shared, **more}


def time_axis(**more: Plain) -> Mapping[str, Plain]:
    """Return an axis of time, UTC."""
    return axis("Time (UTC)", type="date", hoverformat=MINUTE_FORMAT, **more)


def rounded(values: Iterable[float], digits: int) -> list[float]:
    """Return the numbers with no more digits than are drawn; they are most of what a page weighs."""
    return [round(value, digits) for value in values]
