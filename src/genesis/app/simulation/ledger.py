"""The ledgers of what was done: one JSON line each, so that a campaign can stop and go on, and others can count.

A line belongs to the code that it was made with: after a change, the same is run again.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from attrs import asdict, frozen

from genesis.ports.errors import InputError

if TYPE_CHECKING:
    from attrs import AttrsInstance

T = TypeVar("T", bound="AttrsInstance")

FILE: Final = "seeds.jsonl"


@frozen
class Line:
    """What is kept of one seed. *violations* are sentences, none when all invariants held."""

    seed: int
    hours: float
    code: str
    version: str
    trace: str
    simulated_s: float
    cpu_s: float
    events: int
    intents: int
    heal_s: float
    faults: Mapping[str, int]
    lives: Mapping[str, int]
    checks: Mapping[str, int]
    violations: tuple[str, ...]


class LineLedger(Generic[T]):
    """A file of lines, one a finished piece of work, read by *read* from JSON; each is on disk when `add` returns."""

    def __init__(self, path: Path, read: Callable[[dict[str, Any]], T]) -> None:  # Any: JSON
        self.path: Final = path
        self._read = read
        path.parent.mkdir(parents=True, exist_ok=True)

    def lines(self) -> Iterator[T]:
        """Yield every line; a last one that was cut by a crash is dropped.

        Raises `InputError` for a file that is no ledger.
        """
        if not self.path.exists():
            return
        texts = self.path.read_text(encoding="utf-8").split("\n")
        for number, text in enumerate(texts[:-1], 1):
            try:
                yield self._read(json.loads(text))
            except (ValueError, TypeError, KeyError) as error:
                raise InputError(f"{self.path} line {number}: is no line of this ledger: {error}") from error

    def add(self, line: T) -> None:
        """Append a line."""
        text = json.dumps(asdict(line, recurse=False), ensure_ascii=True, separators=(",", ":"))
        with self.path.open("r+b" if self.path.exists() else "w+b") as file:
            end = file.seek(0, os.SEEK_END)
            if end and file.seek(end - 1) is not None and file.read(1) != b"\n":
                file.truncate(_last_whole(self.path))
                file.seek(0, os.SEEK_END)
            file.write(f"{text}\n".encode())
            file.flush()
            os.fsync(file.fileno())


class SeedLedger(LineLedger[Line]):
    """The ledger of worlds in *folder*."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / FILE, lambda told: Line(**{**told, "violations": tuple(told["violations"])}))

    def done(self, hours: float, code: str) -> dict[int, Line]:
        """Return the lines of this code with worlds of this length, by seed."""
        return {line.seed: line for line in self.lines() if (line.hours, line.code) == (hours, code)}


def _last_whole(path: Path) -> int:
    """Return where the last whole line ends."""
    return path.read_bytes().rfind(b"\n") + 1
