"""Timers ring by the exchange's time (I33): whatever people do to the clock of the machine, not early and not late."""

from heapq import heappop, heappush
from typing import Final

from attrs import define, field

from genesis.app.simulation.checker.findings import Findings

LATE_MS_MAX: Final = 120_000
"""By how much a timer may ring late: disks are slow, and processes stand still."""

EARLY_MS_MAX: Final = 60_000
"""By how much the time that is told may be ahead: as far as the clock of a machine that trades."""


@define(eq=False)
class TimerView:
    """Follows the timers of one process at a time: those that it sets once it was shown its account.

    What its recovery decides is written down alone, and gone on with after that look.
    """

    findings: Findings
    _due: list[int] = field(factory=list)
    _was_shown: bool = True

    def process_began(self) -> None:
        """Forget the timers of the process before: they ended with it."""
        self._due.clear()
        self._was_shown = False

    def shown(self) -> None:
        """Take that the account was looked at."""
        self._was_shown = True

    def set(self, due: int) -> None:
        """Take that a timer was set."""
        if self._was_shown:
            heappush(self._due, due)

    def rang(self, told: int, now: int) -> None:
        """Take that the core was told a time; *now* is the exchange's."""
        self.findings.require(told <= now + EARLY_MS_MAX, "I33", f"the core was told {told} at {now}")
        while self._due and self._due[0] <= told:
            heappop(self._due)

    def look(self, now: int) -> None:
        """Require that no timer waits that is long due."""
        if self._due and self._due[0] < now - LATE_MS_MAX:
            due = heappop(self._due)
            self.findings.require(False, "I33", f"a timer for {due} had not rung at {now}")
