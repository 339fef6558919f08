"""What the configuration commands show: changes, versions, and what became of a change."""

import getpass
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import assert_never

from genesis.app.config_authority import Applied, ApplyResult, Invalid
from genesis.app.config_document import said_of
from genesis.app.logs import REDACTOR
from genesis.domain.config_change import Stale, Unchanged, Unconfirmed
from genesis.domain.config_diff import Change, diff
from genesis.domain.config_history import ConfigVersion
from genesis.domain.config_secrets import masked, masked_step
from genesis.domain.json_value import JsonObject, JsonValue, canonical_json


def user() -> str:
    """Return who calls, as the operating system knows them."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may have a number without a name
        return "unknown"


def masked_changes(changes: Iterable[Change]) -> list[Change]:
    """Return *changes* with everything that seems to be a secret as `***`."""
    known = REDACTOR.knows
    return [
        Change(
            tuple(masked_step(step, known) for step in each.steps),
            each.kind,
            masked(each.steps, each.old, known),
            masked(each.steps, each.new, known),
        )
        for each in changes
    ]


def changes_json(changes: Iterable[Change]) -> list[JsonValue]:
    """Return *changes* as JSON."""
    return [{"path": each.path, "kind": each.kind, "old": each.old, "new": each.new} for each in changes]


def print_changes(changes: Sequence[Change], indent: str = "") -> None:
    """Print *changes*, one a line."""
    for each in changes:
        sides = {"added": [each.new], "removed": [each.old], "changed": [each.old, each.new]}[each.kind]
        print(f"{indent}{each.kind} {each.path}: {' -> '.join(map(canonical_json, sides))}")
    if not changes:
        print(f"{indent}no difference")


def version_json(version: ConfigVersion) -> JsonObject:
    """Return a version as JSON, without its document."""
    return {
        "version": version.number,
        "hash": version.hash,
        "mts": version.mts,
        "who": version.who,
        "reason": version.reason,
        "rolled_back_to": version.rolled_back_to,
    }


def print_versions(versions: Sequence[ConfigVersion]) -> None:
    """Print each version with what it changed."""
    for before, version in pairwise(versions):
        back = "" if version.rolled_back_to is None else f", back to version {version.rolled_back_to}"
        print(f"version {version.number} {version.hash[:12]} {_time(version.mts)} by {version.who}{back}")
        print(f"  {version.reason}")
        print_changes(diff(before.document, version.document), "  ")
    if len(versions) == 1:
        print("nothing was applied yet: version 0 holds, a dry run without limits")


def print_result(result: ApplyResult, *, json: bool) -> bool:
    """Print what became of a change; return whether the document is in force."""
    if json:
        print(canonical_json(_result_json(result)))
    else:
        _print_result(result)
    return isinstance(result, Applied | Unchanged)


def _print_result(result: ApplyResult) -> None:
    match result:
        case Applied(version=version, changes=changes, waiting=waiting):
            print(f"version {version.number} is in force ({version.hash[:12]})")
            print_changes(changes, "  ")
            for path in waiting:
                print(f"  waits for a restart: {path}")
        case Unchanged(version=version):
            print(f"version {version.number} says the same; nothing was changed")
        case Stale(current=current, theirs=theirs, yours=yours):
            print(f"version {current.number} by {current.who or 'nobody'} is in force by now: nothing was changed")
            print("what it changed:" if theirs is not None else "the version that you expect was never in force")
            if theirs is not None:
                print_changes(theirs, "  ")
            print("what yours would change in it:")
            print_changes(masked_changes(yours), "  ")
        case Unconfirmed(phrase=phrase, ready_mts=ready, is_wrong=is_wrong):
            print("another phrase was typed; nothing was changed" if is_wrong else "dangerous: nothing was changed yet")
            print(f"from {_time(ready)} on, apply it again with --confirm {phrase!r}")
        case Invalid(problems=problems):
            print("not valid:")
            for problem in problems:
                print(f"  {said_of(problem)}")
        case _:
            assert_never(result)


def _result_json(result: ApplyResult) -> JsonObject:
    match result:
        case Applied(version=version, changes=changes, waiting=waiting):
            facts: JsonObject = {"changes": changes_json(changes), "waiting": list(waiting)}
            return {"result": "applied", **version_json(version), **facts}
        case Unchanged(version=version):
            return {"result": "unchanged", **version_json(version)}
        case Stale(current=current, theirs=theirs, yours=yours):
            sides: JsonObject = {
                "theirs": None if theirs is None else changes_json(theirs),
                "yours": changes_json(masked_changes(yours)),
            }
            return {"result": "stale", "current": version_json(current), **sides}
        case Unconfirmed(phrase=phrase, ready_mts=ready, is_wrong=is_wrong):
            return {"result": "unconfirmed", "confirm": phrase, "ready_mts": ready, "is_wrong": is_wrong}
        case Invalid(problems=problems):
            listed: list[JsonValue] = [
                {"path": p.path, "line": p.line, "message": p.message, "rule": p.rule} for p in problems
            ]
            return {"result": "invalid", "errors": listed}
        case _:
            assert_never(result)


def _time(mts: int) -> str:
    return datetime.fromtimestamp(mts / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
