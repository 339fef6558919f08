"""What several runs cost, what optimism would have added to each, and why orders did not leave, side by side."""

from collections.abc import Sequence

from attrs import frozen

from genesis.adapters.report.markup import Markup, element, table


@frozen(eq=False)
class RunsLedger:
    """The cells of three tables, one column a run of *names*; each row begins with what it is about."""

    names: Sequence[str]
    costs: Sequence[Sequence[str]]
    optimism: Sequence[Sequence[str]]
    refusals: Sequence[Sequence[str]]


def ledger_sections(ledger: RunsLedger) -> list[Markup]:
    """Return the sections of a page: costs, the optimism ledger, refusals."""
    headers, aligned = ("", *ledger.names), "l" + "r" * len(ledger.names)
    words = (
        "What each assumption that flatters would have added to the return, in percentage points: the same targets on"
        " the same candles, priced as no account is."
    )
    none = element("p", "No order was refused.")
    why_not = table(headers, aligned, ledger.refusals) if ledger.refusals else none
    return [
        element("section", element("h2", "Costs"), table(headers, aligned, ledger.costs), id="costs"),
        element(
            "section",
            element("h2", "Optimism ledger"),
            element("p", words),
            table(headers, aligned, ledger.optimism),
            id="optimism",
        ),
        element("section", element("h2", "Why not"), why_not, id="why-not"),
    ]
