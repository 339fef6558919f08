"""The exchange's ports over two adapters: in memory, and Bitfinex over the real wire to the local venue.

The same market stands behind both, so the same questions have the same answers.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from attrs import frozen

from genesis.adapters.memory.account import MemoryAccount
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.exchange import MemoryExchange
from genesis.adapters.memory.market_data import MemoryMarketData
from genesis.adapters.memory.orders import MemoryOrders
from genesis.adapters.venue.shell import serving
from genesis.adapters.venue.venue import DEMO_KEYS
from genesis.domain.candle import Timeframe
from genesis.domain.exchange.account import WalletKind
from genesis.domain.exchange.market import PlatformStatus, Precision
from genesis.domain.exchange.orders import (
    Account,
    ByCid,
    ById,
    CancelMany,
    Everything,
    OrderAck,
    OrderChange,
    ReportedStatus,
)
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import Cid, OrderId, OrderRequest, OrderType, Side
from genesis.domain.risk.gate import Approved
from genesis.domain.simulation.exchange import Exchange
from genesis.domain.simulation.exchange_orders import OrderTicket, Refusal
from genesis.domain.simulation.margin_position import MarginTerms
from genesis.domain.simulation.matching_order import UserId
from genesis.domain.units import Currency, Mts, Price, Symbol, atoms
from genesis.ports.errors import InputError, Rejected
from genesis.ports.exchange import AccountReader, MarketDataReader, OrderGateway
from tests.e2e.venue_house import quiet_venue
from tests.fakes.rest import SYMBOL, approved, approved_change, desk, ports

ALICE, MAKER, ME = DEMO_KEYS[0], UserId(1), UserId(10_001)


@frozen
class Ports:
    """The three ports of one account, as a trading loop holds them."""

    market: MarketDataReader
    account: AccountReader
    orders: OrderGateway


Opened = Callable[[], AbstractAsyncContextManager[Ports]]


@asynccontextmanager
async def in_memory() -> AsyncIterator[Ports]:
    """Bids 100, 99, … and asks 101, 102, … of one unit each, and one trade at 100.5, as `quiet_venue` has them."""
    exchange, clock = Exchange(), ManualClock()
    exchange.accounts.open(MAKER, unlimited=True)
    exchange.accounts.open(ME)
    for currency, units in (("USD", 1_000_000), ("BTC", 100)):
        exchange.accounts.deposit(ME, WalletKind.EXCHANGE, Currency(currency), atoms(units), clock.now())
    exchange.accounts.deposit(ME, WalletKind.MARGIN, Currency("USD"), atoms(500_000), clock.now())
    mine = MemoryExchange(exchange, ME, clock)
    instrument = spot_instrument(SYMBOL, atoms("0.0001"))
    exchange.add_market(instrument, MarginTerms())

    def place(side: Side, amount: str, price: str) -> None:
        ticket = OrderTicket(SYMBOL, side, OrderType.LIMIT, atoms(amount), instrument.price(Decimal(price)))
        done = exchange.submit(MAKER, ticket, clock.now())
        assert not isinstance(done, Refusal)
        mine.record(done.events)

    place(Side.SELL, "0.1", "100.5")
    place(Side.BUY, "0.1", "100.5")
    for level in range(30):
        place(Side.BUY, "1", str(100 - level))
        place(Side.SELL, "1", str(101 + level))
    yield Ports(MemoryMarketData(mine), MemoryAccount(mine), MemoryOrders(mine, Account.EXCHANGE))


@asynccontextmanager
async def over_the_wire() -> AsyncIterator[Ports]:
    async with (
        serving(quiet_venue()) as port,
        desk(f"http://127.0.0.1:{port}/v2/", key=ALICE.key, secret=ALICE.secret) as ours,
    ):
        market, account, orders, _ = ports(ours)
        yield Ports(market, account, orders)


@pytest.fixture(params=[in_memory, over_the_wire], ids=["memory", "bitfinex"])
def opened(request: pytest.FixtureRequest) -> Opened:
    chosen: Opened = request.param
    return chosen


def order(
    cid: int,
    price: str | None = "90",
    side: Side = Side.BUY,
    amount: str = "0.5",
    kind: OrderType | None = None,
    *,
    post_only: bool = False,
) -> Approved:
    limit = None if price is None else Price(atoms(price))
    kind = kind or (OrderType.MARKET if price is None else OrderType.LIMIT)
    return approved(OrderRequest(Cid(cid), SYMBOL, side, kind, atoms(amount), Mts(1), price=limit, post_only=post_only))


def day_of(mts: Mts) -> date:
    return datetime.fromtimestamp(mts / 1000, UTC).date()


async def test_an_order_rests_is_found_and_is_cancelled(opened: Opened) -> None:
    async with opened() as ours:
        placed = (await ours.orders.submit(order(7))).order
        assert (placed.cid, placed.side, placed.type, placed.price) == (7, Side.BUY, OrderType.LIMIT, Decimal(90))
        (found,) = await ours.account.open_orders(SYMBOL)
        assert (found.id, found.amount, found.amount_remaining, found.status, found.account) == (
            *(placed.id, Decimal("0.5"), Decimal("0.5"), ReportedStatus.ACTIVE, Account.EXCHANGE),
        )
        assert await ours.account.open_orders(Symbol("tETHUSD")) == []
        day = day_of(placed.mts_created)
        assert [each.id for each in await ours.account.open_orders_by_cid(ByCid(Cid(7), day))] == [placed.id]
        assert await ours.account.open_orders_by_cid(ByCid(Cid(7), date(2020, 1, 1))) == []
        assert (await ours.orders.cancel(ByCid(Cid(7), day))).status is ReportedStatus.ACTIVE
        assert await ours.account.open_orders() == []
        (ended,) = await ours.account.order_history(ids=[placed.id])
        assert (ended.status, ended.amount_filled) == (ReportedStatus.CANCELED, Decimal(0))
        with pytest.raises(Rejected, match="not found"):
            await ours.orders.cancel(ById(placed.id))


async def test_a_change_keeps_the_order_and_a_foreign_one_is_refused(opened: Opened) -> None:
    async with opened() as ours:
        placed = (await ours.orders.submit(order(7))).order
        change = OrderChange(placed.id, SYMBOL, Side.BUY, amount=atoms("0.3"), price=Price(atoms("91")))
        changed = (await ours.orders.update(approved_change(change, placed))).order
        assert (changed.id, changed.price, changed.amount_remaining) == (placed.id, Decimal(91), Decimal("0.3"))
        await ours.orders.cancel(ById(placed.id))
        with pytest.raises(Rejected, match="not found"):
            await ours.orders.update(approved_change(change, placed))


async def test_a_market_order_fills_through_the_book_and_pays_its_fee(opened: Opened) -> None:
    async with opened() as ours:
        before = {each.currency: each.balance for each in await ours.account.wallets() if each.kind.value == "exchange"}
        placed = (await ours.orders.submit(order(8, price=None, amount="1.5"))).order
        fills = await ours.account.order_fills(SYMBOL, placed.id)
        assert [(fill.price, fill.amount) for fill in fills] == [
            (Decimal(102), Decimal("0.5")),
            (Decimal(101), Decimal(1)),
        ]
        assert {(fill.cid, fill.side, fill.is_maker, fill.fee_currency) for fill in fills} == {
            (8, Side.BUY, False, "BTC")
        }
        assert sum(fill.fee or 0 for fill in fills) == Decimal("0.003")
        after = {each.currency: each.balance for each in await ours.account.wallets() if each.kind.value == "exchange"}
        assert after[Currency("USD")] - before[Currency("USD")] == -152
        assert after[Currency("BTC")] - before[Currency("BTC")] == Decimal("1.497")
        (ended,) = await ours.account.order_history(SYMBOL)
        assert (ended.status, ended.amount_remaining) == (ReportedStatus.EXECUTED, Decimal(0))
        oldest = await ours.account.fills(SYMBOL, oldest_first=True)
        assert [fill.price for fill in oldest] == [101, 102]
        entries = await ours.account.ledger(Currency("BTC"))
        assert entries[0].balance == after[Currency("BTC")]
        assert {trade.price for trade in await ours.market.trades(SYMBOL)} == {100.5, 101.0, 102.0}


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        (order(1, "101", post_only=True), ReportedStatus.POST_ONLY_CANCELED),
        (order(2, "101", amount="2", kind=OrderType.FILL_OR_KILL), ReportedStatus.FILL_OR_KILL_CANCELED),
        (order(3, "101", amount="2", kind=OrderType.IMMEDIATE_OR_CANCEL), ReportedStatus.IOC_CANCELED),
    ],
)
async def test_how_an_order_ended_is_told(opened: Opened, wish: Approved, status: ReportedStatus) -> None:
    async with opened() as ours:
        await ours.orders.submit(wish)
        (ended,) = await ours.account.order_history()
        assert (ended.cid, ended.status) == (wish.order.cid, status)
        assert await ours.account.open_orders() == []


async def test_what_the_exchange_cannot_take_is_rejected_and_changes_nothing(opened: Opened) -> None:
    """D17."""
    async with opened() as ours:
        before = await ours.account.wallets()
        for wish in (order(9, amount="0.00000001"), order(10, amount="1000000")):
            with pytest.raises(Rejected):
                await ours.orders.submit(wish)
        with pytest.raises(InputError, match="price"):
            await ours.orders.submit(
                approved(OrderRequest(Cid(1), SYMBOL, Side.BUY, OrderType.LIMIT, atoms("1"), Mts(1)))
            )
        assert sorted(await ours.account.wallets(), key=repr) == sorted(before, key=repr)
        assert await ours.account.order_history() == []


async def test_several_operations_have_an_outcome_each_and_cancels_reach_what_is_there(opened: Opened) -> None:
    """D33."""
    async with opened() as ours:
        outcomes = await ours.orders.execute([order(1), order(2), ById(OrderId(404)), order(3)])
        assert [type(outcome) for outcome in outcomes] == [OrderAck, OrderAck, Rejected, OrderAck]
        ids = sorted(each.id for each in await ours.account.open_orders())
        gone = await ours.orders.cancel_many(CancelMany((ById(ids[0]), ById(ids[1]), ById(OrderId(404)))))
        assert sorted(each.id for each in gone) == ids[:2]
        assert [each.id for each in await ours.orders.cancel_many(Everything())] == ids[2:]
        assert await ours.orders.cancel_many(Everything()) == []
        for count in (0, 76):
            with pytest.raises(InputError, match="1 to 75"):
                await ours.orders.execute([ById(OrderId(1))] * count)


async def test_the_market_is_read(opened: Opened) -> None:
    async with opened() as ours:
        market = ours.market
        assert await market.platform_status() is PlatformStatus.OPERATIVE
        ticker = await market.ticker(SYMBOL)
        assert (ticker.bid, ticker.bid_size, ticker.ask, ticker.last_price) == (100, 25, 101, 100.5)
        assert [each.symbol for each in await market.tickers([SYMBOL, Symbol("tXXXYYY")])] == [SYMBOL]
        with pytest.raises(Rejected):
            await market.ticker(Symbol("tXXXYYY"))
        book = await market.book(SYMBOL)
        assert [(level.side, level.price, level.amount) for level in (book[0], book[24], book[25], book[49])] == [
            *((Side.BUY, 100, 1), (Side.BUY, 76, 1), (Side.SELL, 101, 1), (Side.SELL, 125, 1)),
        ]
        coarse = await market.book(SYMBOL, Precision.P3)
        assert [(level.price, level.order_count) for level in coarse if level.side is Side.SELL][:2] == [
            *((110, 10), (120, 10)),
        ]
        last = await market.last_candle(SYMBOL, Timeframe.M1)
        assert last is not None
        assert (last.open, last.close) == (100.5, 100.5)
        assert await market.candles(SYMBOL, Timeframe.M1) == [last]
        pages = [page async for page in market.candle_pages(SYMBOL, Timeframe.M1, last.mts, last.mts)]
        assert [candle for page in pages for candle in page] == [last]
        rules = {each.symbol: each for each in await market.pair_rules()}
        assert rules[SYMBOL].amount_min == atoms("0.0001")
        assert (rules[SYMBOL].initial_margin, rules[SYMBOL].minimum_margin) == (Decimal("0.3"), Decimal("0.15"))


async def test_the_account_is_read(opened: Opened) -> None:
    async with opened() as ours:
        account = ours.account
        assert await account.positions() == await account.position_history() == []
        assert (await account.user()).id == ME
        fees = await account.fees()
        assert (fees.maker, fees.taker_to_fiat) == (Decimal("0.001"), Decimal("0.002"))
        rights = {right.scope: right for right in await account.permissions()}
        assert rights["orders"].can_write
        base = await account.margin_base()
        assert (base.profit, base.balance, base.net) == (Decimal(0), Decimal(500_000), Decimal(500_000))
        pair = await account.margin_pair(SYMBOL)
        assert [each for each in await account.margin_pairs() if each.symbol == SYMBOL] == [pair]
        buy = await account.available_balance(SYMBOL, Side.BUY, Decimal(100), Account.EXCHANGE)
        sell = await account.available_balance(SYMBOL, Side.SELL, Decimal(100), Account.EXCHANGE)
        assert (buy, sell) == (Decimal(10_000), Decimal(-100))
