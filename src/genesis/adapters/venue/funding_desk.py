"""Funding offers over REST and WebSocket. Source: Bitfinex reference, "Submit Funding Offer", "Cancel Funding
Offer"."""

from collections.abc import Mapping
from itertools import count
from typing import Final

from genesis.adapters.bitfinex.wire.funding import FundingOfferRow
from genesis.adapters.venue.account_stream import AccountStream
from genesis.adapters.venue.complaints import GENERIC, Complaint, invalid
from genesis.adapters.venue.numbers import (
    atoms_from_wire,
    decimal_from_wire,
    integer_from_wire,
    number,
    number_from_atoms,
    written,
)
from genesis.domain.order import Side
from genesis.domain.simulation.accounts import Accounts, NotEnoughFunds
from genesis.domain.simulation.funding_offers import FundingOffer, FundingOffers
from genesis.domain.simulation.matching_order import UserId
from genesis.domain.units import Atoms, Currency, Mts, decimal_from_text, format_atoms

Fields = Mapping[str, object]

TYPES: Final = frozenset({"LIMIT", "FRRDELTAVAR", "FRRDELTAFIX"})
PERIODS: Final = range(2, 121)
RATE_MAGNITUDES: Final = range(-9, 1)
"""Decimal exponents of a daily rate or delta, whose zero has exponent 0."""
FIRST_OFFER_ID: Final = 41_000_001


class FundingDesk:
    """Takes funding offers of users; each answer is the row of a notification."""

    def __init__(self, accounts: Accounts, stream: AccountStream) -> None:
        self.offers = FundingOffers(accounts)
        self._accounts = accounts
        self._stream = stream
        self._ids = count(FIRST_OFFER_ID)

    def rows(self, user: UserId, symbol: str | None = None, *, is_open: bool = True) -> list[FundingOfferRow]:
        """Return the user's offers, newest first, of one symbol or of all."""
        rows = [offer_row(offer) for offer in self.offers.of(user, is_open=is_open)]
        return [row for row in reversed(rows) if symbol in (None, row.symbol)]

    def submit(self, user: UserId, fields: Fields, mts: Mts) -> list[object]:
        """Place an offer; raises `Complaint`."""
        offer = self._offer(user, fields, mts)
        try:
            self.offers.submit(offer)
        except NotEnoughFunds:
            raise Complaint(GENERIC, f"Invalid offer: not enough funding balance for {offer.currency}") from None
        self._stream.tell(user, "fon", written(offer_row(offer)), mts, "funding", f"funding-f{offer.currency}")
        percent = decimal_from_text(offer.rate) * 100
        kind = "offer" if offer.side is Side.SELL else "bid"
        words = f"{format_atoms(offer.amount)} {offer.currency} at {float(percent):#.4g} for {offer.period_days} days"
        return _note("fon-req", offer_row(offer), f"Submitting funding {kind} of {words}.", mts)

    def cancel(self, user: UserId, fields: Fields, mts: Mts) -> list[object]:
        """Cancel an offer; raises `Complaint`."""
        offer_id = integer_from_wire(fields.get("id"), "id")
        before = next((offer_row(offer) for offer in self.offers.of(user) if offer.id == offer_id), None)
        if before is None:
            raise Complaint(GENERIC, "Offer not found.")
        self._end(user, offer_id, mts)
        words = f"Submitted for cancellation; waiting for confirmation (ID: {offer_id})."
        return _note("foc-req", before, words, mts)

    def cancel_all(self, user: UserId, fields: Fields, mts: Mts) -> list[object]:
        """Cancel the offers of a currency, or all."""
        currency = fields.get("currency")
        for offer in list(self.offers.of(user)):
            if currency in (None, offer.currency):
                self._end(user, offer.id, mts)
        return _note("foc_all-req", None, "Funding offers cancelled", mts)

    def _end(self, user: UserId, offer_id: int, mts: Mts) -> None:
        ended = self.offers.cancel(user, offer_id, mts)
        assert ended is not None
        self._stream.tell(user, "foc", written(offer_row(ended)), mts, "funding", f"funding-f{ended.currency}")

    def _offer(self, user: UserId, fields: Fields, mts: Mts) -> FundingOffer:
        symbol, kind = str(fields.get("symbol")), str(fields.get("type"))
        currency = Currency(symbol[1:])
        if not symbol.startswith("f") or currency not in self._accounts.deposited:
            raise Complaint(GENERIC, "symbol: invalid")
        if kind not in TYPES:
            raise Complaint(GENERIC, "type: invalid")
        amount = atoms_from_wire(fields.get("amount"), "amount")
        rate = decimal_from_wire(fields.get("rate"), "rate")
        period = integer_from_wire(fields.get("period"), "period")
        if not amount:
            raise invalid("amount")
        if rate.adjusted() not in RATE_MAGNITUDES or (kind == "LIMIT" and rate <= 0):
            raise invalid("rate")
        if period not in PERIODS:
            raise invalid("period")
        side = Side.SELL if amount > 0 else Side.BUY
        return FundingOffer(
            next(self._ids), user, currency, side, Atoms(abs(amount)), str(rate), period, kind, mts, mts
        )


def offer_row(offer: FundingOffer) -> FundingOfferRow:
    """Return an offer; an amount > 0 lends."""
    signed = number_from_atoms(-offer.side.sign * offer.amount)
    return FundingOfferRow(
        id=offer.id,
        symbol=f"f{offer.currency}",
        mts_created=offer.created,
        mts_updated=offer.changed,
        amount=signed,
        amount_orig=signed,
        type=offer.type,
        flags=0,
        status="ACTIVE" if offer.is_open else "CANCELED",
        rate=number(decimal_from_text(offer.rate)),
        period=offer.period_days,
        notify=0,
        hidden=0,
        renew=0,
    )


def _note(kind: str, data: object, words: str, mts: Mts) -> list[object]:
    return [mts, kind, None, None, data, None, "SUCCESS", words]
