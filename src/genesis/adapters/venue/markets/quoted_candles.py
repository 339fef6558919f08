"""Candles played so that a market order at a bar's open fills as a backtest says: the open, worsened by a slippage.

Around each price of a bar stand one bid and one ask, both deep enough for anybody, where
`domain/simulation/market_orders` has them. Without a slippage they still stand a price unit apart from the price, for
no book holds a bid and an ask at one price."""

from typing import Final

from genesis.adapters.venue.markets.candles import CandleDriver
from genesis.adapters.venue.markets.hand import Quote
from genesis.domain.candle import MINUTE_MS, Candles
from genesis.domain.instrument import Instrument
from genesis.domain.order import Side
from genesis.domain.simulation.market_orders import ask_price, bid_price
from genesis.domain.units import ATOMS_PER_UNIT, Atoms, Ppb, Price

DEPTH: Final = Atoms(1_000_000_000 * ATOMS_PER_UNIT)


class QuotedCandles(CandleDriver):
    """Plays the candles of one instrument within a spread of twice *slippage*."""

    def __init__(
        self, instrument: Instrument, candles: Candles, slippage: Ppb, *, length_ms: int = MINUTE_MS, seed: int = 0
    ) -> None:
        super().__init__(instrument, candles, length_ms=length_ms, seed=seed)
        self._slippage = slippage

    def _quotes(self, price: Price) -> list[Quote]:
        bid = min(bid_price(price, self._slippage), price - 1)
        ask = max(ask_price(price, self._slippage), price + 1)
        quotes = [Quote(Side.BUY, Price(bid), DEPTH), Quote(Side.SELL, Price(ask), DEPTH)]
        return [quote for quote in quotes if quote.price > 0]
