"""Funding rows to values, and wishes to request bodies. A positive amount lends."""

from genesis.adapters.bitfinex.convert.numbers import funding_side_from_sign, member, mts_or_none, plain, plain_or_none
from genesis.adapters.bitfinex.wire.funding import FundingCreditRow, FundingLoanRow, FundingOfferRow
from genesis.adapters.bitfinex.wire.requests import FundingOfferSubmit
from genesis.domain.exchange.funding import FundingLoan, FundingOffer, FundingOfferRequest, FundingRole
from genesis.domain.order import Side
from genesis.domain.units import Mts, Symbol, format_atoms


def funding_offer_from_wire(row: FundingOfferRow) -> FundingOffer:
    """Return an offer; a finished one has no amount left, so the direction comes from the original amount."""
    return FundingOffer(
        id=row.id,
        symbol=Symbol(row.symbol),
        side=funding_side_from_sign(row.amount_orig or row.amount),
        type=row.type,
        amount=plain(row.amount_orig.copy_abs()),
        amount_remaining=plain(row.amount.copy_abs()),
        rate=plain(row.rate),
        period_days=row.period,
        status_text=row.status,
        mts_created=Mts(row.mts_created),
        mts_updated=Mts(row.mts_updated),
        renews=bool(row.renew),
    )


def funding_loan_from_wire(row: FundingLoanRow | FundingCreditRow) -> FundingLoan:
    """Return a loan, used by a position or not; raises `ValueError` for a side that we do not model."""
    return FundingLoan(
        id=row.id,
        symbol=Symbol(row.symbol),
        role=member(FundingRole, row.side, "funding side"),
        amount=plain(row.amount),
        rate=plain_or_none(row.rate),
        rate_type=row.rate_type,
        period_days=row.period,
        status_text=row.status,
        mts_created=Mts(row.mts_create),
        mts_updated=Mts(row.mts_update),
        mts_opened=mts_or_none(row.mts_opening),
        mts_last_payout=mts_or_none(row.mts_last_payout),
        renews=bool(row.renew),
        position_pair=row.position_pair if isinstance(row, FundingCreditRow) else None,
    )


def funding_offer_to_wire(offer: FundingOfferRequest) -> FundingOfferSubmit:
    """Return the body of a new offer."""
    sign = 1 if offer.side is Side.SELL else -1
    return FundingOfferSubmit(
        type=offer.type.value,
        symbol=offer.symbol,
        amount=format_atoms(sign * offer.amount),
        rate=f"{offer.rate:f}",
        period=offer.period_days,
    )
