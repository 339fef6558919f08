"""A thousand lost connections in virtual time: no subscription is lost, and the exchange's limit on connections is
kept.
"""

import asyncio
import random

from genesis.adapters.bitfinex.session import SessionRules
from genesis.adapters.bitfinex.streams import PublicStreams
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.socket import MemoryConnector, MemorySocket
from genesis.domain.channel import BookChannel, Channel, TickerChannel, TradesChannel
from genesis.domain.resilience import Backoff
from genesis.domain.units import Symbol
from genesis.ports.errors import Maintenance, RateLimited, Unreachable
from tests.fakes.socket_exchange import FakePeer, FakeSocketExchange

SYMBOLS = [Symbol(f"tX{i:02d}USD") for i in range(20)]


class FlakyExchange:
    """The fake exchange behind a network that fails; it counts how often it is called."""

    def __init__(self, clock: ManualClock, rng: random.Random) -> None:
        self.exchange = FakeSocketExchange()
        self.clock = clock
        self.rng = rng
        self.connects: list[float] = []
        self.is_flaky = True

    def accept(self, url: str, socket: MemorySocket) -> FakePeer:
        self.connects.append(self.clock.monotonic_s())
        if self.is_flaky and self.rng.random() < 0.25:
            raise self.rng.choice(
                (
                    Unreachable("refused", endpoint=url),
                    RateLimited("429", endpoint=url, retry_after_s=60.0),
                    Maintenance("503", endpoint=url),
                )
            )
        peer = FakePeer(self.exchange, socket)
        if not (self.is_flaky and self.rng.random() < 0.1):  # now and then nobody greets
            peer.greet()
        return peer


async def play() -> tuple[list[float], int, set[str], set[str]]:
    clock, rng = ManualClock(), random.Random(5)
    flaky = FlakyExchange(clock, rng)
    flaky.is_flaky = False
    streams = PublicStreams(
        MemoryConnector(flaky.accept),
        clock,
        MemoryMetrics(),
        random=rng.random,
        session_rules=SessionRules(backoff=Backoff(base_s=0.1, max_s=4.0)),
    )
    channels: list[Channel] = [
        kind(symbol) for symbol in SYMBOLS for kind in (TickerChannel, TradesChannel, BookChannel)
    ]
    drops = 0
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(streams.run())
        subscribing = [tasks.create_task(streams.subscribe(channel)) for channel in channels]
        await clock.advance(2)
        assert all(task.done() for task in subscribing)
        flaky.is_flaky = True
        while drops < 1000:
            await clock.advance(rng.choice((0.1, 0.5, 2.0, 7.0)))
            alive = flaky.exchange.alive()
            if alive:
                drops += 1
                peer = rng.choice(alive)
                if rng.random() < 0.2:
                    peer.event(event="info", code=20051, msg="Stopping. Please try to reconnect")
                else:
                    peer.drop(rng.choice((1000, 1001, 1006, 1011)))
        flaky.is_flaky = False
        for _ in range(12):
            await clock.advance(15)
            for peer in flaky.exchange.alive():
                peer.heartbeat()
        wanted = {f"{kind} {symbol}" for symbol in SYMBOLS for kind in ("ticker", "trades", "book")}
        held: set[str] = set()
        for peer in flaky.exchange.alive():
            held |= {f"{asked['channel']} {asked['symbol']}" for asked in peer.channels.values()}
        assert not [symbol for symbol in SYMBOLS if streams.book(BookChannel(symbol)).is_stale]
        running.cancel()
    return flaky.connects, drops, wanted, held


def test_c15_a_thousand_drops_lose_no_subscription_and_keep_the_limit() -> None:
    connects, drops, wanted, held = asyncio.run(play())
    assert drops >= 1000
    assert held == wanted
    for i, first in enumerate(connects):
        within_a_minute = sum(1 for at in connects[i:] if at < first + 60.0)
        assert within_a_minute <= 20
