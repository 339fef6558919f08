"""The machine: its disk, its data directory, its Python, its port."""

import contextlib
import os
import shutil
import socket
import sqlite3
import stat
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from time import perf_counter
from typing import Final

import genesis
from genesis.app.doctor.finding import Finding, good
from genesis.app.doctor.mounts import IN_MEMORY, MOUNTS, NETWORKED, OF_A_CONTAINER, file_system

FREE_BYTES_FAILED: Final = 200_000_000
FREE_BYTES_WARNING: Final = 2_000_000_000
FREE_NODES_WARNING: Final = 10_000
SYNC_S_WARNING: Final = 0.1
SYNC_S_FAILED: Final = 2.0
FILES_OPEN_WARNING: Final = 1_024
PYTHON_MIN: Final = (3, 11)


def look_at_disk(home: Path) -> Iterator[Finding]:
    """Look at room, kind of file system, and whether writes become durable."""
    place = _existing(home)
    usage = shutil.disk_usage(place)
    room = f"{usage.free / 1e9:.1f} GB of {usage.total / 1e9:.1f} GB free at {place}"
    advice = "make room: candles and frames may go, journals and nonces must not"
    if usage.free < FREE_BYTES_FAILED:
        yield Finding("disk.room", "failed", room, advice)
    elif usage.free < FREE_BYTES_WARNING:
        yield Finding("disk.room", "warning", room, advice)
    else:
        yield good("disk.room", room)
    if hasattr(os, "statvfs") and 0 < os.statvfs(place).f_favail < FREE_NODES_WARNING:
        left = f"{os.statvfs(place).f_favail} more files fit"
        yield Finding("disk.files", "warning", left, "delete small files, or make a file system with more inodes")
    yield _kind(place)
    yield _syncing(place)


def _kind(place: Path) -> Finding:
    try:
        kind = file_system(place.resolve(), MOUNTS.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        kind = ""
    if not kind:
        return Finding("disk.kind", "unproven", "this system does not say", "keep the data directory on a local disk")
    if kind in IN_MEMORY:
        return Finding(
            "disk.kind", "warning", f"{kind}: in memory", "state is lost with the machine; move GENESIS_HOME"
        )
    if kind in NETWORKED or kind.startswith("fuse"):
        found = f"{kind}: over a network or a program"
        return Finding("disk.kind", "warning", found, "locks and fsync may not hold; move GENESIS_HOME to a local disk")
    if kind in OF_A_CONTAINER:
        found = f"{kind}: the container's own layer"
        return Finding(
            "disk.kind", "warning", found, "state is lost with the container; mount a volume at GENESIS_HOME"
        )
    return good("disk.kind", kind)


def _syncing(place: Path) -> Finding:
    """Write, sync and rename as the stores do."""
    try:
        with tempfile.TemporaryDirectory(dir=place, prefix=".doctor-") as folder:
            begun_s = perf_counter()
            fresh = Path(folder) / "new"
            with fresh.open("wb") as file:
                file.write(b"x" * 4096)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(Path(folder) / "old")
            if os.name != "nt":
                descriptor = os.open(folder, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
            spent_s = perf_counter() - begun_s
    except OSError as error:
        found = f"{place}: {error.strerror or error}"
        return Finding("disk.sync", "failed", found, "make the data directory writable, on a disk that works")
    found = f"{spent_s * 1000:.1f} ms to make a write durable"
    if spent_s >= SYNC_S_WARNING:
        verdict = "failed" if spent_s >= SYNC_S_FAILED else "warning"
        advice = "each order waits for this: use another disk, or stop what else writes to it"
        return Finding("disk.sync", "failed" if verdict == "failed" else "warning", found, advice)
    return good("disk.sync", found)


def look_at_directory(home: Path) -> Iterator[Finding]:
    """Look at who owns the data directory and who may read it."""
    if not home.exists():
        parent = _existing(home)
        if os.access(parent, os.W_OK | os.X_OK):
            yield good("directory", f"{home} is made when it is needed")
        else:
            found = f"{home} is not there, and {parent} cannot be written"
            yield Finding("directory", "failed", found, f"make it as this user: mkdir -p {home}; or set GENESIS_HOME")
        return
    if hasattr(os, "statvfs") and os.statvfs(home).f_flag & os.ST_RDONLY:
        found = f"{home} is on a file system that is mounted read-only"
        yield Finding("directory", "failed", found, "mount it for writing, or set GENESIS_HOME to a place that is")
        return
    if not home.is_dir() or not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        advice = f"give it to this user: chown -R {_user()} {home}; chmod -R u+rwX {home}"
        yield Finding("directory", "failed", f"{home} is no directory that this user can use", advice)
        return
    if os.name == "nt":
        yield good("directory", str(home))
        return
    status = home.stat()
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o022:
        found = f"{home} can be written by others (mode {mode:04o})"
        yield Finding("directory", "failed", found, f"chmod go-w {home}")
    elif mode & 0o007 and _holds_state(home):
        found = f"{home} can be read by everybody on this machine (mode {mode:04o})"
        yield Finding("directory", "warning", found, f"chmod o= {home}, or keep other people off this machine")
    elif status.st_uid != os.geteuid():
        found = f"{home} belongs to user {status.st_uid}, this is {os.geteuid()}"
        yield Finding("directory", "warning", found, f"run as its owner, or chown -R {_user()} {home}")
    else:
        yield good("directory", f"{home}, mode {mode:04o}")
    strangers = [
        path for path in _state_files(home) if path.stat().st_uid != os.geteuid() or not os.access(path, os.W_OK)
    ]
    if strangers:
        found = f"{len(strangers)} files of state that this user cannot write, the first is {strangers[0]}"
        yield Finding("directory.files", "failed", found, f"chown -R {_user()} {home}")


def look_at_versions(lock: Path | None) -> Iterator[Finding]:
    """Look at Python, at SQLite, and whether what is installed is what *lock* names."""
    python = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < PYTHON_MIN:
        yield Finding("versions.python", "failed", python, "install CPython 3.11 or newer")
    else:
        yield good("versions.python", f"{sys.implementation.name} {python}, genesis {genesis.__version__}")
    if sqlite3.sqlite_version_info < (3, 37):
        found = sqlite3.sqlite_version
        yield Finding("versions.sqlite", "warning", found, "use a newer Python: this SQLite is older than 2022")
    if lock is None:
        advice = "in a checkout, or in the image, every version comes from the lock"
        yield Finding("versions.lock", "unproven", "there is no lock to compare with", advice)
        return
    wrong = [text for name, wanted in locked(lock.read_text(encoding="utf-8")) if (text := _difference(name, wanted))]
    if wrong:
        found = f"{len(wrong)} packages are not those of {lock.name}: {', '.join(wrong[:3])}"
        yield Finding("versions.lock", "warning", found, "install from the lock again: ./inv does it by itself")
    else:
        yield good("versions.lock", f"all as in {lock.name}")


def look_at_limits() -> Iterator[Finding]:
    """Look at how many files may be open at once, and at core dumps, which hold keys."""
    with contextlib.suppress(ImportError):
        import resource

        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if files < FILES_OPEN_WARNING:
            yield Finding("limits.files", "warning", f"{files} may be open", "raise it: ulimit -n 4096")
        if resource.getrlimit(resource.RLIMIT_CORE)[0] != 0:
            yield Finding("limits.core", "warning", "a crash may write memory, with keys, to disk", "set ulimit -c 0")


def look_at_port(host: str, port: int) -> Iterator[Finding]:
    """Look at whether the HTTP API could listen where the settings say."""
    if port == 0:
        yield good("port", "any free one")
        return
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            found = f"{host}:{port}: {error.strerror}"
            advice = "a session may be running there; else stop the other program, or choose another GENESIS_PORT"
            yield Finding("port", "warning", found, advice)
        else:
            yield good("port", f"{host}:{port} is free")


def locked(text: str) -> Iterator[tuple[str, str]]:
    """Yield the packages of a lock with their versions, where they are for this machine."""
    for line in text.splitlines():
        if line[:1].isalnum():
            requirement, _, marker = line.rstrip(" \\").partition(";")
            name, _, version = requirement.partition("==")
            if not marker:  # what is for some machines only may be missing here
                yield name.partition("[")[0].strip(), version.strip()


def _difference(name: str, wanted: str) -> str:
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        return f"{name} is missing"
    return "" if found == wanted else f"{name} {found} instead of {wanted}"


def _existing(path: Path) -> Path:
    """Return *path*, or the nearest folder above it that is there."""
    path = path.absolute()
    return next(each for each in (path, *path.parents) if each.exists())


def _holds_state(home: Path) -> bool:
    return any((home / name).exists() for name in ("nonces", "journal", "logs"))


def _state_files(home: Path) -> Iterator[Path]:
    for name in ("nonces", "journal", "logs"):
        for path in (home / name).rglob("*"):
            if path.is_file():
                yield path


def _user() -> str:
    return str(os.geteuid()) if hasattr(os, "geteuid") else "this user"
