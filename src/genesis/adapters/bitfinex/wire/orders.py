"""Order rows and the notification envelope, the same over REST and WebSocket.

Source: Bitfinex reference, "Submit Order", "Retrieve Orders", "Trades", "Notifications".
"""

from typing import Any

from msgspec import Raw

from genesis.adapters.bitfinex.wire.codec import Row, Unused
from genesis.adapters.bitfinex.wire.number import Number, SafeInt

Meta = dict[str, Any] | str | None
"""An object, the JSON text of one, or null, by endpoint; its keys are free, hence Any."""


class OrderRow(Row, frozen=True, kw_only=True):
    """An order. `amount` is what remains, `amount_orig` what was asked; both are negative for a sell."""

    id: SafeInt
    gid: SafeInt | str | None
    cid: SafeInt | None
    symbol: str
    mts_create: SafeInt
    mts_update: SafeInt
    amount: Number
    amount_orig: Number
    type: str
    type_prev: str | None
    mts_tif: SafeInt | None
    unused_11: Unused = None
    flags: SafeInt | str | None
    status: str
    unused_14: Unused = None
    unused_15: Unused = None
    price: Number | None
    price_avg: Number | None
    price_trailing: Number | None
    price_aux_limit: Number | None
    unused_20: Unused = None
    unused_21: Unused = None
    unused_22: Unused = None
    notify: SafeInt | None
    hidden: SafeInt | None
    placed_id: SafeInt | None
    unused_26: Unused = None
    unused_27: Unused = None
    routing: str | None
    unused_29: Unused = None
    unused_30: Unused = None
    meta: Meta = None


class OwnTradeRow(Row, frozen=True, kw_only=True):
    """A match of one of our orders: `trades/hist`, `order/SYM:ID/trades`, and `te`/`tu` (only `tu` knows the fee)."""

    id: SafeInt
    symbol: str
    mts: SafeInt
    order_id: SafeInt
    exec_amount: Number
    exec_price: Number
    order_type: str | None
    order_price: Number | None
    maker: SafeInt | None
    fee: Number | None = None
    fee_currency: str | None = None
    cid: SafeInt | None = None


class NotificationRow(Row, frozen=True, kw_only=True):
    """The answer to a write. `data` depends on `type`.

    `mts` is in seconds or milliseconds, by endpoint, and is not used.
    """

    mts: Number | None
    type: str
    message_id: SafeInt | None
    unused_3: Unused = None
    data: Raw
    code: SafeInt | None
    status: str
    text: str | None = None
