"""A diff says what changed, where, and nothing else."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.domain.config_diff import Change, diff, json_path
from genesis.domain.json_value import JsonValue, parse_json, same_json

keys = st.sampled_from(["a", "b", "x-1", "", "a.b", "'", "\\"]) | st.text(max_size=3)
documents: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.decimals("-2", "2", places=1) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=15,
)


def applied(old: JsonValue, changes: list[Change]) -> JsonValue:
    """Return *old* after *changes*, done the plain way: the oracle of the law below."""
    root: dict[str | int, JsonValue] = {"": _thawed(old)}
    for change in changes:
        holder: object = root
        for step in ("", *change.steps)[:-1]:
            holder = holder[step]  # type: ignore[index] # a list or a dict, as the path says
        last = ("", *change.steps)[-1]
        if isinstance(holder, list):
            _apply_to_list(holder, last, change)
        else:
            assert isinstance(holder, dict)
            _apply_to_object(holder, last, change)
    return _without_holes(root[""])


HOLE = "\x00removed\x00"


def _apply_to_list(holder: list[JsonValue], place: str | int, change: Change) -> None:
    assert isinstance(place, int)
    if change.kind == "added":
        assert place == len(holder)
        holder.append(change.new)
    else:
        assert same_json(holder[place], change.old)
        holder[place] = HOLE if change.kind == "removed" else change.new


def _apply_to_object(holder: dict[str | int, JsonValue], key: str | int, change: Change) -> None:
    if change.kind == "added":
        assert key not in holder
        holder[key] = change.new
    else:
        assert same_json(holder[key], change.old)
        if change.kind == "removed":
            del holder[key]
        else:
            holder[key] = change.new


def _thawed(value: JsonValue) -> JsonValue:
    if isinstance(value, Mapping):
        return {key: _thawed(member) for key, member in value.items()}
    return [_thawed(member) for member in value] if isinstance(value, list) else value


def _without_holes(value: JsonValue) -> JsonValue:
    if isinstance(value, Mapping):
        return {key: _without_holes(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_without_holes(member) for member in value if member is not HOLE]
    return value


@given(documents, documents)
def test_applying_the_changes_to_old_gives_new(old: JsonValue, new: JsonValue) -> None:
    assert same_json(applied(old, diff(old, new)), new)


@given(documents)
def test_a_document_does_not_differ_from_itself(document: JsonValue) -> None:
    assert diff(document, document) == []


@given(documents, documents)
def test_the_way_back_undoes_the_same_places(old: JsonValue, new: JsonValue) -> None:
    there = {(change.steps, change.kind) for change in diff(old, new)}
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    assert {(change.steps, turned[change.kind]) for change in diff(new, old)} == there


@given(st.lists(keys | st.integers(0, 99), max_size=3), st.lists(keys | st.integers(0, 99), max_size=3))
def test_different_places_have_different_paths(left: list[str | int], right: list[str | int]) -> None:
    assert (json_path(left) == json_path(right)) == (left == right)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("1", "1.0", []),
        ("1", "true", [("$", "changed")]),
        ('{"a":{"b":1}}', '{"a":{"b":2}}', [("$.a.b", "changed")]),
        ('{"a":1}', '{"b":1}', [("$.a", "removed"), ("$.b", "added")]),
        ('{"a":null}', "{}", [("$.a", "removed")]),
        ('{"a":[1,2,3]}', '{"a":[1,4]}', [("$.a[1]", "changed"), ("$.a[2]", "removed")]),
        ('{"a":[]}', '{"a":{}}', [("$.a", "changed")]),
        ('{"a b":1}', '{"a b":2}', [("$['a b']", "changed")]),
    ],
)
def test_changes_have_paths_and_kinds(old: str, new: str, expected: list[tuple[str, str]]) -> None:
    assert [(change.path, change.kind) for change in diff(parse_json(old), parse_json(new))] == expected
