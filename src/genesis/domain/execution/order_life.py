"""The life of an order: a literal table, and the facts that moved the order through it.

    INTENT ► SENDING ► WORKING ► PARTIAL ► FILLED | CANCELED | REJECTED
       └► NOT_SENT └► UNKNOWN ─┘ (left only by evidence) ─► ABSENT

The evidence is the exchange's, or, once that has no more of it, a person's word.
Pairs that are not in the table raise. Frames of one order come in any order and more than once, so the facts are kept
as sets and maxima, and the same facts end in the same life, whatever came first. A status that ended never changes;
money is stronger than status: a match is booked whenever it comes, each trade id once, and one that should not exist
shows in `contradiction`. A match of what a person vouched for takes the place of as much of their word.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final, NamedTuple, TypeAlias, assert_never

from genesis.domain.execution.evidence import (
    Accepted,
    AnswerLost,
    Closed,
    Evidence,
    NothingLeft,
    ProvenAbsent,
    Refused,
    SendBegan,
    Traded,
    Vouched,
)
from genesis.domain.order import OrderId, OrderRequest
from genesis.domain.units import Atoms, format_atoms

_TERMINAL: Final = frozenset({"filled", "canceled", "rejected", "not_sent", "absent"})


class Status(Enum):
    """Where an order stands; *is_terminal* says that this never changes any more."""

    is_terminal: bool

    # Members are one object each, and an Enum of its own hashes its name, in Python, at every look into the table.
    __hash__ = object.__hash__

    INTENT = "intent"
    SENDING = "sending"
    UNKNOWN = "unknown"
    WORKING = "working"
    PARTIAL = "partial"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    ABSENT = "absent"

    def __init__(self, value: str) -> None:
        self.is_terminal = value in _TERMINAL


class Step(Enum):
    """What a piece of evidence means for the status."""

    __hash__ = object.__hash__  # as above

    SEND_BEGAN = "send_began"
    NOTHING_LEFT = "nothing_left"
    ANSWER_LOST = "answer_lost"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    PART_FILLED = "part_filled"
    WHOLE_FILLED = "whole_filled"
    CANCELED = "canceled"
    PROVEN_ABSENT = "proven_absent"
    VOUCHED_ABSENT = "vouched_absent"
    VOUCHED_FILLED = "vouched_filled"
    VOUCHED_ENDED = "vouched_ended"


_NEVER_FILLED: Final = frozenset({Status.REJECTED, Status.NOT_SENT, Status.ABSENT})

_BEFORE_EVIDENCE: Final = frozenset({Status.INTENT, Status.SENDING, Status.UNKNOWN})

TRANSITIONS: Final[Mapping[tuple[Status, Step], Status]] = {
    (Status.INTENT, Step.SEND_BEGAN): Status.SENDING,
    (Status.INTENT, Step.NOTHING_LEFT): Status.NOT_SENT,
    #
    (Status.SENDING, Step.NOTHING_LEFT): Status.NOT_SENT,
    (Status.SENDING, Step.ANSWER_LOST): Status.UNKNOWN,
    (Status.SENDING, Step.ACCEPTED): Status.WORKING,
    (Status.SENDING, Step.REFUSED): Status.REJECTED,
    (Status.SENDING, Step.PART_FILLED): Status.PARTIAL,  # filled before its acknowledgement was read
    (Status.SENDING, Step.WHOLE_FILLED): Status.FILLED,
    (Status.SENDING, Step.CANCELED): Status.CANCELED,
    #
    (Status.UNKNOWN, Step.ANSWER_LOST): Status.UNKNOWN,
    (
        Status.UNKNOWN,
        Step.ACCEPTED,
    ): Status.WORKING,  # an acknowledgement after the deadline, or a look-up that found it
    (Status.UNKNOWN, Step.REFUSED): Status.REJECTED,
    (Status.UNKNOWN, Step.PART_FILLED): Status.PARTIAL,
    (Status.UNKNOWN, Step.WHOLE_FILLED): Status.FILLED,
    (Status.UNKNOWN, Step.CANCELED): Status.CANCELED,
    (Status.UNKNOWN, Step.PROVEN_ABSENT): Status.ABSENT,
    (Status.UNKNOWN, Step.VOUCHED_ABSENT): Status.ABSENT,
    (Status.UNKNOWN, Step.VOUCHED_FILLED): Status.FILLED,
    (Status.UNKNOWN, Step.VOUCHED_ENDED): Status.CANCELED,
    #
    (Status.WORKING, Step.ANSWER_LOST): Status.WORKING,  # the order showed itself before its answer got lost
    (Status.WORKING, Step.ACCEPTED): Status.WORKING,
    (Status.WORKING, Step.PART_FILLED): Status.PARTIAL,
    (Status.WORKING, Step.WHOLE_FILLED): Status.FILLED,
    (Status.WORKING, Step.CANCELED): Status.CANCELED,
    (Status.WORKING, Step.VOUCHED_FILLED): Status.FILLED,
    (Status.WORKING, Step.VOUCHED_ENDED): Status.CANCELED,
    #
    (Status.PARTIAL, Step.ANSWER_LOST): Status.PARTIAL,
    (Status.PARTIAL, Step.ACCEPTED): Status.PARTIAL,
    (Status.PARTIAL, Step.PART_FILLED): Status.PARTIAL,
    (Status.PARTIAL, Step.WHOLE_FILLED): Status.FILLED,
    (Status.PARTIAL, Step.CANCELED): Status.CANCELED,
    (Status.PARTIAL, Step.VOUCHED_FILLED): Status.FILLED,
    (Status.PARTIAL, Step.VOUCHED_ENDED): Status.CANCELED,
    # What ended stays as it ended. Late frames, repeated frames and late fills pass.
    (Status.FILLED, Step.ANSWER_LOST): Status.FILLED,
    (Status.FILLED, Step.ACCEPTED): Status.FILLED,
    (Status.FILLED, Step.PART_FILLED): Status.FILLED,
    (Status.FILLED, Step.WHOLE_FILLED): Status.FILLED,
    (Status.FILLED, Step.CANCELED): Status.FILLED,
    (Status.FILLED, Step.VOUCHED_FILLED): Status.FILLED,  # how it ended is known, but not all of its matches
    (Status.CANCELED, Step.ANSWER_LOST): Status.CANCELED,
    (Status.CANCELED, Step.ACCEPTED): Status.CANCELED,
    (Status.CANCELED, Step.PART_FILLED): Status.CANCELED,
    (Status.CANCELED, Step.WHOLE_FILLED): Status.CANCELED,
    (Status.CANCELED, Step.CANCELED): Status.CANCELED,
    (Status.CANCELED, Step.VOUCHED_ENDED): Status.CANCELED,
    (Status.REJECTED, Step.ANSWER_LOST): Status.REJECTED,
    (Status.REJECTED, Step.REFUSED): Status.REJECTED,
    (Status.REJECTED, Step.PART_FILLED): Status.REJECTED,  # booked, and a contradiction
    (Status.REJECTED, Step.WHOLE_FILLED): Status.REJECTED,
    (Status.NOT_SENT, Step.NOTHING_LEFT): Status.NOT_SENT,
    (Status.NOT_SENT, Step.PART_FILLED): Status.NOT_SENT,
    (Status.NOT_SENT, Step.WHOLE_FILLED): Status.NOT_SENT,
    (Status.ABSENT, Step.ANSWER_LOST): Status.ABSENT,
    (Status.ABSENT, Step.PROVEN_ABSENT): Status.ABSENT,
    (Status.ABSENT, Step.PART_FILLED): Status.ABSENT,
    (Status.ABSENT, Step.WHOLE_FILLED): Status.ABSENT,
}


VOUCHED: Final = "VOUCHED"
"""How an order ended for which a person gave their word, where the exchange has words such as CANCELED."""

NOBODYS_ID: Final = OrderId(0)
"""Of an order that a person says was filled, and of which the exchange never told an id."""


class ImpossibleStep(ValueError):
    """Evidence that cannot be true of an order in its status: stop, and have a person look."""


class ContradictingEvidence(ValueError):
    """Two pieces of evidence about one fact that differ: two exchange ids, two ends, two sizes of one trade."""


class OrderLife(NamedTuple):
    """An order, where it stands, and the facts that prove it.

    *trades* are its matches by rising trade id; *filled_reported* is the most that any report said; *reason* is why it
    was refused, not sent, proven absent, or vouched for.
    """

    order: OrderRequest
    status: Status = Status.INTENT
    id: OrderId | None = None
    trades: tuple[Traded, ...] = ()
    filled_reported: Atoms = Atoms(0)
    closing: Closed | None = None
    reason: str = ""

    @property
    def filled(self) -> Atoms:
        """The atoms of its matches, each trade id counted once."""
        return _filled(self.trades)

    @property
    def filled_unbooked(self) -> Atoms:
        """The atoms that the exchange reported as filled and whose matches have not come yet."""
        reported = self.filled_reported
        return Atoms(max(0, reported - self.filled)) if reported else reported

    @property
    def at_risk(self) -> Atoms:
        """The atoms that may still fill or be booked: what exposure must count at its worst."""
        if self.status.is_terminal:
            return self.filled_unbooked
        return Atoms(max(0, self.order.amount - self.filled))

    @property
    def to_book(self) -> Atoms:
        """The atoms that the ledger may still see: those at risk, and those matched whose fee was not told yet."""
        return Atoms(self.at_risk + sum(trade.amount for trade in self.trades if trade.fee is None))

    @property
    def fee_is_known(self) -> bool:
        """Whether every match has told its fee."""
        return None not in [trade.fee for trade in self.trades]

    @property
    def vouched(self) -> Traded | None:
        """The match that stands for what a person says was filled, as far as the exchange has not told of it."""
        return self.trades[0] if self.trades and self.trades[0].trade_id < 0 else None

    @property
    def contradiction(self) -> str:
        """What the facts say that cannot be, as a sentence; empty when they agree."""
        if not self.trades:
            return ""
        filled = self.filled
        if filled > self.order.amount:
            return f"filled {format_atoms(filled)} of {format_atoms(self.order.amount)} ordered"
        if self.closing is not None and filled > self.closing.filled:
            end = self.closing
            return f"filled {format_atoms(filled)}, but ended as {end.status} with {format_atoms(end.filled)}"
        if filled and self.status in _NEVER_FILLED:
            return f"filled {format_atoms(filled)}, but is {self.status.value}: {self.reason}"
        return ""


def advance(life: OrderLife, evidence: Evidence) -> OrderLife:
    """Return the life after *evidence*.

    Raises `ImpossibleStep` for a pair that the table does not have, `ContradictingEvidence` for a fact that differs
    from the same fact known before.
    """
    step, facts = _read(life, evidence)
    status = TRANSITIONS.get((life.status, step))
    if status is None:
        raise ImpossibleStep(f"order {life.order.cid} is {life.status.value}: {step.value} cannot follow ({evidence})")
    return OrderLife(life.order, status, *facts)


def knows(life: OrderLife, evidence: Evidence) -> bool:
    """Return whether *evidence* is a fact that *life* has: what is told again and again changes nothing."""
    match evidence:
        case Traded():
            return evidence in life.trades
        case Closed():
            return life.closing == evidence
        case Accepted(id, filled):
            return life.id == id and filled <= life.filled_reported and life.status not in _BEFORE_EVIDENCE
        case _:
            return False


_Facts: TypeAlias = tuple[OrderId | None, tuple[Traded, ...], Atoms, Closed | None, str]
"""What an `OrderLife` has besides its order and status, in the same order."""


def _read(life: OrderLife, evidence: Evidence) -> tuple[Step, _Facts]:
    """Return what *evidence* means for the status, and the facts with it."""
    order, _, order_id, trades, reported, closing, reason = life
    match evidence:
        case Traded():
            order_id, trades = _same_id(life, evidence.order_id), _with_trade(life, evidence)
            step = _step_by(max(_filled(trades), reported), order)
            closing = closing and _named(closing, order_id)
        case SendBegan():
            step = Step.SEND_BEGAN
        case Accepted(found, filled):
            if closing is not None and closing.status == VOUCHED:
                raise ContradictingEvidence(f"order {order.cid} is shown as {found}, but a person vouched: {reason}")
            order_id, reported = _same_id(life, found), max(reported, filled)
            step = _step_by(max(_filled(trades), reported), order)
        case Closed(found, filled):
            if closing is not None and closing != evidence and not _is_vouched(closing, filled):
                raise ContradictingEvidence(f"order {order.cid} ended as {closing} and as {evidence}")
            order_id, reported, closing = _same_id(life, found), max(reported, filled), evidence
            step = Step.WHOLE_FILLED if filled >= order.amount else Step.CANCELED
        case AnswerLost():
            step = Step.ANSWER_LOST
        case Refused(said):
            step, reason = Step.REFUSED, reason or said
        case NothingLeft(said):
            step, reason = Step.NOTHING_LEFT, reason or said
        case ProvenAbsent(said):
            step, reason = Step.PROVEN_ABSENT, reason or said
        case Vouched(said, filled):
            step = _step_vouched(life, filled)
            trades, reported, reason = _with_vouched(life, evidence), filled, reason or said
            closing = closing or Closed(order_id or NOBODYS_ID, filled, VOUCHED)
        case _:
            assert_never(evidence)
    return step, (order_id, trades, reported, closing, reason)


def _step_by(filled: int, order: OrderRequest) -> Step:
    if filled >= order.amount:
        return Step.WHOLE_FILLED
    return Step.PART_FILLED if filled else Step.ACCEPTED


def _named(closing: Closed, found: OrderId) -> Closed:
    """Return how an order ended with its id, which a person who vouched for it may not have known."""
    return closing._replace(id=found) if closing.status == VOUCHED else closing


def _is_vouched(closing: Closed, filled: int) -> bool:
    """Whether a person said of an order what the exchange, after all, says too."""
    return closing.status == VOUCHED and closing.filled == filled


def _step_vouched(life: OrderLife, filled: int) -> Step:
    if filled >= life.order.amount:
        return Step.VOUCHED_FILLED
    return Step.VOUCHED_ABSENT if not filled and life.id is None else Step.VOUCHED_ENDED


def _with_vouched(life: OrderLife, word: Vouched) -> tuple[Traded, ...]:
    """Return the matches whose fees are known, and one for all else that a person says was filled."""
    order = life.order
    booked = tuple(trade for trade in life.trades if trade.fee is not None)
    left = word.filled - _filled(booked)
    most = order.amount
    differs = life.closing is not None and life.closing.filled != word.filled
    if left < 0 or word.filled > most or (left and word.price is None) or differs:
        text = f"{format_atoms(word.filled)} of {format_atoms(most)}, {format_atoms(_filled(booked))} booked"
        raise ContradictingEvidence(f"order {order.cid}: nobody can vouch for {text}, at {word.price}")
    if not left or word.price is None:
        return booked
    match = Traded(-order.cid, life.id or NOBODYS_ID, order.mts, Atoms(left), word.price, word.fee)
    return (match, *booked)


def _filled(trades: tuple[Traded, ...]) -> Atoms:
    if len(trades) == 1:  # as most orders have it: this is asked several times for each of a backtest
        return trades[0].amount
    return Atoms(sum(trade.amount for trade in trades)) if trades else Atoms(0)


def _same_id(life: OrderLife, found: OrderId) -> OrderId:
    if life.id not in (None, found):
        raise ContradictingEvidence(f"order {life.order.cid} has the exchange ids {life.id} and {found}: sent twice?")
    return found


def _with_trade(life: OrderLife, new: Traded) -> tuple[Traded, ...]:
    if not life.trades:
        return (new,)
    known = {trade.trade_id: trade for trade in life.trades}
    old = known.get(new.trade_id)
    if old is not None:
        fees_differ = old.fee is not None and new.fee is not None and old.fee != new.fee
        if fees_differ or (old.amount, old.price) != (new.amount, new.price):
            raise ContradictingEvidence(f"order {life.order.cid}: trade {new.trade_id} is {old} and {new}")
        new = old if new.fee is None else new
    elif (word := life.vouched) is not None:
        if new.fee is None:
            return (
                life.trades
            )  # what a person vouched for is booked, and this is of it: with its fee it takes its place
        del known[word.trade_id]
        if word.amount > new.amount:
            left = Atoms(word.amount - new.amount)
            known[word.trade_id] = word._replace(amount=left, order_id=new.order_id)
    known[new.trade_id] = new
    return tuple(known[trade_id] for trade_id in sorted(known))
