"""Monthly returns as a table that is its own heat map."""

import math
from typing import Final

from genesis.adapters.report.markup import Markup, element
from genesis.domain.statistics.months import MonthlyReturn, YearlyReturn
from genesis.domain.statistics.wording import NONE, percent

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HEAT_MAX_PCT: Final = 65


def heat_map(months: tuple[MonthlyReturn, ...], years: tuple[YearlyReturn, ...]) -> Markup:
    """Return years by months, each cell coloured by its return; the strongest month has the fullest colour."""
    fractions = {(each.year, each.month): each.fraction for each in months}
    strongest = max(map(abs, fractions.values()), default=0.0)
    head = element("tr", *(element("th", name, scope="col") for name in ("Year", *_MONTHS, "Year’s return")))
    rows = []
    for year in years:
        cells = [_cell(fractions.get((year.year, month)), strongest) for month in range(1, 13)]
        total = element("td", percent(100.0 * year.fraction, sign=True), class_="total")
        rows.append(element("tr", element("th", str(year.year), scope="row"), *cells, total))
    body = element("table", element("thead", head), element("tbody", *rows), class_="heat")
    return element("div", body, class_="scroll")


def _cell(fraction: float | None, strongest: float) -> Markup:
    if fraction is None:
        return element("td", NONE, class_="none")
    # The root, so that ordinary months still differ beside one that was extraordinary.
    share = math.sqrt(abs(fraction) / strongest) if strongest else 0.0
    color = "gain" if fraction >= 0.0 else "loss"
    style = f"background:color-mix(in srgb,var(--{color}) {round(_HEAT_MAX_PCT * share)}%,transparent)"
    return element("td", percent(100.0 * fraction, sign=True), style=style)
