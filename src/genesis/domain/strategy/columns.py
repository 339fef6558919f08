"""An expression over whole columns: every distinct node is computed once, by the compiled loop over its own step."""

from collections.abc import Sequence

import numpy as np

from genesis.domain.candle import Candles, Floats
from genesis.domain.strategy import elementwise
from genesis.domain.strategy.expression import Applied, Computation, Constant, Expr, Field, Indicated, Lagged, nodes


def evaluate(root: Expr, candles: Candles) -> Floats:
    """Return the value of *root* at the close of every candle: the bits that `streaming.Evaluator` gives."""
    return evaluate_all((root,), candles)[0]


def evaluate_all(roots: Sequence[Expr], candles: Candles) -> list[Floats]:
    """Return the values of all *roots*; what they share is computed once."""
    order = tuple(dict.fromkeys(node for root in roots for node in nodes(root)))
    readers = _readers(order)
    for root in roots:
        readers[root] += 1
    values: dict[Expr, Floats] = {}
    computed: dict[Computation, dict[int, Floats]] = {}
    wanted = [node.computation for node in order if isinstance(node, Indicated)]
    for node in order:
        if isinstance(node, Indicated) and node.computation not in computed:
            _compute(node.computation, wanted, values, computed)
        values[node] = _value(node, candles, values, computed)
        for each in node.inputs:
            readers[each] -= 1
            if not readers[each]:
                del values[each]  # a column is 8 bytes a candle: hold it no longer than it is read
    return [values[root] for root in roots]


def _readers(order: tuple[Expr, ...]) -> dict[Expr, int]:
    readers = dict.fromkeys(order, 0)
    for node in order:
        for each in node.inputs:
            readers[each] += 1
    return readers


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
        case Applied(operation, operands):
            return elementwise.batch(operation, *(values[each] for each in operands))
        case Indicated(computation, output):
            return computed[computation].pop(output)
    raise TypeError(f"no columns for a {type(node).__name__}")


def _lagged(column: Floats, periods: int) -> Floats:
    out = np.full(len(column), np.nan)
    out[periods:] = column[: len(column) - periods] if periods <= len(column) else out[periods:]
    return out
