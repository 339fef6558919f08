"""Funding rows: offers, loans, credits.

Source: Bitfinex reference, "Active Funding Offers", "Funding Loans", "Funding Credits".
"""

from typing import Any

from genesis.adapters.bitfinex.wire.codec import Row, Unused
from genesis.adapters.bitfinex.wire.number import Number, SafeInt


class FundingOfferRow(Row, frozen=True, kw_only=True):
    """An offer; its amount is positive when we lend."""

    id: SafeInt
    symbol: str
    mts_created: SafeInt
    mts_updated: SafeInt
    amount: Number
    amount_orig: Number
    type: str | None
    unused_7: Unused = None
    unused_8: Unused = None
    flags: Any = None  # an integer, null or an object, by endpoint; nobody reads it
    status: str
    unused_11: Unused = None
    unused_12: Unused = None
    unused_13: Unused = None
    rate: Number
    period: SafeInt
    notify: SafeInt | bool | None
    hidden: SafeInt | None
    unused_18: Unused = None
    renew: SafeInt | bool | None
    rate_real: Number | None = None


class FundingLoanRow(Row, frozen=True, kw_only=True):
    """Funds lent or borrowed and not used by a position: side 1 lends, -1 borrows, 0 both."""

    id: SafeInt
    symbol: str
    side: SafeInt
    mts_create: SafeInt
    mts_update: SafeInt
    amount: Number
    flags: Any = None  # an integer, null or an object, by endpoint; nobody reads it
    status: str
    rate_type: str | None
    unused_9: Unused = None
    unused_10: Unused = None
    rate: Number | None
    period: SafeInt
    mts_opening: SafeInt | None
    mts_last_payout: SafeInt | None
    notify: SafeInt | bool | None
    hidden: SafeInt | None
    unused_17: Unused = None
    renew: SafeInt | bool | None
    unused_19: Unused = None
    no_close: SafeInt | bool | None = None


class FundingCreditRow(Row, frozen=True, kw_only=True):
    """Funds that a position uses."""

    id: SafeInt
    symbol: str
    side: SafeInt
    mts_create: SafeInt
    mts_update: SafeInt
    amount: Number
    flags: Any = None  # an integer, null or an object, by endpoint; nobody reads it
    status: str
    rate_type: str | None
    unused_9: Unused = None
    unused_10: Unused = None
    rate: Number | None
    period: SafeInt
    mts_opening: SafeInt | None
    mts_last_payout: SafeInt | None
    notify: SafeInt | bool | None
    hidden: SafeInt | None
    unused_17: Unused = None
    renew: SafeInt | bool | None
    unused_19: Unused = None
    no_close: SafeInt | bool | None = None
    position_pair: str | None = None
