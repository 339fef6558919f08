"""The kill latch, as a port: one fact that outlives every process."""

from typing import Protocol


class KillLatch(Protocol):
    """Set by a person, or by what acts for one; while it is set nothing is sent but cancels."""

    def prepare(self) -> None:
        """See to it, as far as that can be done now, that `pull` needs no room on any disk."""

    def reason(self) -> str | None:
        """Return why the latch is set, None while it is not; microseconds, so that it can be asked before each order.

        What cannot be read counts as set.
        """

    def was_pulled(self) -> bool:
        """Whether somebody set it; False where it merely cannot be read, which is nobody's wish."""

    def announce(self, reason: str) -> None:
        """Count as set in this process from now on, until `reset`; asks no disk, so it never waits and never fails."""

    def pull(self, reason: str) -> None:
        """Set the latch, whatever else fails; pulling it again keeps the first reason.

        Raises `StoreError` only when it could not be set at all.
        """

    def reset(self) -> None:
        """Take the latch away, durably; raises `StoreError` when it is still there."""
