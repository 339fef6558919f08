"""What the checker found: each violation with the invariant it breaks, a sentence, and its evidence."""

from collections.abc import Callable
from typing import Final

from attrs import define, field, frozen

KEPT_MAX: Final = 20
"""Violations that are kept of one world: the first ones tell, the rest follows from them."""


@frozen
class Violation:
    """*invariant* is its id, *at_s* the virtual time at which it showed."""

    invariant: str
    at_s: float
    text: str
    evidence: str = ""

    def __str__(self) -> str:
        return f"{self.invariant} at {self.at_s:.3f} s: {self.text}{f' [{self.evidence}]' if self.evidence else ''}"


@define(eq=False)
class Findings:
    """The violations of one world, in the order in which they showed; *now_s* tells the virtual time."""

    now_s: Callable[[], float]
    violations: list[Violation] = field(factory=list)
    checks: dict[str, int] = field(factory=dict)
    """How often each invariant was looked at: one that never was has not been tested."""

    def require(self, holds: bool, invariant: str, text: str, evidence: object = "") -> bool:
        """Note that *invariant* was looked at, and a violation unless it *holds*; return whether it does."""
        self.checks[invariant] = self.checks.get(invariant, 0) + 1
        if not holds and len(self.violations) < KEPT_MAX:
            self.violations.append(Violation(invariant, self.now_s(), text, str(evidence)[:600]))
        return holds
