"""Telling a person who is not looking, as a port."""

from typing import Protocol

from attrs import frozen

from genesis.domain.units import Mts
from genesis.ports.errors import GenesisError
from genesis.ports.monitor import Category, Severity


@frozen
class Notice:
    """What a person should hear of: *name* is dotted, *text* one line without secrets, *source* tells who speaks.

    Notices with the same *key* say the same again. Of those *about* the same thing the last one says how it is now.
    """

    key: str
    name: str
    category: Category
    severity: Severity
    text: str
    source: str
    mts: Mts
    about: str = ""


class Undelivered(GenesisError):
    """A notice did not arrive, or nobody knows whether it did; the text holds no secret.

    *is_final* says that the same will fail again; otherwise *retry_after_s* is what the other side asked for, or 0.
    """

    def __init__(self, text: str, *, is_final: bool = False, retry_after_s: float = 0.0) -> None:
        self.is_final = is_final
        self.retry_after_s = retry_after_s
        super().__init__(text)


class AlertChannel(Protocol):
    """One way to reach people."""

    @property
    def name(self) -> str:
        """What it is called in metrics."""

    async def deliver(self, notice: Notice) -> None:
        """Deliver within a bounded time, and return once the other side has taken it; raises `Undelivered`.

        A notice may arrive twice where an answer was lost, and says the same both times. Cancelling it leaves nothing
        open.
        """
