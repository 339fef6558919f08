"""An expression, one candle at a time: the plain steps of its indicators in the order of the graph."""

import math
from collections import deque
from collections.abc import Callable

from genesis.domain.candle import Candle, Timeframe
from genesis.domain.strategy.expression import (
    FIELDS,
    Applied,
    Computation,
    Constant,
    Expr,
    Field,
    Held,
    Indicated,
    Lagged,
    nodes,
)
from genesis.domain.strategy.frames import NO_FRAME, FrameState, frame_step
from genesis.domain.strategy.merged import Of, On, symbols_of
from genesis.domain.units import Mts, Symbol

Slots = list[float]
Instruction = Callable[[Slots], None]
Observe = Callable[[Symbol, Candle], None]


class Evaluator:
    """The running state of one expression. Every distinct node is computed once a candle.

    Candles of the instruments in `symbols` are shown to it by `observe`, in the order of their times for each of them;
    among instruments the order does not matter, as long as a candle is shown before the first step that began later.
    """

    def __init__(self, root: Expr, is_framed: bool = False) -> None:
        """Begin before the first candle; *is_framed* is for the inside of `on`, whose rule for `of` is another."""
        self.symbols = symbols_of(root)
        self._is_framed = is_framed
        self._observers: list[Observe] = []
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
                case Held():
                    self._instructions.append(_hold(index, self._inputs(node)[0]))
                case On(timeframe, operand):
                    self._instructions.append(self._on(index, self._inputs(node), timeframe, operand))
                case Of(symbol, operand):
                    self._instructions.append(self._of(index, self._inputs(node)[0], symbol, operand))
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

    def observe(self, symbol: Symbol, candle: Candle) -> None:
        """Take a closed candle of another instrument; one that is not newer than the last of it is left out."""
        for show in self._observers:
            show(symbol, candle)

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

    def _on(self, index: int, inputs: tuple[int, ...], timeframe: Timeframe, operand: Expr) -> Instruction:
        inner = Evaluator(operand, is_framed=True)
        others = {symbol: _Framed(symbol, timeframe, inner.observe) for symbol in inner.symbols}
        if others:
            self._observers.append(lambda symbol, candle: others[symbol].show(candle) if symbol in others else None)
        mts, open_, high, low, close, volume = inputs
        state, value, start, end = NO_FRAME, math.nan, 0, -(2**62)

        def on(values: Slots) -> None:
            nonlocal state, value, start, end
            time = int(values[mts])
            if time >= end:
                start, end = timeframe.start(time), timeframe.end(time)
            before = state
            state, is_over = frame_step(
                state, start, values[open_], values[high], values[low], values[close], values[volume]
            )
            if is_over:
                for other in others.values():
                    other.close(timeframe.end(before[0]))
                value = inner.step(_candle(before))
            values[index] = value

        return on

    def _of(self, index: int, mts: int, symbol: Symbol, operand: Expr) -> Instruction:
        inner, reach = Evaluator(operand), 1 if self._is_framed else 0
        pending: deque[Candle] = deque()
        last, value = -(2**62), math.nan

        def show(other: Symbol, candle: Candle) -> None:
            nonlocal last
            inner.observe(other, candle)
            if other == symbol and candle.mts > last:
                last = candle.mts
                pending.append(candle)

        def of(values: Slots) -> None:
            nonlocal value
            bound = values[mts] + reach
            while pending and pending[0].mts < bound:
                value = inner.step(pending.popleft())
            values[index] = value

        self._observers.append(show)
        return of


class _Framed:
    """Another instrument's candles on their way to the inside of `on`: kept back until a frame is closed there."""

    def __init__(self, symbol: Symbol, timeframe: Timeframe, observe: Observe) -> None:
        self._symbol = symbol
        self._timeframe = timeframe
        self._observe = observe
        self._pending: deque[Candle] = deque()
        self._last = -(2**62)

    def show(self, candle: Candle) -> None:
        if candle.mts > self._last:
            self._last = candle.mts
            self._pending.append(candle)

    def close(self, end: int) -> None:
        """Pass on the frames of all candles that began before *end*, which is the end of a frame."""
        state = NO_FRAME
        while self._pending and self._pending[0].mts < end:
            candle = self._pending.popleft()
            before = state
            state, is_over = frame_step(state, self._timeframe.start(candle.mts), *candle[1:])
            if is_over:
                self._observe(self._symbol, _candle(before))
        if state[1]:
            self._observe(self._symbol, _candle(state))


def _candle(frame: FrameState) -> Candle:
    start, _, *numbers = frame
    return Candle(Mts(start), *numbers)


def _hold(index: int, source: int) -> Instruction:
    last = math.nan

    def hold(values: Slots) -> None:
        nonlocal last
        value = values[source]
        if value == value:
            last = value
        values[index] = last

    return hold


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
