"""Virtual time passes at once, in order, and the same way in every process."""

import asyncio

import pytest

from genesis.adapters.memory.virtual_time import (
    MachineClock,
    NothingHappens,
    TimeStandsStill,
    VirtualLoop,
    run_virtually,
)
from genesis.domain.units import Mts

START = Mts(1_700_000_000_000)


def test_days_pass_at_once_and_timers_ring_in_order() -> None:
    rung: list[str] = []

    async def ring(name: str, after_s: float) -> None:
        await asyncio.sleep(after_s)
        rung.append(name)

    async def main(loop: VirtualLoop) -> float:
        async with asyncio.TaskGroup() as tasks:
            for name, after_s in (("third", 86_400.0), ("first", 1.0), ("second", 3_600.0)):
                tasks.create_task(ring(name, after_s))
        return loop.time()

    assert run_virtually(main) == pytest.approx(86_400.0)
    assert rung == ["first", "second", "third"]


def test_a_timeout_of_asyncio_lives_in_virtual_time() -> None:
    async def main(loop: VirtualLoop) -> float:
        with pytest.raises(TimeoutError):
            await _within_30_s()
        return loop.time()

    assert run_virtually(main) == pytest.approx(30.0)


def test_waiting_for_ever_is_told_instead_of_done() -> None:
    async def main(_: VirtualLoop) -> None:
        await asyncio.Event().wait()

    with pytest.raises(NothingHappens):
        run_virtually(main)


def test_what_goes_on_without_end_in_one_moment_is_told_instead_of_done() -> None:
    async def main(loop: VirtualLoop) -> None:
        def again() -> None:
            loop.call_soon(again)

        again()
        await asyncio.Event().wait()

    with pytest.raises(TimeStandsStill, match=r"at 0\.0 s"):
        run_virtually(main)


def test_no_thread_is_started() -> None:
    async def main(_: VirtualLoop) -> None:
        await asyncio.to_thread(print)

    with pytest.raises(RuntimeError, match="virtual time has none"):
        run_virtually(main)


def test_a_group_cancels_its_tasks_in_the_order_in_which_they_were_made() -> None:
    """TaskGroup keeps them in a set: hashed by address, their order would be another one in each process."""

    async def main(_: VirtualLoop) -> list[int]:
        cancelled: list[int] = []

        async def wait(number: int) -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(number)
                raise

        async def fail_among_50() -> None:
            async with asyncio.TaskGroup() as tasks:
                for number in range(50):
                    tasks.create_task(wait(number))
                await asyncio.sleep(1)
                raise ValueError

        with pytest.raises(ExceptionGroup):
            await fail_among_50()
        return cancelled

    first = run_virtually(main)
    assert sorted(first) == list(range(50))
    assert first == run_virtually(main)


def test_b1_b3_setting_and_drifting_the_wall_clock_leave_durations_alone() -> None:
    async def main(loop: VirtualLoop) -> tuple[int, int, int, float]:
        clock = MachineClock(loop, START)
        await clock.sleep(10.0)
        right = clock.now() - START
        clock.step_wall(-3_600.0)
        back = clock.now() - START
        clock.drift(500)
        await clock.sleep(1_000.0)
        return right, back, clock.now() - START, clock.monotonic_s()

    right, back, drifted, passed_s = run_virtually(main)
    assert (right, back) == (10_000, 10_000 - 3_600_000)
    assert drifted == back + 1_000_000 + 500
    assert passed_s == pytest.approx(1_010.0)


async def _within_30_s() -> None:
    async with asyncio.timeout(30.0):
        await asyncio.Event().wait()
