"""What stands around a whole run: people hear once of what keeps it from beginning, or ends it outside its session."""

import asyncio
import hashlib
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from attrs import define

from genesis.adapters.atomic_file import write_whole
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.app.alert_desk import AlertDesk
from genesis.app.alerting import alert_level, found_channels, telling
from genesis.app.logs import REDACTOR, guarded_secret
from genesis.app.settings import find_home, load_alert_settings
from genesis.ports.alerts import AlertChannel
from genesis.ports.clock import Clock
from genesis.ports.errors import StoreError
from genesis.ports.monitor import news_key

TELL_S: Final = 5.0
"""How long a run that has failed waits until somebody was told, and no longer."""

AGAIN_S: Final = 3_600.0
"""What keeps a run from beginning is told again after an hour: a container or a service starts it again each minute."""

MARKS_MAX: Final = 64
"""So many reasons are remembered; with more of them within the hour, the oldest is news again."""

_TOLD: Final = Path("alerts") / "not_begun"

_LOG: Final = logging.getLogger("genesis.run")


@define(eq=False)
class People:
    """Who is told of what goes wrong, and by whom; *heard* is the error of which they were told already.

    What they heard of runs that did not begin is kept under *home*.
    """

    channels: Sequence[AlertChannel]
    level: int
    source: str
    home: Path
    has_begun: bool = False
    heard: Exception | None = None

    def begin(self) -> None:
        """Note that a session begins: what kept others from it is over."""
        self.has_begun = True
        with suppress(OSError):
            (self.home / _TOLD).unlink()


@contextmanager
def run_watch(source: str) -> Iterator[People]:
    """Tell people, within `TELL_S` in all, of what is raised inside and nobody told them, and raise it.

    *source* and the data directory say who speaks. Raises `InputError` for settings of alerts that cannot be used, once
    it was told over the channels that can.
    """
    settings = load_alert_settings()
    home = find_home()
    channels, problems = found_channels(settings, guarded_secret)
    people = People(channels, logging.WARNING, f"{source} of {home.resolve()}", home)
    try:
        if problems:
            raise problems[0]
        people.level = alert_level(settings)
        yield people
    except Exception as error:
        if people.channels and error is not people.heard:
            tell(people, error, SystemClock())
        raise


def reason_of(error: Exception) -> dict[str, dict[str, str]]:
    """Return what a log line of *error* has beside its event."""
    return {"fields": {"reason": f"{type(error).__name__}: {error}"}}


def tell(people: People, error: Exception, clock: Clock) -> None:
    """Tell *people* of *error*, unless it keeps runs from beginning and they heard the same within the hour.

    Standard error says which channels did not take it.
    """
    name, reason = "system.failed" if people.has_begun else "system.not_begun", reason_of(error)
    mark = hashlib.sha256(news_key(name, "error", reason["fields"]).encode()).hexdigest()
    known = {} if people.has_begun else _marks(people.home, clock)
    if mark in known:
        return
    desk = AlertDesk(people.channels, clock, MemoryMetrics())
    with telling(desk.tell, clock, REDACTOR, people.source, people.level):
        _LOG.error(name, extra=reason)
    deaf = asyncio.run(desk.deliver(TELL_S))
    if deaf:
        said = "; ".join(f"{channel}: {why}" for channel, why in deaf.items())
        print(f"genesis: this alert did not arrive ({said}): alerts.test tries the channels", file=sys.stderr)
    if len(deaf) < len(people.channels) and not people.has_begun:
        _keep_marks(people.home, {**known, mark: clock.now()})


def _marks(home: Path, clock: Clock) -> dict[str, int]:
    """Return what people were told within the hour of runs that did not begin, and when; the oldest first."""
    try:
        lines = (home / _TOLD).read_text("ascii").splitlines()
        told = {mark: int(mts) for mts, mark in (line.split() for line in lines)}
    except (OSError, ValueError):
        return {}
    return {mark: mts for mark, mts in told.items() if 0 <= clock.now() - mts < AGAIN_S * 1000}


def _keep_marks(home: Path, told: Mapping[str, int]) -> None:
    lines = [f"{mts} {mark}\n" for mark, mts in told.items()]
    with suppress(StoreError):  # where nothing can be kept, the same is told again
        write_whole(home / _TOLD, "".join(lines[-MARKS_MAX:]))
