"""The folder of a sweep or of a search: one process has it at a time, and what is there is not lost by mistake.

Its name is made of all that makes the results, so that an edited strategy, other code or other candles have a folder of
their own. What is there whole is read and not run again; what is there in part is taken up or begun anew, as is said.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from genesis.app.invoking import Exit
from genesis.app.json_output import Json
from genesis.ports.errors import InputError, StoreError, disk_advice

_CHANGED: Final = {
    "strategy_sha256": "another text of the strategy's file or of a module that it imports",
    "regime_sha256": "another text of the regime's file or of a module that it imports",
    "code_sha256": "other code of Genesis",
    "data": "other candles",
}
"""What is no value that a person would recognise; and how to say that it is another."""
_ASKED: Final = ("strategy", "axes", "constraints", "combinations", "indices_sha256")
"""What makes two sweeps the same to whoever asks for them, with the market; all else may have changed since."""
_TOLD_BY_OTHERS: Final = (*_ASKED, "version", "expression", "finished", "parts", "notes", "terms_sha256")


class Start(Enum):
    """What to do with results that are there."""

    PLAIN = "plain"
    RESUME = "resume"
    ANEW = "anew"


def start_of(*, resume: bool, anew: bool) -> Start:
    """Return what the options ask for; raises `InputError` for both."""
    if resume and anew:
        raise InputError("--resume and --anew: go on with what is there, or begin again without it")
    return Start.RESUME if resume else Start.ANEW if anew else Start.PLAIN


@contextmanager
def resumable() -> Iterator[None]:
    """Say to whoever interrupts how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        raise Exit("interrupted: the same command with --resume goes on from here", 130) from None


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Make *folder*, and keep other processes out of it; raises `InputError` where one is there already."""
    lock = FileLock(folder / ".lock", timeout=0, thread_local=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise InputError(f"{folder}: another process runs this very sweep: wait for it, or end it first") from None
    except OSError as error:
        raise StoreError(f"{folder}: cannot be written ({error.strerror}): {disk_advice(error)}") from error
    try:
        yield
    finally:
        lock.release()


def check_unfinished(folder: Path, start: Start, done: int, wanted: int, noun: str) -> None:
    """Raise `InputError` where a plain start finds a part of the results, and would have to choose for the person."""
    if start is Start.PLAIN and 0 < done < wanted:
        raise InputError(
            f"{folder}: {done} of {wanted} {noun} are there from before:"
            " --resume goes on with them, --anew begins again"
        )


def check_damaged(folder: Path, start: Start, damage: str) -> None:
    """Raise `InputError` where a plain start finds that results which were finished are not whole any more."""
    if start is Start.PLAIN:
        raise InputError(f"{folder}: {damage}: --resume runs those again, --anew begins again")


def check_kin(folder: Path, start: Start, description: Mapping[str, Json]) -> None:
    """Raise `InputError` where there is nothing to resume in *folder*, but the same was begun with something else."""
    if start is not Start.RESUME or (folder / "sweep.json").exists():
        return
    asked = json.loads(json.dumps(description))
    for path in sorted(folder.parent.glob(f"{description['strategy']}-*/sweep.json")):
        there = _read(path)
        if _essence(there) == _essence(asked):
            raise InputError(
                f"--resume: {path.parent} was begun with {' and '.join(_changes(there, asked))},"
                " whose results are not mixed with these: leave out --resume to begin in a folder of its own"
            )


def _read(path: Path) -> Mapping[str, object]:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _essence(said: Mapping[str, object]) -> list[object]:
    """Return what was asked for, without what may have changed since."""
    data = said.get("data")
    market = [data.get("symbol"), data.get("timeframe")] if isinstance(data, dict) else None
    return [market, *(said.get(name) for name in _ASKED)]


def _changes(there: Mapping[str, object], asked: Mapping[str, object]) -> list[str]:
    """Return in words what is another *there* than what is *asked* for now."""
    names = [name for name in asked if name not in _TOLD_BY_OTHERS and _kept(there, name) != _kept(asked, name)]
    told = [_CHANGED.get(name) or f"{name} {_value(there.get(name))}, not {_value(asked[name])}" for name in names]
    return told or ["other terms"]


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _kept(said: Mapping[str, object], name: str) -> object:
    value = said.get(name)
    return (value.get("sha256"), value.get("others")) if isinstance(value, dict) else value
