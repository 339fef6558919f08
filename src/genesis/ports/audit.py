"""The audit log, as a port: what was changed, in an order that nobody can rewrite unseen."""

from typing import Protocol

from attrs import frozen

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
        on disk; the chain is then as it was before. A cancelled wait does not say whether the entry was written.
        """
