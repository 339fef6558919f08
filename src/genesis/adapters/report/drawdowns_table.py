"""The deepest drawdowns of a run, as a table."""

from collections.abc import Sequence

from genesis.adapters.report.markup import Markup, element, table
from genesis.domain.statistics.drawdowns import Drawdown
from genesis.domain.statistics.wording import duration, moment, percent


def drawdowns_table(found: Sequence[Drawdown], last: int) -> Markup:
    """Return the drawdowns *found*, of candles up to *last*; a sentence where equity never fell."""
    if not found:
        return element("p", "Equity never was below its peak.")
    rows = [
        (
            percent(-100.0 * each.depth),
            moment(each.peak),
            moment(each.trough),
            "not yet" if each.recovered is None else moment(each.recovered),
            duration((last if each.recovered is None else each.recovered) - each.peak),
        )
        for each in found
    ]
    headers = ("Depth", "Peak (UTC)", "Trough (UTC)", "Recovered (UTC)", "Below the peak for")
    return table(headers, "ltttl", rows)
