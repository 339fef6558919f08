"""Costs, optimism and refusals of several runs side by side say what each run alone says, summed over its parts."""

from collections.abc import Mapping

from attrs import evolve

from genesis.app.backtest import run_columnar
from genesis.app.optimism import optimism_ledger
from genesis.app.runs_ledger import Part, part_of, runs_ledger
from genesis.domain.risk.refusal import RefusalCode
from genesis.domain.statistics.trade_costs import trade_costs
from tests.reports import terms_of, wavy_candles

CANDLES = wavy_candles(2_000)
TERMS = terms_of()


def part(refusals: Mapping[RefusalCode, int]) -> Part:
    record = evolve(run_columnar(TERMS, CANDLES).record, refusals=refusals)
    return part_of(record, CANDLES, optimism_ledger(TERMS, CANDLES))


def test_parts_of_a_run_are_summed() -> None:
    once, twice = part({RefusalCode.HALTED: 2}), part({RefusalCode.AMOUNT_BELOW_MINIMUM: 1})
    ledger = runs_ledger({"one": [once], "both": [once, twice]}, TERMS.cash, "USD")
    costs = trade_costs(run_columnar(TERMS, CANDLES).record, CANDLES)
    assert ledger.names == ("one", "both")
    fees = dict(zip(("", *ledger.names), ledger.costs[0], strict=True))
    assert fees == {"": "Fees (USD)", "one": f"{costs.fees / 1e8:,.2f}", "both": f"{2 * costs.fees / 1e8:,.2f}"}
    for row, entry in zip(ledger.optimism, once.optimism, strict=True):
        assert entry.points is not None
        assert row == [entry.name, f"{entry.points:+,.2f}", f"{2 * entry.points:+,.2f}"]
    assert ledger.refusals == [["amount_below_minimum", "0", "1"], ["halted", "2", "2"]]


def test_an_assumption_beyond_counting_is_said() -> None:
    known = part({})
    unbounded = evolve(known, optimism=[evolve(each, difference=None) for each in known.optimism])
    ledger = runs_ledger({"one": [known, unbounded]}, TERMS.cash, "USD")
    assert {row[1] for row in ledger.optimism} == {"beyond all bounds"}
    assert ledger.refusals == []
