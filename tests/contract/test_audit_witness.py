"""E4: what the chain alone cannot show, its witness does: a cut tail, a log written anew, a log that is gone."""

import asyncio
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.adapters.audit_log.file import AuditFile
from genesis.adapters.audit_log.reading import verify_file
from genesis.adapters.audit_witness import SLOT_BYTES, WitnessFile
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.domain.audit import BadLine, ChainHead
from genesis.ports.errors import StoreError
from genesis.ports.secrets import Secret

CLOCK = ManualClock()
KEY = Secret("a key that signs the audit log")


class Desk:
    """A log with its witness in another folder."""

    def __init__(self, folder: Path, key: Secret | None = None) -> None:
        self.path = folder / "logs" / "a.log"
        self.witness_path = folder / "elsewhere" / "witness"
        self.key = key
        self.monitor = MemoryMonitor(CLOCK, MemoryMetrics(), version="0", mode="paper")

    def witness(self, key: Secret | None = None) -> WitnessFile:
        return WitnessFile(self.witness_path, key or self.key)

    def log(self) -> AuditFile:
        return AuditFile(self.path, CLOCK, self.monitor, self.witness())

    def fill(self, count: int) -> None:
        async def run() -> None:
            for number in range(count):
                await self.log().append({"n": number})

        asyncio.run(run())

    def verify(self) -> ChainHead | BadLine:
        return verify_file(self.path, self.witness().heads() or ())


@pytest.fixture(params=[None, KEY], ids=["plain", "signed"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    return Desk(tmp_path, request.param)


def test_a_whole_log_verifies_and_its_last_two_heads_are_kept(desk: Desk) -> None:
    desk.fill(5)
    found = desk.verify()
    assert isinstance(found, ChainHead)
    heads = desk.witness().heads()
    assert heads is not None
    assert sorted(head.seq for head in heads) == [4, 5]
    assert found in heads
    assert desk.witness_path.stat().st_mode & 0o777 == 0o600


def test_e4_a_cut_tail_is_found_and_nothing_is_appended_to_it(desk: Desk) -> None:
    desk.fill(6)
    lines = desk.path.read_bytes().splitlines(keepends=True)
    for left in range(6):
        desk.path.write_bytes(b"".join(lines[:left]))
        found = desk.verify()
        assert isinstance(found, BadLine)
        assert (found.number, "6 lines were witnessed" in found.reason) == (left + 1, True)
        with pytest.raises(StoreError, match=f"ends at line {left}, but 6 were witnessed"):
            asyncio.run(desk.log().append("x"))
        assert desk.path.read_bytes() == b"".join(lines[:left])


def test_e4_a_forged_log_is_refused_by_the_witness_of_the_real_one(desk: Desk, tmp_path: Path) -> None:
    desk.fill(4)
    other = Desk(tmp_path / "other")
    asyncio.run(other.log().append("not the first"))
    other.fill(5)
    desk.path.write_bytes(other.path.read_bytes())
    assert desk.verify() == BadLine(3, "is not the line that was witnessed here: the log was written anew")
    with pytest.raises(StoreError, match="not the one that was witnessed"):
        asyncio.run(desk.log().append("x"))


def test_e4_e19_a_log_that_is_gone_is_not_begun_anew(desk: Desk) -> None:
    desk.fill(2)
    desk.path.unlink()
    with pytest.raises(StoreError, match="is gone, but its witness is there"):
        asyncio.run(desk.log().append("x"))
    assert not desk.path.exists()


def test_e4_a_log_without_its_witness_takes_no_more(desk: Desk) -> None:
    desk.fill(2)
    desk.witness_path.unlink()
    with pytest.raises(StoreError, match=r"witness is gone; put it back, or let audit\.adopt"):
        asyncio.run(desk.log().append("x"))


def test_a_crash_between_a_line_and_its_witness_is_no_damage(desk: Desk) -> None:
    desk.fill(3)
    before = desk.witness_path.read_bytes()
    desk.fill(2)
    desk.witness_path.write_bytes(before)
    assert isinstance(desk.verify(), ChainHead)
    desk.fill(1)
    assert isinstance(desk.verify(), ChainHead)


def test_a_crash_before_the_first_line_leaves_a_log_that_can_begin(desk: Desk) -> None:
    desk.fill(1)
    desk.path.write_bytes(b"")
    desk.witness_path.write_bytes(b" " * 2 * SLOT_BYTES)
    desk.fill(2)
    assert isinstance(desk.verify(), ChainHead)


@given(st.integers(0, 2 * SLOT_BYTES - 1), st.integers(1, 255))
def test_e4_no_flipped_byte_of_a_witness_makes_a_cut_log_whole(at: int, flip: int) -> None:
    for key in (None, KEY):
        raw, log = filled(key)
        damaged = bytearray(raw)
        damaged[at] ^= flip
        FOLDER.witness_path.write_bytes(damaged)
        FOLDER.path.write_bytes(b"".join(log.splitlines(keepends=True)[:-2]))
        try:
            found = verify_file(FOLDER.path, WitnessFile(FOLDER.witness_path, key).heads() or ())
        except StoreError:
            continue
        assert isinstance(found, BadLine)


FOLDER: Desk
CONTENTS: dict[bool, tuple[bytes, bytes]] = {}


@pytest.fixture(scope="module", autouse=True)
def _folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    global FOLDER  # noqa: PLW0603  # a property test takes no fixture of its own
    FOLDER = Desk(tmp_path_factory.mktemp("witness"))
    for key in (None, KEY):
        made = Desk(tmp_path_factory.mktemp("made"), key)
        made.fill(5)
        CONTENTS[key is None] = (made.witness_path.read_bytes(), made.path.read_bytes())
    FOLDER.path.parent.mkdir()
    FOLDER.witness_path.parent.mkdir()


def filled(key: Secret | None) -> tuple[bytes, bytes]:
    return CONTENTS[key is None]


def test_a_signed_witness_is_forged_by_nobody_without_the_key(tmp_path: Path) -> None:
    desk = Desk(tmp_path, KEY)
    desk.fill(3)
    head = desk.verify()
    assert isinstance(head, ChainHead)
    for forger in (WitnessFile(desk.witness_path), WitnessFile(desk.witness_path, Secret("another key, just as long"))):
        forger.note(ChainHead(2, head.hash))
        with pytest.raises(StoreError, match="not signed with the audit key"):
            desk.witness().heads()


async def test_a_witness_that_cannot_be_written_is_told_and_the_entry_stays(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    log = desk.log()
    await log.append(1)
    desk.witness_path.unlink()
    desk.witness_path.mkdir()
    receipt = await log.append(2)
    assert verify_file(desk.path) == ChainHead(2, receipt.hash)
    assert [note.name for note in desk.monitor.dashboard().notes] == ["audit.witness_failed"]


def test_a_witness_that_is_none_says_so(tmp_path: Path) -> None:
    path = tmp_path / "w"
    for content in (b"", b"x" * 1024, b" " * 1023):
        path.write_bytes(content)
        with pytest.raises(StoreError, match="is damaged"):
            WitnessFile(path).heads()
    os.remove(path)
    assert WitnessFile(path).heads() is None
