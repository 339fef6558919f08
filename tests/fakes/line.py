"""A connection without IO, wired to the fake exchange: every message arrives at once, time moves when told."""

from genesis.adapters.bitfinex.connection import Connection
from genesis.adapters.bitfinex.happenings import ConnectionRules, Happening, Ring
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.domain.channel import Channel
from genesis.domain.market import MarketEvent
from tests.fakes.socket_exchange import FakePeer, FakeSocketExchange


def counted(metrics: MemoryMetrics, name: str) -> int:
    """Return a counter's value, over all its labels."""
    return int(sum(value for key, value in metrics.snapshot().counters.items() if key.partition("{")[0] == name))


class Wired:
    """A `Connection` and its peer."""

    def __init__(self, rules: ConnectionRules | None = None, exchange: FakeSocketExchange | None = None) -> None:
        self.now_s = 1000.0
        self.events: list[tuple[Channel, MarketEvent]] = []
        self.metrics = MemoryMetrics()
        self.ring = Ring()
        self.exchange = exchange or FakeSocketExchange()
        self.line = Connection(
            rules or ConnectionRules(), lambda c, e: self.events.append((c, e)), self.metrics, self.ring, self.now_s
        )
        self.peer = FakePeer(self.exchange, self)

    def deliver(self, text: str) -> None:
        """Hand a message of the exchange to the connection."""
        self.line.receive(text)

    def drop(self, code: int = 1006, reason: str = "") -> None:
        """Nothing to hang up."""

    def open(self) -> "Wired":
        """Greet."""
        self.peer.greet()
        self.pump()
        return self

    def subscribe(self, *channels: Channel) -> "Wired":
        """Subscribe."""
        for channel in channels:
            self.line.subscribe(channel)
        self.pump()
        return self

    def pump(self) -> None:
        """Deliver what the connection wants sent."""
        while self.line.outgoing:
            self.peer.received(self.line.outgoing.popleft())

    def wait(self, seconds: float, *, heartbeats: bool = False) -> None:
        """Let time pass in half seconds, with the exchange's heartbeats every 15 s if asked for."""
        for i in range(int(seconds * 2)):
            self.now_s += 0.5
            if heartbeats and i % 30 == 29:
                self.peer.heartbeat()
            self.line.tick(self.now_s)
            self.pump()

    def counted(self, name: str) -> int:
        """Return a counter's value."""
        return counted(self.metrics, name)

    def happened(self) -> list[Happening]:
        """Return and forget what happened."""
        happened = list(self.line.happenings)
        self.line.happenings.clear()
        return happened

    def events_of(self, channel: Channel) -> list[MarketEvent]:
        """Return a channel's events."""
        return [event for of, event in self.events if of == channel]
