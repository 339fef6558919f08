"""The ledger of seeds done: one JSON line each, so that a campaign can stop and go on, and others can count.

A line belongs to the code that it was made with: after a change, the seeds are run again.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import frozen

import genesis
from genesis.ports.errors import InputError

FILE: Final = "seeds.jsonl"


def code_digest() -> str:
    """Return a hash over all source of the package: what a result belongs to."""
    root = Path(genesis.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root)}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


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


class SeedLedger:
    """The ledger in *folder*; each line is on disk when `add` returns."""

    def __init__(self, folder: Path) -> None:
        self.path: Final = folder / FILE
        folder.mkdir(parents=True, exist_ok=True)

    def lines(self) -> Iterator[Line]:
        """Yield every line; a last one that was cut by a crash is dropped.

        Raises `InputError` for a file that is no ledger.
        """
        if not self.path.exists():
            return
        texts = self.path.read_text(encoding="utf-8").split("\n")
        for number, text in enumerate(texts[:-1], 1):
            try:
                told: dict[str, Any] = json.loads(text)  # Any: JSON
                yield Line(**{**told, "violations": tuple(told["violations"])})
            except (ValueError, TypeError, KeyError) as error:
                raise InputError(f"{self.path} line {number}: is no line of a seed ledger: {error}") from error

    def done(self, hours: float, code: str) -> dict[int, Line]:
        """Return the lines of this code with worlds of this length, by seed."""
        return {line.seed: line for line in self.lines() if (line.hours, line.code) == (hours, code)}

    def add(self, line: Line) -> None:
        """Append a line."""
        text = json.dumps(
            {name: getattr(line, name) for name in Line.__annotations__}, ensure_ascii=True, separators=(",", ":")
        )
        with self.path.open("r+b" if self.path.exists() else "w+b") as file:
            end = file.seek(0, os.SEEK_END)
            if end and file.seek(end - 1) is not None and file.read(1) != b"\n":
                file.truncate(_last_whole(self.path))
                file.seek(0, os.SEEK_END)
            file.write(f"{text}\n".encode())
            file.flush()
            os.fsync(file.fileno())


def _last_whole(path: Path) -> int:
    """Return where the last whole line ends."""
    return path.read_bytes().rfind(b"\n") + 1
