"""Account rows: wallets, positions, ledgers, margin, permissions, user, fees.

Source: Bitfinex reference, "REST Authenticated Endpoints".
"""

from typing import Any, Literal

from genesis.adapters.bitfinex.wire.codec import Row, Unused
from genesis.adapters.bitfinex.wire.number import Number, SafeInt
from genesis.adapters.bitfinex.wire.orders import Meta


class WalletRow(Row, frozen=True, kw_only=True):
    """A balance in one of the three wallets; `available` is null until the exchange has computed it."""

    type: str
    currency: str
    balance: Number
    unsettled_interest: Number | None
    available: Number | None
    last_change: str | None = None
    meta: Any = None  # an object with a change's details; nobody reads it


class WalletHistoryRow(Row, frozen=True, kw_only=True):
    """A balance at a past time."""

    type: str
    currency: str
    balance: Number
    unsettled_interest: Number | None
    available: Number | None
    unused_5: Unused = None
    mts_update: SafeInt


class PositionRow(Row, frozen=True, kw_only=True):
    """A margin or derivative position; a short one has a negative amount."""

    symbol: str
    status: str
    amount: Number
    base_price: Number
    funding: Number | None
    funding_type: SafeInt | None
    pl: Number | None
    pl_perc: Number | None
    price_liq: Number | None
    leverage: Number | None
    unused_10: Unused = None
    position_id: SafeInt | None
    mts_create: SafeInt | None
    mts_update: SafeInt | None
    unused_14: Unused = None
    type: SafeInt | None = None
    unused_16: Unused = None
    collateral: Number | None = None
    collateral_min: Number | None = None
    meta: Meta = None


class LedgerRow(Row, frozen=True, kw_only=True):
    """A change of a balance, and the balance after it."""

    id: SafeInt
    currency: str
    wallet: str | None
    mts: SafeInt
    unused_4: Unused = None
    amount: Number
    balance: Number
    unused_7: Unused = None
    description: str | None


class PermissionRow(Row, frozen=True, kw_only=True):
    """What a key may do in one scope."""

    scope: str
    read: Literal[0, 1]
    write: Literal[0, 1]


class MarginBaseValues(Row, frozen=True, kw_only=True):
    """The account's margin figures."""

    user_pl: Number
    user_swaps: Number
    margin_balance: Number
    margin_net: Number
    margin_min: Number | None = None


class MarginBaseRow(Row, frozen=True, kw_only=True):
    """`info/margin/base`."""

    kind: Literal["base"]
    values: MarginBaseValues


class MarginSymbolValues(Row, frozen=True, kw_only=True):
    """What can be traded on margin in one pair."""

    tradable_balance: Number
    gross_balance: Number
    buy: Number | None
    sell: Number | None


class MarginSymbolRow(Row, frozen=True, kw_only=True):
    """`info/margin/tSYM`, and each element of `info/margin/sym_all`."""

    kind: Literal["sym"]
    symbol: str
    values: MarginSymbolValues


class FeeRow(Row, frozen=True, kw_only=True):
    """Fee rates as fractions: maker orders, and the derivative maker's rebate."""

    maker: Number
    maker_1: Number | None
    maker_2: Number | None
    unused_3: Unused = None
    unused_4: Unused = None
    derivative_rebate: Number | None


class TakerFeeRow(Row, frozen=True, kw_only=True):
    """Fee rates of taker orders, by the kind of the quote currency."""

    to_crypto: Number
    to_stable: Number
    to_fiat: Number
    unused_3: Unused = None
    unused_4: Unused = None
    derivative: Number | None


class FeesRow(Row, frozen=True, kw_only=True):
    """Both halves of the fee schedule."""

    maker: FeeRow
    taker: TakerFeeRow


class SummaryRow(Row, frozen=True, kw_only=True):
    """`summary`; only the fees are read."""

    unused_0: Unused = None
    unused_1: Unused = None
    unused_2: Unused = None
    unused_3: Unused = None
    fees: FeesRow


class UserRow(Row, frozen=True, kw_only=True):
    """`info/user`, as far as all sources agree about its positions."""

    id: SafeInt
    email: str | None
    username: str | None
    mts_account_create: SafeInt | None
    verified: SafeInt | bool | None
    verification_level: SafeInt | None
    unused_6: Unused = None
    timezone: str | None
    locale: str | None
    company: str | None


class AvailableRow(Row, frozen=True, kw_only=True):
    """`calc/order/avail`."""

    amount: Number
