"""Event strategies as desks run them, beside expressions: a target at the close of every candle.

What they see are closed candles, in the order of their times: at its own candle that began at T, a strategy has seen
those of the instruments that it reads which began before T, one time in the order of the symbols, and then its own.
That is the order of `event_proof`, and no chance of arrival is in it. Quotes and fills are not shown: live they come
when they come, and a decision must not hang on that.
"""

import math
from collections.abc import Iterable, Mapping
from heapq import heappop, heappush
from typing import Any, Final, TypeAlias

import numpy as np
from attrs import field, frozen

from genesis.domain.candle import Candle, Candles, Floats
from genesis.domain.candle_series import series_symbol
from genesis.domain.events import CandleClosed
from genesis.domain.strategy import columns
from genesis.domain.strategy.event_strategy import AnyEventStrategy
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.merged import graphs, symbols_of
from genesis.domain.strategy.streaming import Evaluator
from genesis.domain.units import Symbol

HISTORY: Final = 9_999
"""An event strategy cannot say how much history it needs: live it sees as much as the exchange tells at once."""


class NoExpression(ValueError):
    """What decides event by event was to be run by columns."""


def _in_order(symbols: Iterable[str]) -> tuple[Symbol, ...]:
    return tuple(sorted({series_symbol(each) for each in symbols}))


@frozen
class ByEvents:
    """An event strategy, and the call that made it.

    Raises `ValueError` for what is no symbol in *reads*.
    """

    call: str
    strategy: AnyEventStrategy
    reads: tuple[Symbol, ...] = field(converter=_in_order)
    """The other instruments whose candles it sees, in the order of their names."""

    def __str__(self) -> str:
        return f"{self.call}, event by event"


Deciding: TypeAlias = Expr | ByEvents
"""What gives a desk its targets."""


class EventEvaluator:
    """The running state of one event strategy on *symbol*; what `streaming.Evaluator` is for an expression.

    *failure* says why it decides nothing any more: it raised, or gave what is no target of *symbol*.
    """

    def __init__(self, symbol: Symbol, deciding: ByEvents) -> None:
        self.symbols = deciding.reads
        self.names = (str(deciding),)
        self.failure = ""
        self._symbol = symbol
        self._strategy = deciding.strategy
        self._target = math.nan
        self._pending: list[tuple[int, Symbol, Candle]] = []
        self._last: dict[Symbol, int] = {}
        self._state: Any = None  # Any: a state is the strategy's own business
        try:
            self._state = self._strategy.start()
        except Exception as error:  # noqa: BLE001 - a person's code may raise anything
            self._fail(error)

    def step(self, candle: Candle) -> float:
        """Take the next candle of its own; return the target in force at its close, NaN for none."""
        pending = self._pending
        while pending and pending[0][0] < candle.mts:
            _, symbol, other = heappop(pending)
            self._decide(CandleClosed(symbol, other))
        self._decide(CandleClosed(self._symbol, candle))
        return self._target

    def observe(self, symbol: Symbol, candle: Candle) -> None:
        """Take a closed candle of another instrument; one that is not newer than the last of it is left out."""
        if symbol != self._symbol and candle.mts > self._last.get(symbol, -(2**62)):
            self._last[symbol] = candle.mts
            heappush(self._pending, (candle.mts, symbol, candle))

    def values(self) -> tuple[float, ...]:
        """Return the target: all that a decision has for a reason."""
        return (self._target,)

    def _decide(self, event: CandleClosed) -> None:
        if self.failure:
            return
        try:
            self._state, targets = self._strategy.decide(self._state, event)
            for symbol, exposure in targets:
                if symbol != self._symbol or not (exposure != exposure or -1.0 <= exposure <= 1.0):
                    raise ValueError(f"{symbol} {exposure!r} is no target: give {self._symbol} a share from -1 to 1")
                if exposure == exposure:
                    self._target = float(exposure)
        except Exception as error:  # noqa: BLE001 - a person's code may raise anything
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self.failure, self._target = f"{type(error).__name__}: {error}", math.nan


def evaluator_of(symbol: Symbol, deciding: Deciding) -> Evaluator | EventEvaluator:
    """Return the running state of what decides on *symbol*, before the first candle."""
    return EventEvaluator(symbol, deciding) if isinstance(deciding, ByEvents) else Evaluator(deciding)


def reads_of(deciding: Deciding) -> tuple[Symbol, ...]:
    """Return the other instruments whose candles are read, in the order of their names."""
    return deciding.reads if isinstance(deciding, ByEvents) else symbols_of(deciding)


def history_of(deciding: Deciding) -> int:
    """Return how many candles of the past are to be shown, of every instrument that is read, before decisions count."""
    return HISTORY if isinstance(deciding, ByEvents) else max(graph.warm_up for graph in graphs(deciding))


def expression_of(deciding: Deciding) -> Expr:
    """Return the expression that columns are made of; raises `NoExpression` where there is none."""
    if isinstance(deciding, ByEvents):
        raise NoExpression(f"{deciding}: columns need an expression; use --engine event")
    return deciding


def targets_of(symbol: Symbol, deciding: Deciding, candles: Candles, others: Mapping[Symbol, Candles]) -> Floats:
    """Return the target at the close of every candle: by columns, or event by event where only that can be."""
    if not isinstance(deciding, ByEvents):
        return columns.evaluate(deciding, candles, others)
    evaluator = EventEvaluator(symbol, deciding)
    for other in deciding.reads:
        for candle in others[other]:
            evaluator.observe(other, candle)
    return np.fromiter(map(evaluator.step, candles), dtype=np.float64, count=len(candles))
