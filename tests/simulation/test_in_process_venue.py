"""The production adapters against the venue in one process and virtual time: hours pass in seconds, the same way
twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from attrs import frozen

from genesis.adapters.bitfinex.key import ApiKey
from genesis.adapters.bitfinex.limits import Limits
from genesis.adapters.bitfinex.rest_account import BitfinexAccount
from genesis.adapters.bitfinex.rest_client import RestClient
from genesis.adapters.bitfinex.rest_settings import RestSettings
from genesis.adapters.bitfinex.session import SessionRules
from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.bitfinex.streams import PublicStreams
from genesis.adapters.bitfinex.streams_account import AccountStream, SocketKey
from genesis.adapters.memory.budgets import MemoryBudgets
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.nonces import MemoryNonces
from genesis.adapters.venue.faults import Fault, Rule
from genesis.adapters.venue.in_process import InProcessVenue
from genesis.adapters.venue.markets.candles import CandleDriver
from genesis.adapters.venue.venue import DEMO_KEYS, Venue
from genesis.domain.account_events import SnapshotsComplete
from genesis.domain.candle import Candle, Candles
from genesis.domain.channel import CandlesChannel
from genesis.domain.exchange.orders import Account
from genesis.domain.instrument import spot_instrument
from genesis.domain.link import LinkState
from genesis.domain.order import Cid, OrderRequest, OrderType, Side
from genesis.domain.simulation.margin_position import MarginTerms
from genesis.domain.units import Mts, Symbol, atoms
from genesis.ports.errors import OutcomeUnknown
from genesis.ports.secrets import Secret
from tests.fakes.rest import approved

BTC = Symbol("tBTCUSD")
INSTRUMENT = spot_instrument(BTC, atoms("0.0001"))
START = Mts(1_700_000_040_000)
URL = "http://127.0.0.1/v2/"


@frozen
class World:
    venue: Venue
    clock: ManualClock
    market: PublicStreams
    account: AccountStream
    rest: BitfinexAccount


def bars(count: int) -> Candles:
    rng = np.random.default_rng(3)
    close = np.round(100 + np.cumsum(rng.normal(0, 0.1, count)), 2)
    opened = np.round(np.concatenate(([100.0], close[:-1])), 2)
    high, low = np.round(np.maximum(opened, close) + 0.05, 2), np.round(np.minimum(opened, close) - 0.05, 2)
    mts = START + 60_000 * np.arange(count, dtype=np.int64)
    return Candles(mts, opened, high, low, close, np.round(rng.random(count) + 0.5, 8))


@asynccontextmanager
async def world(candles: Candles) -> AsyncIterator[World]:
    venue = Venue(START, limited=False)
    venue.list_instrument(INSTRUMENT, MarginTerms())
    venue.add_demo_users()
    venue.add_driver(CandleDriver(INSTRUMENT, candles))
    clock, metrics = ManualClock(START), MemoryMetrics()
    shell = InProcessVenue(venue, clock)
    signer, nonces = Signer(Secret(DEMO_KEYS[0].key), Secret(DEMO_KEYS[0].secret)), MemoryNonces(clock)
    rules = SessionRules(tick_s=5.0)  # watchdogs that look twice a second would cost more than all else
    market = PublicStreams(shell, clock, metrics, session_rules=rules, random=lambda: 0.5)
    key = SocketKey(signer, nonces)
    account = AccountStream(
        *(key, shell, clock, metrics, {BTC: INSTRUMENT}, Account.EXCHANGE), session_rules=rules, random=lambda: 0.5
    )
    rest = RestClient(
        *(shell, clock, metrics, Limits(clock, metrics, MemoryBudgets()), ApiKey(signer, nonces, clock, metrics)),
        RestSettings(public_url=URL, auth_url=URL),
    )
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(job) for job in (shell.run(), market.run(), account.run())]
        subscribing = tasks.create_task(market.subscribe(CandlesChannel(BTC, "1m")))
        await clock.advance(1)
        await subscribing
        event = await account.next()
        while not isinstance(event, SnapshotsComplete):
            event = await account.next()
        yield World(venue, clock, market, account, BitfinexAccount(rest))
        for task in running:
            task.cancel()


async def trade_every_tenth_bar(count: int) -> list[tuple[int, int]]:
    """Return the trades of a client that buys and sells in turn."""
    async with world(bars(count)) as here:
        for at in range(count):
            await here.clock.advance(60)
            if at % 10 == 0:
                side = Side.BUY if at % 20 == 0 else Side.SELL
                wish = OrderRequest(Cid(at + 1), BTC, side, OrderType.MARKET, atoms("0.1"), here.clock.now())
                asking = asyncio.ensure_future(here.account.submit(approved(wish)))
                await here.clock.advance(0.01)
                assert (await asking).differences == ()
        user = here.venue.core.keys.by_key[DEMO_KEYS[0].key].user
        return [(int(trade.mts), int(trade.price)) for trade in here.venue.core.histories.of[user].trades]


async def test_two_hours_pass_the_same_way_twice() -> None:
    first, again = [await trade_every_tenth_bar(120) for _ in range(2)]
    assert len(first) == 12
    assert first == again


async def test_candles_reach_the_client_exactly() -> None:
    candles = bars(30)
    seen: dict[int, Candle] = {}
    async with world(candles) as here:

        async def listen() -> None:
            while True:
                item = await here.market.next()
                if not isinstance(item, LinkState) and isinstance(item[1], Candle):
                    seen[item[1].mts] = item[1]

        listening = asyncio.ensure_future(listen())
        await here.clock.advance(30 * 60)
        listening.cancel()
    columns = (candles.mts, candles.open, candles.high, candles.low, candles.close, candles.volume)
    rows = [Candle(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]
    assert [seen[row.mts] for row in rows if row.mts in seen] == [row for row in rows if row.mts in seen]
    assert len(seen) >= 29


async def test_d1_an_answer_that_is_lost_in_virtual_time_is_unknown_and_the_order_is_found_over_rest() -> None:
    async with world(bars(5)) as here:
        here.venue.faults.add(Rule("lost", Fault.DROP_ACK, "on", times=1))
        wish = OrderRequest(
            Cid(9), BTC, Side.BUY, OrderType.LIMIT, atoms("1"), here.clock.now(), price=INSTRUMENT.price(50)
        )
        asking = asyncio.ensure_future(here.account.submit(approved(wish)))
        await here.clock.advance(21)
        with pytest.raises(OutcomeUnknown):
            await asking
        finding = asyncio.ensure_future(here.rest.open_orders(BTC))
        await here.clock.advance(1)
        assert [order.cid for order in await finding] == [9]
