"""Numbers rise over any calls, clock steps, restarts and power cuts, on a disk that keeps only what was synced."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.adapters.memory.clock import START, ManualClock
from genesis.adapters.nonce_file import mapped, marks
from genesis.adapters.nonce_file.counters import Counter
from genesis.adapters.nonce_file.mapped import MappedNonces
from genesis.adapters.nonce_file.marks import FILE_BYTES
from genesis.adapters.nonce_file.opening import open_nonces, store_path
from genesis.domain.nonce import AHEAD_US_MAX, CID_MAX
from genesis.ports.errors import ClockAhead
from genesis.ports.secrets import Secret

KEY = Secret("a key of the power cuts")
SECTOR = 512


class PowerCut(BaseException):
    """The machine stops in the middle of a call."""


class Machine:
    """A disk that keeps what was synced and any sectors of the rest, a clock to step, and an exchange."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = store_path(folder, KEY)
        self.boot = folder / "boot"
        self.boots = 0
        self.clock = ManualClock()
        self.cut_at: int | None = None
        self._reboot()
        self.store = self._open(create=True)
        self.durable = self.path.read_bytes()
        self.nonce = self.cid = 0

    def exchange_us(self) -> int:
        return START * 1000 + round(self.clock.monotonic_s() * 1_000_000)

    def sync(self, descriptor: int) -> None:
        if self.cut_at is not None:
            self.cut_at -= 1
            if self.cut_at < 0:
                raise PowerCut
        self.durable = os.pread(descriptor, FILE_BYTES, 0)

    def take(self) -> None:
        for _ in range(2):
            try:
                nonce = self.store.take()
            except ClockAhead:
                break
            assert self.nonce < nonce <= self.exchange_us() + AHEAD_US_MAX
            self.nonce = nonce

    def take_cid(self) -> None:
        try:
            cid = self.store.take_cid()
        except ClockAhead:
            assert self.clock.now_us() > self.exchange_us() + AHEAD_US_MAX
            return
        assert self.cid < cid <= CID_MAX
        self.cid = cid

    def bump(self, above_exchange_us: int) -> None:
        above = self.exchange_us() + above_exchange_us
        try:
            self.store.raise_to(Counter.NONCE, above)
        except ClockAhead:
            assert above_exchange_us >= AHEAD_US_MAX
            return
        self.nonce = max(self.nonce, above)

    def restart(self) -> None:
        self.store.close()
        self.store = self._open()

    def cut(self, keep: int, torn: int) -> None:
        """Lose what was not synced: bit n of *keep* saves sector n as in memory; the slots tear at *torn*."""
        self.store.close()
        memory, disk = self.path.read_bytes(), bytearray(self.durable)
        for sector in range(FILE_BYTES // SECTOR):
            if keep >> sector & 1:
                start = sector * SECTOR
                disk[start : start + torn] = memory[start : start + torn]
        self.path.write_bytes(disk)
        self.durable = bytes(disk)
        self.cut_at = None
        self._reboot()
        self.store = self._open()

    def cut_during_a_call(self, at: int, keep: int, torn: int) -> None:
        self.cut_at = at
        self.clock.move(15.0)
        try:
            self.take()
            self.take_cid()
        except PowerCut:
            pass
        self.cut(keep, torn)

    def settle(self) -> None:
        """Set our clock right and let time pass: then numbers must be given again."""
        self.clock.move(120.0)
        self.clock.step_wall((self.exchange_us() - self.clock.now_us()) / 1_000_000)
        nonce = self.store.take()
        assert nonce > self.nonce
        self.store.close()

    def _open(self, create: bool = False) -> MappedNonces:
        store = open_nonces(self.folder, KEY, self.clock, exchange_us=self.exchange_us, create=create)
        assert isinstance(store, MappedNonces)
        return store

    def _reboot(self) -> None:
        self.boots += 1
        self.boot.write_text(f"{self.boots:032x}")


steps_s = st.one_of(st.floats(-7200.0, 7200.0), st.sampled_from([-3.2e8, 3.2e7, 59.999999, 60.0, 60.000001, -0.000001]))
sectors = st.integers(0, 2 ** (FILE_BYTES // SECTOR) - 1)
torn_at = st.one_of(st.just(SECTOR), st.integers(0, 64))
Step = Callable[[Machine], None]
events: st.SearchStrategy[Step] = st.one_of(
    st.just(Machine.take),
    st.just(Machine.take_cid),
    st.just(Machine.restart),
    st.floats(0.0, 30.0).map(lambda s: lambda machine: machine.clock.move(s)),
    steps_s.map(lambda s: lambda machine: machine.clock.step_wall(s)),
    st.integers(-10, 70_000_000).map(lambda us: lambda machine: machine.bump(us)),
    st.tuples(sectors, torn_at).map(lambda cut: lambda machine: machine.cut(*cut)),
    st.tuples(st.integers(0, 5), sectors, torn_at).map(lambda cut: lambda machine: machine.cut_during_a_call(*cut)),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(events, max_size=40))
def test_i20_i21_i22_numbers_rise_over_steps_restarts_and_power_cuts(history: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(mapped, "BOOT_ID", Path(folder) / "boot")
        machine = Machine(Path(folder))
        patch.setattr(marks, "sync", machine.sync)
        for event in history:
            event(machine)
        machine.settle()
