"""The audit log, as a port: what was changed, in an order that nobody can rewrite unseen."""

from collections.abc import Callable, Sequence
from typing import Protocol

from attrs import frozen

from genesis.domain.audit import AuditEntry, ChainHead
from genesis.domain.json_value import JsonValue
from genesis.domain.units import Mts


@frozen
class AuditReceipt:
    """Where an entry stands: its number from 1 without gaps, its time, and the hash over it and all before it."""

    seq: int
    mts: Mts
    hash: str


class AuditLog(Protocol):
    """An append-only list of entries, each chained to the one before."""

    async def append(self, entry: JsonValue) -> AuditReceipt:
        """Add *entry* and return once it would survive a power cut.

        Concurrent calls are taken one after the other. Raises `StoreFull` or another `StoreError` when the entry is not
        on disk; the chain is then as it was before. Raises `InputError` for an entry whose `action` begins with
        `config.`: those change the configuration, and the configuration authority alone writes them. A cancelled wait
        does not say whether the entry was written.
        """


Decide = Callable[[Sequence[AuditEntry]], JsonValue]
"""From the entries that are new to the caller: the entry to append, or None for none."""


@frozen
class Transacted:
    """What a transaction left: the *place* to go on from, and the entry that was appended, if one was."""

    place: int
    appended: AuditEntry | None


@frozen
class ReadEntries:
    """Entries that are durable, and the *place* to read on from.

    *is_all* is false where another one is being written at this moment.
    """

    place: int
    entries: Sequence[AuditEntry]
    is_all: bool


class DecidingLog(Protocol):
    """An audit log that decisions are made from."""

    def read(self, place: int) -> ReadEntries:
        """Return the entries from *place* on (0 is the beginning) that would survive a power cut.

        Waits for no writer, in no process; it blocks only as long as the disk takes to be read. Raises `StoreError` for
        a log that is damaged.
        """

    def transact(self, place: int, decide: Decide) -> Transacted:
        """Give *decide* the entries from *place* on (0 is the beginning) and append what it returns.

        Nobody, in no process, appends in between. Blocks until the entry would survive a power cut. What *decide*
        raises is passed on, and nothing is appended then. Raises `StoreError` like `AuditLog.append`.
        """


class AuditWitness(Protocol):
    """Heads of the log, kept elsewhere: they show that its tail was cut or that it was written anew."""

    def heads(self) -> Sequence[ChainHead] | None:
        """Return the heads that were noted last, None where nothing was ever noted.

        Raises `StoreError` when they cannot be read, or were changed by somebody else.
        """

    def note(self, head: ChainHead) -> None:
        """Keep *head*; what was noted before may be forgotten, but for one. Raises `StoreError` when it cannot."""
