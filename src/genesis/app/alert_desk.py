"""The desk that tells people: it takes notices at once, leaves out repetitions, and tries each channel until it worked.

Trading never waits for it: a full queue loses its least urgent notice, which is counted, and a channel that is down
holds up no other one.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from secrets import SystemRandom
from typing import Final

from attrs import Factory, define, evolve, field, frozen

from genesis.domain.resilience import Backoff
from genesis.ports.alerts import AlertChannel, Notice, Undelivered
from genesis.ports.clock import Clock
from genesis.ports.metrics import Metrics

JITTER: Final = SystemRandom().random
URGENCY: Final = {"info": 0, "warning": 1, "error": 2}


@frozen
class AlertRules:
    """The same is not said again for *repeat_s*, a notice is tried for *deadline_s*, the end may take *closing_s*."""

    repeat_s: float = 300.0
    deadline_s: float = 900.0
    closing_s: float = 3.0
    queue_max: int = 64
    keys_max: int = 1_024
    backoff: Backoff = Factory(lambda: Backoff(1.0, 60.0))


@define
class _Said:
    """When something was last said, how often it came since, and what holds still and is to be said again."""

    at_s: float
    repeated: int = 0
    held: Notice | None = None


@define
class _Line:
    """A channel, what waits for it and was given to it, what wakes its task, why it failed last and lost something."""

    channel: AlertChannel
    waiting: list[tuple[float, Notice]] = field(factory=list)
    said: dict[str, _Said] = field(factory=dict)
    wake: asyncio.Event = field(factory=asyncio.Event)
    problem: Undelivered | None = None
    lost_why: str = ""


class AlertDesk:
    """Takes notices on any thread; `run` delivers them."""

    def __init__(
        self,
        channels: Sequence[AlertChannel],
        clock: Clock,
        metrics: Metrics,
        rules: AlertRules | None = None,
        random: Callable[[], float] = JITTER,
        heard: Callable[[str, str], None] = lambda _channel, _why_not: None,
    ) -> None:
        """Take the channels; *heard* is told which one fails and why and, with no reason, that it works again."""
        self._lines = [_Line(channel) for channel in channels]
        self._clock = clock
        self._metrics = metrics
        self._rules = rules or AlertRules()
        self._random = random
        self._heard = heard
        self._loop: asyncio.AbstractEventLoop | None = None
        self._held_back = asyncio.Event()
        self._turn = threading.Lock()  # over all that waits and was said: who tells may be any thread

    def tell(self, notice: Notice) -> None:
        """Take *notice* and return at once."""
        now_s = self._clock.monotonic_s()
        with self._turn:
            taken = [self._take(line, notice, now_s) for line in self._lines]
        if not any(taken):
            self._metrics.increment("notices_repeated_total")
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # it has just ended: what waits is tried once more, or counted
                loop.call_soon_threadsafe(self._wake)

    def passed(self, about: str) -> None:
        """Take that what was said *about* something holds no longer: it is not said again."""
        with self._turn:
            for line in self._lines:
                _let_go(line, about)

    def _take(self, line: _Line, notice: Notice, now_s: float) -> bool:
        """Let *notice* wait for *line*, unless that has just said the same."""
        if notice.about:
            _let_go(line, notice.about)
        said = line.said.get(notice.key)
        if said is not None and now_s - said.at_s < self._rules.repeat_s:
            said.repeated += 1
            said.held = notice
            return False
        self._say(line, notice, now_s)
        return True

    def _say(self, line: _Line, notice: Notice, now_s: float) -> None:
        """Let *notice* wait for *line*, with how often it came since it was last said."""
        said = line.said.pop(notice.key, None)
        if said is not None and said.repeated:
            notice = evolve(notice, text=f"{notice.text} ({said.repeated} more since it was last said)")
        line.said[notice.key] = _Said(now_s)
        if len(line.said) > self._rules.keys_max:
            del line.said[next(iter(line.said))]
        self._queue(line, notice, now_s)

    async def deliver(self, within_s: float) -> Mapping[str, str]:
        """Deliver what waits, again and again for *within_s*; what nobody has taken by then is given up.

        Returns the channels that did not take all, by name, with the reason.
        """
        async with self._drop_after(within_s), asyncio.TaskGroup() as tasks:
            for line in self._lines:
                tasks.create_task(self._empty(line))
        return {line.channel.name: line.lost_why for line in self._lines if line.lost_why}

    async def run(self) -> None:
        """Deliver until cancelled; then give what waits one more chance, for *closing_s* in all."""
        self._loop = asyncio.get_running_loop()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._say_again(), name="alerts.again")
                for line in self._lines:
                    tasks.create_task(self._serve(line), name=f"alerts.{line.channel.name}")
        finally:
            self._loop = None
            await self._close()

    def _queue(self, line: _Line, notice: Notice, now_s: float) -> None:
        line.waiting.append((now_s, notice))
        if len(line.waiting) > self._rules.queue_max:
            least = min(range(len(line.waiting)), key=lambda place: URGENCY[line.waiting[place][1].severity])
            self._drop(line, line.waiting.pop(least)[1])

    async def _say_again(self) -> None:
        """Say what was held back, and holds still, as soon as it may be said again."""
        while True:
            self._held_back.clear()
            due_s = self._said_again(self._clock.monotonic_s())
            waiting: list[asyncio.Future[object]] = [asyncio.ensure_future(self._held_back.wait())]
            if due_s is not None:
                waiting.append(asyncio.ensure_future(self._clock.sleep(due_s - self._clock.monotonic_s())))
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in waiting:
                    each.cancel()

    def _said_again(self, now_s: float) -> float | None:
        """Let what is due wait for its line; return when the next will be."""
        with self._turn:
            held = [(line, said.at_s, said.held) for line in self._lines for said in line.said.values() if said.held]
            later = []
            for line, at_s, notice in held:
                if at_s + self._rules.repeat_s > now_s:
                    later.append(at_s + self._rules.repeat_s)
                else:
                    self._say(line, notice, now_s)
                    line.wake.set()
        return min(later, default=None)

    def _wake(self) -> None:
        self._held_back.set()
        for line in self._lines:
            line.wake.set()

    async def _serve(self, line: _Line) -> None:
        while True:
            line.wake.clear()
            await self._empty(line)
            await line.wake.wait()

    async def _empty(self, line: _Line) -> None:
        """Try what waits for *line*, again and again, until each is taken or given up."""
        failures = 0
        while (waiting := self._first(line)) is not None:
            taken_s, notice = waiting
            problem = await self._try(line, notice)
            is_late = self._clock.monotonic_s() - taken_s >= self._rules.deadline_s
            if problem is None or problem.is_final or is_late:
                self._done(line, waiting, is_given_up=problem is not None)
                failures = 0
                continue
            failures += 1
            wait_s = max(problem.retry_after_s, self._rules.backoff.delay_s(failures, self._random()))
            await self._clock.sleep(wait_s)

    async def _try(self, line: _Line, notice: Notice) -> Undelivered | None:
        name = {"channel": line.channel.name}
        try:
            await line.channel.deliver(notice)
        except Undelivered as problem:
            self._metrics.increment("notices_failed_total", labels=name)
            was_well, line.problem = line.problem is None, problem
            if was_well:
                self._heard(line.channel.name, str(problem))
            return problem
        self._metrics.increment("notices_sent_total", labels=name)
        was_well, line.problem = line.problem is None, None
        if not was_well:
            self._heard(line.channel.name, "")
        return None

    async def _close(self) -> None:
        """Try once what is left."""
        async with self._drop_after(self._rules.closing_s), asyncio.TaskGroup() as tasks:
            for line in self._lines:
                tasks.create_task(self._last_chance(line))

    async def _last_chance(self, line: _Line) -> None:
        while (waiting := self._first(line)) is not None:
            problem = await self._try(line, waiting[1])
            self._done(line, waiting, is_given_up=problem is not None)

    @asynccontextmanager
    async def _drop_after(self, within_s: float) -> AsyncIterator[None]:
        """End what is done inside after *within_s*, and count what waits then as lost."""
        try:
            async with asyncio.timeout(within_s):
                yield
        except TimeoutError:
            with self._turn:
                for line in self._lines:
                    for _, notice in line.waiting:
                        self._drop(line, notice)

    def _first(self, line: _Line) -> tuple[float, Notice] | None:
        """Return what has waited longest for *line*."""
        with self._turn:
            return line.waiting[0] if line.waiting else None

    def _done(self, line: _Line, waiting: tuple[float, Notice], *, is_given_up: bool) -> None:
        with self._turn:
            if waiting not in line.waiting:  # a full queue has lost it meanwhile, and counted it
                return
            line.waiting.remove(waiting)
            if is_given_up:
                self._drop(line, waiting[1])

    def _drop(self, line: _Line, notice: Notice) -> None:
        """Count what is lost, and forget that it was said: nobody heard it."""
        line.said.pop(notice.key, None)
        line.lost_why = str(line.problem or "no answer came in time")
        self._metrics.increment("notices_dropped_total", labels={"channel": line.channel.name})


def _let_go(line: _Line, about: str) -> None:
    """Forget what was held back *about* something; it is counted still, so that what comes and goes is said seldom."""
    for said in line.said.values():
        if said.held is not None and said.held.about == about:
            said.held = None
