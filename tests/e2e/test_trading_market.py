"""The market of the trading loop on a venue with a thin book: one order, many fills, and what is left of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from genesis.adapters.bitfinex.exchange_time import ExchangeTime
from genesis.adapters.bitfinex.market_line import TradedInstrument
from genesis.adapters.bitfinex.market_time import CandleTime
from genesis.adapters.bitfinex.reconciler import LookRules
from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.bitfinex.socket_aiohttp import AiohttpConnector
from genesis.adapters.bitfinex.trading_market import MarketRules, TradingMarket
from genesis.adapters.bitfinex.transport_aiohttp import AiohttpTransport
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.memory.budgets import MemoryBudgets
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.nonces import MemoryNonces
from genesis.adapters.venue.control_client import VenueControl
from genesis.adapters.venue.shell import serving
from genesis.adapters.venue.venue import DEMO_KEYS
from genesis.app.wires import KeyInUse, Outside, bitfinex_wires, place_at
from genesis.domain.candle import Timeframe
from genesis.domain.events import CandleClosed, Event, OrderReported, Quote
from genesis.domain.exchange.orders import Account
from genesis.domain.execution.evidence import Closed, Traded
from genesis.domain.instrument import spot_instrument
from genesis.domain.link import LinkState
from genesis.domain.order import OrderRequest, OrderType, Side
from genesis.domain.units import Mts, atoms, ceil_mul_div
from genesis.ports.market import Market
from genesis.ports.secrets import Secret
from tests.e2e.venue_house import BTC, START, quiet_venue, trade
from tests.fakes.rest import approved
from tests.simulation.wire_house import Listener

INSTRUMENT = spot_instrument(BTC, atoms("0.0001"))
LEVELS = 30
"""The quiet venue offers one unit at each of 101, 102, …"""


@asynccontextmanager
async def quoted_market() -> AsyncIterator[tuple[Market, AsyncIterator[Event], Quote]]:
    """A market whose first candle has closed, its events, and the quote after that."""
    clock, metrics, venue = SystemClock(), MemoryMetrics(), quiet_venue()
    async with (
        serving(venue) as port,
        AiohttpConnector() as connector,
        VenueControl(f"http://127.0.0.1:{port}") as control,
        asyncio.timeout(20),
        asyncio.TaskGroup() as tasks,
    ):
        numbers, transport = MemoryNonces(clock), AiohttpTransport()
        signer = Signer(Secret(DEMO_KEYS[0].key), Secret(DEMO_KEYS[0].secret))
        wires = bitfinex_wires(
            place_at(f"http://127.0.0.1:{port}/v2/", f"ws://127.0.0.1:{port}/ws/2"),
            KeyInUse(signer, numbers, ExchangeTime(clock, metrics)),
            Outside(connector, transport, clock, metrics, MemoryBudgets()),
            {BTC: INSTRUMENT},
            Account.EXCHANGE,
        )
        rules = MarketRules(CandleTime(), LookRules(at_start=False, every_s=None))
        market = TradingMarket([TradedInstrument(INSTRUMENT, Timeframe.M1)], wires, clock, Listener(), rules)
        running = tasks.create_task(market.run())
        await market.ready()
        events = market.events()
        await control.advance(Mts(START + 60_000))
        trade(venue, BTC, "100.25")
        await control.advance(Mts(START + 60_001))
        closed = await anext(events)
        while isinstance(closed, LinkState):
            closed = await anext(events)
        assert isinstance(closed, CandleClosed)
        assert closed.candle.close == 100.5
        market.request_quote(BTC, 1)
        quote = await anext(events)
        assert isinstance(quote, Quote)
        yield market, events, quote
        running.cancel()
        await transport.close()


def buying(amount: str, quote: Quote) -> OrderRequest:
    return OrderRequest(quote.cids[0], BTC, Side.BUY, OrderType.MARKET, atoms(amount), quote.mts)


async def outcome(events: AsyncIterator[Event]) -> tuple[list[Traded], Closed]:
    """Return the fills of an order once their fees are known, and its end."""
    booked: list[Traded] = []
    end: Closed | None = None
    while end is None or sum(fill.amount for fill in booked) < end.filled:
        event = await anext(events)
        assert isinstance(event, OrderReported)
        match event.evidence:
            case Traded(fee=int()):
                booked.append(event.evidence)
            case Closed():
                end = event.evidence
    return booked, end


async def test_a_market_order_that_walks_the_book_gives_a_fill_for_each_level_and_one_end() -> None:
    async with quoted_market() as (market, events, quote):
        assert (quote.bid, quote.ask) == (INSTRUMENT.price(100), INSTRUMENT.price(101))
        market.submit(approved(buying("2.5", quote)))
        booked, end = await outcome(events)
        assert end.filled == atoms("2.5")
        assert [(fill.price, fill.amount) for fill in booked] == [
            (INSTRUMENT.price(101), atoms(1)),
            (INSTRUMENT.price(102), atoms(1)),
            (INSTRUMENT.price(103), atoms("0.5")),
        ]
        assert all(fill.fee == ceil_mul_div(fill.amount, 2, 1000) for fill in booked)


async def test_what_the_book_could_not_fill_is_told_with_the_end() -> None:
    async with quoted_market() as (market, events, quote):
        market.submit(approved(buying(str(LEVELS + 12), quote)))
        booked, end = await outcome(events)
        assert (len(booked), end.filled) == (LEVELS, atoms(LEVELS))
