"""The kill latch in memory, for simulations and tests."""


class MemoryKillLatch:
    """A latch that lives as long as this object."""

    def __init__(self) -> None:
        self._reason: str | None = None

    def prepare(self) -> None:
        """Do nothing: it takes no room."""

    def reason(self) -> str | None:
        return self._reason

    def was_pulled(self) -> bool:
        return self.reason() is not None

    def announce(self, reason: str) -> None:
        self.pull(reason)

    def pull(self, reason: str) -> None:
        self._reason = self._reason or reason or "no reason was written"

    def reset(self) -> None:
        self._reason = None
