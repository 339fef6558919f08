"""The tasks of the configuration: is a document valid, and what differs between two."""

from collections.abc import Sequence
from pathlib import Path

from genesis.app.commands import command
from genesis.app.invoking import Context, Exit
from genesis.ports.errors import InputError


@command(
    "config.validate",
    words="paths",
    help={"paths": "The configuration file.", "json": "Print one JSON object: path, valid, errors."},
)
def validate(_: Context, paths: Sequence[str] = (), json: bool = False) -> None:
    """Say everything that is wrong with a configuration file.

    Exits 1 if anything is.
    """
    from genesis.app.config import read_document
    from genesis.app.config_problems import problems
    from genesis.domain.json_value import JsonValue, canonical_json

    (path,) = _files(paths, 1, "config.validate FILE")
    found = problems(read_document(path))
    if json:
        errors: list[JsonValue] = [{"path": p.path, "message": p.message, "rule": p.rule} for p in found]
        print(canonical_json({"path": str(path), "valid": not found, "errors": errors}))
    else:
        print(f"{path} is valid" if not found else f"{path} is not valid:")
        for problem in found:
            print(f"  {problem.path} {problem.message}")
    if found:
        raise Exit(code=1)


@command(
    "config.diff",
    words="paths",
    help={"paths": "The old and the new file.", "json": "Print one JSON object: changes."},
)
def difference(_: Context, paths: Sequence[str] = (), json: bool = False) -> None:
    """Say what differs between two configuration files, valid or not."""
    from genesis.app.config import read_document
    from genesis.domain.config_diff import diff
    from genesis.domain.json_value import JsonValue, canonical_json

    old, new = _files(paths, 2, "config.diff OLD NEW")
    changes = diff(read_document(old), read_document(new))
    if json:
        listed: list[JsonValue] = [
            {"path": each.path, "kind": each.kind, "old": each.old, "new": each.new} for each in changes
        ]
        print(canonical_json({"changes": listed}))
        return
    for each in changes:
        sides = {"added": [each.new], "removed": [each.old], "changed": [each.old, each.new]}[each.kind]
        print(f"{each.kind} {each.path}: {' -> '.join(map(canonical_json, sides))}")
    if not changes:
        print("no difference")


def _files(paths: Sequence[str], count: int, usage: str) -> list[Path]:
    if len(paths) != count:
        files = "one file" if count == 1 else f"{count} files"
        raise InputError(f"{files} needed, {len(paths)} given; call it as {usage}")
    return [Path(path) for path in paths]
