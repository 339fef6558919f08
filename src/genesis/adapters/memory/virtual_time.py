"""Virtual time: an event loop that never waits, and the clocks of machines that live in it.

When nothing is left to do, time jumps to the next timer. `asyncio.timeout`, `asyncio.sleep` and everything else that
asks the loop for the time lives in it as well, so production code needs no change. The same coroutines run in the same
order every time, timers of one moment in the order in which they were set; and tasks that are kept in sets (as
`TaskGroup` does) are hashed by their number instead of their address, so that they are cancelled in the order in which
they were made.
"""

import asyncio
import selectors
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine, Generator, Mapping
from concurrent.futures import Executor
from contextvars import Context
from heapq import heappop, heappush
from itertools import count
from typing import Any, Final, TypeVar, TypeVarTuple, Unpack

from genesis.domain.units import Mts

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class NothingHappens(Exception):
    """Everything waits and no timer runs: in virtual time this would last for ever."""


class TimeStandsStill(Exception):
    """Something goes on without end in one moment: in virtual time none would follow it."""


ROUNDS_MAX: Final = 20_000
"""How often the loop may go round in one moment; healthy worlds take some hundreds at most."""


class _NoFiles(selectors.BaseSelector):
    """A selector of nothing; the loop's own pipe is the one file it is ever given."""

    def __init__(self) -> None:
        self._keys: dict[object, selectors.SelectorKey] = {}

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        del timeout
        return []

    # What follows is the bookkeeping that the loop expects of any selector.

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:  # Any: as declared there
        key = self._keys[fileobj] = selectors.SelectorKey(fileobj, -1, events, data)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:  # Any: as declared there
        return self._keys.pop(fileobj)

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:  # Any: as declared there
        return self._keys[fileobj]

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:  # Any: as declared there
        return self._keys


class NumberedTask(asyncio.Task[T]):
    """A task that hashes alike in every process."""

    _number = 0

    def __init__(self, coro: Coroutine[Any, Any, T], number: int, **options: Any) -> None:  # Any: asyncio's own
        self._number = number  # before the task is made, for making it puts it into a set
        super().__init__(coro, **options)

    def __hash__(self) -> int:
        return self._number


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time, which starts at 0; it opens no connection and starts no thread."""

    _stopping: bool  # the loop's own

    def __init__(self) -> None:
        self._now_s = 0.0
        self._tasks_made = count(1)
        self._ready_now: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._timers_made = count()
        self._rounds = 0
        self.turns = 0
        """How often time moved, for figures."""
        super().__init__(_NoFiles())
        self.set_task_factory(self._number_task)

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now_s

    def stand_still(self, seconds: float) -> None:
        """Let time pass in which nothing runs: what was due meanwhile runs after it, in its order."""
        self._now_s += seconds

    # What follows does as the loop's own methods do, without what they do for files, threads and debugging: a world
    # goes round some ten thousand times a second. A timer that was cancelled waits for its time to be forgotten.

    def call_soon(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Call as soon as what is ready before it has run."""
        handle = asyncio.Handle(callback, args, self, context)
        self._ready_now.append(handle)
        return handle

    call_soon_threadsafe = call_soon  # there is one thread, and its signals

    def call_later(
        self, delay: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call after *delay* seconds."""
        return self.call_at(self._now_s + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call at a time."""
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        heappush(self._timers, (when, next(self._timers_made), handle))
        return handle

    def _run_once(self) -> None:
        """Go round once: jump to the next timer if nothing is ready, then run what is."""
        ready, timers = self._ready_now, self._timers
        while timers and timers[0][2].cancelled():
            heappop(timers)
        if not ready and not self._stopping:
            if not timers:
                raise NothingHappens("every task waits, and nothing will ever wake one")
            self.turns += 1
            self._rounds = 0
            self._now_s = max(self._now_s, timers[0][0])
        self._rounds += 1
        if self._rounds > ROUNDS_MAX:
            self._rounds = 0  # as many are left for the tasks to end in
            raise TimeStandsStill(f"{ROUNDS_MAX:,} rounds at {self._now_s} s: something goes on without end")
        while timers and timers[0][0] <= self._now_s:
            ready.append(heappop(timers)[2])
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle.cancelled():
                handle._run()  # noqa: SLF001  # as every loop runs its handles

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Refuse: a thread would run in real time, and in no order."""
        del executor, args
        raise RuntimeError(f"{func!r} wants a thread, and virtual time has none")

    def _number_task(
        self,
        _loop: events.AbstractEventLoop,
        coro: Coroutine[Any, Any, Any] | Generator[Any, None, Any],  # Any: whatever a task returns
        context: Context | None = None,
    ) -> "asyncio.Task[Any]":  # Any: whatever a task returns
        assert isinstance(coro, Coroutine)
        return NumberedTask(coro, next(self._tasks_made), loop=self, context=context)


def run_virtually(main: Callable[[VirtualLoop], Coroutine[Any, Any, T]]) -> T:  # Any: a coroutine's business
    """Run the coroutine that *main* makes in a new virtual loop and return its result.

    Raises `NothingHappens` when every task waits for ever, `TimeStandsStill` when what is ready never ends.
    """
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        return runner.run(main(loop))


class MachineClock:
    """The clock of one machine in virtual time; its wall clock may be wrong, be set, and run at a wrong rate."""

    def __init__(self, loop: VirtualLoop, start: Mts) -> None:
        self._loop = loop
        self._wall_at_0_us = start * 1000
        self._drift_ppm = 0
        self._drifts_since_s = 0.0

    def now(self) -> Mts:
        """Return wall time in milliseconds UTC."""
        return Mts(self.now_us() // 1000)

    def now_us(self) -> int:
        """Return wall time in microseconds UTC."""
        now_s = self._loop.time()
        drift_us = round((now_s - self._drifts_since_s) * self._drift_ppm)
        return self._wall_at_0_us + round(now_s * 1_000_000) + drift_us

    def monotonic_s(self) -> float:
        """Return seconds since the world began; setting the wall clock changes nothing here."""
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        """Wait; zero or less yields once."""
        await asyncio.sleep(max(0.0, seconds))

    def step_wall(self, seconds: float) -> None:
        """Set the wall clock forwards or backwards, as a person or NTP would; no time passes."""
        self._wall_at_0_us += round(seconds * 1_000_000)

    def drift(self, ppm: int) -> None:
        """Let the wall clock run too fast by *ppm* microseconds a second from now on, too slow where that is < 0."""
        now_s = self._loop.time()
        self._wall_at_0_us += round((now_s - self._drifts_since_s) * self._drift_ppm)
        self._drift_ppm, self._drifts_since_s = ppm, now_s
