"""The natural logarithm in plain arithmetic, so that it has the same bits in every form and on every machine.

The C library's and the compiled loop's own logarithm may differ in the last bit, from one machine to the next too.
"""

from math import frexp, inf, nan, sqrt
from typing import Final, TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator

StatelessState: TypeAlias = tuple[int]
"""A nought: what has no memory has a state all the same, and it stays as it is."""

# log(1 + f) by an odd polynomial in s = f / (2 + f), and log 2 in two parts of which the first has zeros at its end.
# Source: FreeBSD msun, e_log.c: "METHOD" and its coefficients; its error is below one unit in the last place.
_LOG2_HIGH: Final = 6.93147180369123816490e-01
_LOG2_LOW: Final = 1.90821492927058770002e-10
_L1: Final = 6.666666666666735130e-01
_L2: Final = 3.999999999940941908e-01
_L3: Final = 2.857142874366239149e-01
_L4: Final = 2.222219843214978396e-01
_L5: Final = 1.818357216161805012e-01
_L6: Final = 1.531383769920937332e-01
_L7: Final = 1.479819860511658591e-01
_SQRT_HALF: Final = 0.7071067811865476


@step
def natural_logarithm(x: float) -> float:
    """Return the natural logarithm of a finite *x*; NaN unless it is above 0."""
    if not 0.0 < x < inf:
        return nan
    fraction, exponent = frexp(x)
    if fraction < _SQRT_HALF:
        fraction *= 2.0
        exponent -= 1
    f = fraction - 1.0
    s = f / (2.0 + f)
    z = s * s
    rest = z * (_L1 + z * (_L2 + z * (_L3 + z * (_L4 + z * (_L5 + z * (_L6 + z * _L7))))))
    half = 0.5 * f * f
    return exponent * _LOG2_HIGH - ((half - (s * (half + rest) + exponent * _LOG2_LOW)) - f)


def stateless_start() -> StatelessState:
    """Return the state of what has no memory."""
    return (0,)


@step
def logarithm_step(state: StatelessState, x: float) -> tuple[StatelessState, float]:
    """Return the natural logarithm of *x*; NaN unless it is above 0."""
    return state, natural_logarithm(x)


@step
def square_root_step(state: StatelessState, x: float) -> tuple[StatelessState, float]:
    """Return the square root of *x*; NaN below 0."""
    return state, sqrt(x) if 0.0 <= x < inf else nan


@kernel
def _logarithm_loop(state: StatelessState, values: Floats, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = logarithm_step(state, values[i])


@kernel
def _square_root_loop(state: StatelessState, values: Floats, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = square_root_step(state, values[i])


LOGARITHM = Indicator(
    name="log",
    inputs=("x",),
    outputs=("value",),
    parameters=(),
    defaults=(),
    start=stateless_start,
    step=logarithm_step,
    loop=_logarithm_loop,
    warm_up=lambda: (0,),
)

SQUARE_ROOT = Indicator(
    name="sqrt",
    inputs=("x",),
    outputs=("value",),
    parameters=(),
    defaults=(),
    start=stateless_start,
    step=square_root_step,
    loop=_square_root_loop,
    warm_up=lambda: (0,),
)
