"""The tasks of the configuration: is a document valid, what would it change, and putting it in force."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from genesis.app.commands import command
from genesis.app.invoking import Context, Exit
from genesis.ports.errors import InputError

if TYPE_CHECKING:
    from genesis.app.config_authority import ConfigAuthority
    from genesis.domain.config_diff import Change
    from genesis.domain.config_secrets import IsKnown

_EXPECT = "The version that you changed, as config.show says it; not needed for the first."
_REASON = "Why; it is kept in the audit log."
_CONFIRM = "What a dangerous change asks to be typed, once its cool-off is over."
_JSON = "Print one JSON object."


@command(
    "config.validate",
    words="paths",
    help={"paths": "The configuration file.", "json": "Print one JSON object: path, valid, errors."},
)
def validate(_: Context, paths: Sequence[str] = (), json: bool = False) -> None:
    """Say everything that is wrong with a configuration file, each with its path and line.

    Exits 1 if anything is.
    """
    from genesis.app.config_document import judge_text, read_config_bytes, said_of
    from genesis.domain.json_value import JsonValue, canonical_json

    (path,) = _files(paths, 1, "config.validate FILE")
    found = judge_text(read_config_bytes(path), _known_secrets()).problems
    if json:
        errors: list[JsonValue] = [
            {"path": p.path, "line": p.line, "message": p.message, "rule": p.rule} for p in found
        ]
        print(canonical_json({"path": str(path), "valid": not found, "errors": errors}))
    else:
        print(f"{path} is valid" if not found else f"{path} is not valid:")
        for problem in found:
            print(f"  {said_of(problem)}")
    if found:
        raise Exit(code=1)


@command(
    "config.diff",
    words="paths",
    help={"paths": "The old and the new file; one alone is held against what is in force.", "json": _JSON},
)
def difference(_: Context, paths: Sequence[str] = (), json: bool = False) -> None:
    """Say what differs between two configuration files, valid or not, or what one of them would change."""
    from genesis.app.config import read_document
    from genesis.app.config_view import changes_json, masked_changes, print_changes
    from genesis.domain.config_diff import diff
    from genesis.domain.json_value import canonical_json

    _known_secrets()
    if len(paths) == 1:
        _what_it_would_change(Path(paths[0]), json=json)
        return
    old, new = _files(paths, 2, "config.diff OLD NEW")
    changes = masked_changes(diff(read_document(old), read_document(new)))
    if json:
        print(canonical_json({"changes": changes_json(changes)}))
    else:
        print_changes(changes)


@command(
    "config.show",
    help={"number": "This version instead of the one in force.", "json": "Print one JSON object, document included."},
)
def show(_: Context, number: str = "", json: bool = False) -> None:
    """Print the configuration in force, for a file that you change and apply; its version goes to standard error."""
    import sys

    from genesis.app.config_view import version_json
    from genesis.domain.json_value import canonical_json, indented_json

    authority = _authority()
    version = authority.current()
    if number:
        found = next((each for each in authority.history() if str(each.number) == number), None)
        if found is None:
            raise InputError(f"there is no version {number}: versions run from 0 to {version.number}")
        version = found
    if json:
        print(canonical_json({**version_json(version), "document": version.document}))
        return
    print(indented_json(version.document))
    print(f"version {version.number}, {version.hash[:12]}", file=sys.stderr)


@command(
    "config.apply",
    words="paths",
    help={"paths": "The file.", "expect": _EXPECT, "reason": _REASON, "confirm": _CONFIRM, "json": _JSON},
)
def apply(
    _: Context, paths: Sequence[str] = (), expect: str = "", reason: str = "", confirm: str = "", json: bool = False
) -> None:
    """Put a configuration file in force: validated, compared, audited, then in effect where it may be at once.

    Exits 1 if it is refused, if another version is in force by now, or if a dangerous change is to be confirmed.
    """
    import asyncio

    from genesis.app.config_authority import Invalid
    from genesis.app.config_document import judge_text, read_config_bytes
    from genesis.app.config_view import print_result, user

    (path,) = _files(paths, 1, "config.apply FILE --expect VERSION --reason TEXT")
    expected = _version(expect)
    judged = judge_text(read_config_bytes(path), _known_secrets())
    if judged.document is None:
        print_result(Invalid(judged.problems), json=json)
        raise Exit(code=1)
    authority = _authority()
    result = asyncio.run(authority.apply(judged.document, expected, who=user(), reason=reason, confirmation=confirm))
    if not print_result(result, json=json):
        raise Exit(code=1)


@command(
    "config.rollback",
    words="number",
    help={
        "number": "The version to go back to.",
        "expect": _EXPECT,
        "reason": _REASON,
        "confirm": _CONFIRM,
        "json": _JSON,
    },
)
def rollback(
    _: Context, number: Sequence[str] = (), expect: str = "", reason: str = "", confirm: str = "", json: bool = False
) -> None:
    """Put an earlier version in force again, as a new one; the rules are those of config.apply."""
    import asyncio

    from genesis.app.config_view import print_result, user

    if len(number) != 1:
        raise InputError("name one version: config.rollback VERSION --expect CURRENT --reason TEXT")
    authority, back, expected = _authority(), _version(number[0]), _version(expect)
    result = asyncio.run(authority.rollback(back, expected, who=user(), reason=reason, confirmation=confirm))
    if not print_result(result, json=json):
        raise Exit(code=1)


@command("config.audit", help={"json": "Print one JSON object: versions."})
def audit(_: Context, json: bool = False) -> None:
    """List the versions of the configuration: when, who, why, and what each of them changed."""
    from genesis.app.config_view import print_versions, version_json
    from genesis.domain.json_value import JsonValue, canonical_json

    versions = _authority().history()
    if json:
        listed: list[JsonValue] = [version_json(version) for version in versions]
        print(canonical_json({"versions": listed}))
    else:
        print_versions(versions)


def _what_it_would_change(path: Path, *, json: bool) -> None:
    from genesis.app.config import read_document
    from genesis.app.config_view import changes_json, masked_changes, print_changes
    from genesis.domain.json_value import JsonValue, canonical_json

    document = read_document(path)
    if not isinstance(document, dict):
        raise InputError(f"{path}: a configuration is an object")
    authority = _authority()
    found = authority.diff(document)
    changes: Sequence[Change] = masked_changes(found.changes)
    if json:
        waiting: list[JsonValue] = list(found.waiting)
        facts: dict[str, JsonValue] = {"version": authority.current().number, "waiting": waiting}
        print(canonical_json({**facts, "changes": changes_json(changes), "confirm": found.phrase}))
        return
    print_changes(changes)
    for waits in found.waiting:
        print(f"waits for a restart: {waits}")
    if found.phrase:
        print(f"asks to be confirmed: {found.phrase}")


def _authority() -> "ConfigAuthority":
    from genesis.adapters.clock_system import SystemClock
    from genesis.app.audit import CommandFeed, config_authority
    from genesis.app.home import home

    return config_authority(home(), SystemClock(), CommandFeed())


def _known_secrets() -> "IsKnown":
    """Return how to tell the secrets that are set for this program; from now on it shows none of them."""
    from genesis.app.logs import REDACTOR, guard_secrets

    guard_secrets()
    return REDACTOR.knows


def _version(text: str) -> int:
    if text and not (text.isascii() and text.isdigit()):
        raise InputError(f"{text!r} is no version: give its number, as config.show says it")
    return int(text or 0)


def _files(paths: Sequence[str], count: int, usage: str) -> list[Path]:
    if len(paths) != count:
        files = "one file" if count == 1 else f"{count} files"
        raise InputError(f"{files} needed, {len(paths)} given; call it as {usage}")
    return [Path(path) for path in paths]
