"""An audit chain shows every change of it."""

from hypothesis import assume, given
from hypothesis import strategies as st

from genesis.domain.audit import GENESIS_HASH, BadLine, ChainHead, chained_line, verify
from genesis.domain.json_value import JsonValue, parse_json
from genesis.domain.units import Mts

entries: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.decimals("-1", "1", places=2) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def chain(contents: list[JsonValue]) -> list[str]:
    head, lines = ChainHead(), []
    for number, entry in enumerate(contents):
        line, head = chained_line(head, Mts(1_000 + number), entry)
        lines.append(line)
    return lines


def test_an_empty_chain_begins_with_nothing() -> None:
    assert verify([]) == ChainHead(0, GENESIS_HASH)


@given(st.lists(entries, max_size=6))
def test_a_chain_that_nobody_touched_verifies(contents: list[JsonValue]) -> None:
    lines = chain(contents)
    head = verify(lines)
    assert isinstance(head, ChainHead)
    assert head.seq == len(contents)
    assert all("\n" not in line for line in lines)


@given(st.lists(entries, min_size=1, max_size=4), st.data())
def test_any_changed_character_is_found_at_its_line(contents: list[JsonValue], data: st.DataObject) -> None:
    lines = chain(contents)
    number = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.integers(0, len(lines[number]) - 1))
    other = data.draw(st.characters(min_codepoint=32, max_codepoint=126))
    assume(lines[number][place] != other)
    lines[number] = lines[number][:place] + other + lines[number][place + 1 :]
    bad = verify(lines)
    assert isinstance(bad, BadLine)
    assert bad.number == number + 1


@given(st.lists(entries, min_size=2, max_size=6), st.data())
def test_a_line_dropped_doubled_or_moved_is_found_at_the_first_wrong_place(
    contents: list[JsonValue], data: st.DataObject
) -> None:
    lines = chain(contents)
    number = data.draw(st.integers(0, len(lines) - 2))
    for broken, at in (
        (lines[:number] + lines[number + 1 :], number + 1),
        (lines[: number + 1] + lines[number:], number + 2),
        ([*lines[:number], lines[number + 1], lines[number], *lines[number + 2 :]], number + 1),
    ):
        bad = verify(broken)
        assert isinstance(bad, BadLine)
        assert bad.number == at


def test_a_line_of_another_chain_is_found_though_its_number_fits() -> None:
    lines = chain(["a", "b"])
    lines[1] = chain(["x", "b"])[1]
    assert verify(lines) == BadLine(2, "does not carry the hash of the line before")


def test_what_is_no_audit_line_is_named() -> None:
    assert verify(["{}"]) == BadLine(1, "is not an audit line")
    assert isinstance(verify(["not json"]), BadLine)


def test_whatever_a_reader_of_json_takes_can_stand_in_the_chain() -> None:
    for text in ("[" * 32 + "]" * 32, "[" + "1," * 9_998 + "1]", "1e63", "-" + "9" * 64 + "." + "9" * 64):
        assert isinstance(verify(chain([parse_json(text)])), ChainHead)
