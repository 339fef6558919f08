"""A margin account as a market of candles keeps it: what borrowing costs by the hour, and when a position is closed.

The path inside a candle is the worst: the open, then at once the extreme that hurts the position.
"""

from attrs import define

from genesis.domain.candle import Candle
from genesis.domain.fill import Fill
from genesis.domain.instrument import Instrument
from genesis.domain.ledger import Ledger
from genesis.domain.order import Cid, OrderRequest, OrderType, Side
from genesis.domain.risk.margin import HOUR_MS, Margin, funding_due, is_short_of_margin, liquidation_price
from genesis.domain.simulation.market_orders import FeeMeter, filled
from genesis.domain.simulation.slippage import SlippageMeter
from genesis.domain.units import Atoms, Mts, Price

NO_CID = Cid(0)
"""Of the fill of a liquidation, which no order of ours made."""


@define
class MarginAccount:
    """One position on margin, followed from the open to the close of each candle."""

    terms: Margin
    ledger: Ledger
    last_mts: int = 0
    last_price: int = 0

    def funding(self, mts: Mts, instrument: Instrument) -> Atoms:
        """Take and return what is due for each full hour that began since the last close."""
        position, hours = self.ledger.position(instrument.symbol), mts // HOUR_MS - self.last_mts // HOUR_MS
        if not position or hours <= 0:
            return Atoms(0)
        scale, rate = instrument.price_scale, self.terms.funding_a_day
        due = Atoms(funding_due(self.ledger.cash, position, self.last_price, scale, rate, hours))
        self.ledger.charge(due)
        return due

    def liquidation(
        self, mts: Mts, opened: float, worst: float, instrument: Instrument, slips: SlippageMeter, fees: FeeMeter
    ) -> Fill | None:
        """Book and return the fill that closes the position if the margin does not last from *opened* to *worst*."""
        position, scale, cash = self.ledger.position(instrument.symbol), instrument.price_scale, self.ledger.cash
        if not position:
            return None
        first, last = instrument.price_from_market(opened), instrument.price_from_market(worst)
        last = min(first, last) if position > 0 else max(first, last)
        if not is_short_of_margin(cash, position, last, scale, self.terms.maintenance):
            return None
        price = liquidation_price(cash, position, first, last, scale, self.terms.maintenance, slips.slippage)
        price = slips.moved(price, abs(position), is_buy=position < 0)
        side = Side.SELL if position > 0 else Side.BUY
        order = OrderRequest(NO_CID, instrument.symbol, side, OrderType.MARKET, Atoms(abs(position)), mts)
        fill = filled(order, Price(price), fees.tier(mts).taker, instrument, mts, on_margin=True)
        self.ledger.book(fill, instrument)
        return fill

    def lasts_to(self, price: int, instrument: Instrument) -> bool:
        """Tell whether the margin lasts until the market is at *price*."""
        position, cash = self.ledger.position(instrument.symbol), self.ledger.cash
        return not is_short_of_margin(cash, position, price, instrument.price_scale, self.terms.maintenance)

    def worst_of(self, candle: Candle, instrument: Instrument) -> float:
        """Return the extreme of *candle* that hurts the position."""
        return candle.low if self.ledger.position(instrument.symbol) > 0 else candle.high

    def close(self, candle: Candle, instrument: Instrument) -> None:
        """Remember the close, by which what is borrowed is valued."""
        if self.ledger.position(instrument.symbol):
            self.last_mts, self.last_price = candle.mts, instrument.price_from_market(candle.close)
