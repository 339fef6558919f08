"""One WebSocket connection: its flags, sequence numbers, channels and login. It writes frames, and never waits."""

from collections.abc import Callable
from typing import Final, NewType

from msgspec.json import encode as encode_event

from genesis.adapters.venue.keys import ApiKey
from genesis.domain.units import Mts

ConnectionId = NewType("ConnectionId", int)

TIMESTAMP: Final = 32768
SEQUENCE: Final = 65536
CHECKSUM: Final = 131072
BULK: Final = 536870912
KNOWN_FLAGS: Final = 8 | 32 | TIMESTAMP | SEQUENCE | CHECKSUM | BULK
"""Flags of `conf`. Source: Bitfinex documentation, "Configuration"."""

ACCOUNT: Final = 0
"""The channel of the account."""

Sink = Callable[["Session", str, str], None]
"""Takes a frame: the session, what kind of frame it is (for faults), and its text."""


class Session:
    """What the venue knows about one connection."""

    def __init__(self, connection: ConnectionId, peer: str, sink: Sink) -> None:
        self.connection = connection
        self.peer = peer
        self.flags = 0
        self.key: ApiKey | None = None
        self.cancels_on_close = False
        self.filters: frozenset[str] = frozenset()
        self.feeds: dict[int, str] = {}
        """Channel ids and the keys of their feeds."""
        self.is_open = True
        self._sink = sink
        self._sequence = 0
        self._account_sequence = 0
        self._snapshots_done = False
        self._channels = 0

    def new_channel(self, feed: str) -> int:
        """Return the id of a new channel on *feed*; ids are neither consecutive nor valid on another connection."""
        self._channels += 1
        channel = self.connection * 1_000 + self._channels * 3
        self.feeds[channel] = feed
        return channel

    def has(self, flag: int) -> bool:
        """Whether a flag of `conf` is set."""
        return bool(self.flags & flag)

    def event(self, /, **fields: object) -> None:
        """Send a control message; clients choose fields that are echoed, so any name may occur."""
        self._sink(self, "event", encode_event(fields).decode())

    def data(self, channel: int, body: str, mts: Mts, kind: str = "data") -> None:
        """Send a frame of a public channel; *body* is the JSON after the channel id."""
        self._sequence += self.has(SEQUENCE)
        self._write(channel, body, f",{self._sequence}", mts, kind)

    def skip_sequence(self) -> None:
        """Lose a number, as a frame lost on the way would."""
        self._sequence += 1

    def account(self, kind: str, body: str, mts: Mts) -> None:
        """Send a frame of the account.

        Numbers count from the moment when they were asked for. An answer to a request carries the account's number
        alone and none of its own, and no notification advances the account's: what the official JavaScript client
        expects when it audits.
        """
        is_answer = kind == "n" and '-req"' in body[:80]
        if self._snapshots_done and kind != "n":
            self._account_sequence += self.has(SEQUENCE)
        if kind == "ats":
            self._snapshots_done = True
        if is_answer:
            numbers = f",{self._account_sequence}"
        else:
            self._sequence += self.has(SEQUENCE)
            numbers = f",{self._sequence},{self._account_sequence}"
        self._write(ACCOUNT, f'"{kind}",{body}', numbers, mts, kind)

    def beat(self, channel: int, mts: Mts) -> None:
        """Send a heartbeat."""
        self.data(channel, '"hb"', mts, "hb")

    def wants(self, *topics: str) -> bool:
        """Whether the login's filter lets one of *topics* through; without a filter everything passes."""
        return not self.filters or any(topic in self.filters for topic in topics)

    def _write(self, channel: int, body: str, numbers: str, mts: Mts, kind: str) -> None:
        tail = (numbers if self.has(SEQUENCE) else "") + (f",{mts}" if self.has(TIMESTAMP) else "")
        self._sink(self, kind, f"[{channel},{body}{tail}]")
