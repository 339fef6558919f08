"""The combinations of parameters that a sweep tries: a grid of axes, whole or a random part of it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

import numpy as np
from attrs import field, frozen

from genesis.domain.candle import Ints
from genesis.domain.strategy.specification import BadStrategy, Parameter, Strategy, Value
from genesis.domain.units import InexactNumber, decimal_from_text

VALUES_MAX: Final = 1_000_000
"""No axis has more values: it would be a mistake in the step."""
RUNS_MAX: Final = 10_000_000
"""No sweep makes more runs; take a random part of a larger grid."""


@frozen
class Axis:
    """The values of one parameter, each once."""

    name: str
    values: tuple[Value, ...]


@frozen
class Space:
    """The grid over some axes; the last one varies quickest."""

    axes: tuple[Axis, ...]
    size: int = field(init=False)

    @size.default
    def _product(self) -> int:
        size = 1
        for axis in self.axes:
            size *= len(axis.values)
        return size

    def at(self, index: int) -> dict[str, Value]:
        """Return combination number *index*, 0 to size - 1."""
        values: dict[str, Value] = {}
        for axis in reversed(self.axes):
            index, position = divmod(index, len(axis.values))
            values[axis.name] = axis.values[position]
        return dict(reversed(values.items()))

    def whole(self) -> Ints:
        """Return the numbers of all combinations; raises `BadStrategy` when they are too many."""
        if self.size > RUNS_MAX:
            raise BadStrategy(f"the grid has {self.size} combinations, at most {RUNS_MAX} can be run: try --random")
        return np.arange(self.size, dtype=np.int64)

    def sample(self, count: int, seed: int) -> Ints:
        """Return the numbers of *count* combinations drawn without repetition, ascending; all, if there are no more.

        The same seed draws the same on every machine: the bits are PCG64's own.
        """
        if not 1 <= count <= RUNS_MAX:
            raise BadStrategy(f"a random part has 1 to {RUNS_MAX} combinations, was {count}")
        if seed < 0:
            raise BadStrategy(f"a seed must not be negative, was {seed}")
        if count >= self.size:
            return self.whole()
        if self.size > 2**62:
            raise BadStrategy("the grid is beyond all bounds: give coarser steps")
        bits = np.random.PCG64(seed)
        drawn: dict[int, None] = {}
        limit = 2**64 - 2**64 % self.size  # what is above would make the first combinations likelier
        while len(drawn) < count:
            for number in bits.random_raw(count - len(drawn)).tolist():
                if number < limit:
                    drawn[number % self.size] = None
        return np.array(sorted(drawn), dtype=np.int64)


def space_of(strategy: Strategy, given: Mapping[str, str]) -> Space:
    """Return the grid that *given* asks for, over all parameters of *strategy*; others keep their defaults.

    A text is `low:high:step` (both ends included), `low:high` for whole numbers, `a,b,c`, or one value. Raises
    `BadStrategy` for a parameter that there is not, a value it does not take, or a range that is none.
    """
    known = {parameter.name: parameter for parameter in strategy.parameters}
    for name in given:
        if name not in known:
            strategy.resolve({name: given[name]})  # raises, and says what there is
    axes = [
        Axis(name, _values(parameter, given[name]) if name in given else (parameter.default,))
        for name, parameter in known.items()
    ]
    return Space(tuple(axes))


def _values(parameter: Parameter, text: str) -> tuple[Value, ...]:
    if ":" in text:
        candidates: Sequence[object] = _range(parameter, text)
    else:
        candidates = [part.strip() for part in text.split(",")]
    return tuple(dict.fromkeys(parameter.parse(each) for each in candidates))


def _range(parameter: Parameter, text: str) -> list[Decimal]:
    refusal = BadStrategy(f"{parameter.name}={text}: give low:high:step with low <= high and step > 0, or a,b,c")
    parts = text.split(":")
    if len(parts) == 2 and isinstance(parameter.default, int):
        parts.append("1")
    if len(parts) != 3:
        raise refusal
    try:
        low, high, step = map(decimal_from_text, parts)
    except InexactNumber as error:
        raise BadStrategy(f"{parameter.name}={text}: {error}") from None
    if not (low <= high and step > 0):
        raise refusal
    for end in (low, high):
        parameter.parse(end)
    count = int((high - low) / step) + 1
    if count > VALUES_MAX:
        raise BadStrategy(f"{parameter.name}={text}: {count} values, at most {VALUES_MAX} can be tried")
    return [low + step * each for each in range(count)]
