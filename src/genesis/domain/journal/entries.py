"""What a journal holds besides events and decisions: what a session is, and what became of each order."""

from enum import Enum
from typing import Final, NamedTuple, TypeAlias

from attrs import frozen

from genesis.domain.core import CoreSettings
from genesis.domain.events import Decision, Event, Reasons, Submit
from genesis.domain.instrument import Instrument
from genesis.domain.order import Cid, OrderRequest
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.units import Atoms, Ppb

FORMAT: Final = 2
"""The version of the encoding; it rises when a text of before would read otherwise."""


@frozen
class SessionBegan:
    """Everything that made a session besides its events: with them it can be run again.

    *params* are names with the exact text of their values; *expression* is what the strategy built, so that a strategy
    that was changed since is noticed.
    """

    format: int
    version: str
    mode: str
    strategy: str
    params: tuple[tuple[str, str], ...]
    expression: str
    instrument: Instrument
    size: float
    limits: RiskLimits
    cash: Atoms
    first_cid: Cid
    fee: Ppb
    slippage: Ppb
    data_sha256: str

    def describes(self, settings: CoreSettings) -> str:
        """Return in what *settings* differ from those of the session, empty when in nothing."""
        for name, ours, theirs in (
            ("expression", self.expression, str(settings.strategy)),
            ("instrument", self.instrument, settings.instrument),
            ("size", self.size, settings.size),
            ("limits", self.limits, settings.limits),
        ):
            if ours != theirs:
                return f"the {name} was {ours} and is {theirs}"
        return ""


class SessionEnd(Enum):
    """Why a session ended."""

    DATA_ENDED = "data_ended"
    STOPPED = "stopped"
    KILLED = "killed"
    FAILED = "failed"


class SessionEnded(NamedTuple):
    """The session came to an orderly end; a journal without it was cut by a crash."""

    end: SessionEnd
    reason: str = ""


class OrderSending(NamedTuple):
    """The order is about to leave: from here on it may have left."""

    cid: Cid


class OrderSent(NamedTuple):
    """The gateway took the order without an error."""

    cid: Cid


class OrderNotSent(NamedTuple):
    """Proof that the order did not reach the exchange."""

    cid: Cid
    reason: str


class OrderRefused(NamedTuple):
    """The exchange, or whoever carries orders to it, refused the order for good."""

    cid: Cid
    reason: str


class OrderUnknown(NamedTuple):
    """The order may have reached the exchange."""

    cid: Cid
    reason: str


class RecordedSubmit(NamedTuple):
    """A `Submit` as a journal gives it back: the order is a request again, so what was read can never be sent."""

    order: OrderRequest
    reasons: Reasons


OrderStage: TypeAlias = OrderSending | OrderSent | OrderNotSent | OrderRefused | OrderUnknown
SessionMark: TypeAlias = SessionBegan | SessionEnded
Entry: TypeAlias = SessionMark | Event | Decision | OrderStage
"""What can be written."""

RecordedDecision: TypeAlias = RecordedSubmit | Decision
RecordedEntry: TypeAlias = SessionMark | Event | RecordedDecision | OrderStage
"""What can be read."""


def recorded(entry: Entry) -> RecordedEntry:
    """Return *entry* as a journal gives it back."""
    return RecordedSubmit(entry.order.order, entry.reasons) if isinstance(entry, Submit) else entry
