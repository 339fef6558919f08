"""Lock-step: when a venue's time moves, and that it waits."""

from itertools import pairwise

from genesis.adapters.memory.clock import ManualClock
from genesis.app.lock_step import TICK_S, LockStep
from genesis.app.paper import Pace
from genesis.domain.candle import Candle, Candles, Timeframe
from genesis.domain.units import Mts
from tests.fakes.leaping_clock import LeapingClock

MINUTE = 60_000
CANDLES = Candles.from_rows(Candle(Mts(MINUTE * at), 1.0, 1.0, 1.0, 1.0, 1.0) for at in (10, 11, 14))


class Venue:
    """Notes to when its time was moved, and what the market was asked for."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []

    async def advance(self, to: Mts) -> None:
        self.calls.append(("advance", to))

    async def ready(self) -> None:
        self.calls.append(("ready", 0))

    async def settled(self, mts: Mts) -> None:
        self.calls.append(("settled", mts))

    async def finish(self) -> None:
        self.calls.append(("finish", 0))


async def play(pace: Pace, clock: ManualClock) -> list[tuple[str, int]]:
    venue = Venue()
    await LockStep(CANDLES, Timeframe.M1, pace, venue, venue, clock).run()
    return venue.calls


async def test_time_goes_to_the_next_candle_when_the_last_one_has_settled() -> None:
    begun = (clock := ManualClock()).monotonic_s()
    assert await play(Pace(None), clock) == [
        ("ready", 0),
        ("advance", 10 * MINUTE),
        ("settled", 10 * MINUTE),
        ("advance", 11 * MINUTE),
        ("settled", 11 * MINUTE),
        ("advance", 14 * MINUTE),
        ("settled", 14 * MINUTE),
        ("advance", 15 * MINUTE),
        ("finish", 0),
    ]
    assert clock.monotonic_s() == begun


async def test_a_pace_is_kept_and_time_goes_on_between_candles() -> None:
    clock = LeapingClock()
    begun_s = clock.monotonic_s()
    calls = await play(Pace(120.0), clock)
    moved = [mts for name, mts in calls if name == "advance"]
    assert clock.monotonic_s() - begun_s >= 4 * 60 / 120
    assert moved == sorted(moved)
    assert max(after - before for before, after in pairwise(moved[:-1])) <= TICK_S * 1000 * 120 + 1
    assert [mts for name, mts in calls if name == "settled"] == [10 * MINUTE, 11 * MINUTE, 14 * MINUTE]
