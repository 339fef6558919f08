"""The exchange's end of WebSockets, as its documentation describes it and no more: for tests, without a network.

It speaks text by hand (f-strings, `json`), so that nothing of the adapter's own writing proves the adapter's reading.
"""

import hashlib
import hmac
import json
import zlib
from collections.abc import Callable
from typing import Any, Protocol

SNAPSHOTS = {
    "ticker": "[100.5,12.5,101,8.25,-1.5,-0.0147,100.7,5321.5,103.2,99.1]",
    "trades": "[[900002,1700000000123,-0.25,100.5],[900001,1700000000100,0.5,100.4]]",
    "candles": "[[1700000100000,101,102,103,100,7],[1700000040000,100.5,100.9,101.2,100.1,42.5]]",
}
BOOK_ROWS = ("100.5,2,1.25", "100,1,3", "99.5,4,0.5", "101,1,-0.75", "101.5,3,-2")


class Wire(Protocol):
    """Where the exchange speaks."""

    def deliver(self, text: str) -> None:
        """Send."""

    def drop(self, code: int = 1006, reason: str = "") -> None:
        """Hang up."""


class FakePeer:
    """One connection of the fake exchange. Attributes make it misbehave."""

    def __init__(self, exchange: "FakeSocketExchange", wire: Wire) -> None:
        self.exchange = exchange
        self.wire = wire
        self.flags = 0
        self.sequence = 0
        self.channels: dict[int, dict[str, Any]] = {}  # Any: requests as they came
        self.asked: list[Any] = []
        self.is_mute = False
        self.is_authenticated = False
        self.is_over = False
        exchange.peers.append(self)

    def greet(self) -> None:
        """Say hello."""
        if self.exchange.greeting:
            self.wire.deliver(self.exchange.greeting)

    def received(self, text: str) -> None:
        """Take one message from the client."""
        asked = json.loads(text)
        self.asked.append(asked)
        if self.is_mute:
            return
        if isinstance(asked, list):
            self.exchange.on_input(self, asked)
            return
        handler: Callable[[dict[str, Any]], None] = getattr(self, f"_{asked['event']}")
        handler(asked)

    def closed(self) -> None:
        """The client has gone."""
        self.is_over = True

    def drop(self, code: int = 1006) -> None:
        """Hang up."""
        self.is_over = True
        self.wire.drop(code)

    def data(self, channel_id: int, body: str, *, is_counted: bool = True) -> None:
        """Send a data frame with whatever the flags ask for; *is_counted* False loses it on the way."""
        self.sequence += 1
        tail = f",{self.sequence}" if self.flags & 65536 else ""
        tail += ",0" if channel_id == 0 and tail and body != '"hb"' else ""
        tail += ",1700000000999" if self.flags & 32768 else ""
        if is_counted:
            self.wire.deliver(f"[{channel_id},{body}{tail}]")

    def event(self, **fields: object) -> None:
        """Send an object."""
        self.wire.deliver(json.dumps(fields))

    def channel(self, **wanted: str) -> int:
        """Return the id of the channel with these fields."""
        for channel_id, asked in self.channels.items():
            if all(asked.get(name) == value for name, value in wanted.items()):
                return channel_id
        raise KeyError(wanted)

    def heartbeat(self) -> None:
        """Send the heartbeat of every channel."""
        for channel_id in sorted(self.channels):
            self.data(channel_id, '"hb"')

    def _ping(self, asked: dict[str, Any]) -> None:
        self.event(event="pong", ts=1700000000123, cid=asked["cid"])

    def _conf(self, asked: dict[str, Any]) -> None:
        self.flags = asked["flags"]
        self.event(event="conf", status="OK", flags=self.flags)

    def _subscribe(self, asked: dict[str, Any]) -> None:
        key = asked.get("key") or asked.get("symbol")
        if key in self.exchange.unanswered:
            return
        if key in self.exchange.refused:
            code, text = self.exchange.refused[key]
            self.event(**{**asked, "event": "error", "code": code, "msg": text})
            return
        if len(self.channels) >= self.exchange.channels_max:
            self.event(**{**asked, "event": "error", "code": 10305, "msg": "subscribe: limit"})
            return
        self.exchange.last_id += 7
        channel_id = self.exchange.last_id
        self.channels[channel_id] = asked
        self.event(**{**asked, "event": "subscribed", "chanId": channel_id})
        self.snapshot(channel_id)

    def snapshot(self, channel_id: int) -> None:
        """Send a channel's first frame."""
        asked = self.channels[channel_id]
        if asked["channel"] == "book":
            self.data(channel_id, f"[{','.join(f'[{row}]' for row in self.exchange.book_rows)}]")
        elif asked["channel"] in SNAPSHOTS:
            self.data(channel_id, SNAPSHOTS[asked["channel"]])

    def _unsubscribe(self, asked: dict[str, Any]) -> None:
        if self.channels.pop(int(asked["chanId"]), None) is None:
            self.event(event="error", msg="unsubscribe: not subscribed", code=10401, chanId=asked["chanId"])
        else:
            self.event(event="unsubscribed", status="OK", chanId=asked["chanId"])

    def _auth(self, asked: dict[str, Any]) -> None:
        self.exchange.on_auth(self, asked)


class FakeSocketExchange:
    """All connections, and what they have in common."""

    def __init__(self) -> None:
        self.peers: list[FakePeer] = []
        self.greeting = '{"event":"info","version":2,"serverId":"0000","platform":{"status":1}}'
        self.refused: dict[str, tuple[int, str]] = {}
        self.unanswered: set[str] = set()
        self.channels_max = 25
        self.book_rows: tuple[str, ...] = BOOK_ROWS
        self.last_id = 10
        self.last_nonce = 0
        self.secret = "demo-secret"
        self.auth_failure: tuple[int, str] | None = None
        self.is_silent_about_auth = False
        self.account_frames: list[tuple[str, str]] = [("ps", "[]"), ("ws", "[]"), ("os", "[]"), ("ats", "[]")]
        self.inputs: list[Any] = []  # Any: as they came
        self.answer: Callable[[FakePeer, str, Any], None] = lambda _peer, _kind, _data: None

    def peer(self) -> FakePeer:
        """Return the newest connection."""
        return self.peers[-1]

    def alive(self) -> list[FakePeer]:
        """Return the connections that are open."""
        return [peer for peer in self.peers if not peer.is_over]

    def on_auth(self, peer: FakePeer, asked: dict[str, Any]) -> None:
        """Check signature and nonce, and open the account channel."""
        if self.is_silent_about_auth:
            return
        wanted = hmac.new(self.secret.encode(), asked["authPayload"].encode(), hashlib.sha384).hexdigest()
        failure = self.auth_failure
        if failure is None and asked["authSig"] != wanted:
            failure = (10113, "apikey: digest invalid")
        if failure is None and int(asked["authNonce"]) <= self.last_nonce:
            failure = (10114, "nonce: small")
        if failure is not None:
            peer.event(event="auth", status="FAILED", chanId=0, code=failure[0], msg=failure[1])
            return
        self.last_nonce = int(asked["authNonce"])
        peer.is_authenticated = True
        peer.event(event="auth", status="OK", chanId=0, userId=7, auth_id="x", caps={"orders": {"read": 1, "write": 1}})
        for kind, body in self.account_frames:
            peer.data(0, f'"{kind}",{body}')

    def on_input(self, peer: FakePeer, asked: list[Any]) -> None:
        """Take an input `[0, KIND, null, DATA]`."""
        _, kind, _, data = asked
        self.inputs.append((kind, data))
        self.answer(peer, kind, data)


def checksum_of(rows: list[tuple[str, str]], asks: list[tuple[str, str]]) -> int:
    """Return the exchange's checksum over (key, amount) texts, best first: the plain way."""
    parts = [":".join(side[i]) for i in range(25) for side in (rows, asks) if i < len(side)]
    value = zlib.crc32(":".join(parts).encode())
    return value if value < 2**31 else value - 2**32
