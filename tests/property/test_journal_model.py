"""I25, I26: whatever is done to a journal in whatever order, it holds what was committed, as a plain list does."""

import asyncio
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from genesis.adapters.journal_sqlite.reading import read_journal, verify_journal
from genesis.adapters.journal_sqlite.writing import SqliteJournal
from genesis.adapters.memory.clock import ManualClock
from genesis.domain.events import Asked, LookUp, OperatorAsked
from genesis.domain.journal.entries import RecordedEntry
from genesis.domain.order import Cid
from genesis.domain.units import Mts, Symbol


class JournalAgainstAList(RuleBasedStateMachine):
    """The model: what is durable, what is accepted, what is reserved."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "j.sqlite"
        self.loop = asyncio.new_event_loop()
        self.journal = SqliteJournal(self.path, ManualClock())
        self.durable: list[RecordedEntry] = []
        self.accepted: list[RecordedEntry] = []
        self.reserved: list[RecordedEntry] = []
        self.count = 0

    @rule(text=st.text(max_size=30))
    def append(self, text: str) -> None:
        entry = OperatorAsked(Mts(self.count), Asked.HALT, "", text)
        self.count += 1
        self.loop.run_until_complete(self.journal.append(entry))
        self.accepted.append(entry)

    @rule()
    def commit(self) -> None:
        self.loop.run_until_complete(self.journal.commit())
        self.durable += self.accepted
        self.accepted = []

    @rule(cid=st.integers(1, 2))
    def append_reserved(self, cid: int) -> None:
        self.loop.run_until_complete(self.journal.append_reserved(LookUp(Symbol("tBTCUSD"), Cid(cid), Mts(0))))
        self.reserved.append(LookUp(Symbol("tBTCUSD"), Cid(cid), Mts(0)))

    @rule()
    def close_and_open(self) -> None:
        self.loop.run_until_complete(self.journal.close())
        self.durable += self.accepted
        self._open()

    @rule()
    def crash_and_open(self) -> None:
        self.journal._held.close()
        self._open()

    def _open(self) -> None:
        self.journal = SqliteJournal(self.path, ManualClock())
        self.durable += self.reserved
        self.accepted, self.reserved = [], []

    @invariant()
    def what_is_durable_can_be_read_and_verified(self) -> None:
        assert [entry for _, entry in read_journal(self.path)] == self.durable
        head = verify_journal(self.path)
        assert head.seq == len(self.durable)
        assert self.journal.head.seq == len(self.durable) + len(self.accepted)

    def teardown(self) -> None:
        self.loop.run_until_complete(self.journal.close())
        self.loop.close()
        shutil.rmtree(self.folder)


TestJournal = JournalAgainstAList.TestCase
TestJournal.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
