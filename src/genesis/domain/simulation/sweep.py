"""Many runs over the same candles: the market and the shared columns made ready, the runs walked, their outcomes."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from attrs import fields, frozen

from genesis.domain.candle import Candles, Floats, Ints, calendar
from genesis.domain.risk.guards import NEVER
from genesis.domain.simulation import sweep_walk
from genesis.domain.simulation.columnar import Terms
from genesis.domain.simulation.sweep_scan import TILE, empty_tile
from genesis.domain.simulation.sweep_walk import Market
from genesis.domain.strategy.programs import Programs


@frozen(eq=False)
class Outcomes:
    """What runs came to, one row a run, in their order; money in atoms of the quote currency.

    *day_equity* is the equity at the last close of each UTC day from first to last; a day without a candle has that
    of the day before it. *digest* is `fills_digest` of the fills. *bad* is the candle whose price or equity does not
    fit, -1 where all do; a run with one has no other number.
    """

    cash: Ints
    position: Ints
    fills: Ints
    refused: Ints
    halted_at: Ints
    breach: Ints
    max_drawdown: Floats
    candles_in_position: Ints
    fees: Ints
    round_trips: Ints
    wins: Ints
    gains: Ints
    losses: Ints
    digest: Ints
    bad: Ints
    day_equity: Ints

    @property
    def final_equity(self) -> Ints:
        """The equity at the last close."""
        return self.day_equity[:, -1]


def market_of(candles: Candles) -> Market:
    """Return *candles*, of which there is at least one, ready to be walked."""
    columns = (
        np.ascontiguousarray(candles.mts),
        np.ascontiguousarray(candles.open),
        np.ascontiguousarray(candles.close),
    )
    return Market(*columns, calendar(candles.mts)[1])


def empty_store(candles: int, columns: int) -> Floats:
    """Return room for *columns* shared columns, tile by tile, so that what is read together lies together."""
    return np.empty((-(-candles // TILE), columns, TILE))


def put(store: Floats, index: int, column: Floats) -> None:
    """Copy *column* into the store as number *index*."""
    whole = len(column) // TILE
    store[:whole, index, :] = column[: whole * TILE].reshape(whole, TILE)
    if whole < len(store):
        rest = len(column) - whole * TILE
        store[whole, index, :rest] = column[whole * TILE :]
        store[whole, index, rest:] = np.nan


def joined(parts: Sequence[Outcomes]) -> Outcomes:
    """Return the outcomes of *parts*, of which there is at least one, one after the other."""
    names = [each.name for each in fields(Outcomes)]
    return Outcomes(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


_FIRST: Final = {sweep_walk.HALTED_AT: -1, sweep_walk.BAD: -1, sweep_walk.DAY_FLOOR: NEVER}


def walk_runs(terms: Terms, market: Market, store: Floats, programs: Programs, first: int, last: int) -> Outcomes:
    """Walk the runs from *first* to before *last* of *programs*, whose columns are numbered as in *store*."""
    runs = last - first
    wholes = np.zeros((runs, sweep_walk.WHOLES), dtype=np.int64)
    wholes[:, sweep_walk.CASH] = wholes[:, sweep_walk.PEAK] = terms.cash
    for index, value in _FIRST.items():
        wholes[:, index] = value
    reals = np.zeros((runs, sweep_walk.REALS))
    day_equity = np.zeros((runs, len(market.day_ends)), dtype=np.int64)
    scratch = np.empty((max(programs.rows, 1), TILE))
    scratch[programs.rows - len(programs.constants) : programs.rows] = programs.constants[:, np.newaxis]
    tables = (programs.instructions, programs.starts[first : last + 1])
    sweep_walk.walk_tiles(terms, market, store, scratch, empty_tile(), *tables, wholes, reals, day_equity)
    return Outcomes(
        cash=wholes[:, sweep_walk.CASH],
        position=wholes[:, sweep_walk.POSITION],
        fills=wholes[:, sweep_walk.FILLS],
        refused=wholes[:, sweep_walk.REFUSALS],
        halted_at=wholes[:, sweep_walk.HALTED_AT],
        breach=wholes[:, sweep_walk.BREACH],
        max_drawdown=reals[:, sweep_walk.DRAWDOWN],
        candles_in_position=wholes[:, sweep_walk.HELD],
        fees=wholes[:, sweep_walk.FEES],
        round_trips=wholes[:, sweep_walk.TRIPS],
        wins=wholes[:, sweep_walk.WINS],
        gains=wholes[:, sweep_walk.GAINS],
        losses=wholes[:, sweep_walk.LOSSES],
        digest=wholes[:, sweep_walk.DIGEST],
        bad=wholes[:, sweep_walk.BAD],
        day_equity=day_equity,
    )


def fills_digest(row: Ints, net_amount: Ints, price: Ints, fee: Ints) -> int:
    """Return the digest of fills given as the columns of a `columnar.Walk`."""
    digest = 0
    for fill in zip(row.tolist(), net_amount.tolist(), price.tolist(), fee.tolist(), strict=True):
        digest = sweep_walk.digested(digest, *fill)
    return digest
