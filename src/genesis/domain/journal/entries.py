"""What a journal holds besides events and decisions: what a session is."""

from enum import Enum
from typing import Final, NamedTuple, TypeAlias

from attrs import field, frozen

from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import Decision, Event, Reasons, Submit
from genesis.domain.exchange.orders import Account
from genesis.domain.execution.plans import Market, Plan
from genesis.domain.execution.protection import Protection
from genesis.domain.instrument import Instrument
from genesis.domain.order import Cid, OrderRequest
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.risk.limits import AccountLimits
from genesis.domain.saved import LATER, Saved
from genesis.domain.units import PPB, Atoms, Ppb

FORMAT: Final = 7
"""The version of the encoding; it rises when a text of before would read otherwise."""

DRY: Final = "live, dry run"
"""The mode of a live session of which no order leaves."""


@frozen
class BudgetBegan:
    """The budget of a strategy in words: its expressions are built anew by name.

    *window* 0 is no volatility target, an empty *regime* no regime budget; *cap* is the largest scale by volatility.
    """

    timeframe: str
    target: Ppb
    window: int
    regime: str
    shares: tuple[tuple[float, Ppb], ...]
    cap: Ppb = field(default=Ppb(PPB), metadata={LATER: True})


@frozen
class StrategyBegan:
    """One strategy of a session, and what it began with.

    *params* are names with the exact text of their values; *expression* is what the strategy built, so that a strategy
    that was changed since is noticed.
    """

    name: str
    strategy: str
    params: tuple[tuple[str, str], ...]
    expression: str
    instrument: Instrument
    size: float
    limits: RiskLimits
    cash: Atoms
    plan: Plan = field(factory=Market)
    protection: Protection | None = None
    enabled: bool = True
    budget: BudgetBegan | None = None

    def describes(self, desk: DeskSettings) -> str:
        """Return in what *desk* differs from that of the session, empty when in nothing."""
        for name, ours, theirs in (
            ("expression", self.expression, str(desk.strategy)),
            ("instrument", self.instrument, desk.instrument),
            ("size", self.size, desk.size),
            ("limits", self.limits, desk.limits),
        ):
            if ours != theirs:
                return f"the {name} of {self.name} was {ours} and is {theirs}"
        return ""


@frozen
class SessionBegan:
    """Everything that made a session besides its events: with them it can be run again.

    *owner* is whose account it is at the exchange, 0 where nobody has to have one; *code* is the SHA-256 of the code,
    empty in older journals.
    """

    format: int
    version: str
    mode: str
    strategies: tuple[StrategyBegan, ...]
    limits: AccountLimits
    account: Account
    needs_account: bool
    first_cid: Cid
    fee: Ppb
    slippage: Ppb
    data_sha256: str
    owner: int = 0
    code: str = field(default="", metadata={LATER: True})


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


class RecordedSubmit(NamedTuple):
    """A `Submit` as a journal gives it back: the order is a request again, so what was read can never be sent."""

    order: OrderRequest
    reasons: Reasons
    strategy: str
    undertaking: int
    wished: Atoms | None


SessionMark: TypeAlias = SessionBegan | SessionEnded
Entry: TypeAlias = SessionMark | Saved | Event | Decision
"""What can be written."""

RecordedDecision: TypeAlias = RecordedSubmit | Decision
RecordedEntry: TypeAlias = SessionMark | Saved | Event | RecordedDecision
"""What can be read."""


def recorded(entry: Entry) -> RecordedEntry:
    """Return *entry* as a journal gives it back."""
    return RecordedSubmit(entry.order.order, *entry[1:]) if isinstance(entry, Submit) else entry
