"""The REST adapter against the local venue: two readings of the same protocol, written apart, have to meet."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from genesis.adapters.venue.shell import serving
from genesis.adapters.venue.venue import DEMO_KEYS
from genesis.domain.candle import Timeframe
from genesis.domain.exchange.account import WalletKind
from genesis.domain.exchange.market import PlatformStatus
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
from genesis.domain.order import Cid, OrderId, OrderRequest, OrderType, Side
from genesis.domain.risk.gate import Approved
from genesis.domain.units import Currency, Mts, Price, Symbol, atoms
from genesis.ports.errors import AuthRefused, Rejected
from tests.e2e.venue_house import quiet_venue
from tests.fakes.rest import SYMBOL, Desk, approved, approved_change, desk

ALICE = DEMO_KEYS[0]


@asynccontextmanager
async def trading() -> AsyncIterator[Desk]:
    async with (
        serving(quiet_venue()) as port,
        desk(f"http://127.0.0.1:{port}/v2/", key=ALICE.key, secret=ALICE.secret) as ours,
    ):
        yield ours


def order(cid: int, price: int | None = 9_000_000_000, side: Side = Side.BUY, amount: str = "0.5") -> Approved:
    kind = OrderType.MARKET if price is None else OrderType.LIMIT
    wish = OrderRequest(
        *(Cid(cid), SYMBOL, side, kind, atoms(amount), Mts(1)), price=None if price is None else Price(price)
    )
    return approved(wish)


def dates(mts: Mts) -> list[date]:
    day = datetime.fromtimestamp(mts / 1000, UTC).date()
    return [day, day - timedelta(days=1)]


async def test_public_data_reads() -> None:
    async with trading() as ours:
        market = ours.market
        assert await market.platform_status() is PlatformStatus.OPERATIVE
        assert (await market.ticker(SYMBOL)).bid == 100
        assert {ticker.symbol for ticker in await market.tickers([SYMBOL, Symbol("tETHUSD")])} == {"tBTCUSD", "tETHUSD"}
        assert len(await market.trades(SYMBOL)) == 1
        assert len(await market.book(SYMBOL)) == 50
        assert len(await market.raw_book(SYMBOL)) == 50
        last = await market.last_candle(SYMBOL, Timeframe.M1)
        assert last is not None
        assert await market.candles(SYMBOL, Timeframe.M1) == [last]
        assert await market.pairs() == ["tBTCUSD", "tETHUSD"]
        assert {rules.symbol for rules in await market.pair_rules()} >= {"tBTCUSD", "tETHUSD"}
        assert (await market.average_execution(SYMBOL, Side.BUY, atoms("1.5"))).amount == 1.5
        assert await market.exchange_rate(Currency("BTC"), Currency("USD")) == 100.5


async def test_account_data_reads() -> None:
    async with trading() as ours:
        account = ours.account
        assert {wallet.kind for wallet in await account.wallets()} >= {WalletKind.EXCHANGE}
        assert await account.positions() == []
        assert await account.open_orders() == []
        assert await account.order_history() == []
        assert await account.fills() == []
        await account.ledger()
        await account.margin_base()
        await account.margin_pair(SYMBOL)
        assert (await account.user()).id == 10_001
        assert (await account.fees()).maker < Decimal("0.01")
        assert any(right.scope == "orders" and right.can_write for right in await account.permissions())
        await account.available_balance(SYMBOL, Side.BUY, Decimal(100), Account.EXCHANGE)


async def test_an_order_lives_and_ends() -> None:
    async with trading() as ours:
        placed = (await ours.orders.submit(order(7))).order
        (found,) = await ours.account.open_orders(SYMBOL)
        assert (found.id, found.cid, found.amount, found.status) == (
            placed.id,
            7,
            Decimal("0.5"),
            ReportedStatus.ACTIVE,
        )
        by_cid = [
            each
            for day in dates(placed.mts_created)
            for each in await ours.account.open_orders_by_cid(ByCid(Cid(7), day))
        ]
        assert [each.id for each in by_cid] == [placed.id]
        change = OrderChange(placed.id, SYMBOL, Side.BUY, price=Price(9_100_000_000))
        changed = await ours.orders.update(approved_change(change, placed))
        assert changed.order.price == Decimal(91)
        assert (await ours.orders.cancel(ById(placed.id))).id == placed.id
        assert await ours.account.open_orders() == []
        (ended,) = await ours.account.order_history(ids=[placed.id])
        assert (ended.status, ended.amount_filled) == (ReportedStatus.CANCELED, Decimal(0))
        with pytest.raises(Rejected, match="not found"):
            await ours.orders.cancel(ById(placed.id))


async def test_a_market_order_fills_with_its_fee() -> None:
    async with trading() as ours:
        ack = await ours.orders.submit(order(8, price=None))
        fills = await ours.account.order_fills(SYMBOL, ack.order.id)
        assert sum(fill.amount for fill in fills) == Decimal("0.5")
        assert {(fill.cid, fill.side, fill.is_maker) for fill in fills} == {(8, Side.BUY, False)}
        assert all(fill.fee is not None and fill.fee > 0 and fill.fee_currency == "BTC" for fill in fills)
        assert [fill.id for fill in await ours.account.fills(SYMBOL)] == [fill.id for fill in fills][::-1]
        (ended,) = await ours.account.order_history(SYMBOL)
        assert (ended.status, ended.amount_remaining, ended.side) == (ReportedStatus.EXECUTED, Decimal(0), Side.BUY)


async def test_several_at_once() -> None:
    """D33."""
    async with trading() as ours:
        outcomes = await ours.orders.execute([order(1), order(2), ById(OrderId(404)), order(3)])
        assert [type(outcome) for outcome in outcomes] == [OrderAck, OrderAck, Rejected, OrderAck]
        ids = sorted(each.id for each in await ours.account.open_orders())
        gone = await ours.orders.cancel_many(CancelMany((ById(ids[0]), ById(ids[1]))))
        assert sorted(each.id for each in gone) == ids[:2]
        assert [each.id for each in await ours.orders.cancel_many(Everything())] == ids[2:]


async def test_refusals_are_final() -> None:
    """D17."""
    async with trading() as ours:
        with pytest.raises(Rejected):
            await ours.orders.submit(order(9, amount="0.00000001"))
        with pytest.raises(Rejected):
            await ours.orders.submit(order(10, amount="1000000"))
        with pytest.raises(Rejected):
            await ours.market.ticker(Symbol("tNOTHERE"))


async def test_a_wrong_secret_is_refused() -> None:
    """D11."""
    async with (
        serving(quiet_venue()) as port,
        desk(f"http://127.0.0.1:{port}/v2/", key=ALICE.key, secret="another") as ours,
    ):
        with pytest.raises(AuthRefused):
            await ours.account.wallets()
