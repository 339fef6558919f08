"""Lock-step with a venue: its time goes to the next candle when everything that followed from the last one is done.

So a session decides on the same prices at any speed and on any machine, and nothing is decided late because a network
or a processor was slow.
"""

from typing import Final, Protocol

from genesis.app.paper import Pace
from genesis.domain.candle import Candles, Timeframe
from genesis.domain.units import Mts
from genesis.ports.clock import Clock

TICK_S: Final = 0.25
"""Between two candles the venue's time goes on in such steps, so that others see it pass."""


class VenueTime(Protocol):
    """A venue whose time we move."""

    async def advance(self, to: Mts) -> None:
        """Let time pass to *to*."""


class SteppedMarket(Protocol):
    """A market that says when it has settled; see `TradingMarket`."""

    async def ready(self) -> None:
        """Return once orders are taken."""

    async def settled(self, mts: Mts) -> None:
        """Return once the candle of *mts* runs and everything that followed from it is done."""

    async def finish(self) -> None:
        """End the stream with the running candle."""


class LockStep:
    """Leads a venue through *candles* at *pace*, then ends the market."""

    def __init__(
        self, candles: Candles, timeframe: Timeframe, pace: Pace, venue: VenueTime, market: SteppedMarket, clock: Clock
    ) -> None:
        self._candles = candles
        self._timeframe = timeframe
        self._pace = pace
        self._venue = venue
        self._market = market
        self._clock = clock

    async def run(self) -> None:
        """Play all candles."""
        await self._market.ready()
        first = Mts(int(self._candles.mts[0]))
        begun_s = self._clock.monotonic_s()
        for mts in map(Mts, self._candles.mts.tolist()):
            if self._pace.speed is not None:
                await self._wait(first, mts, begun_s, self._pace.speed)
            await self._venue.advance(mts)
            await self._market.settled(mts)
        await self._venue.advance(self._timeframe.end(int(self._candles.mts[-1])))
        await self._market.finish()

    async def _wait(self, first: Mts, until: Mts, begun_s: float, speed: float) -> None:
        """Let time pass until *until* is due; the venue's goes along."""
        due_s = begun_s + (until - first) / 1000 / speed
        while (wait_s := due_s - self._clock.monotonic_s()) > 0:
            await self._clock.sleep(min(wait_s, TICK_S))
            passed = Mts(first + int((self._clock.monotonic_s() - begun_s) * 1000 * speed))
            if passed < until:
                await self._venue.advance(passed)
