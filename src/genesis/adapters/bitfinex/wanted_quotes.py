"""The quotes that were asked for: the top of a book that can be traded on, with an id for each order it may become.

An id tells its time and takes a durable step to make. So the ids come first, and then book and time in one step.
"""

from collections import deque
from collections.abc import Callable, Mapping

from genesis.adapters.bitfinex.market_line import MarketLine
from genesis.domain.events import Quote
from genesis.domain.order import Cid
from genesis.domain.units import Mts, Price, Symbol
from genesis.ports.clock import Clock
from genesis.ports.errors import ClockAhead
from genesis.ports.nonces import NonceStore


class WantedQuotes:
    """See the module; *now* is the time of the market."""

    def __init__(
        self, lines: Mapping[Symbol, MarketLine], source: NonceStore, clock: Clock, now: Callable[[], Mts]
    ) -> None:
        self._lines = lines
        self._source = source
        self._clock = clock
        self._now = now
        self._wanted: dict[Symbol, int] = {}
        self._cids: deque[Cid] = deque()
        """For the quote that follows."""
        self._quoted_s: dict[Symbol, float] = {}
        self._moved_s: dict[Symbol, float] = {}

    @property
    def are_given(self) -> bool:
        """Whether none is asked for that was not given."""
        return not self._wanted

    def want(self, symbol: Symbol, orders: int) -> None:
        """Ask for a quote with as many ids; what was asked for before and not given yet is asked for with it."""
        assert symbol in self._lines
        self._wanted[symbol] = max(orders, self._wanted.get(symbol, 0))

    def moved(self, symbol: Symbol) -> None:
        """Note that the book of an instrument told something."""
        self._moved_s[symbol] = self._clock.monotonic_s()

    def quoted_s(self, symbol: Symbol) -> float:
        """Return when the last quote of an instrument was given, in monotonic seconds; now where none was."""
        return self._quoted_s.get(symbol, self._clock.monotonic_s())

    def quote(self) -> Quote | None:
        """Return the next quote, of this moment; None where no book can be quoted or the ids are not at hand."""
        possible = self._possible()
        if possible is None or len(self._cids) < self._wanted[possible[0]]:
            return None
        symbol, best = possible
        count = self._wanted.pop(symbol)  # what is asked for from now on is another quote
        cids = tuple(self._cids.popleft() for _ in range(count))
        now_s = self._quoted_s[symbol] = self._clock.monotonic_s()
        age_ms = int((now_s - self._moved_s.get(symbol, now_s)) * 1000)
        return Quote(symbol, self._now(), *best, cids, age_ms)

    async def take_ids(self) -> bool:
        """Have the ids of the next quote at hand; False where no book can be quoted or the clocks give none now.

        They agree again by themselves: the next book or candle tries again.
        """
        possible = self._possible()
        if possible is None:
            return False
        count = self._wanted[possible[0]]
        try:
            while len(self._cids) < count:
                self._cids.append(await self._source.next_cid())
        except ClockAhead:
            return False
        return True

    def drop_ids(self) -> None:
        """Throw the ids away: none can be quoted now, and an id tells its time."""
        self._cids.clear()

    def _possible(self) -> tuple[Symbol, tuple[Price, Price]] | None:
        """Return the next instrument to be quoted that can be, and the top of its book; None while there is none."""
        for symbol in self._wanted:
            best = self._lines[symbol].best()
            if best is not None:
                return symbol, best
        return None
