"""Races, kills and forks over one nonce file, run by `test_nonce_processes` in an interpreter of its own.

It is single-threaded before it forks, so a fork costs a millisecond and is safe. Each drill prints one JSON object of
what it saw; the judgement is the test's. Numbers are noted in anonymous shared memory, which outlives a killed child.
"""

import json
import mmap
import os
import random
import resource
import signal
import sys
import threading
import time
from array import array
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from genesis.adapters.clock_system import SystemClock
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.nonce_file import mapped, marks
from genesis.adapters.nonce_file.counters import Counter
from genesis.adapters.nonce_file.mapped import MappedNonces
from genesis.adapters.nonce_file.opening import open_nonces
from genesis.ports.clock import Clock
from genesis.ports.errors import StoreError
from genesis.ports.secrets import Secret

if TYPE_CHECKING:
    from _typeshed import TraceFunction

KEY = Secret("a key of the drills")


def opened(folder: Path, clock: Clock | None = None, create: bool = False) -> MappedNonces:
    store = open_nonces(folder, KEY, clock or SystemClock(), create=create, timeout_s=60.0)
    assert isinstance(store, MappedNonces)
    return store


def child(work: Callable[[], None]) -> int:
    """Fork, do *work*, and end without any clean-up; returns the child's id."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(int(sys.exc_info()[0] is not None))
    return pid


def statuses(pids: list[int]) -> list[int]:
    return [os.waitpid(pid, 0)[1] for pid in pids]


def race(folder: Path, processes: int = 8, numbers: int = 100_000) -> dict[str, object]:
    """Take nonces from several processes at once, noting when each call began and ended."""
    opened(folder, create=True).close()
    gate_read, gate_write = os.pipe()

    def work(index: int) -> None:
        store = opened(folder)
        os.close(gate_write)
        os.read(gate_read, 1)
        take, tick, rows = store.take, time.monotonic_ns, array("Q")
        for _ in range(numbers):
            began = tick()
            number = take()
            rows.extend((number, began, tick()))
        (folder / f"rows-{index}").write_bytes(rows.tobytes())

    pids = [child(partial(work, index)) for index in range(processes)]
    os.close(gate_write)
    os.close(gate_read)
    return {"statuses": statuses(pids)}


def kill(folder: Path, points: int = 600) -> dict[str, object]:
    """Kill a process at a random moment, restart, and compare the first numbers with the last ones that it got."""
    opened(folder, create=True).close()
    shared = mmap.mmap(-1, 16)
    words = memoryview(shared).cast("Q")
    rng = random.Random(20)  # a drill that can be repeated; nothing secret is drawn
    broken, signalled = 0, 0

    def work() -> None:
        store = opened(folder)
        while True:
            words[0] = store.take()
            words[1] = store.take_cid()

    for _ in range(points):
        pid = child(work)
        time.sleep(rng.uniform(0.0005, 0.003))
        os.kill(pid, signal.SIGKILL)
        signalled += os.WIFSIGNALED(statuses([pid])[0])
        store = opened(folder)
        broken += not (store.take() > words[0] and store.take_cid() > words[1])
        words[0], words[1] = store.take(), store.take_cid()
        store.close()
    return {"signalled": signalled, "broken": broken, "reached": words[0]}


class KillAtCall:
    """Kill this process at the n-th call to the system; a write is cut short first."""

    def __init__(self, at: int) -> None:
        self._left = at
        for name in ("open", "lseek", "read", "fdatasync", "fsync", "rename", "mkdir", "stat", "close"):
            setattr(os, name, self._wrapped(getattr(os, name)))
        self._write = os.write
        setattr(os, "write", self._torn_write)  # noqa: B010  # the real signature is of any buffer

    def _wrapped(self, call: Callable[..., object]) -> Callable[..., object]:
        def counted(*args: object, **kwargs: object) -> object:
            self._count()
            result = call(*args, **kwargs)
            self._count()
            return result

        return counted

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def _torn_write(self, descriptor: int, data: bytes, /) -> int:
        self._count()
        if self._left == 0:
            self._write(descriptor, data[: len(data) // 2])
            self._count()
        return self._write(descriptor, data)


def syscalls(folder: Path) -> dict[str, object]:
    """Kill at every call to the system while creating, opening, taking beyond the mark, and bumping."""
    clock = ManualClock()
    shared = mmap.mmap(-1, 16)
    words = memoryview(shared).cast("Q")
    broken, points = 0, {}

    def create(home: Path) -> None:
        words[0] = opened(home, clock, create=True).take()

    def take(home: Path) -> None:
        store = opened(home, clock)
        words[0], words[1] = store.take(), store.take_cid()

    def bump(home: Path) -> None:
        store = opened(home, clock)
        store.raise_to(Counter.NONCE, clock.now_us() + 20_000_000)
        words[0] = clock.now_us() + 20_000_000

    def stale_slot(home: Path) -> None:
        path = next(home.glob("*/nonces"))
        with path.open("r+b") as file:
            file.write(bytes(marks.SLOT_BYTES))
        words[0] = opened(home, clock).take()

    for scenario in (create, take, bump, stale_slot):
        at, ended = 0, False
        while not ended:
            home = folder / f"{scenario.__name__}-{at}"
            if scenario is not create:
                before = opened(home, clock, create=True)
                words[0], words[1] = before.take(), before.take_cid()
                before.close()
                clock.move(20.0)
            else:
                words[0] = words[1] = 0

            def work(scenario: Callable[[Path], None] = scenario, home: Path = home, at: int = at) -> None:
                KillAtCall(at)
                scenario(home)

            ended = not os.WIFSIGNALED(statuses([child(work)])[0])
            after = opened(home, clock, create=scenario is create)
            broken += not (after.take() > words[0] and after.take_cid() > words[1])
            after.close()
            clock.move(20.0)
            at += 1
        points[scenario.__name__] = at
    return {"points": points, "broken": broken}


def kill_at_line(at: int) -> None:
    """Kill this process at the n-th line that it executes in the store, so also between two writes to memory."""
    home = str(Path(marks.__file__).parent)
    left = at

    def trace(frame: FrameType, event: str, _argument: object) -> "TraceFunction | None":
        nonlocal left
        if not frame.f_code.co_filename.startswith(home):
            return None
        left -= event == "line"
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)


def reboot(folder: Path) -> dict[str, object]:
    """Kill at every line of a start after a power cut that left an old live page; start again, and compare."""
    clock = ManualClock()
    broken, at, ended = 0, 0, False
    while not ended:
        home = folder / str(at)
        home.mkdir()
        boot = home / "boot"
        boot.write_text("a" * 32)
        mapped.BOOT_ID = boot  # type: ignore[misc]  # another boot of this machine
        store = opened(home, clock, create=True)
        nonce, cid = store.take(), store.take_cid()
        store.close()
        with next(home.glob("*/nonces")).open("r+b") as file:
            for word in (0, 2):
                file.seek(marks.LIVE_OFFSET + 8 * word)
                file.write(bytes(8))
        boot.write_text("b" * 32)

        def work(home: Path = home, at: int = at) -> None:
            kill_at_line(at)
            opened(home, clock).take()

        ended = not os.WIFSIGNALED(statuses([child(work)])[0])
        after = opened(home, clock)
        broken += not (after.take() > nonce and after.take_cid() > cid)
        after.close()
        at += 1
    return {"points": at, "broken": broken}


def fork(folder: Path, rounds: int = 200) -> dict[str, object]:
    """Fork while other threads take numbers; parent and child go on with the same object."""
    store = opened(folder, create=True)
    stop = threading.Event()
    parent_numbers: list[list[int]] = [[], []]

    def take(into: list[int]) -> None:
        while not stop.is_set():
            into.append(store.take())

    threads = [threading.Thread(target=take, args=(into,)) for into in parent_numbers]
    for thread in threads:
        thread.start()
    read_end, write_end = os.pipe()
    results = []
    for _ in range(rounds):

        def work() -> None:
            os.write(write_end, array("Q", [store.take() for _ in range(50)]).tobytes())

        pid = child(work)
        results += statuses([pid])
        parent_numbers.append(list(array("Q", os.read(read_end, 400))))
    stop.set()
    for thread in threads:
        thread.join()
    everything = [number for numbers in parent_numbers for number in numbers]
    return {
        "statuses": sum(results),
        "numbers": len(everything),
        "repeated": len(everything) - len(set(everything)),
        "falling": sum(numbers != sorted(numbers) for numbers in parent_numbers),
        "children": sum(len(numbers) == 50 for numbers in parent_numbers[2:]),
    }


def ping_pong(folder: Path, rounds: int = 5_000) -> dict[str, object]:
    """Two processes take turns; each number must be above the one that the other just got."""
    store = opened(folder, create=True)
    there_read, there_write = os.pipe()
    back_read, back_write = os.pipe()
    fell = 0

    def work() -> None:
        for _ in range(rounds):
            theirs = int.from_bytes(os.read(there_read, 8), "little")
            mine = store.take()
            os.write(back_write, (mine if mine > theirs else 0).to_bytes(8, "little"))

    pid = child(work)
    for _ in range(rounds):
        mine = store.take()
        os.write(there_write, mine.to_bytes(8, "little"))
        fell += int.from_bytes(os.read(back_read, 8), "little") <= mine
    return {"statuses": statuses([pid]), "fell": fell}


def full(folder: Path) -> dict[str, object]:
    """Let no file grow, as on a full disk: a new store cannot be made, one that exists goes on in the space it has."""
    clock = ManualClock()
    store = opened(folder / "old", clock, create=True)
    last = store.take()
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    told, half_made = "", True
    try:
        opened(folder / "new", clock, create=True)
    except StoreError as error:
        told = str(error)
        half_made = bool([each for each in (folder / "new").rglob("nonces*") if each.stat().st_size])
    return {"told": told, "half_made": half_made, "goes_on": store.take() > last}


if __name__ == "__main__":
    drills: dict[str, Callable[[Path], dict[str, object]]] = {
        "race": race,
        "kill": kill,
        "syscalls": syscalls,
        "fork": fork,
        "ping_pong": ping_pong,
        "full": full,
        "reboot": reboot,
    }
    print(json.dumps(drills[sys.argv[1]](Path(sys.argv[2]))))
