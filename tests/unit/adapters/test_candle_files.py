"""E12: files of candles, good, odd and hostile."""

import gzip
import json
from pathlib import Path

import pytest

from genesis.adapters.candle_files import content as content_module
from genesis.adapters.candle_files.reader import CandleFile, Claim, claim, read_candle_file
from genesis.domain.candle import MINUTE_MS, Candle, Timeframe, rows_sha256
from genesis.domain.candle_check import Fault
from genesis.domain.units import Mts, Symbol
from genesis.ports.errors import InputError

WHAT = Claim(Symbol("tBTCUSD"), Timeframe.M1)
START = 1_483_228_800_000
HEADER = b"mts,open,close,high,low,volume\n"
LINES = [b"%d,966.61,966.7,966.8,966.5,%d.25\n" % (START + at * MINUTE_MS, at + 1) for at in range(5)]
GOOD = b"".join(LINES)


def read(tmp_path: Path, content: bytes, name: str = "file.csv") -> CandleFile:
    path = tmp_path / name
    path.write_bytes(content)
    return read_candle_file(path, WHAT)


def faults(file: CandleFile) -> dict[Fault, list[int]]:
    return {each.fault: [offender.line for offender in each.first] for each in file.checked.findings}


@pytest.mark.parametrize(
    ("name", "symbol", "timeframe"),
    [
        ("tBTCUSD-1m-2017.csv.gz", "tBTCUSD", Timeframe.M1),
        ("tBTCUSD-1M.json", "tBTCUSD", Timeframe.MONTH),
        ("tDUSK:USD-1h-all.csv", "tDUSK:USD", Timeframe.H1),
        ("tDUSK_USD-7D.csv", "tDUSK:USD", Timeframe.W1),
        ("tBTCF0_USTF0-14D.csv", "tBTCF0:USTF0", Timeframe.D14),
    ],
)
def test_the_name_of_a_file_says_what_it_holds(name: str, symbol: str, timeframe: Timeframe) -> None:
    assert claim(Path("folder") / name) == Claim(Symbol(symbol), timeframe)


def test_what_is_given_goes_before_the_name() -> None:
    given = claim(Path("tBTCUSD-1m.csv"), Symbol("tETHUSD"), Timeframe.H1)
    assert given == Claim(Symbol("tETHUSD"), Timeframe.H1)


@pytest.mark.parametrize("name", ["candles.csv", "tBTCUSD.csv", "btcusd-1m.csv", "tBTCUSD-2017.csv", "t../x-1m.csv"])
def test_a_name_that_says_nothing_needs_options(name: str) -> None:
    with pytest.raises(InputError, match="its name does not say"):
        claim(Path(name))


def test_a_time_frame_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="'4h' is not a time frame of Bitfinex"):
        claim(Path("tBTCUSD-4h.csv"))


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        HEADER + GOOD,
        HEADER.upper() + GOOD,
        (HEADER + GOOD).replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + HEADER + GOOD,
        GOOD.removesuffix(b"\n"),
        gzip.compress(HEADER + GOOD, mtime=0),
        gzip.compress(HEADER, mtime=0) + gzip.compress(GOOD, mtime=0),
        b"mts,open,high,low,close,volume\n"
        + b"".join(b"%d,966.61,966.8,966.5,966.7,%d.25\n" % (START + at * MINUTE_MS, at + 1) for at in range(5)),
        json.dumps([[START + at * MINUTE_MS, 966.61, 966.7, 966.8, 966.5, at + 1.25] for at in range(5)]).encode(),
        json.dumps(
            [[START + at * MINUTE_MS, 966.61, 966.7, 966.8, 966.5, at + 1.25] for at in range(5)][::-1]
        ).encode(),
        GOOD.replace(b"966.61", b"9.6661e2"),
        b"".join(reversed(LINES)),
    ],
    ids=[
        *("plain", "header", "HEADER", "crlf", "bom", "no newline", "gzip", "two gzips", "named columns", "json"),
        *("endpoint", "exponent", "newest first"),
    ],
)
def test_the_same_rows_are_the_same_candles_in_every_form(tmp_path: Path, content: bytes) -> None:
    file = read(tmp_path, content)
    candles, source = file.accept(repair=False)
    assert candles[1] == Candle(Mts(START + MINUTE_MS), open=966.61, high=966.8, low=966.5, close=966.7, volume=2.25)
    assert source.sha256 == rows_sha256(read(tmp_path, GOOD).checked.candles)
    assert (file.rows, source.rows, source.name, source.repairs) == (5, 5, "file.csv", ())


def test_one_flat_candle_of_the_endpoint_is_a_file_of_one(tmp_path: Path) -> None:
    file = read(tmp_path, b"[1700000040000,100.5,100.9,101.2,100.1,42.5]")
    assert list(file.checked.candles) == [Candle(Mts(1700000040000), 100.5, 101.2, 100.1, 100.9, 42.5)]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"1483229100000,1,1,1,1\n", Fault.COLUMNS),
        (b"1483229100000,1,1,1,1,1,1\n", Fault.COLUMNS),
        (b"\n", Fault.COLUMNS),
        (b"1483229100000;1;1;1;1;1\n", Fault.COLUMNS),
        (b"1483229100000,1,,1,1,1\n", Fault.NUMBER),
        (b"1483229100000,nan,1,1,1,1\n", Fault.NUMBER),
        (b"1483229100000,1,1,inf,1,1\n", Fault.NUMBER),
        (b"1483229100000,1,1,1e999,1,1\n", Fault.NUMBER),
        (b"1483229100000,1,1,1,1,1_0\n", Fault.NUMBER),
        (b'1483229100000,"1",1,1,1,1\n', Fault.NUMBER),
        (b"1483229100000,1\x00,1,1,1,1\n", Fault.NUMBER),
        (b"1483229100000, 1,1,1,1,1\n", Fault.NUMBER),
        (b"1483229100000.5,1,1,1,1,1\n", Fault.NUMBER),
        (b"2017-01-01T00:05:00Z,1,1,1,1,1\n", Fault.NUMBER),
        (b"99999999999999999999,1,1,1,1,1\n", Fault.NUMBER),
        ("1483229100000,１,1,1,1,1\n".encode(), Fault.NUMBER),
        (b"\xff\xfe\n", Fault.COLUMNS),
        (b"mts,open,close,high,low,volume\n", Fault.NUMBER),
        (b"1483229100000,-1,1,1,1,1\n", Fault.PRICE),
        (b"1483229100000,0,1,1,1,1\n", Fault.PRICE),
        (b"1483229100000,1,1,1,1,-1\n", Fault.VOLUME),
        (b"1483229100000,1,1,1,2,1\n", Fault.HIGH_BELOW_LOW),
        (b"1483229100000,1,3,2,1,1\n", Fault.OUTSIDE),
        (b"1483229100,1,1,1,1,1\n", Fault.TIME),
        (b"1483229100000000,1,1,1,1,1\n", Fault.TIME),
        (b"1483229100001,1,1,1,1,1\n", Fault.OFF_GRID),
        (LINES[0], Fault.DISORDER),
    ],
)
@pytest.mark.parametrize("place", [1, 3, 5])
def test_one_bad_line_refuses_the_file_and_is_named(tmp_path: Path, line: bytes, fault: Fault, place: int) -> None:
    if fault is Fault.DISORDER and place == 1:
        line, fault = LINES[0], Fault.DUPLICATE
    file = read(tmp_path, HEADER + b"".join([*LINES[:place], line, *LINES[place:]]))
    found = faults(file)
    assert place + 2 in found[fault]
    with pytest.raises(InputError, match=f"line {place + 2}: "):
        file.accept(repair=False)
    candles, source = file.accept(repair=True)
    assert source.sha256 == rows_sha256(candles) == rows_sha256(read(tmp_path, GOOD).checked.candles)
    assert len(source.repairs) == len(found)


def test_the_report_of_a_refused_file_counts_and_names(tmp_path: Path) -> None:
    bad = b"".join(b"%d,1,1,1,1,-1\n" % (START + at * MINUTE_MS) for at in range(9))
    with pytest.raises(InputError) as refused:
        read(tmp_path, bad).accept(repair=False)
    assert "file.csv: refused\n  9 rows: has a negative volume (line 1: mts 1483228800000 open 1.0" in str(
        refused.value
    )
    assert "; ...)" in str(refused.value)


def test_a_repair_that_leaves_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no candles"):
        read(tmp_path, b"1,2\n").accept(repair=True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n \r\n", "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (gzip.compress(HEADER + GOOD, mtime=0)[:-9], "cut off"),
        (gzip.compress(HEADER + GOOD, mtime=0) + b"garbage", "gzip file is damaged"),
        (b"\x1f\x8b\x08garbage", "gzip file is"),
        ((HEADER + GOOD).decode().encode("utf-16"), "UTF-16"),
        (b"time,price\n1,2\n", "columns are time, price"),
        (b"mts,open,close,high,low,volume,volume\n", "are needed"),
        (b"9" * 100_000, "line of more than 64 KiB"),
        (gzip.compress(b"\x00" * 20_000_000, mtime=0), "line of more than 64 KiB"),
        (gzip.compress(b"1\n" * 10_000_000, mtime=0), "more than 100000 lines are no rows"),
        (b"[1,2", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[[%s]]" % (b"9" * 5000), "is not JSON"),
        (b'["error",10020,"symbol: invalid"]', 'not a list of candles but \'."error",10020'),
        (b'{"error":"ERR_RATE_LIMIT"}', "not a list of candles"),
    ],
)
def test_what_is_no_file_of_candles_is_refused_in_one_sentence(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as refused:
        read(tmp_path, content)
    assert str(refused.value).startswith(str(tmp_path / "file.csv"))


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("null", Fault.COLUMNS),
        ("[1,2]", Fault.COLUMNS),
        ("[1483229100000,1,1,1,1,null]", Fault.NUMBER),
        ("[1483229100000,1,1,1,1,true]", Fault.NUMBER),
        ('[1483229100000,"1",1,1,1,1]', Fault.NUMBER),
        ("[1483229100000,NaN,1,1,1,1]", Fault.NUMBER),
        ("[1483229100000,1,1,1,1,1e999]", Fault.NUMBER),
        ("[1483229100000.0,1,1,1,1,1]", Fault.NUMBER),
        (f"[1483229100000,{'9' * 400},1,1,1,1]", Fault.NUMBER),
        (f"[{'9' * 30},1,1,1,1,1]", Fault.NUMBER),
        ("[1483229100,1,1,1,1,1]", Fault.TIME),
    ],
)
def test_a_bad_row_of_json_is_found_at_its_place(tmp_path: Path, row: str, fault: Fault) -> None:
    file = read(tmp_path, f"[[{START},1,1,1,1,1],{row}]".encode())
    assert faults(file) == {fault: [2]}
    assert len(file.checked.candles) == 1


def test_a_bomb_is_stopped_at_the_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content_module, "CONTENT_MAX", 10 * 2**20)
    with pytest.raises(InputError, match="unpacks to more than"):
        read(tmp_path, gzip.compress(LINES[0] * 500_000, mtime=0))


def test_a_missing_file_and_a_folder_are_refused_in_one_sentence(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            read_candle_file(path, WHAT)


def test_lines_are_counted_over_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content_module, "BLOCK", 100)
    lines = [b"%d,1,1,1,1,1\n" % (START + at * MINUTE_MS) for at in range(200)]
    lines[150] = b"what is this\n"
    file = read(tmp_path, HEADER + b"".join(lines))
    assert faults(file) == {Fault.COLUMNS: [152]}
    assert file.rows == 200
    assert len(file.checked.candles) == 199


def test_progress_ends_with_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "file.csv.gz"
    path.write_bytes(gzip.compress(HEADER + GOOD, mtime=0))
    seen: list[tuple[int, int]] = []
    read_candle_file(path, WHAT, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (path.stat().st_size, path.stat().st_size)
