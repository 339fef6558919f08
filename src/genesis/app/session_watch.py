"""What stands around a session of any mode: its log, the alerts to people, and the watch on the event loop."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Final

from genesis.app.alert_desk import AlertDesk
from genesis.app.alerting import telling
from genesis.app.logs import REDACTOR, session_log
from genesis.app.run_watch import People, reason_of
from genesis.app.session_metrics import LoopLag
from genesis.app.settings import load_settings
from genesis.ports.clock import Clock
from genesis.ports.errors import GenesisError, Killed
from genesis.ports.metrics import Metrics
from genesis.ports.monitor import MonitorFeed

_LOG: Final = logging.getLogger("genesis.session")


class SessionWatch:
    """Runs a session's coroutine with the watch around it."""

    def __init__(self, people: People, desk: AlertDesk | None, lag: LoopLag) -> None:
        self._people = people
        self._desk = desk
        self._lag = lag

    async def around(self, session: Callable[[], Coroutine[None, None, None]]) -> None:
        """Run *session* and raise what it raises, once people were told: the desk ends last."""
        self._people.begin()
        beside = [asyncio.ensure_future(part.run()) for part in (self._desk, self._lag) if part is not None]
        try:
            await session()
        except GenesisError as error:
            _LOG.error("risk.killed" if isinstance(error, Killed) else "system.failed", extra=reason_of(error))
            self._people.heard = error
            raise
        except Exception as error:
            _LOG.exception("system.failed", extra=reason_of(error))
            self._people.heard = error
            raise
        finally:
            for part in beside:
                part.cancel()
            await asyncio.gather(*beside, return_exceptions=True)


def _note_reached(feed: MonitorFeed, channel: str, why_not: str) -> None:
    """Note on the page and in the log, and so over the other channels, whether *channel* takes alerts."""
    if why_not:
        feed.note("system", "system.alerts_undelivered", {"channel": channel, "reason": why_not}, "warning")
    else:
        feed.note("system", "system.alerts_delivered", {"channel": channel})


@contextmanager
def session_watch(
    people: People, source: str, clock: Clock, metrics: Metrics, feed: MonitorFeed
) -> Iterator[SessionWatch]:
    """Set up the log as the settings say, and tell *people* of what it has; *source* tells them who speaks.

    *feed* is told when they cannot be reached. Raises `InputError` for a setting that cannot be used.
    """
    desk = AlertDesk(people.channels, clock, metrics, heard=partial(_note_reached, feed)) if people.channels else None
    with ExitStack() as around:
        around.enter_context(session_log(clock, metrics, load_settings()))
        if desk is not None:
            around.enter_context(telling(desk.tell, clock, REDACTOR, source, people.level, desk.passed))
        yield SessionWatch(people, desk, LoopLag(clock, metrics))
