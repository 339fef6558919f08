"""What the exchange tells about our account while it happens. After a lost connection snapshots come first: they void
what was known.

The order of arrival proves nothing: a fill may come before its order, an order's end before its beginning; every
event says all it knows.
"""

from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from genesis.domain.exchange.account import MarginBase, MarginPair, Position, Wallet
from genesis.domain.exchange.funding import FundingLoan, FundingOffer
from genesis.domain.exchange.orders import FillReport, OrderReport
from genesis.domain.link import LinkState
from genesis.domain.market import Gap, Print
from genesis.domain.order import Side
from genesis.domain.units import Mts, Symbol


class News(Enum):
    """What became of an order, position, offer or loan. CLOSED ends it, filled or not: its status says which."""

    NEW = "new"
    CHANGED = "changed"
    CLOSED = "closed"


class OrdersSnapshot(NamedTuple):
    """All open orders."""

    orders: tuple[OrderReport, ...]


class OrderNews(NamedTuple):
    """An order as it is now."""

    news: News
    order: OrderReport


class FillNews(NamedTuple):
    """A fill: EXECUTED at once and without its fee, CONFIRMED a little later with it. Count one id once."""

    print: Print
    fill: FillReport


class WalletsSnapshot(NamedTuple):
    """All balances that are not zero."""

    wallets: tuple[Wallet, ...]


class WalletNews(NamedTuple):
    """A balance as it is now."""

    wallet: Wallet


class PositionsSnapshot(NamedTuple):
    """All positions."""

    positions: tuple[Position, ...]


class PositionNews(NamedTuple):
    """A position as it is now."""

    news: News
    position: Position


class OffersSnapshot(NamedTuple):
    """All open funding offers."""

    offers: tuple[FundingOffer, ...]


class OfferNews(NamedTuple):
    """A funding offer as it is now."""

    news: News
    offer: FundingOffer


class LoansSnapshot(NamedTuple):
    """All loans that positions use (*is_used*), or all that none does."""

    is_used: bool
    loans: tuple[FundingLoan, ...]


class LoanNews(NamedTuple):
    """A loan as it is now."""

    news: News
    is_used: bool
    loan: FundingLoan


class FundingFillNews(NamedTuple):
    """A match of one of our funding offers: SELL lent *amount* at a daily *rate* for *period_days*."""

    print: Print
    id: int
    symbol: Symbol
    mts: Mts
    offer_id: int
    side: Side
    amount: Decimal
    rate: Decimal
    period_days: int


class BalanceNews(NamedTuple):
    """What the account is worth, in its base currency; *net* is without what is borrowed."""

    total: Decimal
    net: Decimal


class MarginNews(NamedTuple):
    """The margin account, or what it allows in one pair."""

    margin: MarginBase | MarginPair


class FundingInfo(NamedTuple):
    """Average daily rates and days of our lending and borrowing in one currency."""

    symbol: Symbol
    yield_loan: Decimal
    yield_lend: Decimal
    duration_loan: Decimal
    duration_lend: Decimal


class Notice(NamedTuple):
    """A notification, whether it answers a request of ours or not; *text* is for people."""

    type: str
    status: str
    code: int | None
    text: str


class PriceAlert(NamedTuple):
    """A price alert fired; *payload* is the JSON that said so."""

    payload: str


class SnapshotsComplete(NamedTuple):
    """All snapshots of this connection have come."""


AccountEvent = (
    OrdersSnapshot
    | OrderNews
    | FillNews
    | WalletsSnapshot
    | WalletNews
    | PositionsSnapshot
    | PositionNews
    | OffersSnapshot
    | OfferNews
    | LoansSnapshot
    | LoanNews
    | FundingFillNews
    | BalanceNews
    | MarginNews
    | FundingInfo
    | Notice
    | PriceAlert
    | SnapshotsComplete
    | Gap
    | LinkState
)
"""A `Gap` says that something may have been missed: reconcile."""
