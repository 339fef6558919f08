"""Proof on data that an expression does not look ahead, and stands what markets throw at it.

An expression is made of nodes that cannot look ahead; an indicator of one's own can. So the future is cut off and
scrambled at many points, of every instrument, and every node must keep every value that it had before, to the last bit.
What no change of the future brings to light, prices that code carries with it, is looked for in the code.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final

import numpy as np
from attrs import frozen

from genesis.domain.candle import Candles, Floats
from genesis.domain.indicators.catalog import INDICATORS
from genesis.domain.strategy.carried import carried_prices
from genesis.domain.strategy.columns import NO_OTHERS, evaluate_all
from genesis.domain.strategy.expression import Computation, Constant, Expr, Indicated, nodes
from genesis.domain.strategy.merged import Of, On, graphs
from genesis.domain.strategy.streaming import Evaluator
from genesis.domain.strategy.trials import Market, Trial, changed_futures, moved_in_time, spoiled
from genesis.domain.units import Symbol

STREAMED: Final = 2_000
"""Candles of the comparison with streaming, which is slow."""

_PRICES: Final = ("open", "high", "low", "close")


class Fault(Enum):
    """What can be wrong with a strategy."""

    LOOKS_AHEAD = "looks ahead"
    CARRIES_DATA = "carries the data with it"
    KNOWS_THE_DATE = "decides by the date itself"
    SPEEDS_DIFFER = "streaming and columns differ"
    WARM_UP_TOO_SHORT = "has no value after its warm-up"
    BREAKS = "raises"
    DECIDES_OTHERWISE = "does not decide the same twice"
    CHANGES_ITS_STATE = "changes the state that it was given"
    HIDES_ITS_STATE = "remembers what is not in its state"
    BAD_TARGET = "gives a target that is none"


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
    those of the whole history; None if they never are. *warm_up* is None where nothing says it.
    """

    findings: tuple[Finding, ...]
    trials: int
    warm_up: int | None
    first_decision: int | None
    agrees_after: int | None

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def prove(root: Expr, candles: Candles, seed: int = 0, others: Mapping[Symbol, Candles] = NO_OTHERS) -> Proof:
    """Try *root* on *candles*, of which there are at least two; the same seed makes the same trials.

    *others* has the candles of the instruments that *root* reads besides; raises `MissingInstrument`.
    """
    order, market = nodes(root), Market(candles, others)
    try:
        whole = _values(order, market)
    except (ArithmeticError, ValueError, IndexError) as error:
        return Proof((Finding(Fault.BREAKS, str(root), f"the data as it is: {error}", 0),), 1, root.warm_up, None, None)
    findings = [*_carried(root, market), *_repeated(order, whole, market), *_restarted(root, market)]
    trials = 4
    for trial in changed_futures(market, root.warm_up, seed):
        trials += 1
        findings += _held(order, whole, trial)
    trials += 1
    findings += _dated(root, whole[-1], market)
    findings += _streamed(root, Market(candles[:STREAMED], others), "the data as it is")
    for trial in spoiled(market, seed):
        trials += 1
        findings += _held(order, whole, trial)
        first = max(trial.known - 50, 0)
        findings += _streamed(root, Market(trial.market.candles[first:][:STREAMED], trial.market.others), trial.words)
    findings += _warmed_up(root, whole[-1], candles)
    decided = np.flatnonzero(~np.isnan(whole[-1]))
    first_decision = int(decided[0]) if len(decided) else None
    return Proof(distinct(findings), trials, root.warm_up, first_decision, _agreement(root, whole[-1], market))


def _values(order: tuple[Expr, ...], market: Market) -> list[Floats]:
    with np.errstate(all="ignore"):  # an indicator of one's own may use numpy, and holes are meant to hurt
        return evaluate_all(order, market.candles, market.others)


def _held(
    order: tuple[Expr, ...], whole: list[Floats], trial: Trial, fault: Fault = Fault.LOOKS_AHEAD
) -> list[Finding]:
    """Return the first node, inputs before readers, whose values before the known end are not what they were."""
    known = trial.known
    try:
        values = _values(order, trial.market)
    except (ArithmeticError, ValueError, LookupError) as error:
        return [Finding(Fault.BREAKS, str(order[-1]), f"{trial.words}: {error}", known)]
    for node, before, after in zip(order, whole, values, strict=True):
        differs = _differs(before[:known], after[:known])
        if differs is not None:
            return [Finding(fault, str(node), trial.words, differs)]
    return []


def _repeated(order: tuple[Expr, ...], whole: list[Floats], market: Market) -> list[Finding]:
    """Compute everything once more: what draws lots, or remembers the last time, gives itself away."""
    once_more = Trial("the data once more", market, len(market.candles))
    return _held(order, whole, once_more, Fault.DECIDES_OTHERWISE)


def _restarted(root: Expr, market: Market) -> list[Finding]:
    """Break off in the middle and begin anew, as after a crash: the history is read again, and must say the same."""
    head = Market(market.candles[:STREAMED], market.others)
    middle = len(head.candles) // 2
    try:
        whole = _stream(root, head)
        _stream(root, Market(head.candles[:middle], head.others))
        again = _stream(root, head)
    except (ArithmeticError, ValueError, LookupError) as error:
        return [Finding(Fault.BREAKS, str(root), f"a restart at candle {middle}: {error}", middle)]
    for index, node in enumerate(nodes(root)):
        differs = _differs(np.ascontiguousarray(whole[:, index]), np.ascontiguousarray(again[:, index]))
        if differs is not None:
            return [Finding(Fault.HIDES_ITS_STATE, str(node), f"a restart at candle {middle}", differs)]
    return []


def _streamed(root: Expr, market: Market, trial: str) -> list[Finding]:
    try:
        streamed = _stream(root, market)
        columns = _values(nodes(root), market)
    except (ArithmeticError, ValueError, LookupError) as error:
        return [Finding(Fault.BREAKS, str(root), f"{trial}: {error}", 0)]
    for index, (node, column) in enumerate(zip(nodes(root), columns, strict=True)):
        differs = _differs(column, np.ascontiguousarray(streamed[:, index]))
        if differs is not None:
            return [Finding(Fault.SPEEDS_DIFFER, str(node), trial, differs)]
    return []


def _stream(root: Expr, market: Market) -> Floats:
    evaluator = Evaluator(root)
    for symbol, candles in market.others.items():
        for candle in candles:
            evaluator.observe(symbol, candle)
    rows = [(evaluator.step(candle), evaluator.values())[1] for candle in market.candles]
    return np.array(rows, dtype=np.float64).reshape(len(market.candles), -1)


def _carried(root: Expr, market: Market) -> list[Finding]:
    """Look through the code of indicators that do not ship."""
    every = (node for graph in graphs(root) for node in nodes(graph))
    own = {node.computation for node in every if isinstance(node, Indicated)}
    findings = []
    for computation in sorted((each for each in own if each.indicator not in INDICATORS), key=str):
        where = _carried_by(computation, market)
        if where is not None:
            findings.append(Finding(Fault.CARRIES_DATA, str(computation), where, 0))
    return findings


def _carried_by(computation: Computation, market: Market) -> str | None:
    indicator = computation.indicator
    code = (indicator.start, indicator.step, indicator.loop, computation.parameters)
    for candles in (market.candles, *market.others.values()):
        where = carried_prices(code, candles)
        if where is not None:
            return where
    return None


def _dated(root: Expr, whole: Floats, market: Market) -> list[Finding]:
    """Move the market in time: who decides by hour, weekday or season need not notice it, who knows dates cannot but.

    Some calendar survives each of the moves, so that only who decides otherwise after every one knows the date itself.
    """
    found: list[Finding] = []
    for trial in moved_in_time(market):
        findings = _held((root,), [whole], trial, Fault.KNOWS_THE_DATE)
        if not findings:
            return []
        found = found or findings
    return found


def _warmed_up(root: Expr, targets: Floats, candles: Candles) -> list[Finding]:
    """A target that is never decided by rule says nothing; one that has a value everywhere else must have it here."""
    if any(isinstance(node, On | Of) or _is_unknown(node) for node in nodes(root)):
        return []
    clean = np.isfinite(np.array([getattr(candles, name) for name in _PRICES])).all()
    late = np.flatnonzero(np.isnan(targets[root.warm_up :]))
    if not clean or not len(late) or late[0] > 0:
        return []
    return [Finding(Fault.WARM_UP_TOO_SHORT, str(root), f"warm-up of {root.warm_up} candles", root.warm_up)]


def _is_unknown(node: Expr) -> bool:
    return isinstance(node, Constant) and bool(np.isnan(node.value))


def _agreement(root: Expr, targets: Floats, market: Market) -> int | None:
    middle = len(market.candles) // 2
    late = _values((root,), Market(market.candles[middle:], market.others))[0]
    return agreement(late, targets[middle:])


def agreement(late: Floats, targets: Floats) -> int | None:
    """Return after how many rows two columns are the same to the end; None if they are not."""
    same = (late == targets) | (np.isnan(late) & np.isnan(targets))
    apart = np.flatnonzero(~same)
    if not len(apart):
        return 0
    return int(apart[-1]) + 1 if apart[-1] + 1 < len(late) else None


def _differs(before: Floats, after: Floats) -> int | None:
    """Return the first row where two columns are not the same bits, not counting which NaN a NaN is."""
    apart = (before != after) & ~(np.isnan(before) & np.isnan(after))
    found = np.flatnonzero(apart)
    return int(found[0]) if len(found) else None


def distinct(findings: list[Finding]) -> tuple[Finding, ...]:
    """Return the first finding of each fault of each node."""
    first: dict[tuple[Fault, str], Finding] = {}
    for finding in findings:
        first.setdefault((finding.fault, finding.node), finding)
    return tuple(first.values())
