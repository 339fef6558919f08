"""What differs between two JSON documents, as changes that lead from one to the other.

Objects are compared key by key. Lists are compared place by place, and what a list is longer or shorter by counts as
added or removed at its end: such lists are short, and a place says more to a reader than a shortest edit would.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, TypeGuard

from attrs import frozen

from genesis.domain.json_value import JsonValue, same_json

Kind = Literal["added", "removed", "changed"]
Step = str | int
"""A key of an object, or a place in a list."""

_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")


@frozen
class Change:
    """One difference at *steps*; *old* is None for what was added, *new* for what was removed (see *kind*)."""

    steps: tuple[Step, ...]
    kind: Kind
    old: JsonValue
    new: JsonValue

    @property
    def path(self) -> str:
        """Where, as a JSON path."""
        return json_path(self.steps)


def json_path(steps: Sequence[Step]) -> str:
    """Return *steps* as text: `$.fees.fee_bps`, `$.paths[0]`, `$['a key']`; different steps give different text."""
    return "$" + "".join(_step_text(step) for step in steps)


def diff(old: JsonValue, new: JsonValue) -> list[Change]:
    """Return the changes from *old* to *new*, keys in order, list places ascending; equal documents give none."""
    return list(_changes((), old, new))


def _changes(steps: tuple[Step, ...], old: JsonValue, new: JsonValue) -> Iterator[Change]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(old.keys() | new.keys()):
            yield from _member((*steps, key), key in old, old.get(key), key in new, new.get(key))
    elif _is_list(old) and _is_list(new):
        for place in range(max(len(old), len(new))):
            left = old[place] if place < len(old) else None
            right = new[place] if place < len(new) else None
            yield from _member((*steps, place), place < len(old), left, place < len(new), right)
    elif not same_json(old, new):
        yield Change(steps, "changed", old, new)


def _member(steps: tuple[Step, ...], in_old: bool, old: JsonValue, in_new: bool, new: JsonValue) -> Iterator[Change]:
    if in_old and in_new:
        yield from _changes(steps, old, new)
    elif in_old:
        yield Change(steps, "removed", old, None)
    else:
        yield Change(steps, "added", None, new)


def _is_list(value: JsonValue) -> TypeGuard[Sequence[JsonValue]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _step_text(step: Step) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    if _PLAIN_KEY.match(step):
        return f".{step}"
    escaped = step.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{escaped}']"
