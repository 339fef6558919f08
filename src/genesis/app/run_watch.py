"""What stands around a whole run: people hear once of what keeps it from beginning, or ends it outside its session."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from attrs import define

from genesis.adapters.clock_system import SystemClock
from genesis.adapters.memory.metrics import Unmeasured
from genesis.app.alert_desk import AlertDesk
from genesis.app.alerting import alert_channels, alert_level, telling
from genesis.app.logs import REDACTOR, guarded_secret
from genesis.app.settings import load_alert_settings
from genesis.ports.alerts import AlertChannel

TELL_S: Final = 5.0
"""How long a run that has failed waits until somebody was told, and no longer."""

_LOG: Final = logging.getLogger("genesis.run")


@define(eq=False)
class People:
    """Who is told of what goes wrong, and by whom; *heard* is the error of which they were told already."""

    channels: Sequence[AlertChannel]
    level: int
    source: str
    has_begun: bool = False
    heard: Exception | None = None


@contextmanager
def run_watch(source: str) -> Iterator[People]:
    """Tell people, within `TELL_S` in all, of what is raised inside and nobody told them, and raise it.

    *source* says who speaks. Raises `InputError` for settings of alerts that cannot be used.
    """
    settings = load_alert_settings()
    people = People(alert_channels(settings, guarded_secret), alert_level(settings), source)
    try:
        yield people
    except Exception as error:
        if people.channels and error is not people.heard:
            _tell(people, error)
        raise


def reason_of(error: Exception) -> dict[str, dict[str, str]]:
    """Return what a log line of *error* has beside its event."""
    return {"fields": {"reason": f"{type(error).__name__}: {error}"}}


def _tell(people: People, error: Exception) -> None:
    clock = SystemClock()
    desk = AlertDesk(people.channels, clock, Unmeasured())
    with telling(desk.tell, clock, REDACTOR, people.source, people.level):
        _LOG.error("system.failed" if people.has_begun else "system.not_begun", extra=reason_of(error))
    asyncio.run(desk.deliver(TELL_S))
