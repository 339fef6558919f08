"""Several instruments as one market made of candles: at each time all open, then all pass, and then all close."""

from collections.abc import AsyncIterator, Iterator, Mapping
from heapq import merge
from itertools import groupby
from operator import itemgetter

from genesis.adapters.memory.candle_market import CandleMarket
from genesis.domain.candle import Candle, Candles
from genesis.domain.events import Cancel, Event, LookUp, TimePassed
from genesis.domain.instrument import Instrument
from genesis.domain.risk.gate import Approved
from genesis.domain.simulation.market_orders import Costs, FeeMeter
from genesis.domain.units import Mts, Symbol


class JoinedMarkets:
    """A `Market` of several instruments, each a `CandleMarket`, in the order in which they are given.

    What fills at the opens of a time does so before anything is met inside a candle of that time, and both before any
    of them is told; volumes count together for fees.
    """

    def __init__(self, traded: Mapping[Symbol, tuple[Instrument, Candles]], costs: Costs) -> None:
        fees = FeeMeter(costs)
        self._candles = [candles for _, candles in traded.values()]
        self._markets = {
            symbol: CandleMarket(instrument, costs, _nothing(), fees=fees) for symbol, (instrument, _) in traded.items()
        }
        self._wake: Mts | None = None

    async def events(self) -> AsyncIterator[Event]:
        """Return the stream; see the port."""
        streams = (_beside(market, each) for market, each in zip(self._markets.values(), self._candles, strict=True))
        for mts, group in groupby(merge(*streams, key=itemgetter(0)), key=itemgetter(0)):
            now = [(market, candle) for _, market, candle in group]
            if self._wake is not None and mts >= self._wake:
                self._wake = None
                yield TimePassed(Mts(mts))
                for event in self._answered():
                    yield event
            for market, candle in now:
                for event in market.open(candle):
                    yield event
            for market, candle in now:
                for event in market.pass_through(candle):
                    yield event
            for market, candle in now:
                yield market.close(candle)
                for event in self._answered():
                    yield event

    def request_quote(self, symbol: Symbol, orders: int) -> None:
        """Hand on; see the port."""
        self._markets[symbol].request_quote(symbol, orders)

    def submit(self, order: Approved) -> None:
        """Hand on; see the port."""
        self._markets[order.order.symbol].submit(order)

    def cancel(self, cancel: Cancel) -> None:
        """Hand on; see the port."""
        self._markets[cancel.symbol].cancel(cancel)

    def look_up(self, wanted: LookUp) -> None:
        """Do nothing: what becomes of an order here is never unknown."""

    def wake_at(self, mts: Mts) -> None:
        """Wake before the opens of the first time that is no earlier: time passes with the candles alone."""
        self._wake = mts if self._wake is None else min(self._wake, mts)

    def _answered(self) -> Iterator[Event]:
        for market in self._markets.values():
            yield from market.answered()


def _beside(market: CandleMarket, candles: Candles) -> Iterator[tuple[int, CandleMarket, Candle]]:
    return ((candle.mts, market, candle) for candle in candles)


async def _nothing() -> AsyncIterator[tuple[Candle, ...]]:
    """Yield nothing: the candles are handed over one by one."""
    nothing: tuple[tuple[Candle, ...], ...] = ()
    for each in nothing:
        yield each
