"""The distribution of round trips."""

from typing import Final

from genesis.adapters.report.chart import FAINT, GAIN, INK, LOSS, Chart, Plain, axis, layout
from genesis.domain.statistics.trade_distribution import TradeDistribution
from genesis.domain.statistics.wording import counted, percent

WHOLE_TICKS: Final = 6
"""Below so many, an axis would count in fractions of a round trip."""


def trade_chart(distribution: TradeDistribution) -> Chart:
    """Return the histogram of returns, losses and gains apart, with their mean and median."""
    bins = distribution.bins
    ranges = [f"{percent(100.0 * each.low, True)} to {percent(100.0 * each.high, True)}" for each in bins]
    caption = (
        f"The return of {counted(distribution.count, 'round trip')}, profit after fees ÷ what was spent, in steps of"
        f" {percent(100.0 * (bins[0].high - bins[0].low))}. The outermost bars also hold what lies beyond them."
    )
    bars: dict[str, Plain] = {
        "type": "bar",
        "name": "Round trips",
        "x": [round(50.0 * (each.low + each.high), 9) for each in bins],
        "y": [each.trips for each in bins],
        "width": [round(100.0 * (each.high - each.low), 9) for each in bins],
        "text": ranges,
        "textposition": "none",
        "hovertemplate": "%{text}: %{y:,}<extra></extra>",
        "marker": {
            "color": [GAIN if each.low >= 0.0 else LOSS for each in bins],
            "line": {"width": 0},
            "opacity": 0.85,
        },
    }
    lines = [_line(0.0, FAINT, "solid"), _line(distribution.mean, INK, "dash"), _line(distribution.median, INK, "dot")]
    most = max(each.trips for each in bins)
    return Chart(
        "trades",
        "Distribution of round trips",
        caption,
        (bars,),
        layout(
            360,
            showlegend=False,
            bargap=0,
            xaxis=axis("Return of a round trip (%)", ticksuffix=" %"),
            yaxis=axis("Round trips (count)", tickformat=",d", dtick=1 if most < WHOLE_TICKS else None),
            shapes=lines,
            annotations=_labels(distribution),
        ),
    )


def _line(fraction: float, color: str, dash: str) -> Plain:
    place = 100.0 * fraction
    stroke: Plain = {"color": color, "width": 1.5, "dash": dash}
    return {"type": "line", "x0": place, "x1": place, "y0": 0, "y1": 1, "yref": "paper", "line": stroke}


def _labels(distribution: TradeDistribution) -> list[Plain]:
    mean, median = distribution.mean, distribution.median
    sides = (
        (mean, f"mean {percent(100.0 * mean, True)}", mean >= median),
        (median, f"median {percent(100.0 * median, True)}", mean < median),
    )
    return [
        {
            "x": 100.0 * place,
            "y": 1,
            "yref": "paper",
            "yanchor": "bottom",
            "xanchor": "left" if is_right else "right",
            "showarrow": False,
            "text": text,
            "font": {"color": INK, "size": 12},
        }
        for place, text, is_right in sides
    ]
