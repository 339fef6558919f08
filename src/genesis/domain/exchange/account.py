"""Our balances, positions, fees and rights as the exchange reports them; money is `Decimal`, exactly as sent."""

from decimal import Decimal
from enum import Enum

from attrs import frozen

from genesis.domain.units import Currency, Mts, Symbol


class WalletKind(Enum):
    """The three wallets of an account."""

    EXCHANGE = "exchange"
    MARGIN = "margin"
    FUNDING = "funding"


@frozen
class Wallet:
    """A balance of one currency in one wallet; *available* is None until the exchange has computed it."""

    kind: WalletKind
    currency: Currency
    balance: Decimal
    available: Decimal | None
    unsettled_interest: Decimal


class PositionState(Enum):
    """Whether a position is open."""

    ACTIVE = "ACTIVE"
    CLOSED = "CLOSED"


@frozen
class Position:
    """A margin or derivative position: *net_amount* is > 0 when long and < 0 when short."""

    symbol: Symbol
    state: PositionState
    net_amount: Decimal
    base_price: Decimal
    funding_cost: Decimal
    id: int | None
    mts_created: Mts | None
    mts_updated: Mts | None
    profit: Decimal | None
    profit_percent: Decimal | None
    liquidation_price: Decimal | None
    leverage: Decimal | None
    is_derivative: bool | None
    collateral: Decimal | None
    collateral_min: Decimal | None


@frozen
class LedgerEntry:
    """A change of a balance, > 0 when it grew, and the balance after it."""

    id: int
    mts: Mts
    currency: Currency
    wallet: WalletKind | None
    amount: Decimal
    balance: Decimal
    description: str


@frozen
class MarginBase:
    """The margin account as a whole, in its base currency."""

    profit: Decimal
    swaps: Decimal
    balance: Decimal
    net: Decimal
    required: Decimal | None


@frozen
class MarginPair:
    """What can be bought and sold on margin in one pair, in quote units."""

    symbol: Symbol
    tradable_balance: Decimal
    gross_balance: Decimal
    buy: Decimal | None
    sell: Decimal | None


@frozen
class FeeSchedule:
    """The account's own tier: fractions of what is traded (0.002 is 0.2 %).

    Takers pay by the kind of quote currency.
    """

    maker: Decimal
    taker_to_crypto: Decimal
    taker_to_stable: Decimal
    taker_to_fiat: Decimal
    derivative_maker_rebate: Decimal | None
    derivative_taker: Decimal | None


@frozen
class Permission:
    """What a key may do in one scope."""

    scope: str
    can_read: bool
    can_write: bool


@frozen
class User:
    """The owner of a key, as far as the exchange tells without doubt."""

    id: int
    username: str | None
    email: str | None
    timezone: str | None
    mts_created: Mts | None
