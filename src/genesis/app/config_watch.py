"""Keeps a running process in step with the configuration: what others apply counts here, what others edit is told."""

from pathlib import Path
from typing import Final

from genesis.app.config_authority import ConfigAuthority
from genesis.app.config_file import drift_of
from genesis.domain.config_history import History
from genesis.ports.clock import Clock
from genesis.ports.errors import StoreError
from genesis.ports.monitor import MonitorFeed

EVERY_S: Final = 1.0


class ConfigWatch:
    """Looks at the log and the files once a second.

    *source* is a file of the user's that the session began with, *began* its hash then.
    """

    def __init__(
        self,
        authority: ConfigAuthority,
        clock: Clock,
        feed: MonitorFeed,
        source: Path | None = None,
        began: str = "",
    ) -> None:
        self._authority = authority
        self._clock = clock
        self._feed = feed
        self._source = source
        self._began = began
        self._told = ""

    async def run(self) -> None:
        """Watch until cancelled; what cannot be read is told once and tried again, and what is known stays in force."""
        while True:
            try:
                await self._authority.refresh()
                await self._authority.check_file()
                self._look_at_source()
            except StoreError as error:
                self._tell("config.unreadable", str(error))
            await self._clock.sleep(EVERY_S)

    def _look_at_source(self) -> None:
        if self._source is None:
            return
        drift = drift_of(self._source, History(tuple(self._authority.history())))
        if drift is None or drift.hash == self._began:
            self._told = ""
            return
        self._tell("config.drift", f"{self._source} was edited; what the session runs with stays until config.apply")

    def _tell(self, name: str, reason: str) -> None:
        """Note *reason* as an alarm, once until it changes."""
        if reason != self._told:
            self._feed.note("config", name, {"reason": reason}, "error")
        self._told = reason
