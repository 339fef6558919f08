"""The journal, as a port: what happened and what was decided, durable before it has an effect."""

from typing import Protocol

from genesis.domain.journal.chain import Head
from genesis.domain.journal.entries import Entry


class Journal(Protocol):
    """An append-only list of entries with one writer. Its order is the order of the calls.

    An entry is *accepted* when `append` returns and *durable* when a later `commit` returns; what is durable survives
    kills and power cuts, with everything accepted before it. After any failed write the journal is poisoned: every
    later call but `append_reserved` and `close` raises a `StoreError`, for nothing may be sent whose record is not
    sure. Only opening it again, which reads what the disk holds, makes it good.
    """

    @property
    def head(self) -> Head:
        """The end of the chain, accepted entries included."""

    async def append(self, entry: Entry) -> Head:
        """Accept *entry*; the wait is for others' commits alone, and ends at a bound of what may be accepted only.

        Raises `StoreError` when the journal is poisoned or closed: the entry is not accepted then.
        """

    async def commit(self) -> None:
        """Return once all that was accepted before the call is durable.

        Raises `StoreFull` or another `StoreError` when it is not; it may turn out to be there after opening again. A
        cancelled wait does not say whether it became durable.
        """

    async def append_reserved(self, entry: Entry) -> None:
        """Make *entry* durable in space that was set aside, even when the journal is full or poisoned.

        For the few entries that must be written then, such as cancels. Opening the journal moves them to its end.
        Raises `StoreError` when the reserve is used up or broken too.
        """

    async def run(self) -> None:
        """Make accepted entries durable within a bounded delay, until cancelled; raises what `commit` raises."""

    async def close(self) -> None:
        """Commit what can be, and release the journal to the next writer; closing twice is once."""
