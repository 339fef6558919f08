"""A running session follows the configuration, whoever applied it: an operator, or a task of another process.

What counts at once reaches the core as events, in one order with everything else, so a replay decides the same. The
session's stream looks at the audit log before each event that it hands on, so that nothing is decided on limits that
were lowered before. A disk that does not answer holds the market up once and for a moment: what it says later is heard
later.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from genesis.app.config import Config
from genesis.app.config_authority import Applied, ConfigAuthority
from genesis.app.operated_market import MakeEvent, OperatorInbox
from genesis.domain.events import LimitsApplied, StrategyEnabled, StrategyLimitsApplied
from genesis.domain.risk.guards import RiskLimits
from genesis.ports.clock import Clock
from genesis.ports.errors import StoreError
from genesis.ports.monitor import MonitorFeed

LOOK_WITHIN_S: Final = 0.25
"""How long the market may wait for a look at the log; one that takes longer goes on beside it."""

AGAIN_S: Final = 1.0
"""After a look that failed: until then the market does not wait for the next one."""

Mark = Callable[[], object]
"""Returns what tells one state of the audit log from another; quick, and never waits."""


class SessionConfig:
    """Turns what *authority*, open already, takes in into events for the *strategies* of the session behind *inbox*."""

    def __init__(
        self,
        authority: ConfigAuthority,
        strategies: Iterable[str],
        inbox: OperatorInbox,
        feed: MonitorFeed,
        mark: Mark,
        clock: Clock,
    ) -> None:
        self._authority = authority
        self._strategies = frozenset(strategies)
        self._inbox = inbox
        self._feed = feed
        self._mark = mark
        self._clock = clock
        self._seen: object = None
        self._again_s = clock.monotonic_s()
        self._looking: asyncio.Future[None] | None = None
        self._failed = ""
        self._running = authority.running()
        self._heard: list[Applied] = []
        authority.subscribe(self._hear)

    def has_news(self) -> bool:
        """Tell whether something may have been applied that the session has not heard of."""
        return bool(self._heard) or (self._may_look() and self._mark() != self._seen)

    async def news(self) -> Sequence[MakeEvent]:
        """Return what the session has to hear; what cannot be read is told, and what is known stays in force.

        Waits for the disk for `LOOK_WITHIN_S` at most; the look goes on, and wakes the session when it has found
        something.
        """
        if self._may_look():
            self._looking = asyncio.ensure_future(self._look())
            await asyncio.wait((self._looking,), timeout=LOOK_WITHIN_S)
        heard, self._heard = self._heard, []
        return [event for applied in heard for event in self._taken(applied)]

    def close(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()

    def _may_look(self) -> bool:
        is_looking = self._looking is not None and not self._looking.done()
        return not is_looking and self._clock.monotonic_s() >= self._again_s

    async def _look(self) -> None:
        mark = self._mark()
        try:
            if await self._authority.refresh():
                self._seen = mark
            self._failed = ""
        except StoreError as error:
            self._again_s = self._clock.monotonic_s() + AGAIN_S
            if str(error) != self._failed:
                self._feed.note("config", "config.unreadable", {"reason": str(error)}, "error")
            self._failed = str(error)

    def _hear(self, applied: Applied) -> None:
        self._heard.append(applied)
        self._inbox.wake()

    def _taken(self, applied: Applied) -> Iterator[MakeEvent]:
        before, self._running = self._running, applied.running
        return _events(before, applied.running, self._strategies)


def _events(before: Config, now: Config, strategies: frozenset[str]) -> Iterator[MakeEvent]:
    if now.risk != before.risk:
        limits = now.risk.limits
        yield lambda mts: LimitsApplied(mts, limits)
    old, new = strategy_limits(before), strategy_limits(now)
    for name in [name for name in new if name in strategies and new[name] != old.get(name)]:
        yield _limited(name, new[name])
    was = {each.name: each.enabled for each in before.strategies}
    for each in now.strategies:
        if each.name in strategies and was.get(each.name, each.enabled) != each.enabled:
            yield _enabled(each.name, is_enabled=each.enabled)


def strategy_limits(config: Config) -> Mapping[str, RiskLimits]:
    """Return the limits of each strategy; one without a list of strategies is called as `DeskSettings` calls it."""
    if not config.strategies:
        return {"main": config.limits}
    return {each.name: each.limits for each in config.strategies}


def _limited(name: str, limits: RiskLimits) -> MakeEvent:
    return lambda mts: StrategyLimitsApplied(mts, name, limits)


def _enabled(name: str, *, is_enabled: bool) -> MakeEvent:
    return lambda mts: StrategyEnabled(mts, name, is_enabled)
