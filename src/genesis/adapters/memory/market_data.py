"""What the simulated exchange shows to everyone, read without a wire; candles and days come from its own trades."""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from genesis.adapters.memory.exchange import MemoryExchange
from genesis.domain.candle import DAY_MS, Candle, Timeframe
from genesis.domain.exchange.market import (
    BookLevel,
    HourlyQuote,
    PairRules,
    PlatformStatus,
    Precision,
    Ticker,
    Trade,
)
from genesis.domain.order import Side
from genesis.domain.simulation.exchange_events import PublicTrade
from genesis.domain.simulation.matching import DepthRow
from genesis.domain.units import Mts, Symbol, decimal_from_atoms, unscaled
from genesis.ports.errors import InputError, Rejected

DIGITS: Final = {Precision.P0: 5, Precision.P1: 4, Precision.P2: 3, Precision.P3: 2, Precision.P4: 1}
DEPTHS: Final = (1, 25, 100)
TICKER_LEVELS: Final = 25
ALL_LEVELS: Final = 1_000_000
PAGE: Final = 1_000
RATE_DECIMALS: Final = 9


class MemoryMarketData:
    """Reads the markets of a simulated exchange; a `MarketDataReader`."""

    def __init__(self, exchange: MemoryExchange) -> None:
        self._exchange = exchange

    async def platform_status(self) -> PlatformStatus:
        """Return that orders are taken: this exchange has no maintenance."""
        return PlatformStatus.OPERATIVE

    async def ticker(self, symbol: Symbol) -> Ticker:
        """Return the state of a pair; the last 24 hours are those of its trades."""
        if symbol not in self._exchange.exchange.markets:
            raise Rejected("symbol: invalid", endpoint="memory")
        now = self._exchange.advance()
        day = self._trades(symbol, Mts(now - DAY_MS), None)
        (bid, bid_size), (ask, ask_size) = (self._top(symbol, side) for side in (Side.BUY, Side.SELL))
        last, first = (day[-1].price, day[0].price) if day else (None, None)
        change = None if last is None or first is None else last - first
        prices = [trade.price for trade in day]
        return Ticker(
            symbol=symbol,
            bid=bid,
            bid_size=bid_size,
            ask=ask,
            ask_size=ask_size,
            daily_change=change,
            daily_change_fraction=None if change is None or not first else change / first,
            last_price=last,
            volume=sum(trade.amount for trade in day),
            high=max(prices, default=None),
            low=min(prices, default=None),
        )

    async def tickers(self, symbols: Collection[Symbol]) -> list[Ticker]:
        """Return the states of pairs; unknown symbols are left out."""
        return [await self.ticker(symbol) for symbol in self._exchange.exchange.markets if symbol in symbols]

    async def hourly_quotes(
        self,
        symbols: Collection[Symbol],  # noqa: ARG002  # the port's parameters: there is nothing to choose from
        start: Mts | None = None,  # noqa: ARG002
        end: Mts | None = None,  # noqa: ARG002
        limit: int = 100,  # noqa: ARG002
    ) -> list[HourlyQuote]:
        """Return nothing: no quotes of past hours are kept here."""
        return []

    async def trades(
        self,
        symbol: Symbol,
        start: Mts | None = None,
        end: Mts | None = None,
        *,
        limit: int = 125,
        oldest_first: bool = False,
    ) -> list[Trade]:
        """Return public trades with start <= mts <= end: the *limit* newest, or the oldest if those come first."""
        self._exchange.advance()
        found = self._trades(symbol, start, end)
        return found[:limit] if oldest_first else found[::-1][:limit]

    async def book(self, symbol: Symbol, precision: Precision = Precision.P0, depth: int = 25) -> list[BookLevel]:
        """Return the best *depth* (1, 25, 100) levels of each side: bids, then asks, each best first."""
        if depth not in DEPTHS:
            raise InputError(f"a book has 1, 25 or 100 levels, not {depth}")
        self._exchange.advance()
        return [level for side in (Side.BUY, Side.SELL) for level in self._levels(symbol, side, precision)[:depth]]

    async def candles(
        self,
        symbol: Symbol,
        timeframe: Timeframe,
        start: Mts | None = None,
        end: Mts | None = None,
        *,
        limit: int = 100,
        oldest_first: bool = False,
    ) -> list[Candle]:
        """Return candles with start <= mts <= end: the *limit* newest, or the oldest if those come first."""
        self._exchange.advance()
        found = [
            candle
            for candle in _candles(self._trades(symbol, None, None), timeframe)
            if (start is None or candle.mts >= start) and (end is None or candle.mts <= end)
        ]
        return found[:limit] if oldest_first else found[::-1][:limit]

    async def last_candle(self, symbol: Symbol, timeframe: Timeframe) -> Candle | None:
        """Return the newest candle, which may still be forming; None if there never was one."""
        return next(iter(await self.candles(symbol, timeframe, limit=1)), None)

    async def candle_pages(
        self, symbol: Symbol, timeframe: Timeframe, start: Mts, end: Mts, *, oldest_first: bool = True
    ) -> AsyncIterator[Sequence[Candle]]:
        """Yield all candles with start <= mts <= end in pages, from either end."""
        found = await self.candles(symbol, timeframe, start, end, limit=ALL_LEVELS, oldest_first=oldest_first)
        for at in range(0, len(found), PAGE):
            yield found[at : at + PAGE]

    async def pair_rules(self) -> list[PairRules]:
        """Return order limits and margins of every pair."""
        return [
            PairRules(
                symbol,
                market.instrument.amount_min,
                market.instrument.amount_max,
                None if market.terms is None else unscaled(market.terms.initial, RATE_DECIMALS),
                None if market.terms is None else unscaled(market.terms.minimum, RATE_DECIMALS),
            )
            for symbol, market in self._exchange.exchange.markets.items()
        ]

    def _trades(self, symbol: Symbol, start: Mts | None, end: Mts | None) -> list[Trade]:
        """Return trades oldest first."""
        return [
            self._trade(each)
            for each in self._exchange.trades
            if each.symbol == symbol and (start is None or each.mts >= start) and (end is None or each.mts <= end)
        ]

    def _trade(self, trade: PublicTrade) -> Trade:
        price = self._exchange.market(trade.symbol).instrument.decimal_from_price(trade.price)
        return Trade(trade.id, trade.mts, trade.side, float(decimal_from_atoms(trade.amount)), float(price))

    def _depth(self, symbol: Symbol, side: Side, levels: int) -> list[tuple[Decimal, DepthRow]]:
        market = self._exchange.market(symbol)
        return [(market.instrument.decimal_from_price(row.price), row) for row in market.engine.depth(side, levels)]

    def _top(self, symbol: Symbol, side: Side) -> tuple[float | None, float | None]:
        rows = self._depth(symbol, side, TICKER_LEVELS)
        size = sum(row.amount for _, row in rows)
        return (float(rows[0][0]), float(decimal_from_atoms(size))) if rows else (None, None)

    def _levels(self, symbol: Symbol, side: Side, precision: Precision) -> list[BookLevel]:
        grouped: dict[Decimal, tuple[int, int]] = {}
        for price, row in self._depth(symbol, side, ALL_LEVELS):
            key = _grouped(price, DIGITS[precision], side)
            count, amount = grouped.get(key, (0, 0))
            grouped[key] = (count + row.orders, amount + row.amount)
        return [
            BookLevel(side, float(price), count, float(decimal_from_atoms(amount)))
            for price, (count, amount) in grouped.items()
        ]


def _grouped(price: Decimal, digits: int, side: Side) -> Decimal:
    """Return *price* with so many significant digits, away from the other side."""
    step = Decimal(1).scaleb(price.adjusted() - digits + 1)
    return (price / step).to_integral_value(ROUND_FLOOR if side is Side.BUY else ROUND_CEILING) * step


def _candles(trades: Iterable[Trade], timeframe: Timeframe) -> list[Candle]:
    """Return candles of trades that come oldest first; an interval without a trade has none."""
    found: list[Candle] = []
    for trade in trades:
        mts, price = timeframe.start(trade.mts), trade.price
        if not found or found[-1].mts != mts:
            found.append(Candle(mts, price, price, price, price, trade.amount))
            continue
        last = found[-1]
        high, low = max(last.high, price), min(last.low, price)
        found[-1] = Candle(mts, last.open, high, low, price, last.volume + trade.amount)
    return found
