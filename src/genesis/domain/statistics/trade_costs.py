"""What trading cost, to the last atom: fees and slippage, of purchases and of sales."""

from collections.abc import Sequence

import numpy as np
from attrs import frozen

from genesis.domain.candle import Candles
from genesis.domain.ledger import cost_of, value_of
from genesis.domain.order import Side
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
    def total(self) -> Atoms:
        """Fees and slippage together."""
        return Atoms(self.fees + self.slippage)


def trade_costs(record: Record, candles: Candles) -> TradeCosts:
    """Return the costs of all fills; slippage is the amount × how much worse the price was than its candle's open.

    Raises `ValueError` if a fill has no candle among *candles*.
    """
    times = np.array([fill.mts for fill in record.fills], dtype=np.int64)
    rows = np.searchsorted(candles.mts, times)
    if len(rows) and (rows[-1] >= len(candles) or bool((candles.mts[rows] != times).any())):
        raise ValueError("a fill has no candle: these are not the candles of the run")
    opens = [record.instrument.price_from_market(price) for price in candles.open[rows].tolist()]
    return TradeCosts(_side_costs(record, opens, Side.BUY), _side_costs(record, opens, Side.SELL))


def _side_costs(record: Record, opens: Sequence[int], side: Side) -> SideCosts:
    scale = record.instrument.price_scale
    fills, notional, fees, slippage = 0, 0, 0, 0
    for fill, price in zip(record.fills, opens, strict=True):
        if fill.side is side:
            fills += 1
            notional += value_of(fill.amount, fill.price, scale)
            fees += fee_in_quote(fill, scale, record.on_margin)
            slippage += cost_of(fill.amount, (fill.price - price) * side.sign, scale)
    return SideCosts(fills, Atoms(notional), Atoms(fees), Atoms(slippage))
