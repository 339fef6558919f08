"""How often an exchange may be asked, as a port: budgets that outlive a process and that processes share."""

from typing import Protocol

from genesis.domain.resilience import Priority, Ration


class Budget(Protocol):
    """One ration, for everybody on this host who asks the exchange; the rules are `RequestBudget`'s.

    A start or a block counts for every call, in whatever process, that begins after its own has returned: over
    restarts and kills, but not over the next boot of the machine, for times are seconds of its monotonic clock. Calls
    take microseconds and never fail: where what is shared cannot be had within a moment, each process goes by what it
    knows itself, for a cancel must not wait for a disk.
    """

    def start(self, now_s: float, priority: Priority) -> float:
        """Count a start and return 0 if a request may leave now; otherwise count none and return the wait in seconds.

        Asking and counting are one step: of two who ask for the last place one gets it.
        """

    def block(self, now_s: float, for_s: float) -> None:
        """Let nothing start for *for_s*, as the exchange asked; an earlier end never shortens a block."""


class Budgets(Protocol):
    """The budgets of one exchange, as seen from this host's address."""

    def of(self, ration: Ration) -> Budget:
        """Return the budget of *ration*: by its name the same for all."""
