"""D16: maintenance whose end nobody announces, with the platform's status as a second witness; in virtual time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from genesis.adapters.bitfinex.maintenance import StatusPoll
from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.bitfinex.streams import PublicStreams
from genesis.adapters.bitfinex.streams_account import AccountStream, SocketKey
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.nonces import MemoryNonces
from genesis.adapters.memory.socket import MemoryConnector, MemorySocket
from genesis.domain.channel import TickerChannel, TradesChannel
from genesis.domain.exchange.orders import Account
from genesis.domain.units import Symbol
from genesis.ports.errors import OutcomeUnknown
from genesis.ports.secrets import Secret
from tests.fakes.socket_exchange import FakePeer, FakeSocketExchange

BTC = Symbol("tBTCUSD")
NOT_OPERATIVE = '{"event":"info","version":2,"platform":{"status":0}}'
OPERATIVE = '{"event":"info","version":2,"platform":{"status":1}}'


class Platform:
    """Both streams on one exchange, whose status is asked over one poll."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.exchange = FakeSocketExchange()
        self.status: bool | None = True
        self.asked: list[float] = []
        connector = MemoryConnector(self.accept)
        poll = StatusPoll(self.is_operative, self.clock)
        self.public = PublicStreams(connector, self.clock, MemoryMetrics(), status=poll)
        key = SocketKey(Signer(Secret("K"), Secret("demo-secret")), MemoryNonces(self.clock))
        self.account = AccountStream(key, connector, self.clock, MemoryMetrics(), {}, Account.EXCHANGE, status=poll)

    def accept(self, _url: str, socket: MemorySocket) -> FakePeer:
        peer = FakePeer(self.exchange, socket)
        peer.greet()
        return peer

    async def is_operative(self) -> bool:
        self.asked.append(self.clock.monotonic_s())
        await self.clock.sleep(0.1)
        if self.status is None:
            raise OutcomeUnknown("no answer", endpoint="platform/status")
        return self.status

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(self.public.run()), tasks.create_task(self.account.run())]
            taken = [tasks.create_task(self.public.subscribe(c)) for c in (TickerChannel(BTC), TradesChannel(BTC))]
            await self.clock.advance(2)
            assert all(task.done() for task in taken)
            assert self.account.is_open
            yield
            for task in running:
                task.cancel()

    def announce(self, code: int) -> None:
        for peer in self.exchange.alive():
            peer.event(event="info", code=code, msg="maintenance")

    def is_trading(self) -> bool:
        return self.account.is_open


async def test_d16_an_announced_pause_trusts_no_status_before_it_lasts_too_long() -> None:
    platform = Platform()
    async with platform.open():
        platform.announce(20060)
        await platform.clock.advance(175)
        assert platform.asked == []
        assert not platform.is_trading()
        await platform.clock.advance(20)
        assert platform.is_trading(), "the status said so, and then a new greeting"
        assert len(platform.exchange.alive()) == 2
        assert sum(len(peer.channels) for peer in platform.exchange.alive()) == 2


async def test_d16_a_platform_that_is_not_operative_is_asked_within_the_limit_and_nothing_is_sent_to_it() -> None:
    platform = Platform()
    async with platform.open():
        platform.announce(20060)
        platform.status = False
        connections = len(platform.exchange.peers)
        await platform.clock.advance(3600)
        assert not platform.is_trading()
        assert len(platform.exchange.peers) == connections, "who is paused need not connect again and again"
        for first in platform.asked:
            assert sum(1 for at in platform.asked if first <= at < first + 60.0) <= 30
        assert len(platform.asked) > 500
        platform.status = None
        await platform.clock.advance(60)
        assert not platform.is_trading()
        platform.status = True
        await platform.clock.advance(30)
        assert platform.is_trading()
        assert len(platform.exchange.alive()) == 2


async def test_d16_a_platform_that_greets_as_not_operative_is_asked_at_once() -> None:
    platform = Platform()
    platform.status = False
    async with platform.open():
        platform.exchange.greeting = NOT_OPERATIVE
        for peer in platform.exchange.alive():
            peer.drop()
        await platform.clock.advance(30)
        assert not platform.is_trading()
        assert platform.asked
        platform.status, platform.exchange.greeting = True, OPERATIVE
        await platform.clock.advance(30)
        assert platform.is_trading()
        asked = len(platform.asked)
        await platform.clock.advance(60)
        assert len(platform.asked) == asked, "nobody is asked about a platform that works"
