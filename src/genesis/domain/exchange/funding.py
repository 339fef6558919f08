"""Our funding offers, loans and credits as the exchange reports them; rates are fractions per day, exactly as sent."""

from decimal import Decimal
from enum import Enum

from attrs import frozen

from genesis.domain.order import Side
from genesis.domain.units import Atoms, Mts, Symbol


class FundingType(Enum):
    """How an offer's rate is set: fixed, or following the flash return rate."""

    LIMIT = "LIMIT"
    FRR_DELTA_VARIABLE = "FRRDELTAVAR"
    FRR_DELTA_FIXED = "FRRDELTAFIX"


@frozen
class FundingOfferRequest:
    """An offer to lend (SELL) or a bid to borrow (BUY): *amount* at *rate* per day for *period_days*, 2 to 120."""

    symbol: Symbol
    side: Side
    type: FundingType
    amount: Atoms
    rate: Decimal
    period_days: int

    def __attrs_post_init__(self) -> None:
        if self.amount <= 0:
            raise ValueError(f"funding offer: amount must be > 0, was {self.amount}")
        if not 2 <= self.period_days <= 120:
            raise ValueError(f"funding offer: a period has 2 to 120 days, was {self.period_days}")
        if not self.rate.is_finite():
            raise ValueError(f"funding offer: the rate must be a number, was {self.rate}")


@frozen
class FundingOffer:
    """An offer (SELL) or bid (BUY) as the exchange sees it; *amount_remaining* is not taken yet."""

    id: int
    symbol: Symbol
    side: Side
    type: str | None
    amount: Decimal
    amount_remaining: Decimal
    rate: Decimal
    period_days: int
    status_text: str
    mts_created: Mts
    mts_updated: Mts
    renews: bool


class FundingRole(Enum):
    """Which end of a loan we are."""

    LENDER = 1
    BORROWER = -1
    BOTH = 0


@frozen
class FundingLoan:
    """Funds lent or borrowed; *position_pair* is the pair whose position uses them, None while unused."""

    id: int
    symbol: Symbol
    role: FundingRole
    amount: Decimal
    rate: Decimal | None
    rate_type: str | None
    period_days: int
    status_text: str
    mts_created: Mts
    mts_updated: Mts
    mts_opened: Mts | None
    mts_last_payout: Mts | None
    renews: bool
    position_pair: str | None = None
