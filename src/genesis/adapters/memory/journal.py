"""A journal in memory, for simulations and tests: the same contract on a disk that can be broken at will."""

from attrs import define, field

from genesis.domain.journal.chain import BadRow, Head, Row, chained, head_of, verify
from genesis.domain.journal.encoding import encode
from genesis.domain.journal.entries import Entry
from genesis.ports.clock import Clock
from genesis.ports.errors import StoreError


@define
class MemoryDisk:
    """What survives a crash: the durable rows and the reserve; *failure* makes the next write of rows fail."""

    rows: list[Row] = field(factory=list)
    reserve: list[tuple[int, str, str]] = field(factory=list)
    failure: StoreError | None = None
    is_held: bool = False


class MemoryJournal:
    """A journal on *disk*; what was not committed is gone with this object."""

    DELAY_S = 0.05

    def __init__(self, disk: MemoryDisk, clock: Clock) -> None:
        if disk.is_held:
            raise StoreError("another writer has this journal")
        head = verify(disk.rows)
        if isinstance(head, BadRow):
            raise StoreError(f"row {head.seq} {head.reason}")
        disk.is_held = True
        self._disk = disk
        self._clock = clock
        self._head: Head = head
        self._accepted: list[Row] = []
        self._poison: StoreError | None = None
        for record in disk.reserve:
            disk.rows.append(chained(self._head, *record))
            self._head = head_of(disk.rows[-1])
        disk.reserve.clear()

    @property
    def head(self) -> Head:
        return self._head

    @property
    def accepted(self) -> tuple[Row, ...]:
        """What was accepted and is not durable yet: what a crash would lose."""
        return tuple(self._accepted)

    async def append(self, entry: Entry) -> Head:
        self._check()
        row = chained(self._head, self._clock.now_us(), *encode(entry))
        self._accepted.append(row)
        self._head = head_of(row)
        return self._head

    async def commit(self) -> None:
        self._check()
        if self._disk.failure is not None:
            self._poison = self._disk.failure
            raise self._poison
        self._disk.rows.extend(self._accepted)
        self._accepted.clear()

    async def append_reserved(self, entry: Entry) -> None:
        if not self._disk.is_held:
            raise StoreError("the journal is closed")
        self._disk.reserve.append((self._clock.now_us(), *encode(entry)))

    async def run(self) -> None:
        while True:
            await self._clock.sleep(self.DELAY_S)
            await self.commit()

    async def close(self) -> None:
        if self._disk.is_held:
            try:
                if self._poison is None:
                    await self.commit()
            finally:
                self._poison = StoreError("the journal is closed")
                self._disk.is_held = False

    def _check(self) -> None:
        if self._poison is not None:
            raise self._poison
