"""The JSON objects of a WebSocket: what the exchange says about the connection and its channels, and how we ask.

Source: Bitfinex documentation, "General", "Public channels", "Authenticated channels", "Websocket flags".
"""

from collections.abc import Mapping
from enum import IntFlag
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.json import encode

from genesis.adapters.bitfinex.wire.codec import decode
from genesis.domain.channel import (
    BookChannel,
    CandlesChannel,
    Channel,
    DerivativeChannel,
    Frequency,
    Grouping,
    LiquidationsChannel,
    TickerChannel,
    TradesChannel,
    channel_from_text,
)
from genesis.domain.units import Symbol

Code = Annotated[int, Meta(ge=0, le=10**9)]
ChannelId = Annotated[int, Meta(gt=0, le=2**53 - 1)]

CONTROL_BYTES_MAX: Final = 64 * 1024

STOPPING: Final = 20051
MAINTENANCE_STARTS: Final = 20060
MAINTENANCE_ENDS: Final = 20061

DUPLICATE: Final = 10301
UNKNOWN_CHANNEL: Final = 10302
TOO_MANY: Final = 10305
NOT_SUBSCRIBED: Final = frozenset({10400, 10401})


class Flags(IntFlag):
    """What frames carry besides their data. Source: Bitfinex documentation, "Websocket flags"."""

    NONE = 0
    TIMESTAMP = 32768
    SEQUENCE = 65536
    CHECKSUM = 131072
    BULK = 536870912


class Platform(Struct, frozen=True):
    """Whether the exchange is operative (1) or in maintenance (0)."""

    status: int


class Info(Struct, frozen=True, tag_field="event", tag="info"):
    """The greeting (it has a version), or news about the connection (it has a code)."""

    version: int | None = None
    platform: Platform | None = None
    code: Code | None = None
    msg: str = ""


class Subscribed(Struct, frozen=True, tag_field="event", tag="subscribed", rename="camel"):
    """A subscription was taken; it echoes the request."""

    channel: str
    chan_id: ChannelId
    sub_id: str | int | None = None
    symbol: str | None = None
    key: str | None = None
    prec: str | None = None
    freq: str | None = None
    len: str | int | None = None


class Unsubscribed(Struct, frozen=True, tag_field="event", tag="unsubscribed", rename="camel"):
    """A subscription ended."""

    chan_id: ChannelId
    status: str = "OK"


class ErrorEvent(Struct, frozen=True, tag_field="event", tag="error", rename="camel"):
    """A request was refused; it echoes the request."""

    msg: str = ""
    code: Code | None = None
    channel: str | None = None
    chan_id: int | str | None = None
    sub_id: str | int | None = None
    symbol: str | None = None
    key: str | None = None
    prec: str | None = None
    freq: str | None = None
    len: str | int | None = None
    flags: int | None = None


class AuthReply(Struct, frozen=True, tag_field="event", tag="auth", rename="camel"):
    """The answer to an authentication; anything but OK is a refusal."""

    status: str
    user_id: int | None = None
    code: Code | None = None
    msg: str = ""


class ConfReply(Struct, frozen=True, tag_field="event", tag="conf"):
    """The answer to a change of flags."""

    status: str
    flags: int | None = None


class Pong(Struct, frozen=True, tag_field="event", tag="pong"):
    """The answer to a ping."""

    cid: int | str | None = None
    ts: int | None = None


Control = Info | Subscribed | Unsubscribed | ErrorEvent | AuthReply | ConfReply | Pong


def read_control(frame: str) -> Control:
    """Return what an object says.

    Raises `ProtocolViolation` for unknown events, missing or mistyped fields, duplicate keys and more than 64 KiB, and
    `UnicodeEncodeError` for text that is none.
    """
    wanted: type[Control] = Control  # type: ignore[assignment]  # mypy has no type for a union of types
    return decode(frame.encode(), wanted, endpoint="ws", bytes_max=CONTROL_BYTES_MAX)


def subscribe_text(channel: Channel, sub_id: str) -> str:
    """Return the request for a subscription, which the answer will echo with *sub_id*."""
    return _text({"event": "subscribe", **request_fields(channel), "subId": sub_id})


def unsubscribe_text(channel_id: int) -> str:
    """Return the request to end a subscription."""
    return _text({"event": "unsubscribe", "chanId": channel_id})


def ping_text(cid: int) -> str:
    """Return a ping."""
    return _text({"event": "ping", "cid": cid})


def conf_text(flags: Flags) -> str:
    """Return the request that replaces all flags."""
    return _text({"event": "conf", "flags": int(flags)})


def request_fields(channel: Channel) -> dict[str, str]:
    """Return how a channel is called on the wire."""
    match channel:
        case TickerChannel(symbol):
            return {"channel": "ticker", "symbol": symbol}
        case TradesChannel(symbol):
            return {"channel": "trades", "symbol": symbol}
        case BookChannel(symbol, grouping, frequency, length):
            place = {"prec": grouping.value, "freq": frequency.value, "len": str(length)}
            return {"channel": "book", "symbol": symbol, **place}
        case CandlesChannel():
            return {"channel": "candles", "key": channel.key}
        case DerivativeChannel(symbol):
            return {"channel": "status", "key": f"deriv:{symbol}"}
        case LiquidationsChannel():
            return {"channel": "status", "key": "liq:global"}


def channel_of(said: Subscribed) -> Channel:
    """Return the channel that an answer is about; raises `ValueError` for one that is not known here."""
    match said:
        case Subscribed(channel="candles", key=str(key)):
            return channel_from_text(f"candles:{key.removeprefix('trade:')}")
        case Subscribed(channel="status", key="liq:global"):
            return LiquidationsChannel()
        case Subscribed(channel="status", key=str(key)):
            return DerivativeChannel(Symbol(key.removeprefix("deriv:")))
        case Subscribed(channel="book", symbol=str(symbol), prec=grouping, freq=frequency, len=length):
            kind = Grouping(grouping or Grouping.P0), Frequency(frequency or Frequency.F0)
            return BookChannel(Symbol(symbol), *kind, int(length or 25))
        case Subscribed(channel="ticker" | "trades" as kind, symbol=str(symbol)):
            return channel_from_text(f"{kind}:{symbol}")
    raise ValueError(f"{said.channel} {said.symbol or said.key or ''}: is no channel that is known")


def whole(channel_id: int | str) -> int:
    """Return a channel id that came as a number or as its text; 0, which no channel has, for anything else."""
    text = str(channel_id)
    return int(text) if text.isdecimal() and len(text) <= 16 else 0


def is_about(answer: Subscribed | ErrorEvent, channel: Channel) -> bool:
    """Return whether an answer that lost its `subId` echoes the request for *channel*."""
    echo = {
        "channel": answer.channel,
        "symbol": answer.symbol,
        "key": answer.key,
        "prec": answer.prec,
        "freq": answer.freq,
        "len": None if answer.len is None else str(answer.len),
    }
    return all(echo[name] == value for name, value in request_fields(channel).items())


def _text(fields: Mapping[str, object]) -> str:
    return encode(fields).decode()
