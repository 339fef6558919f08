"""Proof on data that an expression does not look ahead, and stands what markets throw at it.

An expression is made of nodes that cannot look ahead; an indicator of one's own can. So the future is cut off and
scrambled at many points, and every node must keep every value that it had before, to the last bit.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Final

import numpy as np
from attrs import evolve, frozen

from genesis.domain.candle import Candles, Floats, Ints
from genesis.domain.strategy.columns import evaluate_all
from genesis.domain.strategy.expression import Constant, Expr, nodes
from genesis.domain.strategy.streaming import Evaluator

CUTS: Final = 16
STREAMED: Final = 2_000
"""Candles of the comparison with streaming, which is slow."""

_PRICES: Final = ("open", "high", "low", "close")


class Fault(Enum):
    """What can be wrong with an expression."""

    LOOKS_AHEAD = "looks ahead"
    SPEEDS_DIFFER = "streaming and columns differ"
    WARM_UP_TOO_SHORT = "has no value after its warm-up"
    BREAKS = "raises"


@frozen
class Finding:
    """One fault: which node, how it came to light, and at which candle of the data."""

    fault: Fault
    node: str
    trial: str
    candle: int


@frozen
class Proof:
    """What was found, how many trials were made, and the warm-up: as the expression says, and as measured.

    *agrees_after* is how many candles a start in the middle of the data needs until its targets are, from there on,
    those of the whole history; None if they never are.
    """

    findings: tuple[Finding, ...]
    trials: int
    warm_up: int
    first_decision: int | None
    agrees_after: int | None

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def prove(root: Expr, candles: Candles, seed: int = 0) -> Proof:
    """Try *root* on *candles*, of which there are at least two; the same seed makes the same trials."""
    order = nodes(root)
    try:
        whole = _values(order, candles)
    except (ArithmeticError, ValueError, IndexError) as error:
        return Proof((Finding(Fault.BREAKS, str(root), f"the data as it is: {error}", 0),), 1, root.warm_up, None, None)
    findings: list[Finding] = []
    trials = 0
    for trial, changed, known in _trials(candles, root.warm_up, seed):
        trials += 1
        findings += _held(order, whole, changed, known, trial)
    trials += 1
    findings += _streamed(root, candles[:STREAMED], "the data as it is")
    for trial, spoiled, first in _spoiled(candles, seed):
        trials += 1
        findings += _held(order, whole, spoiled, first, trial)
        findings += _streamed(root, spoiled[max(first - 50, 0) :][:STREAMED], trial)
    findings += _warmed_up(root, whole[-1], candles)
    decided = np.flatnonzero(~np.isnan(whole[-1]))
    first_decision = int(decided[0]) if len(decided) else None
    return Proof(_distinct(findings), trials, root.warm_up, first_decision, _agreement(root, whole[-1], candles))


def _trials(candles: Candles, warm_up: int, seed: int) -> Iterator[tuple[str, Candles, int]]:
    """Yield what changes in the future alone: the words, the candles, and how many of them are as they were."""
    generator = np.random.Generator(np.random.PCG64(seed))
    count = len(candles)
    cuts = {1, min(warm_up + 1, count - 1), count - 1, *generator.integers(1, count, CUTS).tolist()}
    for cut in sorted(cuts):
        yield f"the future cut off at candle {cut}", candles[:cut], cut
        yield f"the future scrambled from candle {cut} on", _scrambled(candles, cut, generator), cut


def _scrambled(candles: Candles, cut: int, generator: np.random.Generator) -> Candles:
    rest = len(candles) - cut
    order = cut + generator.permutation(rest)
    factors = np.exp(np.cumsum(generator.normal(0.0, 0.02, rest)))
    columns = {name: getattr(candles, name).copy() for name in (*_PRICES, "volume")}
    for name, column in columns.items():
        column[cut:] = column[order] * (factors if name in _PRICES else generator.random(rest) * 3.0)
    return evolve(candles, **columns)


def _spoiled(candles: Candles, seed: int) -> Iterator[tuple[str, Candles, int]]:
    """Yield candles as no exchange should send them, and how many at the start are as they were."""
    generator = np.random.Generator(np.random.PCG64([seed, 1]))
    at = int(generator.integers(len(candles) // 2, len(candles)))
    holes = {name: getattr(candles, name).copy() for name in (*_PRICES, "volume")}
    for column in holes.values():
        column[at : at + 3] = np.nan
    yield f"not a number from candle {at} on, three times", evolve(candles, **holes), at
    rows = np.arange(len(candles))
    yield f"a gap of 500 candles at {at}", _taken(candles, np.delete(rows, slice(at, at + 500))), at
    again = np.insert(rows, at, [at] * 5)
    apart = np.where(again == at, np.arange(len(again)) - at, 0)  # of one time there can be but one candle
    yield f"candle {at} five times more, a millisecond apart", _taken(candles, again, apart), at
    silent = {name: np.where(rows >= at, candles.close[at], getattr(candles, name)) for name in _PRICES}
    yield f"no movement and no volume from candle {at} on", evolve(
        candles, **silent, volume=np.where(rows >= at, 0.0, candles.volume)
    ), at


def _taken(candles: Candles, rows: Ints, later: Ints | int = 0) -> Candles:
    return Candles(candles.mts[rows] + later, *(getattr(candles, name)[rows] for name in (*_PRICES, "volume")))


def _values(order: tuple[Expr, ...], candles: Candles) -> list[Floats]:
    with np.errstate(all="ignore"):  # an indicator of one's own may use numpy, and holes are meant to hurt
        return evaluate_all(order, candles)


def _held(order: tuple[Expr, ...], whole: list[Floats], changed: Candles, known: int, trial: str) -> list[Finding]:
    """Return the first node, inputs before readers, whose values before candle *known* are not what they were."""
    try:
        values = _values(order, changed)
    except (ArithmeticError, ValueError, IndexError) as error:
        return [Finding(Fault.BREAKS, str(order[-1]), f"{trial}: {error}", known)]
    for node, before, after in zip(order, whole, values, strict=True):
        differs = _differs(before[:known], after[:known])
        if differs is not None:
            return [Finding(Fault.LOOKS_AHEAD, str(node), trial, differs)]
    return []


def _streamed(root: Expr, candles: Candles, trial: str) -> list[Finding]:
    try:
        evaluator = Evaluator(root)
        streamed = np.array([(evaluator.step(candle), evaluator.values())[1] for candle in candles]).reshape(
            len(candles), -1
        )
        columns = _values(nodes(root), candles)
    except (ArithmeticError, ValueError, IndexError) as error:
        return [Finding(Fault.BREAKS, str(root), f"{trial}: {error}", 0)]
    for index, (node, column) in enumerate(zip(nodes(root), columns, strict=True)):
        differs = _differs(column, np.ascontiguousarray(streamed[:, index]))
        if differs is not None:
            return [Finding(Fault.SPEEDS_DIFFER, str(node), trial, differs)]
    return []


def _warmed_up(root: Expr, targets: Floats, candles: Candles) -> list[Finding]:
    """A target that is never decided by rule says nothing; one that has a value everywhere else must have it here."""
    if any(isinstance(node, Constant) and np.isnan(node.value) for node in nodes(root)):
        return []
    clean = np.isfinite(np.array([getattr(candles, name) for name in _PRICES])).all()
    late = np.flatnonzero(np.isnan(targets[root.warm_up :]))
    if not clean or not len(late) or late[0] > 0:
        return []
    return [Finding(Fault.WARM_UP_TOO_SHORT, str(root), f"warm-up of {root.warm_up} candles", root.warm_up)]


def _agreement(root: Expr, targets: Floats, candles: Candles) -> int | None:
    middle = len(candles) // 2
    late = _values((root,), candles[middle:])[0]
    same = (late == targets[middle:]) | (np.isnan(late) & np.isnan(targets[middle:]))
    apart = np.flatnonzero(~same)
    if not len(apart):
        return 0
    return int(apart[-1]) + 1 if apart[-1] + 1 < len(late) else None


def _differs(before: Floats, after: Floats) -> int | None:
    """Return the first row where two columns are not the same bits, not counting which NaN a NaN is."""
    apart = (before != after) & ~(np.isnan(before) & np.isnan(after))
    found = np.flatnonzero(apart)
    return int(found[0]) if len(found) else None


def _distinct(findings: list[Finding]) -> tuple[Finding, ...]:
    first: dict[tuple[Fault, str], Finding] = {}
    for finding in findings:
        first.setdefault((finding.fault, finding.node), finding)
    return tuple(first.values())
