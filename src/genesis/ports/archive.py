"""What earlier sessions left in the data directory, as a port: runs, reports, and the audit log's entries."""

from collections.abc import Sequence
from typing import Literal, Protocol

from attrs import frozen

from genesis.domain.json_value import JsonValue
from genesis.domain.units import Mts


@frozen
class StoredRun:
    """A file that a session or a research task left behind; *name* is its name within its folder."""

    kind: Literal["session", "journal", "report", "sweep"]
    name: str
    bytes: int
    changed_mts: Mts


@frozen
class AuditEntry:
    """One entry of the audit log, as it stands in the chain."""

    seq: int
    mts: Mts
    hash: str
    entry: JsonValue


@frozen
class AuditPage:
    """Audit entries, the youngest first; *next* is the `before` of the page that follows, null on the last."""

    next: int | None
    items: Sequence[AuditEntry]


class Archive(Protocol):
    """Reads what is on disk; blocking, so that it is asked outside of an event loop."""

    def runs(self) -> Sequence[StoredRun]:
        """Return what is stored, the youngest first; raises `StoreError`."""

    def audit(self, limit: int, before: int | None, start: Mts | None, end: Mts | None) -> AuditPage:
        """Return at most *limit* entries older than number *before* and from *start* up to *end*; raises `StoreError`.

        One page looks at so much of the log and no more, so it may have fewer and have a next one all the same. A line
        that is no entry is left out: whether the chain holds is a question for the verifier.
        """
