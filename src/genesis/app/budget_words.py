"""A budget built from words: its expressions by name, so that a journal can say them."""

from genesis.app.strategies import build_strategy, find_lone_strategy
from genesis.domain.candle import Timeframe
from genesis.domain.journal.entries import BudgetBegan
from genesis.domain.risk.budget import Budget, RegimeBudget, VolatilityTarget, realised_volatility


def budget_of(words: BudgetBegan | None) -> Budget:
    """Return the budget that *words* name, one that is off for None.

    Raises `InputError` for a regime that no strategy is called, `ValueError` for numbers that make no budget.
    """
    if words is None:
        return Budget()
    volatility = regimes = None
    if words.window:
        measure = realised_volatility(words.window, Timeframe(words.timeframe))
        volatility = VolatilityTarget(measure, words.target, words.cap)
    if words.regime:
        regimes = RegimeBudget(build_strategy(find_lone_strategy(words.regime, "a regime"), {})[1], words.shares)
    return Budget(volatility, regimes)
