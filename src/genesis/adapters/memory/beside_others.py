"""A market beside which candles of other instruments close, for strategies that read them."""

from collections.abc import AsyncIterator, Iterator, Mapping
from heapq import merge

from genesis.domain.candle import Candles
from genesis.domain.events import Cancel, CandleClosed, Event, LookUp
from genesis.domain.risk.gate import Approved
from genesis.domain.units import Mts, Symbol
from genesis.ports.market import Market


class BesideOthers:
    """A `Market` that tells, before each closed candle of *market*, the candles of *others* that began earlier.

    Those of one time come in the order of the symbols; what is left when the market ends is not told.
    """

    def __init__(self, market: Market, others: Mapping[Symbol, Candles]) -> None:
        self._market = market
        self._others = others

    async def events(self) -> AsyncIterator[Event]:
        """Return the stream; see the port."""
        coming = merge(*(_closed(symbol, self._others[symbol]) for symbol in sorted(self._others)), key=_when)
        other = next(coming, None)
        async for event in self._market.events():
            if type(event) is CandleClosed:
                while other is not None and other.candle.mts < event.candle.mts:
                    yield other
                    other = next(coming, None)
            yield event

    def request_quote(self, symbol: Symbol, orders: int) -> None:
        """Hand on; see the port."""
        self._market.request_quote(symbol, orders)

    def submit(self, order: Approved) -> None:
        """Hand on; see the port."""
        self._market.submit(order)

    def cancel(self, cancel: Cancel) -> None:
        """Hand on; see the port."""
        self._market.cancel(cancel)

    def look_up(self, wanted: LookUp) -> None:
        """Hand on; see the port."""
        self._market.look_up(wanted)

    def wake_at(self, mts: Mts) -> None:
        """Hand on; see the port."""
        self._market.wake_at(mts)


def _closed(symbol: Symbol, candles: Candles) -> Iterator[CandleClosed]:
    return (CandleClosed(symbol, candle) for candle in candles)


def _when(event: CandleClosed) -> Mts:
    return event.candle.mts
