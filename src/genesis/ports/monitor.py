"""The running system as others may see it: a read model that the run loop fills and that HTTP and the terminal read."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal, Protocol

from attrs import frozen

from genesis.domain.json_value import JsonObject
from genesis.domain.units import Mts

Status = Literal["starting", "running", "degraded", "halted", "stopping", "stalled"]
"""`degraded` trades with something missing, `halted` makes no new decision, `stopping` is about to end for good.

`stalled` has a loop that stands still. These have a reason; the last is found by whoever looks, whatever the run loop
said before.
"""

Category = Literal["market", "order", "risk", "link", "config", "security", "system"]
Severity = Literal["info", "warning", "error"]


TOLD_APART_BY: Final = ("cid", "symbol", "link", "channel", "endpoint", "code", "strategy", "path", "text", "reason")
"""Fields that make two notes of one name different news; in a reason the numbers do not, for they may never repeat."""

_NUMBERS: Final = re.compile(r"\d+")


def news_key(name: str, severity: Severity, fields: Mapping[str, object]) -> str:
    """Return what two notes have in common that say the same again."""
    facts = {field: str(fields[field]) for field in TOLD_APART_BY if field in fields}
    if "reason" in facts:
        facts["reason"] = _NUMBERS.sub("#", facts["reason"])
    return " ".join((severity, name, *(f"{field}={value}" for field, value in facts.items())))


@frozen
class Health:
    """Whether the system runs. *uptime_s* is monotonic; *last_event_mts* is None before the first event.

    *stalled_s* is for how long the run loop has stood still, 0 while it turns.
    """

    status: Status
    reason: str
    version: str
    mode: str
    uptime_s: float
    last_event_mts: Mts | None
    stalled_s: float = 0.0


@frozen
class Note:
    """Something worth knowing: *name* is dotted (`order.unknown`), *fields* are its facts, without secrets."""

    seq: int
    mts: Mts
    category: Category
    severity: Severity
    name: str
    fields: JsonObject


@frozen
class Distribution:
    """What is kept of a metric's observations; the quantiles are within 5 % of the true ones, the rest is exact."""

    count: int
    sum: float
    min: float
    max: float
    p50: float
    p90: float
    p99: float


@frozen
class MetricsSnapshot:
    """All metrics at one moment, keyed `name` or `name{label="value"}`, in order of key."""

    counters: Mapping[str, float]
    gauges: Mapping[str, float]
    distributions: Mapping[str, Distribution]


@frozen
class Dashboard:
    """The numbers and the latest notes, oldest first."""

    health: Health
    metrics: MetricsSnapshot
    notes: Sequence[Note]


class Monitor(Protocol):
    """What readers may ask. Calls never block; `health` costs microseconds, for it is asked every second by many."""

    def health(self) -> Health:
        """Return the state of this moment."""

    def dashboard(self) -> Dashboard:
        """Return the state with all numbers and the notes that are still kept."""


class MonitorFeed(Protocol):
    """What the run loop tells. Calls never block and never raise."""

    def set_status(self, status: Status, reason: str = "") -> None:
        """Change the status; a change to anything but `running` says why."""

    def saw_event(self, mts: Mts) -> None:
        """Note that the system handled an event of time *mts*; called for each event, so it only stores the number."""

    def note(
        self, category: Category, name: str, fields: JsonObject | None = None, severity: Severity = "info"
    ) -> None:
        """Keep a note; old notes leave first, and repeated ones before those that are the only ones of their kind.

        Information never pushes out warnings and errors.
        """
