"""A21, A31: whatever dies in a session ends the session; no half of an event is left behind."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import get_args

import pytest

from genesis.app.trade import Recording
from genesis.app.trade_beside import trade_beside
from genesis.domain.core import one_desk
from genesis.domain.desk import Desk
from genesis.domain.events import CandleClosed, Event
from genesis.domain.recall import recall
from genesis.domain.saved import saved
from genesis.domain.units import atoms
from tests.unit.app.test_trade_recorded import SETTINGS, House, WatchedMarket, durable


class Dying:
    """A part that runs a while, and dies."""

    def __init__(self, turns: int, error: Exception) -> None:
        self._turns = turns
        self._error = error

    async def run(self) -> None:
        for _ in range(self._turns):
            await asyncio.sleep(0)
        raise self._error


class EndlessMarket(WatchedMarket):
    """Events that never end."""

    async def events(self) -> AsyncIterator[Event]:
        async for event in super().events():
            await asyncio.sleep(0)
            yield event
        await asyncio.Event().wait()


async def nothing() -> None:
    """Have no cancels to wait for."""


@pytest.mark.parametrize("turns", range(0, 60, 3))
async def test_a31_a_part_that_dies_at_any_moment_ends_the_session_and_no_order_follows(turns: int) -> None:
    house = House()
    house.market = EndlessMarket(house.disk)
    recording = Recording(house.journal, house.latch)
    dying = Dying(turns, RuntimeError("dead"))
    with pytest.raises(ExceptionGroup) as caught:
        await trade_beside(house.core, house.market, house.observer, (dying,), recording, nothing, tuple)
    assert caught.group_contains(RuntimeError, match="dead")
    arrived = len(house.market.arrived)
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(house.market.arrived) == arrived


@pytest.mark.parametrize("nth", range(1, 9))
async def test_a21_an_event_that_memory_does_not_suffice_for_is_taken_whole_by_the_next_process(
    nth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, count = House(), 0
    close: Callable[..., object] = Desk.close

    def starved(desk: Desk, *words: object) -> object:
        nonlocal count
        count += 1
        answer = close(desk, *words)
        if count == nth:  # half of the event is done, and what follows from it is not
            raise MemoryError
        return answer

    monkeypatch.setattr(Desk, "close", starved)
    with pytest.raises(MemoryError):
        await house.run()
    monkeypatch.undo()
    await house.journal.commit()
    rows = durable(house.disk)
    assert sum(isinstance(row, CandleClosed) for row in rows) == nth
    recovered, whole = (one_desk(SETTINGS, atoms(10_000)) for _ in range(2))
    for row in rows:
        recall(recovered, row)
        if isinstance(row, get_args(Event)):
            whole.handle(row)
    assert repr(saved(recovered)) == repr(saved(whole))
