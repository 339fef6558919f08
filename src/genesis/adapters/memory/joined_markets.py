"""Several instruments as one market made of candles: at each time all open first, and then all close."""

from collections.abc import AsyncIterator, Iterator, Mapping
from heapq import merge
from itertools import groupby
from operator import itemgetter

from genesis.adapters.memory.candle_market import CandleMarket
from genesis.domain.candle import Candles
from genesis.domain.events import Cancel, CandleClosed, Event, LookUp
from genesis.domain.instrument import Instrument
from genesis.domain.risk.gate import Approved
from genesis.domain.simulation.market_orders import Costs, FeeMeter
from genesis.domain.units import Mts, Symbol


class JoinedMarkets:
    """A `Market` of several instruments, each a `CandleMarket`, in the order in which they are given.

    What fills at the opens of a time does so before any candle of that time is told; volumes count together for fees.
    """

    def __init__(self, traded: Mapping[Symbol, tuple[Instrument, Candles]], costs: Costs) -> None:
        fees = FeeMeter(costs)
        self._times = [candles.mts.tolist() for _, candles in traded.values()]
        self._markets = {
            symbol: CandleMarket(instrument, costs, _whole(candles), fees=fees)
            for symbol, (instrument, candles) in traded.items()
        }

    async def events(self) -> AsyncIterator[Event]:
        """Return the stream; see the port."""
        streams = [aiter(market.events()) for market in self._markets.values()]
        for _, group in groupby(merge(*map(_numbered, range(len(streams)), self._times)), key=itemgetter(0)):
            closed: list[CandleClosed] = []
            for _, at in group:
                while type(event := await anext(streams[at])) is not CandleClosed:
                    yield event
                closed.append(event)
            for each in closed:
                yield each

    def request_quote(self, symbol: Symbol, orders: int) -> None:
        """Hand on; see the port."""
        self._markets[symbol].request_quote(symbol, orders)

    def submit(self, order: Approved) -> None:
        """Hand on; see the port."""
        self._markets[order.order.symbol].submit(order)

    def cancel(self, cancel: Cancel) -> None:
        """Do nothing: an order here is filled before anybody could cancel it."""

    def look_up(self, wanted: LookUp) -> None:
        """Do nothing: what becomes of an order here is never unknown."""

    def wake_at(self, mts: Mts) -> None:
        """Do nothing: time passes with the candles alone."""


def _numbered(at: int, times: list[int]) -> Iterator[tuple[int, int]]:
    return ((mts, at) for mts in times)


async def _whole(candles: Candles) -> AsyncIterator[Candles]:
    yield candles
