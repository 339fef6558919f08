"""An expression, one candle at a time: the plain steps of its indicators in the order of the graph."""

import math
from collections import deque
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import CodeType
from typing import Final

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

Step = Callable[[Candle], float]
Values = Callable[[], tuple[float, ...]]
Observe = Callable[[Symbol, Candle], None]

_TEXT: Final = """\
def begin({given}):
    {unset} = nan
    def step(candle):
        nonlocal {changing}
        {lines}
        return {last}
    def values():
        return ({all},)
    return step, values
"""


class Evaluator:
    """The running state of one expression. Every distinct node is computed once a candle.

    Its step is written as Python, a line a node, and compiled, so that nothing stands between one node and the next:
    this runs for every candle of every event-driven backtest. `text` is what was written; the values of nodes are
    `n0`, `n1` and so on in it, the states of indicators `s0`, their parameters `p0`, and what a node calls `f0`.

    Candles of the instruments in `symbols` are shown to it by `observe`, in the order of their times for each of them;
    among instruments the order does not matter, as long as a candle is shown before the first step that began later.
    """

    failure: Final = ""
    """Expressions never fail; what decides event by event says here why it did."""

    def __init__(self, root: Expr, is_framed: bool = False) -> None:
        """Begin before the first candle; *is_framed* is for the inside of `on`, whose rule for `of` is another."""
        self.symbols = symbols_of(root)
        self._is_framed = is_framed
        self._observers: list[Observe] = []
        self._nodes = nodes(root)
        self.names = tuple(map(str, self._nodes))
        self._value = {node: f"n{index}" for index, node in enumerate(self._nodes)}
        self._given: dict[str, object] = {"nan": math.nan}
        self._lines: list[str] = []
        self._states: list[str] = []
        computed: set[Computation] = set()
        for index, node in enumerate(self._nodes):
            if not isinstance(node, Indicated):
                self._write(index, node)
            elif node.computation not in computed:
                computed.add(node.computation)
                self._write_indicator(index, node.computation)
        self.text = self._text()
        step, values = _begun(self.text, self._given)
        self.step: Step = step
        """Takes the next candle; returns the value of the expression at its close."""
        self.values: Values = values
        """Returns the value of every node at the last candle, in the order of `names`: the reasons of a decision."""

    def observe(self, symbol: Symbol, candle: Candle) -> None:
        """Take a closed candle of another instrument; one that is not newer than the last of it is left out."""
        for show in self._observers:
            show(symbol, candle)

    def _write(self, index: int, node: Expr) -> None:
        """Write the line that gives the value of any node but an indicator's."""
        value, called = f"n{index}", f"f{index}"
        inputs = ", ".join(self._value[each] for each in node.inputs)
        match node:
            case Field(name):
                self._lines.append(f"{value} = candle[{FIELDS.index(name)}]")
            case Constant(number):
                self._given[value] = number
            case Held():
                self._lines.append(f"{value} = {inputs} if {inputs} == {inputs} else {value}")
            case Lagged(_, periods):
                self._given[called] = deque([math.nan] * periods)
                self._lines += [f"{called}.append({inputs})", f"{value} = {called}.popleft()"]
            case Applied(operation) if operation.inline:
                expression = operation.inline.format(*(self._value[each] for each in node.inputs))
                self._lines.append(f"{value} = {expression}")
            case Applied(operation):
                self._given[called] = operation.function
                self._lines.append(f"{value} = {called}({inputs})")
            case On(timeframe, operand):
                self._given[called] = self._on(timeframe, operand)
                self._lines.append(f"{value} = {called}({inputs})")
            case Of(symbol, operand):
                self._given[called] = self._of(symbol, operand)
                self._lines.append(f"{value} = {called}({inputs})")

    def _write_indicator(self, index: int, computation: Computation) -> None:
        state, called = f"s{index}", f"f{index}"
        indicator, parameters = computation.indicator, computation.parameters
        outputs = ", ".join(
            self._value.get(Indicated(computation, output), "_") for output in range(len(indicator.outputs))
        )
        named = {f"p{index}_{at}": parameter for at, parameter in enumerate(parameters)}
        arguments = ", ".join([state, *(self._value[each] for each in computation.inputs), *named])
        self._given |= {state: indicator.start(*parameters), called: indicator.step, **named}
        self._states.append(state)
        one = len(indicator.outputs) == 1
        self._lines.append(f"{state}, {outputs if one else f'({outputs})'} = {called}({arguments})")

    def _text(self) -> str:
        every = [*self._value.values()]
        unset = [value for value in every if value not in self._given]
        return _TEXT.format(
            given=", ".join(self._given),
            unset=" = ".join(["_", *unset]),
            changing=", ".join(["_", *self._states, *unset]),
            lines="\n        ".join(self._lines),
            last=every[-1],
            all=", ".join(every),
        )

    def _on(self, timeframe: Timeframe, operand: Expr) -> Callable[..., float]:
        inner = Evaluator(operand, is_framed=True)
        others = {symbol: _Framed(symbol, timeframe, inner.observe) for symbol in inner.symbols}
        if others:
            self._observers.append(lambda symbol, candle: others[symbol].show(candle) if symbol in others else None)
        state, value, start, end = NO_FRAME, math.nan, 0, -(2**62)

        def on(mts: float, open_: float, high: float, low: float, close: float, volume: float) -> float:
            nonlocal state, value, start, end
            time = int(mts)
            if time >= end:
                start, end = timeframe.start(time), timeframe.end(time)
            before = state
            state, is_over = frame_step(state, start, open_, high, low, close, volume)
            if is_over:
                for other in others.values():
                    other.close(timeframe.end(before[0]))
                value = inner.step(_candle(before))
            return value

        return on

    def _of(self, symbol: Symbol, operand: Expr) -> Callable[[float], float]:
        inner, reach = Evaluator(operand), 1 if self._is_framed else 0
        pending: deque[Candle] = deque()
        last, value = -(2**62), math.nan

        def show(other: Symbol, candle: Candle) -> None:
            nonlocal last
            inner.observe(other, candle)
            if other == symbol and candle.mts > last:
                last = candle.mts
                pending.append(candle)

        def of(mts: float) -> float:
            nonlocal value
            bound = mts + reach
            while pending and pending[0].mts < bound:
                value = inner.step(pending.popleft())
            return value

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


@lru_cache(maxsize=256)
def _compiled(text: str) -> CodeType:
    return compile(text, "<expression>", "exec")


def _begun(text: str, given: Mapping[str, object]) -> tuple[Step, Values]:
    # The text is ours alone, names that we count and places in a candle: what anybody wrote comes as a value.
    space: dict[str, Callable[..., tuple[Step, Values]]] = {}
    exec(_compiled(text), {}, space)  # nosec B102
    return space["begin"](**given)
