"""What a session notes goes two ways: to the monitor, which shows it, and to the log, which samples it."""

import logging
from collections.abc import Mapping
from typing import Final

from genesis.app.event_sampling import Sampler
from genesis.app.log_lines import category_of_record, severity_of
from genesis.domain.json_value import JsonObject
from genesis.domain.units import Mts
from genesis.ports.clock import Clock
from genesis.ports.metrics import Metrics
from genesis.ports.monitor import Category, MonitorFeed, Severity, Status

_LOG: Final = logging.getLogger("genesis.session")
_LEVELS: Final[Mapping[Severity, int]] = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_STATUS_SEVERITY: Final[Mapping[Status, Severity]] = {"degraded": "warning", "halted": "error"}


class EventLog:
    """A `MonitorFeed` in front of another one."""

    def __init__(self, feed: MonitorFeed, metrics: Metrics) -> None:
        self._feed = feed
        self._metrics = metrics
        self._status: tuple[Status, str] | None = None

    def set_status(self, status: Status, reason: str = "") -> None:
        """Pass on the status; a change of it is an event.

        What stops is nothing else any more, and for its first reason.
        """
        if self._status is not None and self._status[0] == "stopping":
            return
        self._feed.set_status(status, reason)
        if self._status != (status, reason):
            self._status = (status, reason)
            severity = _STATUS_SEVERITY.get(status, "info")
            self.note("system", f"system.{status}", {"reason": reason} if reason else {}, severity)

    def saw_event(self, mts: Mts) -> None:
        """Pass it on."""
        self._feed.saw_event(mts)

    def note(
        self, category: Category, name: str, fields: JsonObject | None = None, severity: Severity = "info"
    ) -> None:
        """Pass the note on, count it, and log it."""
        self._feed.note(category, name, fields, severity)
        self._metrics.increment("events_total", labels={"category": category, "severity": severity})
        level = _LEVELS[severity]
        if _LOG.isEnabledFor(level):
            _LOG.log(level, name, extra={"fields": dict(fields or {}), "category": category})


class SamplingFilter(logging.Filter):
    """Lets through what the sampler admits, with the number of those before it that were not."""

    def __init__(self, sampler: Sampler, clock: Clock, metrics: Metrics) -> None:
        super().__init__()
        self._sampler = sampler
        self._clock = clock
        self._metrics = metrics

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether *record* is written."""
        category = category_of_record(record)
        if not self._sampler.admits(category, severity_of(record), self._clock.monotonic_s()):
            self._metrics.increment("events_sampled_out_total", labels={"category": category})
            return False
        if withheld := self._sampler.withheld(category):
            fields: object = getattr(record, "fields", None)
            record.fields = {**(fields if isinstance(fields, Mapping) else {}), "sampled_out_before": withheld}
        return True
