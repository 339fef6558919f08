"""Ensembles: targets of several members as one, weighed by hand, by calm, or by what each has earned.

A member is an expression whose value is a target. Its paper return at a candle is the target that it had at the close
before, times the change of the close since: known at that close, so no weight ever looks ahead. Costs are not in it.
"No decision" of a member is the target that it had. Until every member and every weight is known, nothing is.
"""

from collections.abc import Sequence

from genesis.domain.strategy.expression import Expr, Number, lifted
from genesis.domain.strategy.vocabulary.averages import sma
from genesis.domain.strategy.vocabulary.candle_fields import close
from genesis.domain.strategy.vocabulary.momenta import returns
from genesis.domain.strategy.vocabulary.operations import held, lag, maximum, where
from genesis.domain.strategy.vocabulary.statistics import deviation


def paper_return(member: Expr) -> Expr:
    """Return what *member* earned over this candle as a fraction, without costs."""
    return lag(held(member)) * returns(close)


def weighted(members: Sequence[tuple[Number, Expr]]) -> Expr:
    """Return the mean of the members by fixed weights; raises `ValueError` if one is negative or all are 0."""
    if not members or any(not 0 <= weight < float("inf") for weight, _ in members):
        raise ValueError("weights must be finite and not negative, and there must be a member")
    whole = sum(float(weight) for weight, _ in members)
    if whole == 0:
        raise ValueError("weights must not all be 0")
    return total([float(weight) / whole * held(member) for weight, member in members])


def gated(cases: Sequence[tuple[Expr, Expr | Number]], otherwise: Expr | Number) -> Expr:
    """Return the member of the first condition that holds, *otherwise* if none does."""
    chosen = lifted(otherwise)
    for condition, member in reversed(cases):
        chosen = where(condition, member, chosen)
    return chosen


def inverse_volatility(members: Sequence[Expr], period: int = 100) -> Expr:
    """Return the mean of the members, each weighed by 1 ÷ the deviation of its last *period* paper returns.

    A member that did not move at all weighs nothing; where none did, all weigh alike.
    """
    spreads = [deviation(paper_return(member), period) for member in _several(members)]
    alike = total([held(member) for member in members]) / float(len(members))
    return scored(members, [where(spread > 0.0, 1.0 / spread, 0.0) for spread in spreads], alike)


def rolling_performance(members: Sequence[Expr], period: int = 100) -> Expr:
    """Return the mean of the members, each weighed by its mean paper return ÷ deviation over *period* candles.

    A member that lost weighs nothing; where all lost, the target is 0.
    """
    paper = [paper_return(member) for member in _several(members)]
    spreads = [deviation(each, period) for each in paper]
    scores = [
        where(spread > 0.0, maximum(sma(each, period) / spread, 0.0), 0.0)
        for each, spread in zip(paper, spreads, strict=True)
    ]
    return scored(members, scores, 0.0)


def scored(members: Sequence[Expr], scores: Sequence[Expr], otherwise: Expr | Number) -> Expr:
    """Return the mean of the members by *scores*; *otherwise* where no score is above 0."""
    whole = total(scores)
    mean = total([score * held(member) for score, member in zip(scores, members, strict=True)]) / whole
    return where(whole > 0.0, mean, otherwise)


def total(parts: Sequence[Expr]) -> Expr:
    """Return the sum of some expressions, from left to right."""
    first, *rest = parts
    for each in rest:
        first = first + each
    return first


def _several(members: Sequence[Expr]) -> Sequence[Expr]:
    if not members:
        raise ValueError("an ensemble needs a member")
    return members
