"""Public REST: what the exchange shows to everyone, typed."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from functools import partial
from typing import TypeVar

from msgspec import Raw

from genesis.adapters.bitfinex import endpoints
from genesis.adapters.bitfinex.convert import market
from genesis.adapters.bitfinex.convert.numbers import each
from genesis.adapters.bitfinex.endpoints import Endpoint
from genesis.adapters.bitfinex.rest_candles import candle_key, next_page, page_of
from genesis.adapters.bitfinex.rest_client import Query, RestClient
from genesis.adapters.bitfinex.wire import market as wire
from genesis.adapters.bitfinex.wire.codec import decode
from genesis.adapters.bitfinex.wire.conf import NameRow, PairInfoRow
from genesis.domain.candle import Candle, Timeframe
from genesis.domain.exchange.market import (
    AverageExecution,
    BookLevel,
    BookOrder,
    CurrencyName,
    DerivativeStatus,
    FundingBookLevel,
    FundingBookOrder,
    FundingTicker,
    FundingTrade,
    HourlyQuote,
    Liquidation,
    PairRules,
    PlatformStatus,
    Precision,
    Statistic,
    Ticker,
    Trade,
)
from genesis.domain.order import Side
from genesis.domain.resilience import Priority
from genesis.domain.units import Atoms, Currency, Mts, Symbol, format_atoms

R = TypeVar("R")
V = TypeVar("V")


class BitfinexMarket:
    """Reads public endpoints; a `MarketDataReader`, and funding, derivatives and statistics besides."""

    def __init__(self, client: RestClient) -> None:
        self._client = client

    async def platform_status(self) -> PlatformStatus:
        """`platform/status`: whether the exchange takes orders; an unknown number counts as maintenance."""
        return await self._client.get(endpoints.PLATFORM_STATUS.at(), list[int], _platform_status)

    async def ticker(self, symbol: Symbol) -> Ticker:
        """`ticker/tSYM`: the state of a pair."""
        convert = partial(market.ticker_from_wire, symbol)
        return await self._client.get(endpoints.TICKER.at(symbol=symbol), wire.TickerRow, convert)

    async def funding_ticker(self, symbol: Symbol) -> FundingTicker:
        """`ticker/fSYM`: the state of a funding currency."""
        convert = partial(market.funding_ticker_from_wire, symbol)
        return await self._client.get(endpoints.TICKER.at(symbol=symbol), wire.FundingTickerRow, convert)

    async def tickers(self, symbols: Collection[Symbol]) -> list[Ticker]:
        """`tickers`: the states of pairs, in the exchange's order."""
        query = {"symbols": ",".join(symbols)}
        return await self._list(endpoints.TICKERS.at(), wire.NamedTickerRow, _named_ticker, query)

    async def all_tickers(self) -> list[Ticker | FundingTicker]:
        """`tickers?symbols=ALL`: every pair and funding currency there is."""
        return await self._list(endpoints.TICKERS.at(), Raw, _any_ticker, {"symbols": "ALL"})

    async def hourly_quotes(
        self, symbols: Collection[Symbol], start: Mts | None = None, end: Mts | None = None, limit: int = 100
    ) -> list[HourlyQuote]:
        """`tickers/hist`: best prices at full hours, newest first; *limit* up to 250."""
        query = {"symbols": ",".join(symbols), "start": start, "end": end, "limit": limit}
        return await self._list(
            endpoints.TICKERS_HISTORY.at(), wire.TickerHistoryRow, market.hourly_quote_from_wire, query
        )

    async def trades(
        self,
        symbol: Symbol,
        start: Mts | None = None,
        end: Mts | None = None,
        *,
        limit: int = 125,
        oldest_first: bool = False,
    ) -> list[Trade]:
        """`trades/tSYM/hist`: public trades; *limit* up to 10 000."""
        query = _span(start, end, limit, oldest_first=oldest_first)
        return await self._list(endpoints.TRADES.at(symbol=symbol), wire.TradeRow, market.trade_from_wire, query)

    async def funding_trades(
        self,
        symbol: Symbol,
        start: Mts | None = None,
        end: Mts | None = None,
        *,
        limit: int = 125,
        oldest_first: bool = False,
    ) -> list[FundingTrade]:
        """`trades/fSYM/hist`: public funding trades; *limit* up to 10 000."""
        query = _span(start, end, limit, oldest_first=oldest_first)
        endpoint = endpoints.TRADES.at(symbol=symbol)
        return await self._list(endpoint, wire.FundingTradeRow, market.funding_trade_from_wire, query)

    async def book(self, symbol: Symbol, precision: Precision = Precision.P0, depth: int = 25) -> list[BookLevel]:
        """`book/tSYM/P0…P4`: the best *depth* (1, 25, 100) levels of each side."""
        endpoint = endpoints.BOOK.at(symbol=symbol, precision=precision.value)
        return await self._list(endpoint, wire.BookRow, market.book_level_from_wire, {"len": depth})

    async def raw_book(self, symbol: Symbol, depth: int = 25) -> list[BookOrder]:
        """`book/tSYM/R0`: the best *depth* (1, 25, 100) orders of each side."""
        endpoint = endpoints.BOOK.at(symbol=symbol, precision="R0")
        return await self._list(endpoint, wire.RawBookRow, market.book_order_from_wire, {"len": depth})

    async def funding_book(
        self, symbol: Symbol, precision: Precision = Precision.P0, depth: int = 25
    ) -> list[FundingBookLevel]:
        """`book/fSYM/P0…P4`: the best *depth* levels of each side of a funding book."""
        endpoint = endpoints.BOOK.at(symbol=symbol, precision=precision.value)
        return await self._list(endpoint, wire.FundingBookRow, market.funding_book_level_from_wire, {"len": depth})

    async def raw_funding_book(self, symbol: Symbol, depth: int = 25) -> list[FundingBookOrder]:
        """`book/fSYM/R0`: the best *depth* offers and bids."""
        endpoint = endpoints.BOOK.at(symbol=symbol, precision="R0")
        return await self._list(endpoint, wire.RawFundingBookRow, market.funding_book_order_from_wire, {"len": depth})

    async def candles(
        self,
        symbol: Symbol,
        timeframe: Timeframe,
        start: Mts | None = None,
        end: Mts | None = None,
        *,
        limit: int = 100,
        oldest_first: bool = False,
        period: str = "",
    ) -> list[Candle]:
        """`candles/…/hist`: candles of a pair, or of a funding *period* (`p30`, `a30:p2:p30`); *limit* up to 10 000."""
        endpoint = endpoints.CANDLES.at(key=candle_key(symbol, timeframe, period))
        query = _span(start, end, limit, oldest_first=oldest_first)
        return await self._list(endpoint, wire.CandleRow, market.candle_from_wire, query)

    async def last_candle(self, symbol: Symbol, timeframe: Timeframe, *, period: str = "") -> Candle | None:
        """`candles/…/last`: the newest candle, which may still be forming; None if there never was one."""
        endpoint = endpoints.CANDLE_LAST.at(key=candle_key(symbol, timeframe, period))
        return await self._client.get(endpoint, Raw, _last_candle)

    async def candle_pages(
        self,
        symbol: Symbol,
        timeframe: Timeframe,
        start: Mts,
        end: Mts,
        *,
        oldest_first: bool = True,
        period: str = "",
        page_rows: int = 10_000,
    ) -> AsyncIterator[Sequence[Candle]]:
        """Yield all candles with start <= mts <= end in pages, from either end; see `MarketDataReader`."""
        endpoint = endpoints.CANDLES.at(key=candle_key(symbol, timeframe, period)).urgent(Priority.HISTORY)
        span: tuple[int, int] | None = (start, end)
        while span is not None and span[0] <= span[1]:
            query = _span(Mts(span[0]), Mts(span[1]), page_rows, oldest_first=oldest_first)
            found = await self._list(endpoint, wire.CandleRow, market.candle_from_wire, query)
            page = page_of(found, span, endpoint.path, oldest_first=oldest_first)
            if page:
                yield page
            span = next_page(page, span, timeframe, oldest_first=oldest_first)

    async def statistics(
        self,
        key: str,
        start: Mts | None = None,
        end: Mts | None = None,
        *,
        limit: int = 125,
        oldest_first: bool = False,
    ) -> list[Statistic]:
        """`stats1/KEY/hist` with KEY as in `pos.size:1m:tBTCUSD:long`; *limit* up to 10 000."""
        query = _span(start, end, limit, oldest_first=oldest_first)
        return await self._list(endpoints.STATISTICS.at(key=key), wire.StatRow, market.statistic_from_wire, query)

    async def last_statistic(self, key: str) -> Statistic:
        """`stats1/KEY/last`."""
        endpoint = endpoints.STATISTIC_LAST.at(key=key)
        return await self._client.get(endpoint, wire.StatRow, market.statistic_from_wire)

    async def derivative_status(self, symbols: Collection[Symbol] = ()) -> list[DerivativeStatus]:
        """`status/deriv`: the state of perpetuals, of all if none is named."""
        query = {"keys": ",".join(symbols) or "ALL"}
        endpoint, row = endpoints.DERIVATIVE_STATUS.at(), wire.NamedDerivativeStatusRow
        return await self._list(endpoint, row, _named_status, query)

    async def derivative_status_history(
        self,
        symbol: Symbol,
        start: Mts | None = None,
        end: Mts | None = None,
        *,
        limit: int = 100,
        oldest_first: bool = False,
    ) -> list[DerivativeStatus]:
        """`status/deriv/KEY/hist`: past states of a perpetual; *limit* up to 5 000."""
        endpoint = endpoints.DERIVATIVE_STATUS_HISTORY.at(symbol=symbol)
        query = _span(start, end, limit, oldest_first=oldest_first)
        convert = partial(market.derivative_status_from_wire, symbol)
        return await self._list(endpoint, wire.DerivativeStatusRow, convert, query)

    async def liquidations(
        self, start: Mts | None = None, end: Mts | None = None, *, limit: int = 125, oldest_first: bool = False
    ) -> list[Liquidation]:
        """`liquidations/hist`: positions that the exchange closed; *limit* up to 500."""
        query = _span(start, end, limit, oldest_first=oldest_first)
        return await self._list(endpoints.LIQUIDATIONS.at(), wire.LiquidationEntry, _liquidation, query)

    async def pairs(self, kind: str = "exchange") -> list[Symbol]:
        """`conf/pub:list:pair:KIND`: the symbols of pairs; kinds are exchange, margin, futures and securities."""
        return await self._conf(f"pub:list:pair:{kind}", str, lambda name: Symbol("t" + name))

    async def pair_rules(self, *, futures: bool = False) -> list[PairRules]:
        """`conf/pub:info:pair[:futures]`: order limits and margins of every pair, or of every perpetual."""
        key = "pub:info:pair:futures" if futures else "pub:info:pair"
        return await self._conf(key, PairInfoRow, market.pair_rules_from_wire)

    async def currencies(self) -> list[Currency]:
        """`conf/pub:list:currency`: the currency codes."""
        return await self._conf("pub:list:currency", str, Currency)

    async def currency_names(self, kind: str = "sym") -> list[CurrencyName]:
        """`conf/pub:map:currency:KIND`: what codes stand for.

        Kinds are sym (where the usual ticker differs), label, unit, undl and pool.
        """
        convert = market.currency_name_from_wire
        return await self._conf(f"pub:map:currency:{kind}", NameRow, convert)

    async def average_execution(self, symbol: Symbol, side: Side, amount: Atoms) -> AverageExecution:
        """`calc/trade/avg`: what a market order would cost on average; the exchange computes it on its book."""
        query = {"symbol": symbol, "amount": format_atoms(side.sign * amount)}
        return await self._client.post(endpoints.AVERAGE_PRICE.at(), wire.AverageRow, _average, query)

    async def exchange_rate(self, base: Currency, quote: Currency) -> float:
        """`calc/fx`: how many *quote* one *base* is worth."""
        body = {"ccy1": base, "ccy2": quote}
        return await self._client.post(endpoints.EXCHANGE_RATE.at(), wire.RateRow, lambda row: row.rate, body)

    async def _list(
        self,
        endpoint: Endpoint,
        wanted: type[R],
        convert: Callable[[R], V],
        query: Query,
    ) -> list[V]:
        return await self._client.get(endpoint, list[wanted], each(convert), query)  # type: ignore[valid-type]  # a type by its name

    async def _conf(self, key: str, wanted: type[R], convert: Callable[[R], V]) -> list[V]:
        """Read one key: the answer is a list with one element a key."""
        endpoint, kind = endpoints.CONF.at(keys=key), tuple[list[wanted]]  # type: ignore[valid-type]  # a type by its name
        return await self._client.get(endpoint, kind, lambda found: each(convert)(found[0]))


def _platform_status(values: list[int]) -> PlatformStatus:
    return PlatformStatus.OPERATIVE if values[:1] == [1] else PlatformStatus.MAINTENANCE


def _named_ticker(row: wire.NamedTickerRow) -> Ticker:
    return market.ticker_from_wire(row.symbol, row)


def _any_ticker(raw: Raw) -> Ticker | FundingTicker:
    """Tell pairs from funding currencies by the first letter of the symbol, as their rows differ."""
    if bytes(raw).startswith(b'["f'):
        row = decode(raw, wire.NamedFundingTickerRow, endpoint="tickers")
        return market.funding_ticker_from_wire(row.symbol, row)
    return _named_ticker(decode(raw, wire.NamedTickerRow, endpoint="tickers"))


def _named_status(row: wire.NamedDerivativeStatusRow) -> DerivativeStatus:
    return market.derivative_status_from_wire(row.key, row)


def _liquidation(entry: wire.LiquidationEntry) -> Liquidation:
    return market.liquidation_from_wire(entry.row)


def _last_candle(raw: Raw) -> Candle | None:
    if bytes(raw).strip() == b"[]":
        return None
    return market.candle_from_wire(decode(raw, wire.CandleRow, endpoint="candles"))


def _average(row: wire.AverageRow) -> AverageExecution:
    return AverageExecution(row.price, abs(row.amount))


def _span(start: Mts | None, end: Mts | None, limit: int, *, oldest_first: bool) -> Query:
    return {"start": start, "end": end, "limit": limit, "sort": 1 if oldest_first else -1}
