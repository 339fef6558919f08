"""The rows and frames of public channels: wire structs and their decoders.

A frame is a JSON array `[CHANNEL_ID, …]`; which shape it has is known from the channel and the first character after
the id, so each shape has its own strict decoder. Fields that are added at the end are ignored; missing, mistyped or
out-of-range ones raise `ValueError` (msgspec's errors are that), and so do NaN, Infinity, numbers beyond 64 bits, and
bad UTF-8; nesting beyond the parser's limit raises `RecursionError`. Callers catch both as `UNREADABLE`.

With sequence and timestamp flags a frame ends in `SEQ` and `SERVER_MTS`; both are None without.
Source: Bitfinex documentation, "Public channels", "Websocket flags".
"""

from typing import Annotated, Final, Generic, Literal, TypeVar

from msgspec import Meta, Raw, Struct
from msgspec.json import Decoder
from msgspec.json import format as reformat

from genesis.adapters.bitfinex.control import Flags

RowT = TypeVar("RowT")
KindT = TypeVar("KindT")

UNREADABLE: Final = (ValueError, LookupError, RecursionError)
"""What decoding a frame may raise."""

FRAME_CHARS_MAX: Final = 4 * 2**20
"""Longer frames are refused unread; the longest honest one, a snapshot of an account with thousands of orders, is
under one million.
"""

Number = Annotated[float, Meta(ge=-1e15, le=1e15)]
Id = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Count = Annotated[int, Meta(ge=0, le=2**31)]
Sequence = Annotated[int, Meta(ge=0, le=2**53 - 1)] | None


class Row(Struct, array_like=True, frozen=True, gc=False):
    """The base of all rows and frames: arrays read by index."""


class TickerRow(Row, frozen=True):
    """A pair's ticker."""

    bid: Number
    bid_amount: Number
    ask: Number
    ask_amount: Number
    change: Number
    change_rate: Number
    last: Number
    volume: Number
    high: Number
    low: Number


class FundingTickerRow(Row, frozen=True):
    """A funding currency's ticker."""

    flash_return_rate: Number
    bid: Number
    bid_period: Count
    bid_amount: Number
    ask: Number
    ask_period: Count
    ask_amount: Number
    change: Number
    change_rate: Number
    last: Number
    volume: Number
    high: Number
    low: Number
    reserved_13: None = None
    reserved_14: None = None
    amount_available: Number | None = None


class TradeRow(Row, frozen=True):
    """A pair's trade; the taker bought when *amount* > 0."""

    id: Id
    mts: Id
    amount: Number
    price: Number


class FundingTradeRow(Row, frozen=True):
    """A funding trade."""

    id: Id
    mts: Id
    amount: Number
    rate: Number
    period: Count


class LevelRow(Row, frozen=True):
    """A price level; bids have *amount* > 0."""

    price: Number
    orders: Count
    amount: Number


class RawOrderRow(Row, frozen=True):
    """An order of a raw book; bids have *amount* > 0."""

    id: Id
    price: Number
    amount: Number


class OfferRow(Row, frozen=True):
    """A level of a funding book; bids have *amount* < 0, against the habit of pairs."""

    rate: Number
    period: Count
    orders: Count
    amount: Number


class RawOfferRow(Row, frozen=True):
    """An offer of a raw funding book."""

    id: Id
    period: Count
    rate: Number
    amount: Number


class TextRow(Row, frozen=True):
    """The first three fields of a book's row as they were sent."""

    first: Raw
    second: Raw
    third: Raw


class CandleRow(Row, frozen=True):
    """A candle; note the order open, close, high, low."""

    mts: Id
    open: Number
    close: Number
    high: Number
    low: Number
    volume: Number


class DerivativeRow(Row, frozen=True):
    """A perpetual's status, without the key that REST puts first."""

    mts: Id
    reserved_1: Raw
    price: Number | None
    spot_price: Number | None
    reserved_4: Raw
    insurance_balance: Number | None
    reserved_6: Raw
    next_funding_mts: Id | None
    next_funding_accrued: Number | None
    next_funding_step: int | None
    reserved_10: Raw
    current_funding: Number | None
    reserved_12: Raw
    reserved_13: Raw
    mark_price: Number | None
    reserved_15: Raw
    reserved_16: Raw
    open_interest: Number | None
    reserved_18: Raw
    reserved_19: Raw
    reserved_20: Raw
    clamp_min: Number | None
    clamp_max: Number | None


class LiquidationRow(Row, frozen=True):
    """A liquidation."""

    kind: Literal["pos"]
    id: Id
    mts: Id
    reserved_3: Raw
    symbol: str
    amount: Number
    base_price: Number
    reserved_7: Raw
    is_match: Count
    is_market_sold: Count
    reserved_10: Raw
    price_acquired: Number | None


class HeartbeatFrame(Row, frozen=True):
    """`[id, "hb"]`."""

    channel_id: Id
    kind: Literal["hb"]
    sequence: Sequence = None
    server_mts: Sequence = None


class ChecksumFrame(Row, frozen=True):
    """`[id, "cs", CHECKSUM]`."""

    channel_id: Id
    kind: Literal["cs"]
    checksum: Annotated[int, Meta(ge=-(2**31), lt=2**31)]
    sequence: Sequence = None
    server_mts: Sequence = None


class RowFrame(Row, Generic[RowT], frozen=True):
    """`[id, ROW]`: one update."""

    channel_id: Id
    row: RowT
    sequence: Sequence = None
    server_mts: Sequence = None


class RowsFrame(Row, Generic[RowT], frozen=True):
    """`[id, [ROW, …]]`: a snapshot, or for books a bulk update where that flag is set."""

    channel_id: Id
    rows: list[RowT]
    sequence: Sequence = None
    server_mts: Sequence = None


class KindFrame(Row, Generic[KindT, RowT], frozen=True):
    """`[id, "te", ROW]`: one update that says which kind it is."""

    channel_id: Id
    kind: KindT
    row: RowT
    sequence: Sequence = None
    server_mts: Sequence = None


class AnyFrame(Row, frozen=True):
    """Any data frame: its channel."""

    channel_id: Id


decode_any = Decoder(AnyFrame).decode
decode_parts = Decoder(list[Raw]).decode
decode_heartbeat = Decoder(HeartbeatFrame).decode
decode_checksum = Decoder(ChecksumFrame).decode
decode_ticker = Decoder(RowFrame[TickerRow]).decode
decode_funding_ticker = Decoder(RowFrame[FundingTickerRow]).decode
decode_trade = Decoder(KindFrame[Literal["te", "tu"], TradeRow]).decode
decode_trades = Decoder(RowsFrame[TradeRow]).decode
decode_funding_trade = Decoder(KindFrame[Literal["fte", "ftu"], FundingTradeRow]).decode
decode_funding_trades = Decoder(RowsFrame[FundingTradeRow]).decode
decode_level = Decoder(RowFrame[LevelRow]).decode
decode_levels = Decoder(RowsFrame[LevelRow]).decode
decode_raw_order = Decoder(RowFrame[RawOrderRow]).decode
decode_raw_orders = Decoder(RowsFrame[RawOrderRow]).decode
decode_offer = Decoder(RowFrame[OfferRow]).decode
decode_offers = Decoder(RowsFrame[OfferRow]).decode
decode_raw_offer = Decoder(RowFrame[RawOfferRow]).decode
decode_raw_offers = Decoder(RowsFrame[RawOfferRow]).decode
decode_text = Decoder(RowFrame[TextRow]).decode
decode_texts = Decoder(RowsFrame[TextRow]).decode
decode_candle = Decoder(RowFrame[CandleRow]).decode
decode_candles = Decoder(RowsFrame[CandleRow]).decode
decode_derivative = Decoder(RowFrame[DerivativeRow]).decode
decode_liquidations = Decoder(RowsFrame[LiquidationRow]).decode


def compacted(frame: str) -> str:
    """Return *frame* without white space between its tokens, which stay as they are; what is no JSON stays whole."""
    try:
        return reformat(frame, indent=-1)
    except UNREADABLE:
        return frame


def sequence_of(frame: str, flags: Flags) -> int | None:
    """Return the sequence number of any public data frame, by its place from the end; None without that flag."""
    if not flags & Flags.SEQUENCE:
        return None
    parts = decode_parts(frame)
    text = bytes(parts[-2 if flags & Flags.TIMESTAMP else -1])
    return int(text) if text.isdigit() and len(text) <= 16 else None
