"""A machine: what of it survives the death of a process, and what one process finds there when it starts."""

import asyncio
from collections.abc import Callable, Sequence

from attrs import define, field

from genesis.adapters.memory.budgets import MemoryBudgets
from genesis.adapters.memory.journal import MemoryDisk, MemoryJournal
from genesis.adapters.memory.kill_latch import MemoryKillLatch
from genesis.adapters.memory.nonces import MemoryNonces
from genesis.adapters.memory.virtual_time import MachineClock
from genesis.app.simulation.network import Mortal, Network
from genesis.domain.journal.chain import Head, Row
from genesis.domain.journal.entries import Entry
from genesis.domain.nonce import Nonce
from genesis.domain.order import Cid
from genesis.ports.errors import StoreError, StoreFull


def full_disk_error() -> StoreFull:
    """Return what a full disk says. Each fault has its own, for a raised error keeps alive all that it passed."""
    return StoreFull("no space left on device: free some and start again")


def broken_disk_error() -> StoreError:
    """Return what a broken disk says; see `full_disk_error`."""
    return StoreError("input/output error: the disk cannot be trusted")


@define(eq=False)
class Host:
    """A machine. Its disk, its latch, its clock and what it has asked the exchange outlive every process."""

    clock: MachineClock
    network: Network
    disk: MemoryDisk = field(factory=MemoryDisk)
    latch: MemoryKillLatch = field(factory=MemoryKillLatch)
    budgets: MemoryBudgets = field(factory=MemoryBudgets)
    nonce: int = 0
    cid: int = 0
    commit_s: float = 0.0
    """How long a commit takes."""


class HostNonces:
    """The numbers of the key, durable on the host before anyone sees them; see `NonceStore`."""

    def __init__(self, host: Host, exchange_us: Callable[[], int], mortal: Mortal) -> None:
        self._host = host
        self._mortal = mortal
        self._numbers = MemoryNonces(host.clock, exchange_us, host.nonce, host.cid)

    async def next(self) -> Nonce:
        """Return the next nonce."""
        await self._mortal.cross("nonce: about to be taken")
        nonce = await self._numbers.next()
        self._keep(nonce=nonce)
        await self._mortal.cross("nonce: durable")
        return nonce

    async def bump(self, above: int) -> None:
        """Make every later nonce larger than *above*."""
        await self._numbers.bump(above)
        self._keep(nonce=above)

    async def next_cid(self) -> Cid:
        """Return the next client order id."""
        cid = await self._numbers.next_cid()
        self._keep(cid=cid)
        return cid

    def _keep(self, nonce: int = 0, cid: int = 0) -> None:
        if self._host.disk.failure is not None:
            raise StoreError(f"the nonce store cannot be written: {self._host.disk.failure}")
        self._host.nonce = max(self._host.nonce, nonce)
        self._host.cid = max(self._host.cid, cid)


class HostJournal:
    """The journal of one process on its host's disk, which takes its time and may fail; see `Journal`."""

    DELAY_S = 0.05

    def __init__(self, host: Host, mortal: Mortal, on_durable: Callable[[Sequence[Row]], None]) -> None:
        """*on_durable* hears of rows at the moment from which they survive."""
        self._host = host
        self._mortal = mortal
        self._on_durable = on_durable
        self._told = len(host.disk.rows)
        self._journal = MemoryJournal(host.disk, host.clock)
        self._accepted = asyncio.Event()
        self._tell()

    @property
    def head(self) -> Head:
        """The end of the chain, accepted entries included."""
        return self._journal.head

    @property
    def rows(self) -> Sequence[Row]:
        """Everything that was written, what is not durable yet included."""
        return (*self._host.disk.rows, *self._journal.accepted)

    async def append(self, entry: Entry) -> Head:
        """Accept an entry."""
        head = await self._journal.append(entry)
        self._accepted.set()
        return head

    async def commit(self) -> None:
        """Return once all that was accepted before is durable."""
        await self._mortal.cross("commit: begun")
        if self._host.commit_s:
            await self._host.clock.sleep(self._host.commit_s)
        await self._journal.commit()
        self._tell()
        await self._mortal.cross("commit: durable")

    async def append_reserved(self, entry: Entry) -> None:
        """Make an entry durable in the space that was set aside."""
        await self._mortal.cross("reserve: about to write")
        await self._journal.append_reserved(entry)

    async def run(self) -> None:
        """Make accepted entries durable within a bounded delay, until cancelled; without any, it costs nothing."""
        while True:
            await self._accepted.wait()
            await self._host.clock.sleep(self.DELAY_S)
            self._accepted.clear()
            await self.commit()

    async def close(self) -> None:
        """Commit what can be, and release the journal."""
        await self._mortal.cross("journal: about to close")
        await self._journal.close()
        self._tell()

    def _tell(self) -> None:
        rows = self._host.disk.rows
        if len(rows) > self._told:
            self._on_durable(rows[self._told :])
            self._told = len(rows)
