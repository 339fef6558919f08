"""A paper session over the real wire: a local venue plays the candles, and the adapters of Bitfinex trade on it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from attrs import frozen

from genesis.adapters.bitfinex.candle_line import ReadInstrument
from genesis.adapters.bitfinex.exchange_time import ExchangeTime
from genesis.adapters.bitfinex.market_line import TradedInstrument
from genesis.adapters.bitfinex.market_time import CandleTime
from genesis.adapters.bitfinex.market_wires import WireObserver
from genesis.adapters.bitfinex.reconciler import LookRules
from genesis.adapters.bitfinex.socket_aiohttp import AiohttpConnector
from genesis.adapters.bitfinex.trading_market import MarketRules, TradingMarket
from genesis.adapters.bitfinex.transport_aiohttp import AiohttpTransport
from genesis.adapters.memory.budgets import MemoryBudgets
from genesis.adapters.memory.nonces import MemoryNonces
from genesis.adapters.venue.control_client import VenueControl
from genesis.adapters.venue.shell import serving
from genesis.app.lock_step import LockStep
from genesis.app.operated_market import Operate, unoperated
from genesis.app.paper import Component, Pace
from genesis.app.paper_venue import PaperVenue
from genesis.app.trade import Observer, Recording, trade
from genesis.app.trade_beside import trade_beside
from genesis.app.wires import KeyInUse, Outside, bitfinex_wires, place_at
from genesis.domain.candle import Candles, Timeframe
from genesis.domain.core import TradingCore
from genesis.domain.exchange.orders import Account
from genesis.ports.clock import Clock
from genesis.ports.metrics import Metrics


@frozen(eq=False)
class WireHouse:
    """What a session over the wire runs on."""

    clock: Clock
    metrics: Metrics
    observer: WireObserver


@frozen(eq=False)
class WiredMarket:
    """A market that trades on a venue of its own, and who leads that through its candles."""

    market: TradingMarket
    lock_step: LockStep
    url: str
    """Where the venue is, for other clients."""


@asynccontextmanager
async def wired_market(
    venue: PaperVenue, candles: Candles, timeframe: Timeframe, pace: Pace, house: WireHouse
) -> AsyncIterator[WiredMarket]:
    """Serve *venue*, which plays *candles*, on a loopback port, and give the market that trades on it.

    Both parts are to be run; when their tasks are over, the venue is closed.
    """
    clock, metrics, instrument = house.clock, house.metrics, venue.instrument
    transport = AiohttpTransport(metrics=metrics)
    async with serving(venue.venue) as port, AiohttpConnector() as connector:
        url = f"127.0.0.1:{port}"
        numbers = MemoryNonces(clock)  # key and budgets live no longer than the venue
        wires = bitfinex_wires(
            place_at(f"http://{url}/v2/", f"ws://{url}/ws/2"),
            KeyInUse(venue.signer, numbers, ExchangeTime(clock, metrics)),
            Outside(connector, transport, clock, metrics, MemoryBudgets()),
            {instrument.symbol: instrument},
            Account.EXCHANGE,
        )
        # The account is as the session made it, so it is looked at only after something may have been missed.
        rules = MarketRules(CandleTime(), LookRules(at_start=False, every_s=None))
        traded = TradedInstrument(instrument, timeframe, reads=venue.reads)
        reads = [ReadInstrument(symbol, timeframe) for symbol in venue.reads]
        market = TradingMarket([traded], wires, clock, house.observer, rules, reads)
        try:
            async with VenueControl(f"http://{url}") as control:
                lock_step = LockStep(candles, timeframe, pace, control, market, clock)
                yield WiredMarket(market, lock_step, f"http://{url}")
        finally:
            await transport.close()


async def trade_over_wire(
    core: TradingCore,
    wired: WiredMarket,
    observer: Observer,
    others: Sequence[Component] = (),
    recording: Recording | None = None,
    operate: Operate = unoperated,
) -> None:
    """Trade until the candles end or the task is cancelled; *others* run beside it and end with it.

    *operate* puts an operator's commands into the market's stream.

    With a *recording*, what happens is in its journal before it has an effect, and what is open is cancelled before a
    kill or a broken journal ends the rest. The first failure of any part cancels the rest and is raised in an
    `ExceptionGroup`.
    """
    parts: list[Component] = [wired.market, wired.lock_step, *others]
    market = operate(wired.market)
    if recording is not None:
        ways = (recording, wired.market.cancelled, wired.market.uncancelled)
        await trade_beside(core, market, observer, parts, *ways)
        return
    async with asyncio.TaskGroup() as tasks:
        beside = [tasks.create_task(each.run(), name=type(each).__name__) for each in parts]
        await trade(core, market, observer)
        for task in beside:
            task.cancel()
