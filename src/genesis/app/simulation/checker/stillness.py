"""A process that stood still sends nothing on what it knew before (A30): reckoned from journal, wire and when it stood.

Source of the rules: `docs/live.md`, "What stops it by itself".
"""

from typing import Final

from attrs import define

from genesis.app.simulation.checker.findings import Findings

OLD_AFTER_S: Final = 1.0
LOST_AFTER_S: Final = 5.0
SLACK_S: Final = 1.0
"""A watchdog that beats once a second sees a pause of so much more."""


@define(eq=False)
class StillnessView:
    """Follows one process at a time."""

    findings: Findings
    _old_before_s: float | None = None
    """Until when the process last stood still for too long for what it had decided on."""
    _lost_before_s: float | None = None
    """Until when it last stood still for too long to trust what it knew of the account."""
    _shown_s: float | None = None

    def process_began(self) -> None:
        """Forget what only the process before could know."""
        self._old_before_s = self._lost_before_s = self._shown_s = None

    def stood_still(self, seconds: float) -> None:
        """Take that nothing ran for so long, until now."""
        now_s = self.findings.now_s()
        if seconds > OLD_AFTER_S + SLACK_S:
            self._old_before_s = now_s
        if seconds > LOST_AFTER_S + SLACK_S:
            self._lost_before_s = now_s

    def shown(self) -> None:
        """Take that a look at the account became durable."""
        self._shown_s = self.findings.now_s()

    def left(self, cid: int, decided_s: float) -> None:
        """Take that an order leaves that became durable then."""
        require, old_s, lost_s = self.findings.require, self._old_before_s, self._lost_before_s
        if old_s is not None:
            require(decided_s >= old_s, "I7", f"order {cid} left, which was decided before the process stood still")
        if lost_s is not None:
            was_shown = self._shown_s is not None and self._shown_s >= lost_s
            require(was_shown, "I8", f"order {cid} left before the account was looked at after the process stood still")
