"""Why an order is what it is, read from a journal: the decision behind it, what became of it, and when.

An order that the session of its decision left open is followed into the sessions that went on from there.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, assert_never

from attrs import define, field

from genesis.adapters.journal_sqlite.folder import journals
from genesis.adapters.journal_sqlite.reading import read_journal
from genesis.app.evidence_words import evidence_document, evidence_line
from genesis.app.json_output import JsonDocument
from genesis.app.replay import first_entry
from genesis.domain.events import AccountShown, Booked, LimitsApplied, OrderReported, Quote
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
from genesis.domain.execution.order_life import OrderLife
from genesis.domain.execution.reconciliation import facts
from genesis.domain.fill import Fill
from genesis.domain.instrument import Instrument
from genesis.domain.journal.chain import Row
from genesis.domain.journal.entries import RecordedEntry, RecordedSubmit, SessionBegan, StrategyBegan
from genesis.domain.risk.limits import AccountLimits
from genesis.domain.saved import Saved
from genesis.domain.units import Atoms, Price, format_atoms, format_scaled
from genesis.ports.errors import InputError

PPB_PERCENT_DECIMALS = 7


class Heard(NamedTuple):
    """A fact about the order, and how long after the decision it was first written down."""

    evidence: Evidence
    after_us: int


@define
class Explanation:
    """Everything journals say of one order; times are of the wall clock, in microseconds.

    It was decided within *limits*. *settled_in* names the journal of a later session that said something of it, empty
    while none did.
    """

    began: SessionBegan
    submit: RecordedSubmit
    quote: Quote | None
    limits: AccountLimits
    decided_us: int
    seq: int
    outcome: str = "not sent: the session was cut before it could leave"
    timings: list[tuple[str, int]] = field(factory=list)
    fills: list[Fill] = field(factory=list)
    settled_in: str = ""
    evidence: list[Heard] = field(factory=list)
    known: set[tuple[type[Evidence], Evidence]] = field(factory=set)

    @property
    def amounts(self) -> list[tuple[str, Atoms]]:
        """What was wished, and what each cut left of it; empty where nothing was cut."""
        wished, order, quote = self.submit.wished, self.submit.order, self.quote
        if wished is None or quote is None:
            return []
        largest = self.limits.within_one_order(_strategy(self).instrument, wished, quote.ask)
        return [("wish", wished), ("largest_order", largest), ("balance", order.amount)]


def explain(path: Path, cid: int) -> Explanation:
    """Return what the journal *path*, and those of later sessions beside it, say of the order *cid*.

    Raises `InputError` when the journal has no such order.
    """
    found = _decided(path, cid)
    for later in _later(path):
        if not _goes_on(found, later):
            break
    return found


def _later(path: Path) -> Iterator[Path]:
    """Yield the journals of the sessions after that of *path*, in their order."""
    newest_first = [*journals(path.parent)]
    return reversed(newest_first[: newest_first.index(path)] if path in newest_first else ())


def _goes_on(found: Explanation, path: Path) -> bool:
    """Take what a later session says of the order; tell whether one after it may say more."""
    rows = read_journal(path)
    began, state = next(rows, (None, None))[1], next(rows, (None, None))[1]
    if not isinstance(began, SessionBegan) or began.mode != found.began.mode or not isinstance(state, Saved):
        return True  # it never knew of the account
    order, before = found.submit.order, len(found.timings)
    own = next((each for each in state.orders if each.life.order == order), None)
    if own is None or (own.life.status.is_terminal and not own.life.to_book):
        return False
    for row, entry in rows:
        _take(found, row, entry)
    if len(found.timings) > before:
        found.settled_in = path.name
    return True


def _decided(path: Path, cid: int) -> Explanation:
    rows = read_journal(path)
    began = first_entry(path, rows)
    quote: Quote | None = None
    limits = began.limits
    found: Explanation | None = None
    orders: list[int] = []
    for row, entry in rows:
        if isinstance(entry, Quote):
            quote = entry
        elif isinstance(entry, LimitsApplied):
            limits = entry.limits
        elif isinstance(entry, RecordedSubmit):
            orders.append(entry.order.cid)
            if entry.order.cid == cid:
                found = Explanation(began, entry, quote, limits, row.written_us, row.seq)
        if found is not None:
            _take(found, row, entry)
    if found is None:
        which = f", {orders[0]} to {orders[-1]}" if orders else ""
        raise InputError(f"{path}: has no order {cid}; it has {len(orders)} orders{which}")
    return found


def _take(found: Explanation, row: Row, entry: RecordedEntry) -> None:
    order, said = found.submit.order, ""
    cid = order.cid
    match entry:
        case OrderReported(cid=known, evidence=evidence) if known == cid:
            _hear(found, row, evidence)
        case AccountShown(look=look):
            traded = {order.symbol: _strategy(found).instrument}
            for _, evidence in facts({cid: OrderLife(order)}, look, traded).ours:
                _hear(found, row, evidence)
        case Booked(fill=fill) if fill.cid == cid:
            found.fills.append(fill)
            done = sum(each.amount for each in found.fills) >= found.submit.order.amount
            said, found.outcome = "fill", "filled" if done else "filled in part"
    if said:
        found.timings.append((said, row.written_us - found.decided_us))


def _hear(found: Explanation, row: Row, evidence: Evidence) -> None:
    """Take a fact about the order, the first time that it is told."""
    key = type(evidence), evidence  # by itself a refusal equals a lost answer of the same words
    if key in found.known:
        return
    found.known.add(key)
    _keep(found, Heard(evidence, row.written_us - found.decided_us))
    said, found.outcome = _said(found, evidence)
    if said:
        found.timings.append((said, row.written_us - found.decided_us))


def _keep(found: Explanation, heard: Heard) -> None:
    """Keep a fact; a trade that was heard of without its fee is the same trade, and takes it on."""
    if isinstance(heard.evidence, Traded):
        for at, (evidence, after_us) in enumerate(found.evidence):
            if isinstance(evidence, Traded) and evidence.trade_id == heard.evidence.trade_id:
                if evidence.fee is None:
                    found.evidence[at] = Heard(heard.evidence, after_us)
                return
    found.evidence.append(heard)


def _said(found: Explanation, evidence: Evidence) -> tuple[str, str]:
    """Return what a fact is called, and the outcome as far as it is known then."""
    match evidence:
        case SendBegan():
            return "sending", "unknown: the session was cut while it was leaving"
        case Accepted(id):
            return "accepted", found.outcome if found.fills else f"accepted as {id}"
        case NothingLeft(reason):
            return "not sent", f"not sent: {reason}"
        case Refused(reason):
            return "refused", f"refused: {reason}"
        case AnswerLost(reason):
            return "answer lost", f"unknown: {reason}"
        case ProvenAbsent(searched):
            return "absent", f"proven absent: {searched}"
        case Vouched(reason, filled):
            what = f"{format_atoms(filled)} of it filled" if filled else "that it never was there"
            return "vouched for", f"a person vouched: {what}: {reason}"
        case Traded():
            return "", found.outcome  # the booking follows
        case Closed(_, filled, status):
            left = found.submit.order.amount - filled
            return "closed", found.outcome if not left else f"closed as {status}, {format_atoms(left)} of it not filled"
        case _:
            assert_never(evidence)


def _strategy(found: Explanation) -> StrategyBegan:
    return next(each for each in found.began.strategies if each.name == found.submit.strategy)


def document(found: Explanation) -> JsonDocument:
    """Return an explanation as JSON: money as exact text, node values as numbers."""
    order, reasons, strategy = found.submit.order, found.submit.reasons, _strategy(found)
    instrument = strategy.instrument
    return {
        "cid": order.cid,
        "symbol": order.symbol,
        "side": order.side.value,
        "type": order.type.value,
        "amount": format_atoms(order.amount),
        "row": found.seq,
        "strategy": strategy.strategy,
        "params": dict(strategy.params),
        "expression": strategy.expression,
        "decided_on_mts": reasons.mts,
        "sent_mts": order.mts,
        "target": reasons.target,
        "weight_pct": _percent(reasons.weight),
        "amounts": [{"after": by, "amount": format_atoms(amount)} for by, amount in found.amounts],
        "sizes": [{"after": each.by, "weight_pct": _percent(each.weight)} for each in reasons.sizes],
        "nodes": [{"node": name, "value": value} for name, value in zip(reasons.nodes, reasons.values, strict=True)],
        "bid": _price(found.quote.bid, instrument) if found.quote else None,
        "ask": _price(found.quote.ask, instrument) if found.quote else None,
        "decided_us": found.decided_us,
        "timings_us": [{"what": what, "after_us": after_us} for what, after_us in found.timings],
        "outcome": found.outcome,
        "evidence": [
            {**evidence_document(each.evidence, instrument), "after_us": each.after_us} for each in found.evidence
        ],
        "settled_in": found.settled_in or None,
        "fills": [
            {
                "mts": fill.mts,
                "amount": format_atoms(fill.amount),
                "price": _price(fill.price, instrument),
                "fee": format_atoms(fill.fee),
            }
            for fill in found.fills
        ],
    }


def lines(found: Explanation) -> list[str]:
    """Return an explanation for people."""
    order, reasons, strategy = found.submit.order, found.submit.reasons, _strategy(found)
    instrument = strategy.instrument
    params = ", ".join(f"{name}={value}" for name, value in strategy.params)
    said = [
        f"order {order.cid}: {order.side.value} {format_atoms(order.amount)} {order.symbol}, {order.type.value}",
        f"outcome: {found.outcome}" + (f" (in {found.settled_in})" if found.settled_in else ""),
        f"strategy: {strategy.strategy}({params})",
        f"decided on the close of the candle of {reasons.mts}: target {reasons.target!r}",
        f"weight: {_percent(reasons.weight)} % of equity",
        *(f"  after {each.by}: {_percent(each.weight)} %" for each in reasons.sizes),
    ]
    said += [f"  amount after {by}: {format_atoms(amount)}" for by, amount in found.amounts]
    if found.quote is not None:
        bid, ask = _price(found.quote.bid, instrument), _price(found.quote.ask, instrument)
        said.append(f"sized on bid {bid}, ask {ask} of {found.quote.mts}")
    said.append("nodes:")
    said += [f"  {name} = {value!r}" for name, value in zip(reasons.nodes, reasons.values, strict=True)]
    said.append("evidence:" if found.evidence else "evidence: none")
    said += [
        f"  {evidence_line(each.evidence, instrument)}, {each.after_us} us after the decision"
        for each in found.evidence
    ]
    said.append("timings:")
    said += [f"  {what} {after_us} us after the decision" for what, after_us in found.timings]
    said.append("fills:" if found.fills else "fills: none")
    for fill in found.fills:
        price, fee = _price(fill.price, instrument), format_atoms(fill.fee)
        said.append(f"  {fill.mts}: {format_atoms(fill.amount)} at {price}, fee {fee}")
    return said


def _percent(weight: int) -> str:
    return format_scaled(weight, PPB_PERCENT_DECIMALS)


def _price(price: Price, instrument: Instrument) -> str:
    return format_scaled(price, instrument.price_decimals)
