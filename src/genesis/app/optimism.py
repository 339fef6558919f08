"""The optimism ledger: the same decisions under each assumption that flatters a backtest, priced one by one."""

from collections.abc import Iterator
from typing import Final

from attrs import evolve, frozen

from genesis.app.backtest import Terms, filling_at_the_close
from genesis.domain.candle import Candles, Floats
from genesis.domain.simulation.columnar import walk
from genesis.domain.simulation.desks import is_plain, walk_desk
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.statistics.optimism import Optimism, optimism
from genesis.domain.strategy.by_events import targets_of
from genesis.domain.units import Atoms, InexactNumber, Ppb

MAKER_FEE: Final = Ppb(1_000_000)
"""10 bp. Source: Bitfinex, "Fees schedule", the maker fee without a volume discount."""


@frozen
class Assumption:
    """What a backtest may pretend: that orders fill at the close that decided them, or that trading costs less."""

    name: str
    meaning: str
    fills_at_the_close: bool
    costs: Costs


def optimism_ledger(terms: Terms, candles: Candles) -> tuple[Optimism, ...]:
    """Return what each assumption alone, and then all together, would have added to the run of *terms*.

    Targets are those of the real candles throughout: an assumption changes what is paid, not what is wanted. Guards
    apply as ever, so one may halt the run at another time. Raises
    `InexactNumber` if the run itself cannot be walked by columns.
    """
    targets = targets_of(terms.desk.instrument.symbol, terms.desk.strategy, candles, terms.beside(candles))
    return priced_anew(terms, candles, targets)


def priced_anew(terms: Terms, candles: Candles, targets: Floats) -> tuple[Optimism, ...]:
    """Return the ledger of a run of *targets*, one a candle; see `optimism_ledger`."""
    flattered = filling_at_the_close(candles)
    honest = _final_equity(terms, targets, candles, terms.costs)
    found = []
    for each in assumptions(terms.costs):
        equity = _bounded_equity(terms, targets, flattered if each.fills_at_the_close else candles, each.costs)
        found.append(optimism(each.name, each.meaning, equity, honest, terms.cash))
    return tuple(found)


def assumptions(costs: Costs) -> tuple[Assumption, ...]:
    """Return every assumption that flatters a run at *costs*, and last all of them together."""
    free = evolve(costs, slippage=Ppb(0), volatility=None, impact=None)
    maker = evolve(costs, fee=min(costs.fee, MAKER_FEE), maker_fee=None, has_tiers=False)
    none = evolve(maker, slippage=Ppb(0), volatility=None, impact=None)
    return (
        Assumption("Fill at the close", "orders fill at the very close that decided them", True, costs),
        Assumption("Zero slippage", "every order gets the open itself", False, free),
        *_measured(costs),
        Assumption("Maker fee (10 bp)", "every order rests in the book and is met there", False, maker),
        Assumption("All together", "the three at once", True, none),
    )


def _measured(costs: Costs) -> Iterator[Assumption]:
    if costs.volatility is not None:
        meaning = "slippage is the same at any volatility"
        yield Assumption("Calm market", meaning, False, evolve(costs, volatility=None))
    if costs.impact is not None:
        yield Assumption("No impact", "orders move no price, however large", False, evolve(costs, impact=None))


def _bounded_equity(terms: Terms, targets: Floats, candles: Candles, costs: Costs) -> Atoms | None:
    try:
        return _final_equity(terms, targets, candles, costs)
    except InexactNumber:  # the honest run had these prices too, so it is the equity that grew beyond all bounds
        return None


def _final_equity(terms: Terms, targets: Floats, candles: Candles, costs: Costs) -> Atoms:
    core = terms.desk
    if is_plain(core) and costs.are_fixed:
        equity = walk(targets, candles, core.instrument, costs, core.limits, core.size, terms.cash).equity
    else:
        equity = walk_desk(evolve(core, impact=costs.impact), costs, terms.cash, candles, terms.others, targets)[
            0
        ].equity
    return Atoms(int(equity[-1])) if len(equity) else terms.cash
