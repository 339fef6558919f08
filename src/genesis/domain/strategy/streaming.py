"""An expression, one candle at a time: the plain steps of its indicators in the order of the graph."""

import math
from collections import deque
from collections.abc import Callable

from genesis.domain.candle import Candle
from genesis.domain.strategy.expression import (
    FIELDS,
    Applied,
    Computation,
    Constant,
    Expr,
    Field,
    Indicated,
    Lagged,
    nodes,
)

Slots = list[float]
Instruction = Callable[[Slots], None]


class Evaluator:
    """The running state of one expression. Every distinct node is computed once a candle."""

    def __init__(self, root: Expr) -> None:
        self._nodes = nodes(root)
        self.names = tuple(map(str, self._nodes))
        self._slot = {node: index for index, node in enumerate(self._nodes)}
        self._values: Slots = [math.nan] * len(self._nodes)
        self._fields: list[tuple[int, int]] = []
        self._instructions: list[Instruction] = []
        computed: set[Computation] = set()
        for index, node in enumerate(self._nodes):
            match node:
                case Field(name):
                    self._fields.append((index, FIELDS.index(name)))
                case Constant(value):
                    self._values[index] = value
                case Applied():
                    self._instructions.append(_apply(index, node, self._inputs(node)))
                case Lagged(_, periods):
                    self._instructions.append(_lag(index, self._inputs(node)[0], periods))
                case Indicated(computation):
                    if computation not in computed:
                        computed.add(computation)
                        self._instructions.append(self._indicate(computation))

    def step(self, candle: Candle) -> float:
        """Take the next candle; return the value of the expression at its close."""
        values = self._values
        for index, column in self._fields:
            values[index] = candle[column]
        for instruction in self._instructions:
            instruction(values)
        return values[-1]

    def values(self) -> tuple[float, ...]:
        """Return the value of every node at the last candle, in the order of `names`: the reasons of a decision."""
        return tuple(self._values)

    def _inputs(self, node: Expr) -> tuple[int, ...]:
        return tuple(self._slot[each] for each in node.inputs)

    def _indicate(self, computation: Computation) -> Instruction:
        inputs = tuple(self._slot[each] for each in computation.inputs)
        outputs = [
            (output, self._slot[node])
            for output in range(len(computation.indicator.outputs))
            if (node := Indicated(computation, output)) in self._slot
        ]
        if len(computation.indicator.outputs) == 1:
            return _single(computation, inputs, outputs[0][1])
        return _multiple(computation, inputs, outputs)


def _apply(index: int, node: Applied, inputs: tuple[int, ...]) -> Instruction:
    function = node.operation.function
    if len(inputs) == 2:
        left, right = inputs

        def binary(values: Slots) -> None:
            values[index] = function(values[left], values[right])

        return binary

    if len(inputs) == 3:
        first, second, third = inputs

        def ternary(values: Slots) -> None:
            values[index] = function(values[first], values[second], values[third])

        return ternary
    (only,) = inputs

    def unary(values: Slots) -> None:
        values[index] = function(values[only])

    return unary


def _lag(index: int, source: int, periods: int) -> Instruction:
    past = deque([math.nan] * periods)

    def lag(values: Slots) -> None:
        past.append(values[source])
        values[index] = past.popleft()

    return lag


def _single(computation: Computation, inputs: tuple[int, ...], slot: int) -> Instruction:
    step, parameters = computation.indicator.step, computation.parameters
    state = computation.indicator.start(*parameters)
    if len(inputs) == 1 and len(parameters) == 1:
        (source,), (parameter,) = inputs, parameters

        def lean(values: Slots) -> None:
            nonlocal state
            state, values[slot] = step(state, values[source], parameter)  # type: ignore[assignment]  # one output

        return lean

    def single(values: Slots) -> None:
        nonlocal state
        state, values[slot] = step(state, *[values[each] for each in inputs], *parameters)  # type: ignore[assignment]  # same

    return single


def _multiple(computation: Computation, inputs: tuple[int, ...], outputs: list[tuple[int, int]]) -> Instruction:
    step, parameters = computation.indicator.step, computation.parameters
    state = computation.indicator.start(*parameters)

    def multiple(values: Slots) -> None:
        nonlocal state
        state, results = step(state, *[values[each] for each in inputs], *parameters)
        for output, slot in outputs:
            values[slot] = results[output]  # type: ignore[index]  # several outputs are a tuple

    return multiple
