"""`stats1` and `funding/stats`: sizes of positions and of what they borrow, traded volume, average prices.

Sizes are noted once a minute in which the venue was busy; volume and averages come from the candles. The house lends
exactly what positions use, so what is provided is what is used. Source: Bitfinex reference, "Stats", "Funding
Statistics"."""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final, NamedTuple

from genesis.adapters.venue.complaints import invalid
from genesis.adapters.venue.numbers import scaled_text
from genesis.adapters.venue.tape import Tape
from genesis.domain.candle import DAY_MS, MINUTE_MS, Timeframe
from genesis.domain.simulation.exchange import Exchange
from genesis.domain.units import ATOM_DECIMALS, Currency, Mts, Symbol

SAMPLES_KEPT: Final = 7 * 24 * 60
HOUR_MS: Final = 60 * MINUTE_MS
WINDOWS: Final = {"vol.1d": DAY_MS, "vol.7d": 7 * DAY_MS, "vol.30d": 30 * DAY_MS}
USD: Final = Currency("USD")


class Sizes(NamedTuple):
    """The margin positions of all users in one instrument, in atoms: of base, but *borrowed_quote*."""

    mts: int
    long: int
    short: int
    borrowed_quote: int


class Row(NamedTuple):
    """A value at a time, as JSON text."""

    mts: int
    value: str

    def text(self) -> str:
        """Return the row of the wire."""
        return f"[{self.mts},{self.value}]"


class Statistics:
    """Notes sizes and answers what is asked about them."""

    def __init__(self, exchange: Exchange, tapes: dict[Symbol, Tape]) -> None:
        self._exchange = exchange
        self._tapes = tapes
        self._minute = -1
        self._sizes: dict[Symbol, deque[Sizes]] = {}

    def sample(self, mts: Mts) -> None:
        """Note the sizes, once a minute."""
        if mts // MINUTE_MS == self._minute:
            return
        self._minute = mts // MINUTE_MS
        for symbol, market in self._exchange.markets.items():
            if market.terms is not None:
                kept = self._sizes.setdefault(symbol, deque(maxlen=SAMPLES_KEPT))
                kept.append(self._now(symbol, self._minute * MINUTE_MS))

    def rows(self, key: str) -> list[Row]:
        """Return the values of a key such as `pos.size:1m:tBTCUSD:long`, oldest first; raises `Complaint`."""
        match key.split(":"):
            case ["pos.size", "1m", name, "long" | "short" as side] if name in self._sizes:
                sizes = self._sizes[Symbol(name)]
                return [Row(each.mts, _atoms(each.long if side == "long" else each.short)) for each in sizes]
            case ["funding.size" | "credits.size", "1m", name] if self.lends(name):
                return [Row(mts, _atoms(used)) for mts, used in self._used(name, self._sizes)]
            case ["credits.size.sym", "1m", name, symbol] if self.lends(name) and symbol in self._sizes:
                return [Row(mts, _atoms(used)) for mts, used in self._used(name, [Symbol(symbol)])]
            case ["vwap", "1d", name] if name in self._tapes:
                return list(_average_prices(self._tapes[Symbol(name)]))
            case [name, "30m", "BFX"] if name in WINDOWS:
                return list(self._volumes(WINDOWS[name]))
            case _:
                raise invalid("key")

    def lends(self, symbol: str) -> bool:
        """Whether *symbol*, as in `fUSD`, is a currency that positions borrow."""
        return symbol.startswith("f") and symbol[1:] in self.currencies()

    def currencies(self) -> set[Currency]:
        """Return what positions may borrow."""
        markets = [market for market in self._exchange.markets.values() if market.terms is not None]
        return {currency for market in markets for currency in (market.base, market.quote)}

    def house_rate(self, symbol: str) -> int:
        """Return what a day of `fUSD` costs, in parts per billion: the dearest of its markets."""
        return max(
            market.terms.interest_a_day
            for market in self._exchange.markets.values()
            if market.terms is not None and symbol[1:] in (market.base, market.quote)
        )

    def funding_rows(self, symbol: str) -> list[Row]:
        """Return `funding/stats` of a currency, a row an hour, oldest first; raises `Complaint`."""
        if not self.lends(symbol):
            raise invalid("symbol")
        rate = scaled_text(round(self.house_rate(symbol) * 10**5 / 365), 14)
        hours = groupby(self._used(symbol, self._sizes), lambda used: used[0] // HOUR_MS)
        newest = [list(used)[-1] for _, used in hours]
        return [
            Row(mts, f"null,null,{rate},null,null,null,{_atoms(used)},{_atoms(used)},null,null,0")
            for mts, used in newest
        ]

    def _now(self, symbol: Symbol, mts: int) -> Sizes:
        positions = [
            account.positions[symbol]
            for account in self._exchange.accounts.by_user.values()
            if symbol in account.positions
        ]
        return Sizes(
            mts,
            sum(max(0, position.net_amount) for position in positions),
            sum(max(0, -position.net_amount) for position in positions),
            sum(max(0, -position.cash) for position in positions if position.net_amount > 0),
        )

    def _used(self, name: str, symbols: Iterable[Symbol]) -> list[tuple[int, int]]:
        """Return what positions in *symbols* borrow of a currency: longs borrow quote, shorts base."""
        total: dict[int, int] = {}
        for symbol in symbols:
            market = self._exchange.markets[symbol]
            for sizes in self._sizes[symbol]:
                used = sizes.borrowed_quote if market.quote == name[1:] else 0
                used += sizes.short if market.base == name[1:] else 0
                total[sizes.mts] = total.get(sizes.mts, 0) + used
        return sorted(total.items())

    def _volumes(self, window: int) -> Iterator[Row]:
        """Yield the volume in USD of the time before each half hour that had trades."""
        traded: dict[int, int] = {}
        for symbol, tape in self._tapes.items():
            market = self._exchange.markets[symbol]
            if market.quote == USD:
                for bar in tape.candles[Timeframe.M30]:
                    traded[bar.mts] = traded.get(bar.mts, 0) + bar.volume * bar.close // market.scale
        inside: deque[tuple[int, int]] = deque()
        total = 0
        for mts, worth in sorted(traded.items()):
            inside.append((mts, worth))
            total += worth
            while inside[0][0] <= mts - window:
                total -= inside.popleft()[1]
            yield Row(mts, _atoms(total))


def _average_prices(tape: Tape) -> Iterator[Row]:
    """Yield each day's price, the closes of its minutes weighted by their volume."""
    for day, bars in groupby(tape.candles[Timeframe.M1], lambda bar: bar.mts // DAY_MS):
        worth = volume = 0
        for bar in bars:
            worth += bar.close * bar.volume
            volume += bar.volume
        price = scaled_text(round(worth / volume), tape.instrument.price_decimals) if volume else "null"
        yield Row(day * DAY_MS, price)


def _atoms(amount: int) -> str:
    return scaled_text(amount, ATOM_DECIMALS)
