"""What the core hears and what it answers: plain values, in the order in which they happened."""

from enum import Enum
from typing import NamedTuple, TypeAlias

from genesis.domain.candle import Candle
from genesis.domain.execution.evidence import Evidence
from genesis.domain.execution.look import Look
from genesis.domain.execution.plans import Undertaking
from genesis.domain.fill import Fill
from genesis.domain.link import LinkState
from genesis.domain.order import Cid, OrderId, Side
from genesis.domain.risk.gate import Approved
from genesis.domain.risk.guards import Breach, OnBreach, RiskLimits
from genesis.domain.risk.limits import AccountLimits
from genesis.domain.risk.refusal import RefusalCode
from genesis.domain.units import PPB, Atoms, Currency, Mts, Ppb, Price, Symbol, format_atoms


class CandleClosed(NamedTuple):
    """A candle is complete; it is the one event on which a strategy decides."""

    symbol: Symbol
    candle: Candle


class Quote(NamedTuple):
    """The best bid and ask, as a market order would meet them now.

    *cids* are client order ids for the orders that it may lead to, as many as were asked for; where ids need not be
    asked for there are none, and the core counts. *age_ms* is for how long the book had told nothing new, by a clock
    that nobody sets.
    """

    symbol: Symbol
    mts: Mts
    bid: Price
    ask: Price
    cids: tuple[Cid, ...] = ()
    age_ms: int = 0


class MarginCharged(NamedTuple):
    """The exchange took *amount* of the quote currency for what is borrowed to hold a position in *symbol*."""

    mts: Mts
    symbol: Symbol
    amount: Atoms


class Liquidated(NamedTuple):
    """The exchange closed a position of ours, for the margin was too small; no order of ours did."""

    fill: Fill


class OrderReported(NamedTuple):
    """One fact about one of our orders, from whoever sent it, from the account's stream, or from a look-up."""

    mts: Mts
    symbol: Symbol
    cid: Cid
    evidence: Evidence


class AccountShown(NamedTuple):
    """The whole account as the exchange showed it: at the start, after every reconnect, and every so often."""

    mts: Mts
    look: Look


class TimePassed(NamedTuple):
    """Nothing happened, but it is *mts* now: timers that are due run."""

    mts: Mts


class Asked(Enum):
    """What an operator can ask for; a resume lifts halts and reduce-only, and switches nothing on."""

    HALT = "halt"
    RESUME = "resume"
    REDUCE_ONLY = "reduce_only"
    BOTH_WAYS = "both_ways"
    FLATTEN = "flatten"
    CANCEL = "cancel"
    CANCEL_ALL = "cancel_all"
    STRATEGY_ON = "strategy_on"
    STRATEGY_OFF = "strategy_off"


class OperatorAsked(NamedTuple):
    """An operator wants something; *target* is a strategy's name, a cid, or empty for all there is."""

    mts: Mts
    asked: Asked
    target: str
    reason: str


class LimitsApplied(NamedTuple):
    """The account's limits are these from now on, for whatever is sent next."""

    mts: Mts
    limits: AccountLimits


class StrategyLimitsApplied(NamedTuple):
    """The limits of one *strategy* are these from now on."""

    mts: Mts
    strategy: str
    limits: RiskLimits


class StrategyEnabled(NamedTuple):
    """The configuration enables a *strategy*, or no longer does; what an operator switched off stays off."""

    mts: Mts
    strategy: str
    is_enabled: bool


FromPerson: TypeAlias = OperatorAsked | LimitsApplied | StrategyLimitsApplied | StrategyEnabled
"""What a person has asked for, or has set in the configuration."""

Event: TypeAlias = (
    CandleClosed
    | Quote
    | OrderReported
    | MarginCharged
    | Liquidated
    | AccountShown
    | TimePassed
    | OperatorAsked
    | LimitsApplied
    | StrategyLimitsApplied
    | StrategyEnabled
    | LinkState
)


class RequestQuote(NamedTuple):
    """The core wants to send so many *orders* on *symbol* and needs the next quote to size them."""

    symbol: Symbol
    orders: int = 1


class Sized(NamedTuple):
    """The signed weight after one guard or budget, which *by* names."""

    by: str
    weight: Ppb


class Reasons(NamedTuple):
    """Why an order is what it is: the decision behind it, and the value of every node of the strategy then.

    *weight* is size × target; *sizes* what each budget and guard left of it, in their order; *budget* the share that
    the budgets allowed then.
    """

    mts: Mts
    target: float
    weight: Ppb
    sizes: tuple[Sized, ...]
    nodes: tuple[str, ...]
    values: tuple[float, ...]
    budget: Ppb = Ppb(PPB)


class Submit(NamedTuple):
    """Send this order of a strategy; *undertaking* is the larger order that it is part of, 0 where it is the whole.

    *wished* is its amount before it was cut to what one order may be and the cash pays for; None where nothing was cut.
    What was cut off follows later.
    """

    order: Approved
    reasons: Reasons
    strategy: str
    undertaking: int = 0
    wished: Atoms | None = None


class OrderRefused(NamedTuple):
    """A wish that did not leave, for nobody to carry out; *amount* is None where it was refused before it was sized."""

    mts: Mts
    symbol: Symbol
    strategy: str
    side: Side
    amount: Atoms | None
    code: RefusalCode
    observed: str
    allowed: str


class Reached(NamedTuple):
    """A strategy has what its *target* asks for at a *budget*, and no order had to leave for it."""

    strategy: str
    target: float
    budget: Ppb


class Undertaken(NamedTuple):
    """A strategy's order is carried out in parts, by a plan."""

    undertaking: Undertaking
    reasons: Reasons


class Settled(NamedTuple):
    """An undertaking is over; *left* of it was not filled."""

    undertaking: int
    left: Atoms


class Booked(NamedTuple):
    """A fill was booked for a strategy, once."""

    strategy: str
    fill: Fill


class Crossed(NamedTuple):
    """Two strategies of ours wanted opposite things: they traded with each other at the middle, free of fees.

    *bought_for* and *sold_for* are their reasons; what each of them books comes after this.
    """

    mts: Mts
    symbol: Symbol
    buyer: str
    seller: str
    amount: Atoms
    price: Price
    bought_for: Reasons
    sold_for: Reasons


class Adopted(NamedTuple):
    """The account has more or less of a currency than we knew, for a *cause*; it belongs to no strategy."""

    mts: Mts
    currency: Currency
    amount: int
    cause: str


class Cancel(NamedTuple):
    """Cancel this order of ours; *id* is the exchange's, None while it has not told one."""

    symbol: Symbol
    cid: Cid
    id: OrderId | None
    sent_mts: Mts
    reason: str


class LookUp(NamedTuple):
    """Find out what became of an order whose outcome is unknown: search until there is evidence either way."""

    symbol: Symbol
    cid: Cid
    sent_mts: Mts


class WakeAt(NamedTuple):
    """Send a `TimePassed` when it is *mts*, or as soon as it is later."""

    mts: Mts


class AlertCode(Enum):
    """Why the core wants a person to look."""

    MAX_DRAWDOWN = "max_drawdown"
    MAX_DAILY_LOSS = "max_daily_loss"
    LIQUIDATED = "liquidated"
    OPERATOR_HALT = "operator_halt"
    OPERATOR_RESUME = "operator_resume"
    ORDER_REJECTED = "order_rejected"
    ORDER_INCOMPLETE = "order_incomplete"
    ORDER_UNKNOWN = "order_unknown"
    ORDER_CONTRADICTION = "order_contradiction"
    JOURNAL_BEHIND = "journal_behind"
    SYMBOL_PAUSED = "symbol_paused"
    ACCOUNT_CHANGED = "account_changed"
    FOREIGN_ORDER = "foreign_order"
    OVERDRAWN = "overdrawn"
    STRATEGY_FAILED = "strategy_failed"
    POSITION_UNGUARDED = "position_unguarded"
    POSITION_GUARDED = "position_guarded"


class Alert(NamedTuple):
    """Something that a person should see, in one sentence; *strategy* is the one that failed, and halted with it."""

    mts: Mts
    code: AlertCode
    text: str
    strategy: str = ""


def breach_alert(mts: Mts, breach: Breach, equity: int, peak: int, on_breach: OnBreach = OnBreach.HALT) -> Alert:
    """Return the alert of a guard that was breached, with what follows from it."""
    follows = "flat and halted" if on_breach is OnBreach.HALT else "only reducing"
    text = f"{breach.value} breached: equity {format_atoms(equity)} after a peak of {format_atoms(peak)}; {follows}"
    return Alert(mts, AlertCode(breach.value), text)


def liquidation_alert(mts: Mts, equity: int) -> Alert:
    """Return the alert that the exchange closed a position; *equity* is what is left."""
    text = f"liquidated: the margin was too small; equity {format_atoms(equity)} is left; halted"
    return Alert(mts, AlertCode.LIQUIDATED, text)


Decision: TypeAlias = (
    RequestQuote
    | Submit
    | OrderRefused
    | Reached
    | Undertaken
    | Settled
    | Booked
    | Crossed
    | Cancel
    | LookUp
    | WakeAt
    | Adopted
    | Alert
)
