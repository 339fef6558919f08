"""Maintenance that does not end: when to stop waiting for `20061`, and what the platform's status is worth.

Announced maintenance (`20060`) is a resynchronisation that the status need not show, so until it has lasted longer than
announced ones do the status is not asked. A platform that greets as not operative is asked at once.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, Protocol

from attrs import define

from genesis.ports.clock import Clock
from genesis.ports.errors import ExchangeError

POLL_S: Final = 5.0
"""Between two questions: 12 a minute, of the 30 that the exchange allows."""


class Paused(Protocol):
    """The part of a connection that waits for maintenance to end."""

    @property
    def wants_status(self) -> bool:
        """Whether the platform's status would tell it something."""

    def platform_said(self, is_operative: bool) -> None:
        """Take the platform's status."""


class StatusPoll:
    """Asks for the platform's status as long as a connection wants it. Give one to all streams of a process."""

    def __init__(self, is_operative: Callable[[], Awaitable[bool]], clock: Clock) -> None:
        """*is_operative* asks the exchange (`platform/status`), within a deadline of its own."""
        self._is_operative = is_operative
        self._clock = clock
        self._asked_s = -POLL_S
        self._answer: bool | None = None

    async def watch(self, line: Paused) -> None:
        """Tell *line* the status whenever it wants it, until cancelled; without an answer it hears nothing."""
        while True:
            await self._clock.sleep(POLL_S)
            if line.wants_status and (answer := await self._ask()) is not None:
                line.platform_said(answer)

    async def _ask(self) -> bool | None:
        """Return the status, which many may want and one asks for."""
        now_s = self._clock.monotonic_s()
        if now_s - self._asked_s >= POLL_S:
            self._asked_s, self._answer = now_s, None
            with suppress(ExchangeError):  # then nobody knows: the pause goes on, and the next question comes
                self._answer = await self._is_operative()
        return self._answer


@define
class Pause:
    """The maintenance of one connection, in seconds; *is_polled* says that somebody asks for the platform's status."""

    patience_s: float
    is_polled: bool
    _since_s: float = 0.0
    _is_announced: bool = False

    def begin(self, now_s: float, *, is_announced: bool) -> None:
        """Start to wait: maintenance was announced, or the platform greeted as not operative."""
        self._since_s, self._is_announced = now_s, is_announced

    def is_too_long(self, now_s: float) -> bool:
        """Whether to connect anew, for want of anything else that would tell."""
        return not self.is_polled and now_s - self._since_s >= self.patience_s

    def wants_status(self, now_s: float) -> bool:
        """Whether the platform's status says more than waiting does."""
        return self.is_polled and (not self._is_announced or now_s - self._since_s >= self.patience_s)
