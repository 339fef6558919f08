"""One question for all who want its answer in the same moment."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from genesis.ports.errors import ExchangeError

T = TypeVar("T")


class SharedQuestion(Generic[T]):
    """Asks the exchange once for all who wait. Nobody gets an answer to what was asked before they wanted it.

    So of many who come together the first is answered alone, and the others by the question after it.
    """

    def __init__(self, ask: Callable[[], Awaitable[T]]) -> None:
        self._ask = ask
        self._turn = asyncio.Lock()
        self._begun = 0
        self._answered = 0
        self._answer: Callable[[], T]

    async def answer(self) -> T:
        """Return what the exchange says after this was called; raises the `ExchangeError` that is said instead."""
        before = self._begun
        async with self._turn:
            if self._answered <= before:
                self._begun += 1
                self._answer = await self._asked()
                self._answered = self._begun
            return self._answer()

    async def _asked(self) -> Callable[[], T]:
        try:
            answer = await self._ask()
        except ExchangeError as error:
            problem = error

            def fail() -> T:
                raise problem

            return fail
        return lambda: answer
