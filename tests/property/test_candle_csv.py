"""Numbers of a file are the doubles that Python reads, whichever way they were parsed."""

from decimal import Decimal

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from genesis.adapters.candle_files.csv_rows import add_block, add_lines, plain_numbers
from genesis.adapters.candle_files.table import COLUMNS, Table
from genesis.domain.candle_check import RawCandles


def halfway(value: float) -> str:
    """The exact decimal text between a double and the next: the hardest there is to round."""
    above = float(np.nextafter(value, np.inf))
    return format((Decimal(value) + Decimal(above)) / 2, "f")


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
