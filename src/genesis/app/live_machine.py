"""What of this machine forbids a live session: where its data directory is, and how many files it may open."""

import sys
from pathlib import Path
from typing import Final

from genesis.adapters.http.protocol import CONNECTIONS_MAX
from genesis.app.doctor.mounts import MOUNTS, NETWORKED, file_system

FILES_FOR_ORDERS: Final = 256
"""Files that are left to journal, counters and the exchange's sockets, however many connections HTTP has."""


def machine_problems(home: Path) -> list[str]:
    """Return why no live session begins on this machine; raises the number of files it may open as far as it can."""
    mounts = MOUNTS.read_text(encoding="utf-8", errors="replace") if MOUNTS.exists() else ""
    return place_problems(file_system(home.resolve(), mounts)) + files_problems(_files_of_this_process())


def place_problems(kind: str) -> list[str]:
    """A24: return why a data directory on a file system of *kind* is no place for what has to be durable."""
    if kind in NETWORKED or kind.startswith("fuse"):
        return [f"the data directory is on {kind}, where a lock or a sync may mean nothing: keep it on a local disk"]
    return []


def files_problems(files: int) -> list[str]:
    """A20: return why so many open files are too few: connections of the HTTP side could take those of orders."""
    needed = CONNECTIONS_MAX + FILES_FOR_ORDERS
    return [] if files >= needed else [f"this process may open {files} files and needs {needed}: raise `ulimit -n`"]


def _files_of_this_process() -> int:
    needed = CONNECTIONS_MAX + FILES_FOR_ORDERS
    if sys.platform == "win32":  # which has no such limit
        return needed
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    may = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if soft != resource.RLIM_INFINITY and soft < may:
        resource.setrlimit(resource.RLIMIT_NOFILE, (may, hard))
        return may
    return needed if soft == resource.RLIM_INFINITY else soft
