"""Public REST: tickers, trades, books, candles, configuration. Source: Bitfinex reference, "REST Public Endpoints"."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Final
from urllib.parse import unquote

import msgspec

from genesis.adapters.venue.complaints import PARAMETERS, Complaint, invalid
from genesis.adapters.venue.configs import config
from genesis.adapters.venue.derivatives import DERIVATIVES, derivative_text, liquidation_text, past_derivative_text
from genesis.adapters.venue.feeds import ticker_text
from genesis.adapters.venue.numbers import atoms_from_wire, number, number_from_atoms, scaled_text, written
from genesis.adapters.venue.paging import page
from genesis.adapters.venue.public import Public
from genesis.adapters.venue.public_book import DIGITS, RAW
from genesis.adapters.venue.statistics import Statistics
from genesis.adapters.venue.tape import trade_text
from genesis.domain.candle import Timeframe
from genesis.domain.order import Side
from genesis.domain.simulation.exchange import Exchange
from genesis.domain.units import Mts, Symbol

Query = Mapping[str, str]

BOOK_LENGTHS: Final = frozenset({"1", "25", "100"})


class PublicRest:
    """Answers requests that need no key; each answer is JSON text."""

    def __init__(self, exchange: Exchange, public: Public, statistics: Statistics) -> None:
        self._exchange = exchange
        self._public = public
        self._funding = public.funding
        self._statistics = statistics

    def answer(self, method: str, path: str, query: Query, body: bytes, mts: Mts) -> str | None:
        """Return the answer, None where there is no such endpoint; raises `Complaint`."""
        head, *rest = (unquote(part) for part in path.split("/"))
        if method == "POST":
            return self._calculate(rest, query, body) if head == "calc" else None
        if method != "GET":
            return None
        endpoints: Mapping[str, Callable[[list[str], Query, Mts], str | None]] = {
            "ticker": self._ticker,
            "tickers": self._tickers,
            "trades": self._trades,
            "book": self._book,
            "candles": self._candles,
            "status": self._derivatives,
            "liquidations": self._liquidations,
            "conf": self._configs,
            "stats1": self._stats,
            "funding": self._funding_stats,
        }
        endpoint = endpoints.get(head)
        return None if endpoint is None else endpoint(rest, query, mts)

    def _ticker(self, rest: list[str], _query: Query, mts: Mts) -> str | None:
        if len(rest) != 1:
            return None
        if self._funding.knows(rest[0]):
            return self._funding.ticker_text(rest[0])
        return self._ticker_of(self._symbol(rest[0]), mts)

    def _tickers(self, rest: list[str], query: Query, mts: Mts) -> str | None:
        wanted = unquote(query.get("symbols", "")).split(",")
        if rest == ["hist"]:
            return self._hourly(wanted, query)
        if rest:
            return None
        if wanted == ["ALL"]:
            wanted = [*self._public.tapes, *self._funding.symbols()]
        rows = []
        for name in wanted:
            if name in self._public.tapes:
                rows.append(f'["{name}",{self._ticker_of(Symbol(name), mts)[1:]}')
            elif self._funding.knows(name):
                rows.append(f'["{name}",{self._funding.ticker_text(name)[1:]}')
        return _list(rows)

    def _hourly(self, wanted: list[str], query: Query) -> str:
        quotes = [quote for quote in self._public.hourly if wanted == ["ALL"] or quote.symbol in wanted]
        rows = []
        for quote in page(quotes, lambda quote: quote.mts, query, default=100, most=250):
            decimals = self._exchange.markets[quote.symbol].instrument.price_decimals
            bid, ask = ("null" if price is None else scaled_text(price, decimals) for price in (quote.bid, quote.ask))
            rows.append(f'["{quote.symbol}",{bid},null,{ask}{",null" * 8},{quote.mts}]')
        return _list(rows)

    def _ticker_of(self, symbol: Symbol, mts: Mts) -> str:
        return ticker_text(self._public.books[symbol], self._public.tapes[symbol], mts)

    def _trades(self, rest: list[str], query: Query, _mts: Mts) -> str | None:
        if len(rest) != 2 or rest[1] != "hist":
            return None
        if self._funding.knows(rest[0]):
            return "[]"
        tape = self._public.tapes[self._symbol(rest[0])]
        found = page(tape.trades, lambda trade: trade.mts, query, default=125, most=10_000)
        return _list(trade_text(trade, tape.instrument.price_decimals) for trade in found)

    def _book(self, rest: list[str], query: Query, _mts: Mts) -> str | None:
        if len(rest) != 2:
            return None
        if rest[1] not in (*DIGITS, RAW):
            raise invalid("precision")
        length = query.get("len") or "25"
        if length not in BOOK_LENGTHS:
            raise invalid("len")
        if self._funding.knows(rest[0]):
            return _list(line.text() for line in self._funding.lines(rest[0], rest[1], int(length)))
        bids, asks = self._public.books[self._symbol(rest[0])].lines(rest[1], int(length))
        return _list(line.text() for line in (*bids, *asks))

    def _candles(self, rest: list[str], query: Query, _mts: Mts) -> str | None:
        if len(rest) != 2 or rest[1] not in ("hist", "last"):
            return None
        if self._funding.knows(rest[0].split(":")[2] if rest[0].count(":") > 2 else ""):
            return "[]"
        try:
            tape, frame = self._public.candles_of(rest[0])
        except Complaint:
            raise invalid("key") from None
        bars, decimals = tape.candles[frame], tape.instrument.price_decimals
        if rest[1] == "last":
            return bars[-1].text(decimals) if bars else "[]"
        found = page(bars, lambda bar: bar.mts, query, default=100, most=10_000)
        return _list(bar.text(decimals) for bar in found)

    def _derivatives(self, rest: list[str], query: Query, mts: Mts) -> str | None:
        match rest:
            case ["deriv", name, "hist"]:
                return self._past_derivative(name, query)
            case ["deriv"]:
                pass
            case _:
                return None
        wanted = unquote(query.get("keys", "")).split(",")
        rows = [
            f'["{symbol}",{derivative_text(self._public.tapes[spot], mts)[1:]}'
            for symbol, spot in DERIVATIVES.items()
            if spot in self._public.tapes and (wanted == ["ALL"] or symbol in wanted)
        ]
        return _list(rows)

    def _past_derivative(self, name: str, query: Query) -> str:
        spot = DERIVATIVES.get(Symbol(name))
        if spot not in self._public.tapes:
            raise invalid("key")
        tape = self._public.tapes[spot]
        bars = page(tape.candles[Timeframe.M1], lambda bar: bar.mts, query, default=100, most=5_000)
        return _list(past_derivative_text(bar, tape.instrument.price_decimals) for bar in bars)

    def _stats(self, rest: list[str], query: Query, mts: Mts) -> str | None:
        if len(rest) != 2 or rest[1] not in ("hist", "last"):
            return None
        rows = self._statistics.rows(rest[0])
        if rest[1] == "last":
            return rows[-1].text() if rows else f"[{mts},null]"
        found = page(rows, lambda row: row.mts, query, default=125, most=10_000)
        return _list(row.text() for row in found)

    def _funding_stats(self, rest: list[str], query: Query, _mts: Mts) -> str | None:
        if len(rest) != 3 or (rest[0], rest[2]) != ("stats", "hist"):
            return None
        found = page(self._statistics.funding_rows(rest[1]), lambda row: row.mts, query, default=125, most=250)
        return _list(row.text() for row in found)

    def _liquidations(self, rest: list[str], query: Query, _mts: Mts) -> str | None:
        if rest != ["hist"]:
            return None
        found = page(self._public.liquidations, lambda event: event.mts, query, default=100, most=500)
        return _list(f"[{liquidation_text(event)}]" for event in found)

    def _configs(self, rest: list[str], _query: Query, _mts: Mts) -> str | None:
        if len(rest) != 1:
            return None
        return written([config(key, self._exchange.markets.values()) for key in rest[0].split(",")])

    def _calculate(self, rest: list[str], query: Query, body: bytes) -> str | None:
        fields: dict[str, object] = {**query, **json_object(body)}
        if rest == ["trade", "avg"]:
            return self._average(fields)
        return self._exchange_rate(fields) if rest == ["fx"] else None

    def _average(self, fields: Mapping[str, object]) -> str:
        symbol = self._symbol(fields.get("symbol"))
        market = self._exchange.markets[symbol]
        amount = atoms_from_wire(fields.get("amount"), "amount")
        missing, worth = abs(amount), 0
        for maker in market.engine.resting(Side.SELL if amount > 0 else Side.BUY):
            part = min(missing, maker.left)
            worth += part * maker.price
            missing -= part
        found = abs(amount) - missing
        price = number(Decimal(repr(worth / found / market.scale))) if found else None
        return written([price, number_from_atoms(found if amount > 0 else -found)])

    def _exchange_rate(self, fields: Mapping[str, object]) -> str:
        codes = str(fields.get("ccy1")), str(fields.get("ccy2"))
        for market in self._exchange.markets.values():
            if {market.base, market.quote} == set(codes) and market.mark():
                price = market.mark() / market.scale
                return written([number(Decimal(repr(price if market.base == codes[0] else 1 / price)))])
        raise Complaint(PARAMETERS, "ccy: invalid")

    def _symbol(self, value: object) -> Symbol:
        symbol = Symbol(unquote(str(value)))
        if symbol not in self._public.tapes:
            raise invalid("symbol")
        return symbol


def json_object(body: bytes) -> dict[str, object]:
    """Return the fields of a body, none for an empty one; raises `Complaint` for anything but an object."""
    if not body.strip():
        return {}
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Complaint(PARAMETERS, "body: invalid") from None
    if not isinstance(fields, dict):
        raise Complaint(PARAMETERS, "body: invalid")
    return fields


def _list(rows: Iterable[str]) -> str:
    return f"[{','.join(rows)}]"
