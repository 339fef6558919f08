"""Exact a × b ÷ c in compiled loops."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from genesis.domain.candle import Ints
from genesis.domain.compiled import kernel
from genesis.domain.simulation.wide import ceil_mul_div_64, floor_mul_div_64


@kernel
def _both(a: int, b: int, divisor: int, out: Ints) -> None:
    out[0] = floor_mul_div_64(a, b, divisor)
    out[1] = ceil_mul_div_64(a, b, divisor)


@given(st.integers(0, 2**60), st.integers(0, 2**60), st.integers(1, 2**53))
def test_compiled_mul_div_is_exact_where_the_product_does_not_fit(a: int, b: int, divisor: int) -> None:
    if a * b // divisor >= 2**60:
        b = b * divisor // (a or 1) % (divisor or 1)  # brings the quotient back into the stated limits
    out = np.empty(2, dtype=np.int64)
    _both(a, b, divisor, out)
    assert out.tolist() == [a * b // divisor, -(-a * b // divisor)]


@given(st.integers(0, 2**57 - 1), st.integers(0, 2**56 - 1), st.integers(2**53, 2**56 - 1))
def test_compiled_mul_div_is_exact_for_the_largest_divisors(a: int, b: int, divisor: int) -> None:
    out = np.empty(2, dtype=np.int64)
    _both(a, b, divisor, out)
    assert out.tolist() == [a * b // divisor, -(-a * b // divisor)]


@given(st.integers(1, 2**60), st.integers(1, 2**53))
def test_compiled_mul_div_is_exact_next_to_whole_quotients(quotient: int, divisor: int) -> None:
    out = np.empty(2, dtype=np.int64)
    _both(quotient, divisor, divisor, out)
    assert out.tolist() == [quotient, quotient]
