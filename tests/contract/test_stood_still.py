"""A9, A30, B4: after its process stood still, a market trusts nothing that was heard before."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from genesis.adapters.bitfinex.pulse import Pulse
from genesis.adapters.memory.clock import ManualClock
from genesis.domain.events import AccountShown, Quote
from genesis.domain.execution.evidence import NothingLeft
from genesis.domain.link import Link, LinkState
from tests.e2e.venue_house import BTC, quiet_venue, trade
from tests.fakes.traded_world import TradedWorld, traded_world


def busy(clock: ManualClock, seconds: float) -> None:
    """The loop is busy, or the process stopped: monotonic time goes on."""
    clock.move(seconds)


def suspended(clock: ManualClock, seconds: float) -> None:
    """The machine sleeps: only the wall's time goes on."""
    clock.step_wall(seconds)


STANDING_STILL = pytest.mark.parametrize("stand_still", [busy, suspended])
Still = Callable[[ManualClock, float], None]


@asynccontextmanager
async def pacing() -> AsyncIterator[TradedWorld]:
    """A market that notices when it stood still, and has heard of a trade."""
    venue = quiet_venue()
    async with traded_world(venue=venue, keeps_pace=True) as world:
        trade(venue, BTC, "100.25")
        await world.clock.advance(1)
        yield world


def quotes(world: TradedWorld) -> int:
    return len(world.of(Quote))


def want_quote(world: TradedWorld) -> None:
    world.market.request_quote(BTC, 1)
    world.market.wake_at(world.clock.now())


@STANDING_STILL
async def test_a30_after_two_seconds_no_order_leaves_until_the_data_is_fresh_again(stand_still: Still) -> None:
    async with pacing() as world:
        stand_still(world.clock, 2.0)
        world.market.submit(world.order(1))
        want_quote(world)
        await world.clock.advance(0.5)
        assert [type(each) for each in world.evidence(1)] == [NothingLeft]
        assert (world.shell.submits, quotes(world)) == (0, 0)
        await world.clock.advance(1)
        assert quotes(world) == 1
        world.market.submit(world.order(2))
        await world.clock.advance(1)
        assert world.shell.submits == 1
        assert len(world.shown) == 1  # the account was not looked at anew


@STANDING_STILL
async def test_a9_a30_b4_after_a_minute_all_is_heard_anew_and_the_account_is_looked_at_before_any_quote(
    stand_still: Still,
) -> None:
    async with pacing() as world:
        stand_still(world.clock, 60.0)
        want_quote(world)
        before = len(world.events)
        await world.clock.advance(5)
        since = world.events[before:]
        links = [(each.name, each.link) for each in since if isinstance(each, LinkState)]
        assert links[0] == ("account", Link.RECONNECT)
        assert ("market", Link.RECONNECT) in links
        first = next(at for at, each in enumerate(since) if isinstance(each, Quote | AccountShown))
        assert isinstance(since[first], AccountShown)
        assert quotes(world) == 1


async def test_a_process_that_keeps_pace_is_steady() -> None:
    clock = ManualClock()
    paused: list[float] = []
    pulse = Pulse(clock, paused.append, lambda: None)
    seen = [pulse.is_steady]
    clock.step_wall(-3600.0)  # set back, nobody slept
    seen.append(pulse.is_steady)
    for seconds in (1.2, 0.1):
        clock.move(seconds)
        seen.append(pulse.is_steady)
    assert (seen, paused) == ([True, True, True, False], [])
