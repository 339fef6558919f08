"""What trading cost, to the last atom: fees and slippage, of purchases and of sales.

No order at the market fills better than its candle's open. What does is a target or an entry by limit, and what it
gained so is told beside the costs: taken off them, a run could cost less than nothing. A limit that a gap went past
fills at its own price, which is worse than that open: that is no slippage either, and counts against the gains.
"""

from collections.abc import Sequence, Set

import numpy as np
from attrs import frozen

from genesis.domain.candle import Candles
from genesis.domain.fill import Fill
from genesis.domain.instrument import Instrument
from genesis.domain.ledger import cost_of, value_of
from genesis.domain.order import Cid, Side
from genesis.domain.statistics.record import Record
from genesis.domain.statistics.summary import fee_in_quote
from genesis.domain.units import Atoms


@frozen
class SideCosts:
    """One side's fills: how many, what changed hands, and what that cost; atoms of the quote currency."""

    fills: int
    notional: Atoms
    fees: Atoms
    slippage: Atoms
    limit_gains: int


@frozen
class TradeCosts:
    """The costs of a run; atoms of the quote currency. A fee that was paid in base counts at the price of its fill."""

    buys: SideCosts
    sells: SideCosts

    @property
    def fees(self) -> Atoms:
        """All fees."""
        return Atoms(self.buys.fees + self.sells.fees)

    @property
    def slippage(self) -> Atoms:
        """All slippage."""
        return Atoms(self.buys.slippage + self.sells.slippage)

    @property
    def limit_gains(self) -> int:
        """What limits brought beyond the opens, < 0 where gaps went past them; no part of the costs."""
        return self.buys.limit_gains + self.sells.limit_gains

    @property
    def total(self) -> Atoms:
        """Fees and slippage together."""
        return Atoms(self.fees + self.slippage)


def trade_costs(record: Record, candles: Candles) -> TradeCosts:
    """Return the costs of a run, as `costs_of` does."""
    return costs_of(record.fills, record.instrument, candles, record.rested, on_margin=record.on_margin)


def costs_of(
    fills: Sequence[Fill],
    instrument: Instrument,
    candles: Candles,
    rested: Set[Cid] = frozenset(),
    *,
    on_margin: bool = False,
) -> TradeCosts:
    """Return the costs of all fills; slippage is the amount × how much worse the price was than its candle's open.

    Where it was better, that is a gain of a limit, and where it was worse for an order that *rested*, the opposite.
    Raises `ValueError` if a fill has no candle among *candles*.
    """
    times = np.array([fill.mts for fill in fills], dtype=np.int64)
    rows = np.searchsorted(candles.mts, times)
    if len(rows) and (rows[-1] >= len(candles) or bool((candles.mts[rows] != times).any())):
        raise ValueError("a fill has no candle: these are not the candles of the run")
    opens = [instrument.price_from_market(price) for price in candles.open[rows].tolist()]
    priced = list(zip(fills, opens, strict=True))
    buys, sells = (
        _side_costs(priced, instrument.price_scale, side, rested, on_margin) for side in (Side.BUY, Side.SELL)
    )
    return TradeCosts(buys, sells)


def _side_costs(
    priced: Sequence[tuple[Fill, int]], scale: int, side: Side, rested: Set[Cid], on_margin: bool
) -> SideCosts:
    fills, notional, fees, slippage, gains = 0, 0, 0, 0, 0
    for fill, price in priced:
        if fill.side is side:
            fills += 1
            notional += value_of(fill.amount, fill.price, scale)
            fees += fee_in_quote(fill, scale, on_margin)
            worse = (fill.price - price) * side.sign
            lost = cost_of(fill.amount, max(worse, 0), scale)
            gains += value_of(fill.amount, max(-worse, 0), scale)
            if fill.cid in rested:
                gains -= lost
            else:
                slippage += lost
    return SideCosts(fills, Atoms(notional), Atoms(fees), Atoms(slippage), gains)
