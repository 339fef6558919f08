"""Numbers of a file are the doubles that Python reads, whichever way they were parsed."""

import gzip
from decimal import Decimal, localcontext
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from genesis.adapters.candle_files.csv_rows import add_block, add_lines, plain_numbers
from genesis.adapters.candle_files.reader import Claim, read_candle_file
from genesis.adapters.candle_files.table import COLUMNS, Table
from genesis.domain.candle import MINUTE_MS, Timeframe
from genesis.domain.candle_check import RawCandles, check
from genesis.domain.units import Symbol
from genesis.ports.errors import InputError


def halfway(value: float) -> str:
    """The exact decimal text between a double and the next: the hardest there is to round."""
    above = float(np.nextafter(value, np.inf))
    with localcontext(prec=200):
        exact = Decimal.from_float(value) + Decimal.from_float(above)  # noqa: FURB164  # Decimal(float) is trapped
        return format(exact / 2, "f")


NUMBERS = st.one_of(
    st.floats(min_value=0, allow_nan=False, allow_infinity=False).map(repr),
    st.floats(min_value=1e-8, max_value=1e9).map(halfway),
    st.decimals(0, 10**12, places=8).map(lambda value: format(value, "f")),
    st.from_regex(r"[0-9]{1,25}(\.[0-9]{1,30})?(e[+-]?[0-9]{1,2})?", fullmatch=True),
)


@given(st.lists(NUMBERS, min_size=1, max_size=30))
@example(["9007199254740993", "0.1", "1e23", "8.5e-320", "123456789.12345678", "0.000000010000000000000001"])
def test_polars_rounds_decimal_text_as_python_does(numbers: list[str]) -> None:
    block = "".join(f"{at},{number},1,1,1,1\n" for at, number in enumerate(numbers)).encode()
    columns = plain_numbers(block, COLUMNS, len(numbers))
    assert columns is not None
    assert columns["open"].tolist() == [float(number) for number in numbers]


FIELDS = st.one_of(NUMBERS, st.text('0123456789.,+-eE\r naif_"\x00', max_size=8), st.integers(0, 2**70).map(str))
ROWS = st.one_of(
    st.lists(FIELDS, max_size=8).map(",".join),
    st.tuples(st.integers(0, 2**45).map(str), *[NUMBERS] * 5).map(",".join),
)


def seen(raw: RawCandles) -> list[object]:
    columns = (raw.mts, raw.open, raw.close, raw.high, raw.low, raw.volume, raw.lines)
    return [*(column.tolist() for column in columns), raw.unreadable]


@given(st.lists(ROWS, min_size=1, max_size=5), st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_the_quick_way_and_the_line_by_line_way_see_the_same(rows: list[str], is_ended: bool, end: str) -> None:
    block = (end.join(rows) + end * is_ended).encode()
    if not block:
        return
    quick, plain = Table("quick"), Table("plain")
    add_block(quick, block, COLUMNS, 1)
    add_lines(plain, block, COLUMNS, 1)
    assert seen(quick.raw()) == seen(plain.raw())


START = 1_483_228_800_000
GOOD = "".join(
    f"{START + at * MINUTE_MS},{100 + at}.5,{100 + at},{101 + at},{99 + at},1.25\n" for at in range(9)
).encode()
JSON = b"[" + b",".join(b"[%s]" % line for line in GOOD.splitlines()) + b"]"
HEADER = b"mts,open,close,high,low,volume\n"


@given(
    st.sampled_from([GOOD, HEADER + GOOD, JSON, gzip.compress(GOOD, mtime=0)]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), st.binary(max_size=4)), min_size=1, max_size=4),
)
def test_e12_no_damage_to_a_file_gets_past_the_check(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, damages: list[tuple[float, int, bytes]]
) -> None:
    for where, cut, put in damages:
        at = int(where * len(content))
        content = content[:at] + put + content[at + cut :]
    path = Path(tmp_path_factory.getbasetemp()) / "damaged.csv"
    path.write_bytes(content)
    try:
        file = read_candle_file(path, Claim(Symbol("tBTCUSD"), Timeframe.M1))
        candles, source = file.accept(repair=True)
    except InputError:
        return
    columns = (candles.mts, candles.open, candles.high, candles.low, candles.close, candles.volume)
    assert check(RawCandles(*columns, np.arange(len(candles))), Timeframe.M1).findings == ()
    assert (source.repairs == ()) == (file.checked.findings == ())
