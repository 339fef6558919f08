"""An expression over whole columns: every distinct node is computed once, by the compiled loop over its own step."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np

from genesis.domain.candle import Candles, Floats, Ints, Timeframe
from genesis.domain.strategy import elementwise
from genesis.domain.strategy.expression import (
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
from genesis.domain.strategy.frames import frames_of
from genesis.domain.strategy.merged import Of, On, symbols_of
from genesis.domain.units import Symbol

NO_OTHERS: Final[Mapping[Symbol, Candles]] = {}


class MissingInstrument(ValueError):
    """An expression reads candles of an instrument that were not given."""


def evaluate(root: Expr, candles: Candles, others: Mapping[Symbol, Candles] = NO_OTHERS) -> Floats:
    """Return the value of *root* at the close of every candle: the bits that `streaming.Evaluator` gives.

    *others* has the candles of every instrument that *root* reads (`merged.symbols_of`); raises `MissingInstrument`.
    """
    return evaluate_all((root,), candles, others)[0]


def evaluate_all(
    roots: Sequence[Expr],
    candles: Candles,
    others: Mapping[Symbol, Candles] = NO_OTHERS,
    is_framed: bool = False,
    first: int = 0,
) -> list[Floats]:
    """Return the values of all *roots* from row *first* on; what they share is computed once.

    What remembers is computed over all candles, and operations on one candle over those rows alone. *is_framed* is for
    the inside of `on`, whose rule for `of` is another.
    """
    order = tuple(dict.fromkeys(node for root in roots for node in nodes(root)))
    whole = _read_whole(order)
    readers = _readers(order)
    for root in roots:
        readers[root] += 1
    values: dict[Expr, Floats] = {}
    computed: dict[Computation, dict[int, Floats]] = {}
    wanted = [node.computation for node in order if isinstance(node, Indicated)]
    merges = _Merges(order, candles, others, is_framed)
    for node in order:
        if isinstance(node, Indicated) and node.computation not in computed:
            _compute(node.computation, wanted, values, computed)
        if isinstance(node, Applied):
            begin = 0 if node in whole else first
            operands = (values[each][begin if each in whole else 0 :] for each in node.operands)
            values[node] = elementwise.batch(node.operation, *operands)
        else:
            column = merges.column(node) if isinstance(node, On | Of) else _value(node, candles, values, computed)
            values[node] = column if node in whole else column[first:]
        for each in node.inputs:
            readers[each] -= 1
            if not readers[each]:
                del values[each]  # a column is 8 bytes a candle: hold it no longer than it is read
    return [values[root][first if root in whole else 0 :] for root in roots]


class _Merges:
    """The columns of `on` and `of`: all of one time frame, or of one instrument, are computed at once."""

    def __init__(
        self, order: tuple[Expr, ...], candles: Candles, others: Mapping[Symbol, Candles], is_framed: bool
    ) -> None:
        self._candles = candles
        self._others = others
        self._side: Literal["left", "right"] = "right" if is_framed else "left"
        self._wanted: dict[Timeframe | Symbol, list[Expr]] = {}
        for node in order:
            if isinstance(node, On | Of):
                self._wanted.setdefault(_source(node), []).append(node.operand)
        self._merged: dict[Timeframe | Symbol, tuple[Ints, dict[Expr, Floats]]] = {}

    def column(self, node: On | Of) -> Floats:
        source = _source(node)
        if source not in self._merged:
            operands = self._wanted[source]
            known, columns = (
                self._framed(source, operands) if isinstance(source, Timeframe) else self._of(source, operands)
            )
            self._merged[source] = known, dict(zip(operands, columns, strict=True))
        known, values = self._merged[source]
        column = values.pop(node.operand)
        out = np.full(len(known), np.nan)
        is_known = known > 0
        out[is_known] = column[known[is_known] - 1]
        return out

    def _framed(self, timeframe: Timeframe, operands: list[Expr]) -> tuple[Ints, list[Floats]]:
        frames = frames_of(self._candles, timeframe)
        symbols = {symbol for operand in operands for symbol in symbols_of(operand)}
        others = {symbol: frames_of(self._other(symbol), timeframe).candles for symbol in symbols}
        return frames.over, evaluate_all(operands, frames.candles, others, is_framed=True)

    def _of(self, symbol: Symbol, operands: list[Expr]) -> tuple[Ints, list[Floats]]:
        candles = self._other(symbol)
        known = np.searchsorted(candles.mts, self._candles.mts, side=self._side)
        return known, evaluate_all(operands, candles, self._others)

    def _other(self, symbol: Symbol) -> Candles:
        if symbol not in self._others:
            raise MissingInstrument(f"the strategy reads candles of {symbol}, and none of it were given")
        return self._others[symbol]


def _source(node: On | Of) -> Timeframe | Symbol:
    return node.timeframe if isinstance(node, On) else node.symbol


def _readers(order: tuple[Expr, ...]) -> dict[Expr, int]:
    readers = dict.fromkeys(order, 0)
    for node in order:
        for each in node.inputs:
            readers[each] += 1
    return readers


def _read_whole(order: tuple[Expr, ...]) -> frozenset[Expr]:
    """Return the nodes that are read by what remembers, or by what such a node reads: from the first candle on."""
    whole: set[Expr] = set()
    for node in reversed(order):
        if node in whole or isinstance(node, Indicated | Lagged | Held):
            whole.update(node.inputs)
    return frozenset(whole)


def _compute(
    computation: Computation,
    wanted: list[Computation],
    values: dict[Expr, Floats],
    computed: dict[Computation, dict[int, Floats]],
) -> None:
    """Compute *computation*, together with one of the *wanted* on the same inputs where two are quicker at once."""
    indicator, inputs = computation.indicator, tuple(values[each] for each in computation.inputs)
    if indicator.loop_of_two is not None:
        for other in wanted:
            is_alike = other.indicator is indicator and other.inputs == computation.inputs
            if is_alike and other != computation and other not in computed:
                both = indicator.batch_of_two(inputs, computation.parameters, other.parameters)
                computed[computation], computed[other] = (dict(enumerate(outputs)) for outputs in both)
                return
    computed[computation] = dict(enumerate(indicator.batch(*inputs, *computation.parameters)))


def _value(
    node: Expr, candles: Candles, values: dict[Expr, Floats], computed: dict[Computation, dict[int, Floats]]
) -> Floats:
    match node:
        case Field(name):
            return np.asarray(getattr(candles, name), dtype=np.float64)
        case Constant(value):
            return np.broadcast_to(np.float64(value), len(candles))
        case Lagged(operand, periods):
            return _lagged(values[operand], periods)
        case Held(operand):
            return _held(values[operand])
        case Indicated(computation, output):
            return computed[computation].pop(output)
    raise TypeError(f"no columns for a {type(node).__name__}")


def _lagged(column: Floats, periods: int) -> Floats:
    out = np.full(len(column), np.nan)
    out[periods:] = column[: len(column) - periods] if periods <= len(column) else out[periods:]
    return out


def _held(column: Floats) -> Floats:
    rows = np.where(np.isnan(column), 0, np.arange(len(column)))
    held: Floats = column[np.maximum.accumulate(rows)]
    return held
