"""The desk that tells people: it takes notices at once, leaves out repetitions, and tries each channel until it worked.

Trading never waits for it: a full queue loses its least urgent notice, which is counted, and a channel that is down
holds up no other one.
"""

import asyncio
from collections.abc import Callable, Sequence
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
class _Line:
    """A channel, what waits for it, and what wakes its task."""

    channel: AlertChannel
    waiting: list[tuple[float, Notice]] = field(factory=list)
    wake: asyncio.Event = field(factory=asyncio.Event)


@define
class _Said:
    """When something was last said, and how often it came since."""

    at_s: float
    repeated: int = 0


class AlertDesk:
    """Takes notices on any thread; `run` delivers them."""

    def __init__(
        self,
        channels: Sequence[AlertChannel],
        clock: Clock,
        metrics: Metrics,
        rules: AlertRules | None = None,
        random: Callable[[], float] = JITTER,
    ) -> None:
        self._lines = [_Line(channel) for channel in channels]
        self._clock = clock
        self._metrics = metrics
        self._rules = rules or AlertRules()
        self._random = random
        self._said: dict[str, _Said] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def tell(self, notice: Notice) -> None:
        """Take *notice* and return at once."""
        now_s = self._clock.monotonic_s()
        said = self._said.get(notice.key)
        if said is not None and now_s - said.at_s < self._rules.repeat_s:
            said.repeated += 1
            self._metrics.increment("notices_repeated_total")
            return
        if said is not None and said.repeated:
            notice = evolve(notice, text=f"{notice.text} ({said.repeated} more since it was last said)")
        self._said.pop(notice.key, None)
        self._said[notice.key] = _Said(now_s)
        if len(self._said) > self._rules.keys_max:
            del self._said[next(iter(self._said))]
        for line in self._lines:
            self._queue(line, notice, now_s)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake)

    async def run(self) -> None:
        """Deliver until cancelled; then give what waits one more chance, for *closing_s* in all."""
        self._loop = asyncio.get_running_loop()
        try:
            async with asyncio.TaskGroup() as tasks:
                for line in self._lines:
                    tasks.create_task(self._serve(line), name=f"alerts.{line.channel.name}")
        finally:
            self._loop = None
            await self._close()

    def _queue(self, line: _Line, notice: Notice, now_s: float) -> None:
        line.waiting.append((now_s, notice))
        if len(line.waiting) > self._rules.queue_max:
            least = min(range(len(line.waiting)), key=lambda place: URGENCY[line.waiting[place][1].severity])
            del line.waiting[least]
            self._drop(line)

    def _wake(self) -> None:
        for line in self._lines:
            line.wake.set()

    async def _serve(self, line: _Line) -> None:
        failures = 0
        while True:
            line.wake.clear()
            if not line.waiting:
                await line.wake.wait()
                continue
            taken_s, notice = line.waiting[0]
            problem = await self._try(line, notice)
            is_late = self._clock.monotonic_s() - taken_s >= self._rules.deadline_s
            if problem is None or problem.is_final or is_late:
                self._done(line, (taken_s, notice))
                failures = 0
                if problem is not None:
                    self._drop(line)
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
            return problem
        self._metrics.increment("notices_sent_total", labels=name)
        return None

    async def _close(self) -> None:
        """Try once what is left."""
        try:
            async with asyncio.timeout(self._rules.closing_s), asyncio.TaskGroup() as tasks:
                for line in self._lines:
                    tasks.create_task(self._last_chance(line))
        except TimeoutError:
            for line in self._lines:
                for _ in line.waiting:
                    self._drop(line)

    async def _last_chance(self, line: _Line) -> None:
        while line.waiting:
            waiting = line.waiting[0]
            problem = await self._try(line, waiting[1])
            self._done(line, waiting)
            if problem is not None:
                self._drop(line)

    def _done(self, line: _Line, waiting: tuple[float, Notice]) -> None:
        if waiting in line.waiting:  # a full queue may have lost it meanwhile
            line.waiting.remove(waiting)

    def _drop(self, line: _Line) -> None:
        self._metrics.increment("notices_dropped_total", labels={"channel": line.channel.name})
