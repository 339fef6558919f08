"""What stands around a whole run: people hear once of what keeps it from beginning, or ends it outside its session."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from attrs import define

from genesis.adapters.atomic_file import write_whole
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.app.alert_desk import AlertDesk
from genesis.app.alerting import alert_channels, alert_level, telling
from genesis.app.logs import REDACTOR, guarded_secret
from genesis.app.settings import load_alert_settings
from genesis.ports.alerts import AlertChannel
from genesis.ports.clock import Clock
from genesis.ports.errors import StoreError

TELL_S: Final = 5.0
"""How long a run that has failed waits until somebody was told, and no longer."""

AGAIN_S: Final = 3_600.0
"""What keeps a run from beginning is told again after an hour: a container or a service starts it again each minute."""

_TOLD: Final = Path("alerts") / "not_begun"

_LOG: Final = logging.getLogger("genesis.run")


@define(eq=False)
class People:
    """Who is told of what goes wrong, and by whom; *heard* is the error of which they were told already.

    What they heard of runs that did not begin is kept under *home*, which is None while nobody knows it.
    """

    channels: Sequence[AlertChannel]
    level: int
    source: str
    home: Path | None = None
    has_begun: bool = False
    heard: Exception | None = None

    def begin(self) -> None:
        """Note that a session begins: what kept others from it is over."""
        self.has_begun = True
        if self.home is not None:
            with suppress(OSError):
                (self.home / _TOLD).unlink()


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
            tell(people, error, SystemClock())
        raise


def reason_of(error: Exception) -> dict[str, dict[str, str]]:
    """Return what a log line of *error* has beside its event."""
    return {"fields": {"reason": f"{type(error).__name__}: {error}"}}


def tell(people: People, error: Exception, clock: Clock) -> None:
    """Tell *people* of *error*, unless it keeps runs from beginning and they heard the same within the hour."""
    reason = reason_of(error)
    mark = hashlib.sha256(json.dumps(reason).encode()).hexdigest()
    if not people.has_begun and people.home is not None and _is_known(people.home, mark, clock):
        return
    metrics = MemoryMetrics()
    desk = AlertDesk(people.channels, clock, metrics)
    with telling(desk.tell, clock, REDACTOR, people.source, people.level):
        _LOG.error("system.failed" if people.has_begun else "system.not_begun", extra=reason)
    asyncio.run(desk.deliver(TELL_S))
    is_told = any(name.startswith("notices_sent_total") for name in metrics.snapshot().counters)
    if is_told and not people.has_begun and people.home is not None:
        with suppress(StoreError):  # where nothing can be kept, the same is told again
            write_whole(people.home / _TOLD, f"{clock.now()} {mark}\n")


def _is_known(home: Path, mark: str, clock: Clock) -> bool:
    try:
        mts, _, told = (home / _TOLD).read_text("ascii").strip().partition(" ")
        return told == mark and 0 <= clock.now() - int(mts) < AGAIN_S * 1000
    except (OSError, ValueError):
        return False
