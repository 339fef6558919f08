"""What an optimistic assumption would have added to a result: the entries of the optimism ledger."""

from attrs import frozen

from genesis.domain.units import Atoms


@frozen
class Optimism:
    """One assumption, and the final equity that the run would show under it; money in atoms of the quote currency.

    None is an equity that outgrew what the engine counts: with such an assumption, money would be for the taking.
    """

    name: str
    meaning: str
    final_equity: Atoms | None
    difference: int | None
    """What the assumption adds to the final equity."""
    points: float | None
    """What it adds to the total return, in percentage points."""


def optimism(
    name: str, meaning: str, final_equity: Atoms | None, honest_equity: Atoms, initial_cash: Atoms
) -> Optimism:
    """Return the entry of an assumption under which the run ends with *final_equity* instead of *honest_equity*."""
    if final_equity is None:
        return Optimism(name, meaning, None, None, None)
    difference = final_equity - honest_equity
    points = difference / initial_cash * 100.0 if initial_cash else 0.0
    return Optimism(name, meaning, final_equity, difference, points)
