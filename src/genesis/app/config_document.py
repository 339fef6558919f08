"""A configuration as a text that a person wrote: everything wrong with it at once, each at its path and line."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from attrs import evolve, frozen

from genesis.app.config_problems import problems
from genesis.domain.config_diff import json_path
from genesis.domain.config_secrets import IsKnown, masked_step
from genesis.domain.json_places import Reading, read_with_places
from genesis.domain.json_value import JsonObject
from genesis.ports.config import ConfigProblem
from genesis.ports.errors import InputError

FILE_BYTES_MAX: Final = 1 << 20


@frozen
class Judged:
    """What a text says: its document where there is no problem, else all problems, by line."""

    document: JsonObject | None
    problems: tuple[ConfigProblem, ...]


def judge_text(raw: bytes, is_known: IsKnown = lambda _: False) -> Judged:
    """Return what *raw* says as a configuration; *is_known* tells secrets that this process has loaded."""
    reading = read_with_places(raw)
    odd = [
        ConfigProblem(
            json_path([masked_step(step, is_known) for step in each.steps]), each.reason, each.rule, each.line
        )
        for each in reading.oddities
    ]
    if reading.is_json:
        named = {problem.path for problem in odd if problem.rule != "duplicate"}
        found = (problem for problem in problems(reading.value, is_known) if problem.path not in named)
        lines = _lines_by_path(reading)
        odd += (evolve(problem, line=_line(problem.path, lines)) for problem in found)
    if odd or not isinstance(reading.value, Mapping):
        return Judged(None, tuple(sorted(odd, key=lambda problem: (problem.line or 0, problem.path, problem.rule))))
    return Judged(reading.value, ())


def valid_document(path: Path, is_known: IsKnown = lambda _: False) -> JsonObject:
    """Return the valid document in the file *path*; raises `InputError` with all its problems."""
    judged = judge_text(read_config_bytes(path), is_known)
    if judged.document is not None:
        return judged.document
    count = len(judged.problems)
    said = "; ".join(said_of(problem) for problem in judged.problems)
    raise InputError(f"{path}: {count} problem{'s' if count > 1 else ''} in the configuration: {said}")


def said_of(problem: ConfigProblem) -> str:
    """Return a problem as words: its path, its line, what is wrong."""
    place = problem.path if problem.line is None else f"{problem.path} (line {problem.line})"
    return f"{place} {problem.message}"


def read_config_bytes(path: Path) -> bytes:
    """Return what the file *path* holds; raises `InputError` for what no configuration file is.

    It waits for nothing: a pipe in the place of a file is refused, not read.
    """
    try:
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; give the path of a readable configuration file") from error
    mode = os.fstat(fd).st_mode
    if not stat.S_ISREG(mode):
        os.close(fd)
        kind = "a directory" if stat.S_ISDIR(mode) else "no ordinary file"
        raise InputError(f"{path}: is {kind}; give the path of a configuration file")
    with open(fd, "rb") as file:
        raw = file.read(FILE_BYTES_MAX + 1)
    if len(raw) > FILE_BYTES_MAX:
        raise InputError(f"{path}: is larger than {FILE_BYTES_MAX} bytes, which no configuration is")
    return raw


def _lines_by_path(reading: Reading) -> dict[str, int]:
    return {json_path(steps): line for steps, line in reading.lines.items()}


def _line(path: str, lines: Mapping[str, int]) -> int:
    """Return the line of *path*, or of what it would stand in."""
    while path not in lines and path != "$":
        path = path[: max(path.rfind("."), path.rfind("["))] or "$"
    return lines.get(path, 1)
