"""The way of an order, of a lost connection, and of a kill, over loopback; prints one JSON object.

`order_path`: from the event on which the core decides to the arrival of the order's bytes at a venue in the same
process, with intent and record of sending durable in between. `reconnect`: from the loss of the account's socket to the
look after which orders go out again, without back-off. `kill`: from the start of the process to the arrival of the last
cancel of 500, and to its end.

    python -m tests.bench.orders [--orders 1000] [--drops 1000] [--kills 5] [--json]
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from attrs import evolve

from genesis.adapters.bitfinex.exchange_time import ExchangeTime
from genesis.adapters.bitfinex.market_line import TradedInstrument
from genesis.adapters.bitfinex.market_time import LiveTime
from genesis.adapters.bitfinex.reconciler import LookRules
from genesis.adapters.bitfinex.session import SessionRules
from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.bitfinex.socket_aiohttp import AiohttpConnector
from genesis.adapters.bitfinex.streams_account import AccountStream, SocketKey
from genesis.adapters.bitfinex.trading_market import MarketRules, TradingMarket
from genesis.adapters.bitfinex.transport_aiohttp import AiohttpTransport
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.journal_sqlite.writing import SqliteJournal
from genesis.adapters.memory.kill_latch import MemoryKillLatch
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.nonces import MemoryNonces
from genesis.adapters.venue.http import Request, Response
from genesis.adapters.venue.session import ConnectionId
from genesis.adapters.venue.shell import serving
from genesis.adapters.venue.venue import DEMO_KEYS, Venue
from genesis.app.backtest import RunObserver, Terms
from genesis.app.paper import Pace
from genesis.app.paper_venue import paper_venue
from genesis.app.paper_wire import WireHouse, trade_over_wire, wired_market
from genesis.app.trade import Recording
from genesis.app.wires import KeyInUse, Outside, bitfinex_wires, place_at
from genesis.domain.candle import Candles, Timeframe
from genesis.domain.core import one_desk
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import AccountShown, Event, Quote
from genesis.domain.exchange.orders import Account
from genesis.domain.instrument import spot_instrument
from genesis.domain.nonce import CIDS_PER_MS
from genesis.domain.order import Cid, OrderType, Side
from genesis.domain.resilience import Backoff, Ration, RequestBudget
from genesis.domain.simulation.exchange_orders import OrderTicket, Refusal
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.statistics.record import Recorder
from genesis.domain.strategy.features import close, where
from genesis.domain.units import Ppb, Price, atoms
from genesis.ports.market import Market
from genesis.ports.secrets import Secret
from tests.bench._turns import machine
from tests.e2e.venue_house import BTC, START, quiet_venue
from tests.fakes.traded_world import Watcher

OPEN_ORDERS = 500


def figures(seconds: Sequence[float]) -> dict[str, float]:
    """Return what of a distribution is promised, in milliseconds."""
    ordered = sorted(seconds)
    return {
        "count": len(ordered),
        "p50_ms": round(statistics.median(ordered) * 1000, 3),
        "p99_ms": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1000, 3),
        "max_ms": round(ordered[-1] * 1000, 3),
    }


class QuoteWatch:
    """Notes when each quote is handed to the core: that is the event on which an order is decided."""

    def __init__(self) -> None:
        self.handed_s = 0.0

    def watching(self, market: Market) -> Market:
        """Return *market*, watched."""
        events = market.events

        async def noted() -> AsyncIterator[Event]:
            async for event in events():
                if type(event) is Quote:
                    self.handed_s = time.perf_counter()
                yield event

        market.events = noted  # type: ignore[method-assign]  # a wiretap
        return market


async def order_path(orders: int) -> dict[str, float]:
    """Let a strategy change its mind at every close, journalled."""
    count = orders + 2
    prices = np.where(np.arange(count) % 2 == 0, 99.0, 101.0)
    mts = START // 60_000 * 60_000 + 60_000 * np.arange(count, dtype=np.int64)
    candles = Candles(mts, prices, prices + 0.5, prices - 0.5, prices, np.ones(count))
    instrument = spot_instrument(BTC)
    terms = Terms(DeskSettings(instrument, where(close > 100.0, 1.0, 0.0)), Costs(Ppb(0), Ppb(100_000)), atoms(10_000))
    venue, watch, spent = paper_venue(terms, candles, Timeframe.M1), QuoteWatch(), list[float]()
    receive = venue.venue.receive

    def noted(connection: ConnectionId, text: str, at_ms: int) -> None:
        if '"on"' in text:
            spent.append(time.perf_counter() - watch.handed_s)
        receive(connection, text, at_ms)

    venue.venue.receive = noted  # type: ignore[method-assign]  # a wiretap
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as folder:
        journal = SqliteJournal(Path(folder) / "journal.sqlite", clock)
        house = WireHouse(clock, MemoryMetrics(), Watcher())
        core = one_desk(terms.desk, terms.cash)
        observer = RunObserver(Recorder(instrument, terms.cash, None))
        async with wired_market(venue, candles, Timeframe.M1, Pace(None), house) as wired:
            recording = Recording(journal, MemoryKillLatch())
            await trade_over_wire(core, wired, observer, [journal], recording, watch.watching)
        await journal.close()
    return figures(spent)


class Unlimited:
    """Budgets without end: the exchange's would be used up after some thirty looks, and the rest be waiting."""

    def of(self, _: Ration) -> RequestBudget:
        """Return a budget that nobody uses up."""
        return RequestBudget(1_000_000)


async def reconnect(drops: int) -> dict[str, float]:
    """Drop the account's connection again and again, and wait until the core may decide."""
    clock, metrics, venue = SystemClock(), MemoryMetrics(), quiet_venue()
    signer = Signer(Secret(DEMO_KEYS[0].key), Secret(DEMO_KEYS[0].secret))
    nonces, transport, spent = MemoryNonces(clock), AiohttpTransport(), list[float]()
    instruments = {BTC: spot_instrument(BTC)}
    quick = SessionRules(Backoff(1e-6, 1e-6))
    async with serving(venue) as port, AiohttpConnector() as connector, asyncio.TaskGroup() as tasks:
        place = place_at(f"http://127.0.0.1:{port}/v2/", f"ws://127.0.0.1:{port}/ws/2")
        told = ExchangeTime(clock, metrics)
        key = KeyInUse(signer, nonces, told)
        outside = Outside(connector, transport, clock, metrics, Unlimited())
        wires = bitfinex_wires(place, key, outside, instruments, Account.EXCHANGE)
        budget = RequestBudget(1_000_000, 1.0)
        account = AccountStream(
            *(SocketKey(signer, nonces), connector, clock, metrics, instruments, Account.EXCHANGE),
            url=place.account_ws,
            session_rules=quick,
            budget=budget,
        )
        rules = MarketRules(LiveTime(clock, told), LookRules())
        traded = [TradedInstrument(instruments[BTC], Timeframe.M1)]
        market = TradingMarket(traded, evolve(wires, account=account), clock, Watcher(), rules)
        running = tasks.create_task(market.run())
        events = market.events()
        for _ in range(drops + 1):
            async for event in events:
                if isinstance(event, AccountShown):
                    break
            spent.append(time.perf_counter())
            account.reconnect("a drill")
        running.cancel()
    await transport.close()
    return figures([after - before for before, after in pairwise(spent)])


def noted_cancels(venue: Venue) -> list[float]:
    """Return the list into which go the times at which cancels arrive."""
    arrived, ask = list[float](), venue.rest.handle

    def noted(request: Request) -> Response:
        if request.path.endswith("cancel/multi"):
            arrived.append(time.perf_counter())
        return ask(request)

    venue.rest.handle = noted  # type: ignore[method-assign]  # a wiretap
    return arrived


async def kill(times: int) -> dict[str, float]:
    """Run `kill` against 500 open orders."""
    sent, ended = list[float](), list[float]()
    for _ in range(times):
        venue = quiet_venue()
        user = venue.core.keys.by_key[DEMO_KEYS[0].key].user
        for at in range(OPEN_ORDERS):
            ticket = OrderTicket(
                *(BTC, Side.BUY, OrderType.LIMIT, atoms("0.01"), Price(atoms("50"))),
                cid=Cid(venue.now * CIDS_PER_MS + at),
            )
            result = venue.core.exchange.submit(user, ticket, venue.now)
            assert not isinstance(result, Refusal)
            venue.core.apply(result.events)
        cancels = noted_cancels(venue)
        async with serving(venue) as port:
            with tempfile.TemporaryDirectory() as home:
                environment = {
                    **os.environ,
                    "GENESIS_HOME": home,
                    "GENESIS_REST_URL": f"http://127.0.0.1:{port}/v2/",
                    "BITFINEX_API_KEY": DEMO_KEYS[0].key,
                    "BITFINEX_API_SECRET": DEMO_KEYS[0].secret,
                }
                begun = time.perf_counter()
                words = ("-c", "from genesis.app.cli import main\nmain()", "kill", "bench", "--watch", "0")
                quiet = asyncio.subprocess.DEVNULL
                process = await asyncio.create_subprocess_exec(sys.executable, *words, env=environment, stdout=quiet)
                assert await process.wait() == 0
        assert not venue.core.exchange.open_orders(user)
        sent.append(cancels[-1] - begun)
        ended.append(time.perf_counter() - begun)
    return {"last_cancel_ms": figures(sent)["max_ms"], "ended_ms": figures(ended)["max_ms"], "count": times}


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    for name, default in (("orders", 1000), ("drops", 1000), ("kills", 5)):
        options.add_argument(f"--{name}", type=int, default=default)
    options.add_argument("--json", action="store_true", help="As without it: one JSON object, for machines.")
    chosen = options.parse_args()
    found: dict[str, object] = {
        "machine": machine(),
        "order_path": asyncio.run(order_path(chosen.orders)),
        "reconnect": asyncio.run(reconnect(chosen.drops)),
        "kill": asyncio.run(kill(chosen.kills)),
    }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
