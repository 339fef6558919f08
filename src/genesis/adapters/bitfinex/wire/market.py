"""Public rows: tickers, trades, books, candles, statistics, derivative status, liquidations.

Numbers are `float`: the JSON number as sent, whose shortest text is what was sent.
Source: Bitfinex reference, "REST Public Endpoints"; `FIRST_TRADE` from recorded frames.
"""

from typing import Literal

from genesis.adapters.bitfinex.wire.codec import Row, Unused
from genesis.adapters.bitfinex.wire.number import SafeInt


class TickerRow(Row, frozen=True, kw_only=True):
    """`ticker/tSYM`, and the WebSocket's ticker."""

    bid: float | None
    bid_size: float | None
    ask: float | None
    ask_size: float | None
    daily_change: float | None
    daily_change_relative: float | None
    last_price: float | None
    volume: float | None
    high: float | None
    low: float | None
    first_trade_mts: SafeInt | None = None


class NamedTickerRow(Row, frozen=True, kw_only=True):
    """`tickers`: a ticker behind its symbol."""

    symbol: str
    bid: float | None
    bid_size: float | None
    ask: float | None
    ask_size: float | None
    daily_change: float | None
    daily_change_relative: float | None
    last_price: float | None
    volume: float | None
    high: float | None
    low: float | None
    first_trade_mts: SafeInt | None = None


class FundingTickerRow(Row, frozen=True, kw_only=True):
    """`ticker/fSYM`."""

    frr: float | None
    bid: float | None
    bid_period: SafeInt | None
    bid_size: float | None
    ask: float | None
    ask_period: SafeInt | None
    ask_size: float | None
    daily_change: float | None
    daily_change_relative: float | None
    last_price: float | None
    volume: float | None
    high: float | None
    low: float | None
    unused_13: Unused = None
    unused_14: Unused = None
    frr_amount_available: float | None
    first_trade_mts: SafeInt | None = None


class NamedFundingTickerRow(Row, frozen=True, kw_only=True):
    """`tickers`: a funding ticker behind its symbol."""

    symbol: str
    frr: float | None
    bid: float | None
    bid_period: SafeInt | None
    bid_size: float | None
    ask: float | None
    ask_period: SafeInt | None
    ask_size: float | None
    daily_change: float | None
    daily_change_relative: float | None
    last_price: float | None
    volume: float | None
    high: float | None
    low: float | None
    unused_14: Unused = None
    unused_15: Unused = None
    frr_amount_available: float | None
    first_trade_mts: SafeInt | None = None


class TickerHistoryRow(Row, frozen=True, kw_only=True):
    """`tickers/hist`: best prices at the full hour."""

    symbol: str
    bid: float | None
    unused_2: Unused = None
    ask: float | None
    unused_4: Unused = None
    unused_5: Unused = None
    unused_6: Unused = None
    unused_7: Unused = None
    unused_8: Unused = None
    unused_9: Unused = None
    unused_10: Unused = None
    unused_11: Unused = None
    mts: SafeInt


class TradeRow(Row, frozen=True, kw_only=True):
    """A public trade of a pair; the amount's sign is the taker's side."""

    id: SafeInt
    mts: SafeInt
    amount: float
    price: float


class FundingTradeRow(Row, frozen=True, kw_only=True):
    """A public funding trade."""

    id: SafeInt
    mts: SafeInt
    amount: float
    rate: float
    period: SafeInt


class BookRow(Row, frozen=True, kw_only=True):
    """A price level, P0 to P4; a count of 0 deletes it."""

    price: float
    count: SafeInt
    amount: float


class RawBookRow(Row, frozen=True, kw_only=True):
    """An order in the raw book R0; a price of 0 deletes it."""

    order_id: SafeInt
    price: float
    amount: float


class FundingBookRow(Row, frozen=True, kw_only=True):
    """A level of a funding book."""

    rate: float
    period: SafeInt
    count: SafeInt
    amount: float


class RawFundingBookRow(Row, frozen=True, kw_only=True):
    """An offer in a raw funding book."""

    offer_id: SafeInt
    period: SafeInt
    rate: float
    amount: float


class CandleRow(Row, frozen=True, kw_only=True):
    """A candle. The order is open, close, high, low."""

    mts: SafeInt
    open: float
    close: float
    high: float
    low: float
    volume: float


class StatRow(Row, frozen=True, kw_only=True):
    """A value of `stats1`."""

    mts: SafeInt
    value: float | None


class DerivativeStatusRow(Row, frozen=True, kw_only=True):
    """`status/deriv/KEY/hist` and the WebSocket's status channel, without the key."""

    mts: SafeInt
    unused_1: Unused = None
    deriv_price: float | None
    spot_price: float | None
    unused_4: Unused = None
    insurance_fund_balance: float | None
    unused_6: Unused = None
    next_funding_mts: SafeInt | None
    next_funding_accrued: float | None
    next_funding_step: SafeInt | None
    unused_10: Unused = None
    current_funding: float | None
    unused_12: Unused = None
    unused_13: Unused = None
    mark_price: float | None
    unused_15: Unused = None
    unused_16: Unused = None
    open_interest: float | None
    unused_18: Unused = None
    unused_19: Unused = None
    unused_20: Unused = None
    clamp_min: float | None = None
    clamp_max: float | None = None


class NamedDerivativeStatusRow(Row, frozen=True, kw_only=True):
    """`status/deriv`: a status behind its key."""

    key: str
    mts: SafeInt
    unused_2: Unused = None
    deriv_price: float | None
    spot_price: float | None
    unused_5: Unused = None
    insurance_fund_balance: float | None
    unused_7: Unused = None
    next_funding_mts: SafeInt | None
    next_funding_accrued: float | None
    next_funding_step: SafeInt | None
    unused_11: Unused = None
    current_funding: float | None
    unused_13: Unused = None
    unused_14: Unused = None
    mark_price: float | None
    unused_16: Unused = None
    unused_17: Unused = None
    open_interest: float | None
    unused_19: Unused = None
    unused_20: Unused = None
    unused_21: Unused = None
    clamp_min: float | None = None
    clamp_max: float | None = None


class AverageRow(Row, frozen=True, kw_only=True):
    """`calc/trade/avg`."""

    price: float
    amount: float


class RateRow(Row, frozen=True, kw_only=True):
    """`calc/fx`."""

    rate: float


class LiquidationRow(Row, frozen=True, kw_only=True):
    """A liquidated position; REST and WebSocket wrap each in one more list."""

    kind: Literal["pos"]
    position_id: SafeInt
    mts: SafeInt
    unused_3: Unused = None
    symbol: str
    amount: float
    base_price: float
    unused_7: Unused = None
    is_match: SafeInt
    is_market_sold: SafeInt
    unused_10: Unused = None
    price_acquired: float | None


class LiquidationEntry(Row, frozen=True, kw_only=True):
    """The list of one that REST puts around each liquidation."""

    row: LiquidationRow
