"""From finished runs to what they cost, what optimism would have added, and why orders did not leave."""

from collections import Counter
from collections.abc import Mapping, Sequence

from attrs import frozen

from genesis.adapters.report.compare_page import Growth
from genesis.adapters.report.ledger_sections import RunsLedger
from genesis.domain.candle import Candles
from genesis.domain.risk.refusal import RefusalCode
from genesis.domain.statistics.optimism import Optimism
from genesis.domain.statistics.record import Record
from genesis.domain.statistics.trade_costs import TradeCosts, trade_costs
from genesis.domain.units import ATOMS_PER_UNIT, Atoms


@frozen(eq=False)
class Part:
    """A run, or the part of one that has a record of its own: what it cost, instrument by instrument, and the rest."""

    costs: Sequence[TradeCosts]
    refusals: Mapping[RefusalCode, int]
    optimism: Sequence[Optimism]


def part_of(record: Record, candles: Candles, optimism: Sequence[Optimism]) -> Part:
    """Return the part of *record*, which ran over *candles*."""
    return Part((trade_costs(record, candles),), record.refusals, optimism)


def growth_of(name: str, record: Record) -> Growth:
    """Return what one unit of cash became in the run of *record*."""
    cash = record.initial_cash or 1
    return Growth(name, [int(mts) for mts, _ in record.days], [equity / cash for _, equity in record.days])


def runs_ledger(runs: Mapping[str, Sequence[Part]], cash: Atoms, quote: str) -> RunsLedger:
    """Return the ledger of *runs*, each the sum of its parts, in *quote*; shares are of *cash*, the initial one."""
    costs = [[each for part in parts for each in part.costs] for parts in runs.values()]
    refused = [_refused(parts) for parts in runs.values()]
    codes = sorted({code for each in refused for code in each}, key=lambda code: code.value)
    assumptions = [entry.name for entry in next(iter(runs.values()))[0].optimism]
    return RunsLedger(
        tuple(runs),
        [
            [f"Fees ({quote})", *(_money(sum(each.fees for each in run)) for run in costs)],
            [f"Slippage ({quote})", *(_money(sum(each.slippage for each in run)) for run in costs)],
            [f"Gained by limits, no cost ({quote})", *(_money(sum(each.limit_gains for each in run)) for run in costs)],
            ["Fees and slippage, as a share of the cash (%)", *(_points(_total(run), cash) for run in costs)],
            ["Traded, as a multiple of the cash", *(_multiple(run, cash) for run in costs)],
        ],
        [[name, *(_added(parts, at, cash) for parts in runs.values())] for at, name in enumerate(assumptions)],
        [[code.value, *(str(each[code]) for each in refused)] for code in codes],
    )


def _refused(parts: Sequence[Part]) -> Counter[RefusalCode]:
    total: Counter[RefusalCode] = Counter()
    for part in parts:
        total.update(part.refusals)
    return total


def _added(parts: Sequence[Part], at: int, cash: Atoms) -> str:
    differences = [part.optimism[at].difference for part in parts]
    known = [each for each in differences if each is not None]
    return _points(sum(known), cash, sign="+") if len(known) == len(differences) else "beyond all bounds"


def _total(run: Sequence[TradeCosts]) -> int:
    return sum(each.total for each in run)


def _multiple(run: Sequence[TradeCosts], cash: Atoms) -> str:
    traded = sum(side.notional for each in run for side in (each.buys, each.sells))
    return f"{traded / cash:,.1f}" if cash else "–"


def _points(amount: int, cash: Atoms, sign: str = "") -> str:
    return f"{100.0 * amount / cash:{sign},.2f}" if cash else "–"


def _money(amount: int) -> str:
    return f"{amount / ATOMS_PER_UNIT:,.2f}"
