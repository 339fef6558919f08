"""Exact a × b ÷ c for compiled loops, where the product does not fit into 64 bits."""

from genesis.domain.compiled import step


@step
def floor_mul_div_64(a: int, b: int, divisor: int) -> int:
    """Return floor(a × b ÷ divisor) for integers >= 0 with a quotient below 2^60 and a divisor below 2^56.

    A float64 estimate of the quotient is off by less than 2^9 + 1, so the true remainder fits into 64 bits; therefore
    the remainder that wrapping multiplication gives *is* the true one, and one floor division by it mends the estimate.
    Below 2^50 the estimate seldom needs that, and dividing integers would be most of the work.
    """
    estimate = int(float(a) * float(b) / float(divisor))
    rest = a * b - estimate * divisor
    if 0 <= rest < divisor:
        return estimate
    return estimate + rest // divisor


@step
def ceil_mul_div_64(a: int, b: int, divisor: int) -> int:
    """Return ceil(a × b ÷ divisor) within the limits of `floor_mul_div_64`."""
    estimate = int(float(a) * float(b) / float(divisor))
    rest = a * b - estimate * divisor
    if 0 < rest <= divisor:
        return estimate + 1
    return estimate - (-rest) // divisor
