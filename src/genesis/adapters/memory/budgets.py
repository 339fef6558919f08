"""Budgets in memory: for one process, or for the processes of a simulated machine."""

from genesis.domain.resilience import Ration, RequestBudget


class MemoryBudgets:
    """The budgets of all who are given this object; see `Budgets`."""

    def __init__(self) -> None:
        self._budgets: dict[str, RequestBudget] = {}

    def of(self, ration: Ration) -> RequestBudget:
        """Return the budget of *ration*."""
        budget = self._budgets.get(ration.name)
        if budget is None:
            budget = self._budgets[ration.name] = RequestBudget(ration.limit, ration.window_s)
        return budget
