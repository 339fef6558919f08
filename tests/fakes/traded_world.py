"""A market to trade on, wired as a live session is, against a venue in one process and virtual time."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from attrs import define, evolve, field

from genesis.adapters.bitfinex.exchange_time import ExchangeTime
from genesis.adapters.bitfinex.key import ApiKey
from genesis.adapters.bitfinex.limits import Limits
from genesis.adapters.bitfinex.market_line import TradedInstrument
from genesis.adapters.bitfinex.market_time import LiveTime
from genesis.adapters.bitfinex.market_wires import Wires
from genesis.adapters.bitfinex.rest_account import BitfinexAccount
from genesis.adapters.bitfinex.rest_client import RestClient
from genesis.adapters.bitfinex.rest_market import BitfinexMarket
from genesis.adapters.bitfinex.rest_orders import BitfinexOrders
from genesis.adapters.bitfinex.rest_settings import RestSettings
from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.bitfinex.streams import PublicStreams
from genesis.adapters.bitfinex.streams_account import AccountStream, SocketKey
from genesis.adapters.bitfinex.trading_market import MarketRules, TradingMarket
from genesis.adapters.memory.budgets import MemoryBudgets
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.nonces import MemoryNonces
from genesis.adapters.routed_orders import RoutedOrders
from genesis.adapters.venue.http import Request, Response
from genesis.adapters.venue.in_process import InProcessVenue
from genesis.adapters.venue.session import ConnectionId
from genesis.adapters.venue.venue import DEMO_KEYS, Venue
from genesis.domain.candle import Timeframe
from genesis.domain.events import AccountShown, Event, OrderReported
from genesis.domain.exchange.orders import Account
from genesis.domain.execution.evidence import Evidence
from genesis.domain.execution.order_life import OrderLife
from genesis.domain.instrument import Instrument, spot_instrument
from genesis.domain.link import LinkState
from genesis.domain.order import Cid, OrderRequest, OrderType, Side
from genesis.domain.risk.gate import Approved
from genesis.domain.simulation.exchange_events import OwnTrade
from genesis.domain.simulation.exchange_orders import PlacedOrder
from genesis.domain.simulation.matching_order import UserId
from genesis.domain.units import Mts, Symbol, atoms
from genesis.ports.market import Market
from genesis.ports.secrets import Secret
from tests.e2e.venue_house import BTC, ETH, START, quiet_venue
from tests.fakes.rest import approved

INSTRUMENTS = {symbol: spot_instrument(symbol, atoms("0.0001")) for symbol in (BTC, ETH)}
URL = "http://127.0.0.1/v2/"

EventT = TypeVar("EventT", bound=tuple[object, ...])


class Watcher:
    """Notes what the market shows its observer."""

    def __init__(self) -> None:
        self.links: list[LinkState] = []
        self.round_trips: list[float] = []
        self.differences: list[tuple[Cid, tuple[str, ...]]] = []
        self.given_up: list[tuple[Cid, str]] = []

    def link(self, state: LinkState) -> None:
        self.links.append(state)

    def round_trip(self, seconds: float) -> None:
        self.round_trips.append(seconds)

    def accepted_otherwise(self, cid: Cid, differences: tuple[str, ...]) -> None:
        self.differences.append((cid, differences))

    def operator_must(self, cid: Cid, reason: str) -> None:
        self.given_up.append((cid, reason))


class CountedVenue(InProcessVenue):
    """A venue that keeps what was asked of it: paths over REST, texts over sockets."""

    def __init__(self, venue: Venue, clock: ManualClock) -> None:
        super().__init__(venue, clock)
        self.frames: list[str] = []
        self.paths: list[str] = []
        ask = venue.request

        def counted(path: str, request: Request) -> Response:
            self.paths.append(request.path)
            return ask(path, request)

        venue.request = counted  # type: ignore[method-assign]  # a wiretap

    def receive(self, connection: ConnectionId, text: str) -> None:
        self.frames.append(text)
        super().receive(connection, text)

    @property
    def submits(self) -> int:
        """How many orders arrived, by whatever way."""
        return sum('"on"' in frame for frame in self.frames) + self.paths.count("auth/w/order/submit")


@define(eq=False)
class TradedWorld:
    """The market, what came out of it, and the world around it."""

    venue: Venue
    shell: CountedVenue
    clock: ManualClock
    market: Market
    nonces: MemoryNonces
    account: AccountStream
    watcher: Watcher
    running: asyncio.Task[None]
    listening: asyncio.Task[None]
    events: list[Event] = field(factory=list)

    def evidence(self, cid: int) -> list[Evidence]:
        """Return what was reported of an order."""
        return [event.evidence for event in self.events if isinstance(event, OrderReported) and event.cid == cid]

    def of(self, kind: type[EventT]) -> list[EventT]:
        """Return the events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def shown(self) -> list[AccountShown]:
        """Return the looks."""
        return [event for event in self.events if isinstance(event, AccountShown)]

    @property
    def user(self) -> UserId:
        """Our account on the venue."""
        return self.venue.core.keys.by_key[DEMO_KEYS[0].key].user

    @property
    def open_orders(self) -> list[PlacedOrder]:
        """Our open orders on the venue."""
        return self.venue.core.exchange.open_orders(self.user)

    @property
    def trades(self) -> Sequence[OwnTrade]:
        """Our matches on the venue."""
        return self.venue.core.histories.of[self.user].trades

    def order(
        self, cid: int, amount: str = "0.5", price: str | None = None, side: Side = Side.BUY, symbol: Symbol = BTC
    ) -> Approved:
        """Return an approved order: a market order unless it has a price."""
        kind = OrderType.MARKET if price is None else OrderType.LIMIT
        wish = OrderRequest(Cid(cid), symbol, side, kind, atoms(amount), self.clock.now())
        return approved(wish if price is None else evolve(wish, price=INSTRUMENTS[symbol].price(int(price))))


async def listen(market: Market, heard: list[Event]) -> None:
    """Take events as they come."""
    take = heard.append
    async for event in market.events():
        take(event)


@asynccontextmanager
async def traded_world(
    rules: MarketRules | None = None,
    venue: Venue | None = None,
    *,
    starts_at: Mts = START,
    keeps_pace: bool = False,
    known: Iterable[OrderLife] = (),
    instruments: Mapping[Symbol, Instrument] = INSTRUMENTS,
) -> AsyncIterator[TradedWorld]:
    """Run a market until its account was shown; *rules* default to those of a live session that remembers *known*."""
    venue = venue or quiet_venue()
    clock, metrics, watcher = ManualClock(starts_at), MemoryMetrics(), Watcher()
    shell = CountedVenue(venue, clock)
    signer, nonces = Signer(Secret(DEMO_KEYS[0].key), Secret(DEMO_KEYS[0].secret)), MemoryNonces(clock)
    key = ApiKey(signer, nonces, clock, metrics)
    client = RestClient(
        *(shell, clock, metrics, Limits(clock, metrics, MemoryBudgets()), key),
        RestSettings(public_url=URL, auth_url=URL),
    )
    account = AccountStream(
        SocketKey(signer, nonces, key.lane),
        *(shell, clock, metrics, instruments, Account.EXCHANGE),
        random=lambda: 0.5,
    )
    wires = Wires(
        PublicStreams(shell, clock, metrics, random=lambda: 0.5),
        account,
        RoutedOrders(account, BitfinexOrders(client, instruments, Account.EXCHANGE)),
        BitfinexAccount(client),
        BitfinexMarket(client),
        nonces,
    )
    traded = [TradedInstrument(each, Timeframe.M1) for each in instruments.values()]
    time = LiveTime(clock, ExchangeTime(clock, metrics))
    market = TradingMarket(
        traded, wires, clock, watcher, rules or MarketRules(time, known=tuple(known), keeps_pace=keeps_pace)
    )
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(shell.run())
        running = tasks.create_task(market.run())
        heard: list[Event] = []
        listening = tasks.create_task(listen(market, heard))
        world = TradedWorld(venue, shell, clock, market, nonces, account, watcher, running, listening, heard)
        await clock.advance(2)
        yield world
        for task in (running, listening, serving):
            task.cancel()
