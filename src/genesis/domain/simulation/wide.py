"""Exact a × b ÷ c for compiled loops, where the product does not fit into 64 bits."""

from genesis.domain.compiled import step


@step
def floor_mul_div_64(a: int, b: int, divisor: int) -> int:
    """Return floor(a × b ÷ divisor) for integers >= 0, a product below 2^113, quotient below 2^60, divisor below 2^56.

    A float64 estimate of the quotient is off by less than five roundings of it and 1, so the true remainder fits into
    64 bits; therefore the remainder that wrapping multiplication gives *is* the true one, and one floor division by it
    mends the estimate. Below 2^50 the estimate seldom needs that, and dividing integers would be most of the work.
    Multiplying by the reciprocal lets the compiler divide once where the divisor stays the same.
    """
    estimate = int(float(a) * float(b) * (1.0 / float(divisor)))
    rest = a * b - estimate * divisor
    if 0 <= rest < divisor:
        return estimate
    return estimate + rest // divisor


@step
def ceil_mul_div_64(a: int, b: int, divisor: int) -> int:
    """Return ceil(a × b ÷ divisor) within the limits of `floor_mul_div_64`."""
    estimate = int(float(a) * float(b) * (1.0 / float(divisor)))
    rest = a * b - estimate * divisor
    if 0 < rest <= divisor:
        return estimate + 1
    return estimate - (-rest) // divisor
