"""The lane of a key: one at a time, the most urgent first, and nobody who gave up keeps it shut."""

import asyncio
import random

import pytest

from genesis.adapters.bitfinex.lane import Lane, Turn
from genesis.domain.resilience import Priority


async def pass_through(lane: Lane, priority: Priority, passed: list[Priority]) -> None:
    turn = await lane.enter(priority)
    passed.append(priority)
    await asyncio.sleep(0)
    turn.leave()


async def test_who_waits_leaves_by_urgency_and_then_by_arrival() -> None:
    lane, passed = Lane(), list[Priority]()
    first = await lane.enter(Priority.HISTORY)
    order = [Priority.HISTORY, Priority.READ, Priority.CANCEL, Priority.ORDER, Priority.CANCEL, Priority.READ]
    waiting = [asyncio.create_task(pass_through(lane, priority, passed)) for priority in order]
    await asyncio.sleep(0)
    first.leave()
    await asyncio.gather(*waiting)
    assert passed == sorted(order)


async def test_leaving_twice_lets_one_in() -> None:
    lane = Lane()
    turn = await lane.enter(Priority.READ)
    waiting = [asyncio.create_task(lane.enter(Priority.READ)) for _ in range(2)]
    await asyncio.sleep(0)
    turn.leave()
    turn.leave()
    done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert (len(done), len(pending)) == (1, 1)
    done.pop().result().leave()
    (await pending.pop()).leave()


async def test_one_who_is_cancelled_in_the_moment_of_the_handover_passes_it_on() -> None:
    lane = Lane()
    turn = await lane.enter(Priority.READ)
    given_up, next_one = (asyncio.create_task(lane.enter(Priority.READ)) for _ in range(2))
    await asyncio.sleep(0)
    turn.leave()
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    (await next_one).leave()


@pytest.mark.parametrize("seed", range(20))
async def test_whoever_gives_up_the_lane_is_never_shared_and_never_stuck(seed: int) -> None:
    rng, lane, inside = random.Random(seed), Lane(), 0

    async def visit(priority: Priority) -> None:
        nonlocal inside
        turn: Turn = await lane.enter(priority)
        try:
            inside += 1
            assert inside == 1, "two at once"
            for _ in range(rng.randrange(3)):
                await asyncio.sleep(0)
        finally:
            inside -= 1
            turn.leave()

    visits = [asyncio.create_task(visit(rng.choice(list(Priority)))) for _ in range(100)]
    for _ in range(60):
        await asyncio.sleep(0)
        rng.choice(visits).cancel()
    results = await asyncio.gather(*visits, return_exceptions=True)
    assert all(result is None or isinstance(result, asyncio.CancelledError) for result in results)
    (await lane.enter(Priority.READ)).leave()
