"""E1: a configuration that a person wrote is refused with all that is wrong with it, each at its path and line."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.app.config_document import FILE_BYTES_MAX, judge_text, read_config_bytes, valid_document
from genesis.app.config_problems import problems
from genesis.domain.json_places import read_with_places
from genesis.domain.json_value import JsonValue, canonical_json, indented_json, parse_json
from genesis.ports.errors import InputError

BAD = b"""{
  "dry_run": 1,
  "dry_run": true,
  "max_drawdown_pct": NaN,
  "max_daily_loss": 0.123456789,
  "fees": {"fee_bps": -1,
           "fee_bsp": 2},
  "data": {"from": "2017-02-30",
           "paths": ["a",
                     ""]}
}"""


def found(raw: bytes) -> list[tuple[str, int | None, str]]:
    return [(problem.path, problem.line, problem.rule) for problem in judge_text(raw).problems]


def test_e1_everything_wrong_is_told_at_once_with_path_and_line() -> None:
    assert found(BAD) == [
        ("$.dry_run", 3, "duplicate"),
        ("$.max_drawdown_pct", 4, "number"),
        ("$.max_daily_loss", 5, "decimals"),
        ("$.fees.fee_bps", 6, "minimum"),
        ("$.fees.fee_bsp", 7, "additionalProperties"),
        ("$.data.from", 8, "calendar"),
        ("$.data.paths[1]", 10, "minLength"),
    ]


@pytest.mark.parametrize("ending", [b"\r\n", b"\r"])
def test_e1_lines_are_counted_alike_whatever_ends_them(ending: bytes) -> None:
    assert found(BAD.replace(b"\n", ending)) == found(BAD)


def test_e1_crlf_alone_is_no_problem_and_changes_no_document() -> None:
    unix = b'{\n"dry_run": true\n}\n'
    assert judge_text(unix.replace(b"\n", b"\r\n")) == judge_text(unix)


def test_e1_a_byte_order_mark_is_told_beside_the_rest() -> None:
    assert [rule for _, _, rule in found(b"\xef\xbb\xbf" + BAD)] == ["encoding", *(rule for _, _, rule in found(BAD))]
    assert found(b'\xef\xbb\xbf{"dry_run": true}') == [("$", 1, "encoding")]


@pytest.mark.parametrize(
    ("raw", "line", "rule"),
    [
        (b"", 1, "syntax"),
        (b'{\n"dry_run": true,\n}', 3, "syntax"),
        (b'{"dry_run": true}\n\nx', 3, "syntax"),
        (b'{\n"dry_run":\n\ntru\n}', 4, "syntax"),
        (b'{"a\n', 1, "syntax"),
        (b'{"dry_run": true,\n"x-\xff": 1}', 2, "encoding"),
        (b"[" * 100_000, 1, "syntax"),
        (b'{"x-a": [' + b"1," * 20_000 + b"1]}", 1, "syntax"),
    ],
)
def test_e1_what_is_no_json_is_told_with_its_line(raw: bytes, line: int, rule: str) -> None:
    assert found(raw) == [("$", line, rule)]


def test_e1_what_two_readers_read_differently_is_told_at_its_place() -> None:
    raw = b'{"dry_run": true,\n"x-a": {"b": [Infinity,\n1' + b"0" * 70 + b"]},\n" + rb'"x-c": "\ud800"}'
    assert found(raw) == [
        ("$.x-a.b[0]", 2, "number"),
        ("$.x-a.b[1]", 3, "number"),
        ("$.x-c", 4, "surrogate"),
    ]


def test_e1_what_is_missing_is_told_at_the_line_of_what_lacks_it() -> None:
    assert found(b'{"dry_run": true,\n\n"strategy": {}}') == [("$.strategy.name", 3, "required")]


def test_e1_a_strategy_that_does_not_exist_is_told_at_its_line() -> None:
    assert found(b'{"dry_run": true,\n"strategy": {\n"name": "unheard_of"}}') == [("$.strategy.name", 3, "strategy")]


def test_e1_contradictions_are_told() -> None:
    assert found(b'{"dry_run": true, "data": {"from": 2000,\n"to": 1000}}') == [("$.data.to", 2, "order")]


def test_e1_a_binary_float_of_a_program_is_told() -> None:
    document: JsonValue = {"dry_run": True, "max_daily_loss": 0.1, "x-a": [{"b": 1.5}]}  # type: ignore[dict-item]  # wrong on purpose
    assert {(problem.path, problem.rule) for problem in problems(document)} >= {
        ("$.max_daily_loss", "float"),
        ("$.x-a[0].b", "float"),
    }


def test_e1_files_that_no_configuration_is_are_refused_at_once(tmp_path: Path) -> None:
    huge = tmp_path / "huge.json"
    with huge.open("wb") as file:
        file.truncate(100 << 20)
    loop, pipe = tmp_path / "loop", tmp_path / "pipe"
    loop.symlink_to(loop)
    os.mkfifo(pipe)
    for path, said in (
        (huge, f"larger than {FILE_BYTES_MAX} bytes"),
        (loop, "symbolic links"),
        (pipe, "no ordinary file"),
        (Path("/dev/zero"), "no ordinary file"),
        (tmp_path, "a directory"),
        (tmp_path / "none", "No such file"),
    ):
        with pytest.raises(InputError, match=said):
            read_config_bytes(path)


def test_e1_a_file_is_refused_with_its_name_and_every_problem(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(BAD)
    with pytest.raises(
        InputError, match=r"c\.json: 7 problems .*\$\.dry_run \(line 3\) is there twice, first in line 2"
    ):
        valid_document(path)


documents: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(documents, st.sampled_from(["\n", "\r\n"]))
def test_every_member_of_any_document_has_its_line(document: JsonValue, ending: str) -> None:
    text = indented_json(document)
    reading = read_with_places(text.replace("\n", ending).encode())
    assert canonical_json(reading.value) == canonical_json(document)
    assert reading.oddities == ()
    lines = text.split("\n")
    for steps, line in reading.lines.items():
        if steps and isinstance(steps[-1], str):
            assert lines[line - 1].lstrip().startswith(json.dumps(steps[-1]))


@given(documents)
def test_what_is_indented_reads_as_the_same(document: JsonValue) -> None:
    assert canonical_json(parse_json(indented_json(document))) == canonical_json(document)


@given(st.binary(max_size=60) | st.text('{}[]:,"\\u0dn1e+-.tfNI \n\r', max_size=40).map(str.encode))
def test_no_bytes_break_the_reader_and_it_agrees_with_the_strict_one(raw: bytes) -> None:
    judged = judge_text(raw)
    try:
        value = parse_json(raw)
    except ValueError:
        assert judged.document is None
        assert judged.problems
    else:
        assert {problem.rule for problem in judged.problems} == {problem.rule for problem in problems(value)}
