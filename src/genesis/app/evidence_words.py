"""A fact about an order in words: as a row of JSON for machines, and as a line for people."""

from typing import assert_never

from genesis.app.json_output import JsonDocument
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
from genesis.domain.instrument import Instrument
from genesis.domain.units import Price, format_atoms, format_scaled


def evidence_document(evidence: Evidence, instrument: Instrument) -> JsonDocument:
    """Return a fact as JSON: ids as numbers, money as exact text, what the exchange or a person said as it was said."""
    match evidence:
        case SendBegan():
            return {"what": "sending"}
        case Accepted(id, filled):
            return {"what": "accepted", "exchange_id": id, "filled": format_atoms(filled)}
        case Traded(trade_id, order_id, mts, amount, price, fee, currency):
            return {
                "what": "traded",
                "trade_id": trade_id,
                "exchange_id": order_id,
                "mts": mts,
                "amount": format_atoms(amount),
                "price": _price(price, instrument),
                "fee": None if fee is None else format_atoms(fee),
                "fee_currency": currency or None,
            }
        case Closed(id, filled, status):
            return {"what": "closed", "exchange_id": id, "filled": format_atoms(filled), "status": status}
        case NothingLeft(reason):
            return {"what": "not sent", "reason": reason}
        case Refused(reason):
            return {"what": "refused", "reason": reason}
        case AnswerLost(reason):
            return {"what": "answer lost", "reason": reason}
        case ProvenAbsent(searched):
            return {"what": "proven absent", "reason": searched}
        case Vouched(reason, filled, at):
            had_at = None if at is None else _price(at, instrument)
            return {"what": "vouched for", "reason": reason, "filled": format_atoms(filled), "price": had_at}
        case _:
            assert_never(evidence)


def evidence_line(evidence: Evidence, instrument: Instrument) -> str:
    """Return a fact for people."""
    match evidence:
        case SendBegan():
            return "sending began"
        case Accepted(id, filled):
            return f"accepted as {id}, {format_atoms(filled)} of it filled by then"
        case Traded(trade_id, order_id, mts, amount, price):
            return f"trade {trade_id} of {order_id} at {mts}: {format_atoms(amount)} at {_price(price, instrument)}"
        case Closed(id, filled, status):
            return f"{id} closed as {status}, {format_atoms(filled)} of it filled"
        case NothingLeft(reason):
            return f"not sent: {reason}"
        case Refused(reason):
            return f"refused: {reason}"
        case AnswerLost(reason):
            return f"answer lost: {reason}"
        case ProvenAbsent(searched):
            return f"proven absent: {searched}"
        case Vouched(reason, filled):
            return f"a person vouched for {format_atoms(filled)} of it filled: {reason}"
        case _:
            assert_never(evidence)


def _price(price: Price, instrument: Instrument) -> str:
    return format_scaled(price, instrument.price_decimals)
