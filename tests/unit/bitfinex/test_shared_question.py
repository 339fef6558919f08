"""A question for several: asked once, and never before somebody wanted its answer."""

import asyncio

import pytest

from genesis.adapters.bitfinex.shared_question import SharedQuestion
from genesis.ports.errors import ExchangeError, Unreachable


class Exchange:
    """Answers with the number of the question, when it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.gates: list[asyncio.Future[str]] = []

    async def ask(self) -> str:
        self.asked += 1
        gate: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.gates.append(gate)
        return await gate


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_nobody_gets_an_answer_to_what_was_asked_before_they_wanted_it() -> None:
    exchange = Exchange()
    question = SharedQuestion(exchange.ask)
    first = asyncio.create_task(question.answer())
    await settle()
    later = [asyncio.create_task(question.answer()) for _ in range(4)]
    await settle()
    assert exchange.asked == 1
    exchange.gates[0].set_result("operative")
    await settle()
    assert (first.result(), [each.done() for each in later]) == ("operative", [False] * 4)
    exchange.gates[1].set_result("maintenance")
    assert await asyncio.gather(*later) == ["maintenance"] * 4
    last = asyncio.create_task(question.answer())
    await settle()
    exchange.gates[2].set_result("operative again")
    assert (await last, exchange.asked) == ("operative again", 3)


async def test_an_error_is_shared_like_an_answer_and_the_next_question_is_asked() -> None:
    exchange = Exchange()
    question = SharedQuestion(exchange.ask)
    asking = [asyncio.create_task(question.answer()) for _ in range(3)]
    await settle()
    exchange.gates[0].set_exception(Unreachable("no", endpoint="x"))
    await settle()
    exchange.gates[1].set_exception(Unreachable("still no", endpoint="x"))
    problems = await asyncio.gather(*asking, return_exceptions=True)
    assert [isinstance(each, ExchangeError) for each in problems] == [True] * 3
    again = asyncio.create_task(question.answer())
    await settle()
    exchange.gates[2].set_result("back")
    assert (await again, exchange.asked) == ("back", 3)


async def test_whoever_gives_up_while_it_asks_leaves_the_question_to_the_next() -> None:
    exchange = Exchange()
    question = SharedQuestion(exchange.ask)
    first, second, third = (asyncio.create_task(question.answer()) for _ in range(3))
    await settle()
    first.cancel()
    await settle()
    exchange.gates[1].set_result("yes")
    assert [await second, await third] == ["yes", "yes"]
    with pytest.raises(asyncio.CancelledError):
        await first
