"""I26: whoever changes, drops or moves a row of a journal is found."""

from hypothesis import given
from hypothesis import strategies as st

from genesis.domain.journal.chain import BadRow, Head, Row, chained, head_of, verify


def rows_of(payloads: list[str]) -> list[Row]:
    head, rows = Head(), []
    for at, payload in enumerate(payloads):
        rows.append(chained(head, 1_700_000_000_000_000 + at, "event", payload))
        head = head_of(rows[-1])
    return rows


ROWS = rows_of(["a", "b", "c", "d", "e"])
HEAD = head_of(ROWS[-1])


def test_a_whole_journal_verifies_to_its_head() -> None:
    assert verify(ROWS, [HEAD, head_of(ROWS[1])]) == HEAD
    assert verify([]) == Head()


@given(st.integers(0, 4), st.sampled_from(Row._fields), st.data())
def test_any_changed_field_is_found_at_its_row(at: int, name: str, data: st.DataObject) -> None:
    old = getattr(ROWS[at], name)
    kinds = {int: st.integers(0, 2**60), str: st.text(max_size=5), bytes: st.binary(min_size=32, max_size=32)}
    new = data.draw(kinds[type(old)].filter(lambda value: value != old))
    rows = list(ROWS)
    rows[at] = Row._make(new if field == name else value for field, value in ROWS[at]._asdict().items())
    found = verify(rows, [HEAD])
    assert isinstance(found, BadRow)
    assert found.seq == at + 1


@given(st.permutations(ROWS), st.integers(0, 5))
def test_rows_dropped_or_moved_are_found(rows: list[Row], kept: int) -> None:
    found = verify(rows[:kept], [HEAD])
    assert (found == HEAD) == (rows[:kept] == ROWS)


def test_a_cut_tail_is_found_by_a_witness_alone() -> None:
    assert verify(ROWS[:4]) == head_of(ROWS[3])
    assert verify(ROWS[:4], [HEAD]) == BadRow(5, "is missing: 5 rows were witnessed")


def test_a_journal_written_anew_is_found_by_a_witness_alone() -> None:
    forged = rows_of(["a", "b", "x", "d", "e"])
    assert verify(forged) == head_of(forged[-1])
    found = verify(forged, [HEAD])
    assert isinstance(found, BadRow)
    assert "written anew" in found.reason
