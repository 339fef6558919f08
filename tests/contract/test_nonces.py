"""The contract of `NonceStore`, over every store: in memory, mapped, and under filelock."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from genesis.adapters.memory.clock import START, ManualClock
from genesis.adapters.memory.nonces import MemoryNonces
from genesis.adapters.nonce_file.opening import open_nonces
from genesis.domain.nonce import AHEAD_US_MAX, CID_MAX, NONCE_MAX
from genesis.domain.units import Mts
from genesis.ports.errors import ClockAhead
from genesis.ports.nonces import NonceStore
from genesis.ports.secrets import Secret

HOUR_S = 3600.0
KEY = Secret("a key of the contract tests")


class World:
    """Our clock, the exchange's clock, and a way to start again over the same state."""

    def __init__(self, make: Callable[[ManualClock, Callable[[], int]], NonceStore], start: Mts = START) -> None:
        self.clock = ManualClock(start)
        self.exchange_ahead_us = 0
        self._make = make

    def exchange_us(self) -> int:
        return self.clock.now_us() + self.exchange_ahead_us

    def step_our_clock(self, seconds: float) -> None:
        self.clock.step_wall(seconds)
        self.exchange_ahead_us -= round(seconds * 1_000_000)

    def reopen(self) -> NonceStore:
        return self._make(self.clock, self.exchange_us)


MakeWorld = Callable[[Mts], World]


@pytest.fixture(params=["memory", "mapped", "locked"])
def make_world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeWorld]:
    """A factory of worlds; in memory a restart keeps the store, for that one lives as long as its process."""
    with ExitStack() as stack:

        def world(start: Mts) -> World:
            kept: list[NonceStore] = []

            def make(clock: ManualClock, exchange_us: Callable[[], int]) -> NonceStore:
                if request.param == "memory":
                    kept.append(kept[0] if kept else MemoryNonces(clock, exchange_us))
                    return kept[0]
                share_memory = request.param == "mapped"
                store = open_nonces(
                    tmp_path, KEY, clock, exchange_us=exchange_us, create=True, share_memory=share_memory
                )
                return stack.enter_context(closing(store))

            return World(make, start)

        yield world


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    return make_world(START)


async def test_nonces_are_microseconds_of_the_clock(world: World) -> None:
    assert await world.reopen().next() == world.clock.now_us()


async def test_nonces_rise_while_the_clock_stands(world: World) -> None:
    store = world.reopen()
    nonces = [await store.next() for _ in range(100)]
    assert nonces == list(range(nonces[0], nonces[0] + 100))


async def test_nonces_keep_rising_after_a_restart(world: World) -> None:
    before = await world.reopen().next()
    assert before < await world.reopen().next()


async def test_two_stores_of_one_key_share_their_counters(world: World) -> None:
    one, other = world.reopen(), world.reopen()
    numbers = [await store.next() for store in (one, other, other, one, other)]
    assert numbers == sorted(set(numbers))
    cids = [await store.next_cid() for store in (one, other, other, one, other)]
    assert cids == sorted(set(cids))


@pytest.mark.parametrize("back_s", [1.0, HOUR_S, 10 * 365 * 24 * HOUR_S])
async def test_b1_nonces_keep_rising_when_our_clock_steps_back(world: World, back_s: float) -> None:
    before = await world.reopen().next()
    world.step_our_clock(-back_s)
    after = await world.reopen().next()
    assert before < after <= world.exchange_us() + AHEAD_US_MAX


@pytest.mark.parametrize("ahead_s", [61.0, 300.0, 365 * 24 * HOUR_S])
async def test_b2_a_clock_far_ahead_is_refused_and_burns_nothing(world: World, ahead_s: float) -> None:
    store = world.reopen()
    before, before_cid = await store.next(), await store.next_cid()
    world.step_our_clock(ahead_s)
    with pytest.raises(ClockAhead, match="ahead of the exchange"):
        await store.next()
    with pytest.raises(ClockAhead, match="ahead of the exchange"):
        await store.next_cid()
    world.step_our_clock(-ahead_s)
    assert (await store.next(), await store.next_cid()) == (before + 1, before_cid + 1)


async def test_a_counter_far_ahead_of_every_clock_is_refused_until_they_catch_up(world: World) -> None:
    store = world.reopen()
    before = await store.next()
    world.clock.step_wall(-HOUR_S)
    with pytest.raises(ClockAhead, match="ahead of the exchange"):
        await store.next()
    world.clock.move(HOUR_S - 60.0)
    with pytest.raises(ClockAhead):
        await store.next()
    world.clock.move(0.000001)
    assert await store.next() == before + 1


async def test_a_correction_of_the_exchange_time_lowers_the_limit_at_once(world: World) -> None:
    store = world.reopen()
    above = world.exchange_us() + AHEAD_US_MAX - 5_000
    await store.bump(above)
    world.clock.move(0.002)
    world.exchange_ahead_us = above + 2 - AHEAD_US_MAX - world.clock.now_us()
    assert [await store.next(), await store.next()] == [above + 1, above + 2]
    with pytest.raises(ClockAhead):
        await store.next()


async def test_a_bump_lifts_every_later_nonce_above_it_also_after_a_restart(world: World) -> None:
    store = world.reopen()
    above = await store.next() + 30_000_000
    await store.bump(above)
    assert await store.next() == above + 1
    assert await world.reopen().next() == above + 2


async def test_a_bump_to_less_changes_nothing(world: World) -> None:
    store = world.reopen()
    before = await store.next()
    await store.bump(before - 1000)
    await store.bump(0)
    assert await store.next() == before + 1


async def test_a_bump_beyond_sixty_seconds_is_refused_and_changes_nothing(world: World) -> None:
    store = world.reopen()
    before = await store.next()
    for above in (world.exchange_us() + AHEAD_US_MAX, NONCE_MAX, 2**64):
        with pytest.raises(ClockAhead, match="the counter stays"):
            await store.bump(above)
    assert await store.next() == before + 1
    await store.bump(world.exchange_us() + AHEAD_US_MAX - 1)
    assert await store.next() == world.exchange_us() + AHEAD_US_MAX


async def test_cids_are_sixteen_a_millisecond_and_never_come_again_on_any_day(world: World) -> None:
    seen = []
    for _ in range(5):
        store = world.reopen()
        seen += [await store.next_cid() for _ in range(40)]
        world.clock.move(24 * HOUR_S)
    assert seen == sorted(set(seen))
    assert seen[0] == START * 16
    assert seen[-1] <= CID_MAX


async def test_cids_keep_rising_when_every_clock_steps_back(world: World) -> None:
    before = await world.reopen().next_cid()
    world.clock.step_wall(-HOUR_S)
    assert await world.reopen().next_cid() == before + 1


async def test_cids_end_in_2039_with_a_refusal(make_world: MakeWorld) -> None:
    world = make_world(Mts(CID_MAX // 16))
    store = world.reopen()
    assert [await store.next_cid() for _ in range(16)][-1] == CID_MAX
    with pytest.raises(ClockAhead, match="45 bits"):
        await store.next_cid()


async def test_nonces_end_at_the_largest_that_javascript_counts(make_world: MakeWorld) -> None:
    world = make_world(Mts(NONCE_MAX // 1000))
    store = world.reopen()
    last = await store.next()
    await store.bump(NONCE_MAX - 2)
    assert last < await store.next() == NONCE_MAX - 1
    assert await store.next() == NONCE_MAX
    with pytest.raises(ClockAhead):
        await store.next()


async def test_concurrent_tasks_never_share_a_number(world: World) -> None:
    store = world.reopen()
    numbers: list[int] = []

    async def take() -> None:
        for _ in range(5):
            numbers.append(await store.next())
            numbers.append(await store.next_cid())

    async with asyncio.TaskGroup() as tasks:
        for _ in range(20):
            tasks.create_task(take())
    assert len(set(numbers)) == len(numbers) == 200


async def test_a_cancelled_call_leaves_a_store_that_goes_on(world: World) -> None:
    store = world.reopen()
    before = await store.next()
    world.clock.move(30.0)  # beyond the mark, so that the file must be written
    task = asyncio.create_task(store.next())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert before < await store.next()
