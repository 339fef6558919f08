"""A running session follows the applied configuration, whoever applied it: an operator, or a task of another process.

Limits of the account reach the core as events, in one order with everything else, so a replay decides the same.
"""

from typing import Final

from genesis.app.config import Config
from genesis.app.config_authority import Applied, ConfigAuthority
from genesis.app.operated_market import MakeEvent, OperatorInbox
from genesis.domain.events import Asked, LimitsApplied, OperatorAsked
from genesis.domain.json_value import JsonObject
from genesis.ports.clock import Clock
from genesis.ports.errors import NotPossible, StoreError
from genesis.ports.monitor import MonitorFeed

EVERY_S: Final = 1.0


class SessionConfig:
    """Lets the session behind *inbox* hear of what *authority*, open already, finds in force."""

    def __init__(self, authority: ConfigAuthority, inbox: OperatorInbox, feed: MonitorFeed, clock: Clock) -> None:
        self._authority = authority
        self._inbox = inbox
        self._feed = feed
        self._clock = clock
        self._running = authority.running()
        self._heard: list[Applied] = []
        authority.subscribe(self._heard.append)

    async def run(self) -> None:
        """Look once a second for what was applied and for edits by hand, until cancelled."""
        failed = ""
        while True:
            await self._clock.sleep(EVERY_S)
            try:
                await self._authority.refresh()
                await self._authority.check_file()
            except StoreError as error:
                if str(error) != failed:  # told once until it changes; what is known stays in force
                    self._feed.note("config", "config.unreadable", {"reason": str(error)}, "error")
                failed = str(error)
            while self._heard:
                await self._take_effect(self._heard.pop(0))

    async def _take_effect(self, applied: Applied) -> None:
        before, self._running = self._running, applied.running
        try:
            for event in _events(before, applied.running):
                await self._inbox.ask(event)
        except NotPossible as error:
            facts: JsonObject = {"version": applied.version.number, "reason": str(error)}
            self._feed.note("config", "config.not_taken", facts, "error")


def _events(before: Config, now: Config) -> list[MakeEvent]:
    found: list[MakeEvent] = []
    if now.risk != before.risk:
        limits = now.risk.limits
        found.append(lambda mts: LimitsApplied(mts, limits))
    was = {each.name: each.enabled for each in before.strategies}
    turned = [each for each in now.strategies if was.get(each.name, each.enabled) != each.enabled]
    return [*found, *(_switch(each.name, is_on=each.enabled) for each in turned)]


def _switch(name: str, *, is_on: bool) -> MakeEvent:
    asked = Asked.STRATEGY_ON if is_on else Asked.STRATEGY_OFF
    return lambda mts: OperatorAsked(mts, asked, name, "the configuration was applied")
