"""`data.import`, `data.check` and `data.list` as a person or a program calls them."""

import gzip
import json
from pathlib import Path

import pytest

from tests.e2e.calling import call

START = 1_483_228_800_000
ROWS = "".join(f"{START + at * 60_000},100.5,101,102,99.25,{at + 1}.5\n" for at in range(100))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENESIS_HOME", str(tmp_path / "home"))
    return tmp_path


def test_what_was_imported_is_listed_with_its_hash(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "tBTCUSD-1m-a.csv.gz").write_bytes(gzip.compress(ROWS.encode()))
    code, out, _ = call(capsys, "data.import", "tBTCUSD-1m-a.csv.gz", "--json")
    assert code == 0
    (imported,) = json.loads(out)["imported"]
    assert (imported["rows"], imported["added"], imported["identical"], imported["repairs"]) == (100, 100, 0, [])
    code, out, _ = call(capsys, "data.list", "--json")
    (series,) = json.loads(out)["series"]
    assert series == imported["series"]
    assert (series["symbol"], series["timeframe"], series["rows"]) == ("tBTCUSD", "1m", 100)
    assert series["sha256"] == imported["sha256"]
    assert (folder / "home" / "candles" / "tBTCUSD-1m.parquet").is_file()


def test_of_several_files_one_bad_one_keeps_all_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "tBTCUSD-1m-a.csv").write_text(ROWS)
    (folder / "tETHUSD-1m-a.csv").write_text(ROWS + "1483234800000,1,1,1,1,-1\n")
    code, out, err = call(capsys, "data.import", "tBTCUSD-1m-a.csv", "tETHUSD-1m-a.csv", "--json")
    assert (code, out) == (2, "")
    assert "line 101" in err
    assert json.loads(call(capsys, "data.list", "--json")[1])["series"] == []
    code, out, _ = call(capsys, "data.import", "tBTCUSD-1m-a.csv", "tETHUSD-1m-a.csv", "--repair", "--json")
    assert code == 0
    assert "negative volume" in json.loads(out)["imported"][1]["repairs"][0]
    listed = json.loads(call(capsys, "data.list", "--json")[1])["series"]
    assert listed[1]["sources"][0]["repairs"] == json.loads(out)["imported"][1]["repairs"]


def test_a_check_exits_1_on_faults_and_0_on_gaps(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ROWS.splitlines(keepends=True)
    (folder / "tBTCUSD-1m-gap.csv").write_text("".join(lines[:10] + lines[13:]))
    (folder / "tBTCUSD-1m-bad.csv").write_text("".join([*lines[:10], lines[4]]))
    code, out, _ = call(capsys, "data.check", "tBTCUSD-1m-gap.csv", "--json")
    (report,) = json.loads(out)["checked"]
    assert code == 0
    assert (report["is_good"], report["gaps"], report["missing"], report["longest_gap"]) == (True, 1, 3, 3)
    code, out, _ = call(capsys, "data.check", "tBTCUSD-1m-bad.csv", "--json")
    (report,) = json.loads(out)["checked"]
    assert code == 1
    assert [(each["fault"], each["rows"], each["first"][0]["line"]) for each in report["findings"]] == [
        ("disorder", 1, 11),
        ("duplicate", 1, 11),
    ]
    code, out, _ = call(capsys, "data.check", "tBTCUSD-1m-bad.csv")
    assert code == 1
    assert "faulty" in out


def test_a_check_without_names_verifies_the_archive(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, "data.check")[0] == 2
    (folder / "tBTCUSD-1m-a.csv").write_text(ROWS)
    call(capsys, "data.import", "tBTCUSD-1m-a.csv")
    code, out, _ = call(capsys, "data.check")
    assert code == 0
    assert out.startswith("tBTCUSD-1m: good: 100 rows")
    archived = folder / "home" / "candles" / "tBTCUSD-1m.parquet"
    archived.write_bytes(archived.read_bytes()[:-50])
    code, _, err = call(capsys, "data.check")
    assert code == 2
    assert "damaged" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["data.import"], "no file is named"),
        (["data.import", "none.csv"], "its name does not say"),
        (["data.import", "none.csv", "--symbol", "../x", "--timeframe", "1m"], "not a trading symbol"),
        (["data.import", "none.csv", "--symbol", "tBTCUSD", "--timeframe", "4h"], "not a time frame"),
        (["data.import", "tBTCUSD-1m.csv"], "No such file"),
        (["data.check", "tBTCUSD-1m"], "No such file"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_2(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = call(capsys, *words)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
