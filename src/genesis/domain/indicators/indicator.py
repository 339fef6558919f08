"""What an indicator is, and the rules that all of them obey.

- A state is a plain tuple, whose members a docstring names in their order: making a NamedTuple took half of a streamed
  EMA, and a compiled loop makes neither. What the parameters amount to, such as weights, is part of it, so that no step
  computes that anew.
- `step(state, *inputs, *parameters)` returns the next state and the output; it never changes the numbers of the old
  state, so the candle still forming is a step whose state you drop: step again from the same old state with the final
  candle. Windowed indicators keep their window in arrays that the states share; there this holds for the newest state
  and the one before it, which is all that a forming candle needs. So a state belongs to one stream: for a second one
  `start` again, or copy the state deeply.
- Output is NaN until the warm-up is over; `warm_up(*parameters)` tells how many, one number an output.
- An input row with a NaN or an infinity (or so large that the sum of the row overflows) gives NaN and leaves the state
  as it was. So a chained indicator begins at its input's first value, and a hole costs one row and no more.
- Parameters are checked by `start`, which `batch` calls: `ValueError` names the parameter, its value, what is allowed.
- Columns are anything numpy makes one-dimensional float64 of (integers, float32, lists, strided views); columns of
  different lengths, with more dimensions or without numbers are a `ValueError`. Empty columns give empty columns.
"""

import math
import operator
from collections.abc import Callable
from importlib import import_module
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from attrs import frozen

from genesis.domain.candle import Floats

State: TypeAlias = tuple[object, ...]
Output: TypeAlias = float | tuple[float, ...]

PERIOD_MAX: Final = 10_000_000
"""No window is longer: a larger number is a mistake, and would only fill the memory."""


@frozen
class Indicator:
    """One indicator: its step for streaming, and the batch form over that same step.

    `loop(state, *columns, *parameters, *outputs)` is the compiled loop; it fills the output columns. A default that is
    a float marks a parameter that is one; the others are whole numbers. `loop_of_two(states, *columns, *parameters,
    *outputs)` takes pairs of all but columns; it is there where a step is mostly waiting for the one before it, so that
    two series side by side take hardly longer than one.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    parameters: tuple[str, ...]
    defaults: tuple[float, ...]
    start: Callable[..., State]
    step: Callable[..., tuple[State, Output]]
    loop: Callable[..., None]
    warm_up: Callable[..., tuple[int, ...]]
    loop_of_two: Callable[..., None] | None = None

    def __reduce__(self) -> tuple[Callable[[str, str], "Indicator"], tuple[str, str]]:
        """Pickle as a name: compiled loops are made anew where they run, by the same code."""
        return indicator_in, (self.step.__module__, self.name)

    def batch(self, *arguments: npt.ArrayLike) -> tuple[Floats, ...]:
        """Return one column an output from the input columns and then the parameters, in the order of their names.

        Raises `ValueError` on bad columns and parameters, by the rules of this module.
        """
        wanted = self.inputs + self.parameters
        if len(arguments) != len(wanted):
            raise ValueError(f"{self.name} takes {', '.join(wanted)}; {len(arguments)} arguments were given")
        columns = columns_of(self.name, self.inputs, arguments[: len(self.inputs)])
        parameters = arguments[len(self.inputs) :]
        state = self.start(*parameters)
        outputs = self._outputs(columns)
        self.loop(state, *columns, *self._numbers(parameters), *outputs)
        return outputs

    def batch_of_two(
        self, inputs: tuple[npt.ArrayLike, ...], first: tuple[float, ...], second: tuple[float, ...]
    ) -> tuple[tuple[Floats, ...], tuple[Floats, ...]]:
        """Return what `batch` does for the same columns with the *first* parameters, and with the *second*."""
        if self.loop_of_two is None:
            return self.batch(*inputs, *first), self.batch(*inputs, *second)
        columns = columns_of(self.name, self.inputs, inputs)
        states = self.start(*first), self.start(*second)
        numbers = zip(self._numbers(first), self._numbers(second), strict=True)
        outputs = self._outputs(columns), self._outputs(columns)
        self.loop_of_two(states, *columns, *numbers, *zip(*outputs, strict=True))
        return outputs

    def _numbers(self, parameters: tuple[npt.ArrayLike, ...]) -> list[float]:
        return [
            float_parameter(name, value) if isinstance(default, float) else whole_parameter(name, value)
            for name, value, default in zip(self.parameters, parameters, self.defaults, strict=True)
        ]

    def _outputs(self, columns: list[Floats]) -> tuple[Floats, ...]:
        return tuple(np.empty(len(columns[0])) for _ in self.outputs)


def indicator_in(module: str, name: str) -> Indicator:
    """Return the indicator called *name* that is made where its step is written; raises `LookupError` without one."""
    for each in vars(import_module(module)).values():
        if isinstance(each, Indicator) and each.name == name:
            return each
    raise LookupError(f"{module} has no indicator called {name!r}")


def columns_of(who: str, names: tuple[str, ...], values: tuple[npt.ArrayLike, ...]) -> list[Floats]:
    """Return *values* as contiguous float64 columns of one length; raises `ValueError` naming the offender."""
    columns = []
    for name, value in zip(names, values, strict=True):
        array = np.asarray(value)
        if array.ndim != 1:
            raise ValueError(f"{who}: {name} must be one column, had {array.ndim} dimensions")
        if array.size and not (np.issubdtype(array.dtype, np.floating) or np.issubdtype(array.dtype, np.integer)):
            raise ValueError(f"{who}: {name} must hold numbers, was {array.dtype}")
        columns.append(np.ascontiguousarray(array, dtype=np.float64))
    if len({len(column) for column in columns}) > 1:
        lengths = ", ".join(f"{name} {len(column)}" for name, column in zip(names, columns, strict=True))
        raise ValueError(f"{who}: columns must be of one length, were {lengths}")
    return columns


def whole_parameter(name: str, value: object) -> int:
    """Return *value* as an int from 1 to `PERIOD_MAX`; raises `ValueError` naming the parameter otherwise."""
    try:
        number = operator.index(value)  # type: ignore[arg-type]  # whatever a caller or a file gave; refused below
    except TypeError:
        raise ValueError(f"{name} must be a whole number, was {value!r}") from None
    if isinstance(value, bool) or not 1 <= number <= PERIOD_MAX:
        raise ValueError(f"{name} must be 1 to {PERIOD_MAX}, was {value!r}")
    return number


def float_parameter(name: str, value: object) -> float:
    """Return *value* as a finite float > 0; raises `ValueError` naming the parameter otherwise."""
    try:
        number = float(value)  # type: ignore[arg-type]  # whatever a caller or a file gave; refused below
    except (TypeError, OverflowError):
        raise ValueError(f"{name} must be a number, was {value!r}") from None
    if isinstance(value, bool) or not 0.0 < number < math.inf:
        raise ValueError(f"{name} must be finite and > 0, was {value!r}")
    return number
