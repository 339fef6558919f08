"""Recorded frames through the very connections that read the exchange: the same parsers, books and doubts.

Nothing is asked for here: what was subscribed when the frames were recorded is taken from the answers among them, and
time is when they came.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from genesis.adapters.bitfinex import control
from genesis.adapters.bitfinex.connection import Connection
from genesis.adapters.bitfinex.happenings import ConnectionRules, Ring
from genesis.domain.channel import Channel
from genesis.domain.market import Gap, GapReason, MarketEvent
from genesis.ports.errors import ProtocolViolation
from genesis.ports.metrics import Metrics

TICK_US: Final = 500_000

Take = Callable[[Channel, MarketEvent], None]


class RecordedConnections:
    """The connections of a recording; *sink* takes what their channels tell."""

    def __init__(self, sink: Take, metrics: Metrics, rules: ConnectionRules | None = None) -> None:
        self._ring = Ring()
        self._sink = sink
        self._metrics = metrics
        self._rules = rules or ConnectionRules()
        self._open: dict[str, Connection] = {}
        self._channels: dict[str, dict[Channel, None]] = {}
        self._next_tick_us = 0

    def __len__(self) -> int:
        """Return how many connections there were."""
        return len(self._channels)

    @property
    def channels(self) -> frozenset[Channel]:
        """The channels that were subscribed so far, on any connection."""
        return frozenset(channel for channels in self._channels.values() for channel in channels)

    def take(self, received_us: int, name: str, text: str | None) -> None:
        """Take the next frame of the connection *name*; None says that some were dropped when they were recorded."""
        connection = self._open.get(name)
        if connection is None or connection.ended:
            now_s = received_us / 1e6
            connection = Connection(self._rules, self._sink, self._metrics, self._ring, now_s)
            self._open[name] = connection
            self._channels.setdefault(name, {})
        if received_us >= self._next_tick_us:
            self._next_tick_us = received_us + TICK_US
            for each in self._open.values():
                each.tick(received_us / 1e6)
                each.outgoing.clear()
        if text is None:
            for channel in self._channels[name]:
                self._sink(channel, Gap(GapReason.SLOW_CONSUMER, 0))
        elif text[:1] == "{":
            connection.receive(self._answer(connection, name, text))
            connection.outgoing.clear()
            connection.happenings.clear()
        else:
            connection.receive(text)

    def _answer(self, connection: Connection, name: str, text: str) -> str:
        """Make sure that what an answer is about has been asked for; ids of the recorded requests mean nothing here."""
        try:
            said = control.read_control(text)
            if not isinstance(said, control.Subscribed):
                return text
            channel = control.channel_of(said)
        except (ProtocolViolation, UnicodeError, ValueError):
            return text
        self._channels[name][channel] = None
        connection.subscribe(channel)
        return msgspec.json.encode(msgspec.structs.replace(said, sub_id=None)).decode()
