"""Ending sessions that no kill latch can tell: the processes that hold the lock of a key for one data directory.

Of a process nothing is believed but that it has the file of the lock open, for a number in a file may be another's by
now. It is asked to stop in order first; its journal bears it when it does not and is ended where it is.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

LOOK_EVERY_S: Final = 0.1
LOOKS: Final = 50
PATIENCE_S: Final = LOOKS * LOOK_EVERY_S
TEXT_BYTES: Final = 4096
PROCESSES: Final = Path("/proc")


def session_of(home: Path) -> str:
    """Return what the lock of a live session on a data directory says of it."""
    return f"live session of {home.resolve()}"


def end_sessions(home: Path, locks: Path, say: Callable[[str], None], sleep: Callable[[float], object]) -> None:
    """End all live sessions on *home* that hold one of *locks* on this machine, and tell what came of it."""
    held = {lock: set(_holders(lock)) for lock in _locks_of(home, locks)}
    asked = {process for found in held.values() for process in found}
    for process in asked:
        _send(process, signal.SIGTERM)
    left = asked
    for _ in range(LOOKS):
        left = {process for lock, found in held.items() for process in found & set(_holders(lock))}
        if not left:
            break
        sleep(LOOK_EVERY_S)
    for process in left:
        _send(process, signal.SIGKILL)
    for process in sorted(asked):
        say(f"process {process}, which traded with this data directory, was {'killed' if process in left else 'ended'}")
    if not asked:
        say(f"no session on {home.resolve()} was found on this machine: if one runs elsewhere, end it there")


def _locks_of(home: Path, locks: Path) -> Iterator[Path]:
    for lock in locks.glob("*.lock"):
        with suppress(OSError):
            if f", {session_of(home)}, since " in lock.read_bytes()[:TEXT_BYTES].decode("utf-8", "replace"):
                yield lock.resolve()


def _holders(lock: Path) -> Iterator[int]:
    """Yield the processes that have a file open, as far as this user may see them."""
    for process in PROCESSES.glob("[0-9]*"):
        with suppress(OSError):  # another user's, or over by now
            if any(os.readlink(each) == str(lock) for each in (process / "fd").iterdir()):
                yield int(process.name)


def _send(process: int, number: signal.Signals) -> None:
    with suppress(OSError):
        os.kill(process, number)
