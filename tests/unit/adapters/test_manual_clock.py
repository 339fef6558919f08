"""The manual clock: time passes when it is told to, and sleepers wake at their own deadlines."""

import asyncio

import pytest

from genesis.adapters.memory.clock import START, ManualClock
from genesis.domain.units import Mts


async def test_sleepers_wake_in_order_of_their_deadlines_at_their_own_time() -> None:
    clock = ManualClock()
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float, times: int) -> None:
        for _ in range(times):
            await clock.sleep(seconds)
            woken.append((name, clock.monotonic_s()))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sleeper("slow", 2.5, 1))
        tasks.create_task(sleeper("fast", 1.0, 3))
        await clock.advance(3.0)
    assert woken == [("fast", 1.0), ("fast", 2.0), ("slow", 2.5), ("fast", 3.0)]


async def test_nobody_wakes_before_the_clock_is_moved() -> None:
    clock = ManualClock()
    task = asyncio.create_task(clock.sleep(1.0))
    await clock.advance(0.999999)
    assert not task.done()
    await clock.advance(0.000001)
    assert task.done()


async def test_a_cancelled_sleep_leaves_nothing_behind() -> None:
    clock = ManualClock()
    task = asyncio.create_task(clock.sleep(1.0))
    await clock.advance(0.0)
    assert clock.next_wake_s() == 1.0
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert clock.next_wake_s() is None
    clock.move(2.0)


async def test_sleeping_for_nothing_yields_once() -> None:
    await ManualClock().sleep(0.0)


def test_moving_moves_both_times_and_stepping_only_the_wall() -> None:
    clock = ManualClock()
    clock.move(1.5)
    assert (clock.now(), clock.now_us(), clock.monotonic_s()) == (START + 1500, (START + 1500) * 1000, 1.5)
    clock.step_wall(-3600.0)
    assert (clock.now(), clock.monotonic_s()) == (START + 1500 - 3_600_000, 1.5)
    clock.move_to(Mts(START))
    assert (clock.now(), clock.monotonic_s()) == (START, 3600.0)


def test_time_does_not_pass_backwards() -> None:
    clock = ManualClock()
    with pytest.raises(ValueError, match="forwards"):
        clock.move(-1.0)
    with pytest.raises(ValueError, match="forwards"):
        clock.move_to(Mts(START - 1))
