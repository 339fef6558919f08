"""ccxt, unmodified, as a witness: REST and sockets (pro), each with its own parsing and checksum check."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import ccxt.async_support
import ccxt.pro
import pytest

from genesis.adapters.venue.shell import serving
from genesis.adapters.venue.venue import DEMO_KEYS, Venue
from tests.e2e.venue_house import quiet_venue

ALICE = DEMO_KEYS[0]
PAIR = "BTC/USD"
WAIT_S = 10.0
BOOK_CHECKSUMS = 131072
Ccxt = Any  # ccxt returns plain dicts, and its own types are wider than what it returns


@asynccontextmanager
async def connected(venue: Venue, kind: Any) -> AsyncIterator[Ccxt]:  # Any: see Ccxt
    async with serving(venue) as port:
        host = f"http://127.0.0.1:{port}"
        client = kind({"apiKey": ALICE.key, "secret": ALICE.secret, "enableRateLimit": False})
        client.urls["api"] = {
            "public": host,
            "private": host,
            "ws": {"public": f"ws://127.0.0.1:{port}/ws/2", "private": f"ws://127.0.0.1:{port}/ws/2"},
        }
        try:
            yield client
        finally:
            await client.close()


async def test_rest_reads_parse_in_ccxt() -> None:
    async with connected(quiet_venue(), ccxt.async_support.bitfinex) as client:
        markets = await client.load_markets()
        assert {PAIR, "ETH/USD"} <= set(markets)
        assert markets[PAIR]["limits"]["amount"]["min"] == 0.0001
        assert (await client.fetch_status())["status"] == "ok"
        assert (await client.fetch_ticker(PAIR))["bid"] == 100
        assert set(await client.fetch_tickers()) >= {PAIR}
        book = await client.fetch_order_book(PAIR, 25)
        assert (book["bids"][0][:2], book["asks"][0][:2]) == ([100, 1], [101, 1])
        assert len(await client.fetch_trades(PAIR)) == 1
        [candle] = await client.fetch_ohlcv(PAIR, "1m")
        assert candle[1:] == [100.5, 100.5, 100.5, 100.5, 0.1]
        assert (await client.fetch_balance())["USD"]["free"] == 1_000_000
        for read in (client.fetch_open_orders, client.fetch_closed_orders, client.fetch_my_trades):
            assert await read(PAIR) == []
        assert await client.fetch_positions() == []
        assert len(await client.fetch_ledger("USD")) == 3
        fees = await client.fetch_trading_fees()
        assert (fees[PAIR]["maker"], fees[PAIR]["taker"]) == (0.001, 0.002)


@pytest.mark.parametrize(
    ("kind", "price", "more"),
    [
        ("limit", 90, {}),
        ("limit", 90, {"postOnly": True}),
        ("limit", 90, {"hidden": True}),
        ("limit", 121, {"stopPrice": 120}),
        ("market", None, {"stopPrice": 120}),
        ("market", None, {"trailingAmount": 10}),
        ("limit", 90, {"marginMode": "cross"}),
    ],
)
async def test_an_order_is_placed_found_and_canceled_through_ccxt(
    kind: str,
    price: float | None,
    more: dict[str, Any],  # Any: ccxt's params
) -> None:
    async with connected(quiet_venue(), ccxt.async_support.bitfinex) as client:
        placed = await client.create_order(PAIR, kind, "buy", 0.5, price, more)
        assert placed["status"] == "open"
        assert (await client.fetch_open_order(placed["id"], PAIR))["amount"] == 0.5
        assert [order["id"] for order in await client.fetch_open_orders(PAIR)] == [placed["id"]]
        canceled = await client.cancel_order(placed["id"], PAIR)
        assert canceled["id"] == placed["id"]
        assert (await client.fetch_closed_order(placed["id"], PAIR))["status"] == "canceled"


async def test_an_order_is_filled_edited_and_refused_through_ccxt() -> None:
    async with connected(quiet_venue(), ccxt.async_support.bitfinex) as client:
        bought = await client.create_order(PAIR, "market", "buy", 1.5)
        done = await client.fetch_closed_order(bought["id"], PAIR)
        assert (done["status"], done["filled"], done["average"]) == ("closed", 1.5, pytest.approx(101.33333333))
        trades = await client.fetch_my_trades(PAIR)
        assert sorted((trade["price"], trade["fee"]["cost"]) for trade in trades) == [(101, 0.002), (102, 0.001)]
        assert len(await client.fetch_order_trades(bought["id"], PAIR)) == 2
        resting = await client.create_order(PAIR, "limit", "buy", 1, 90)
        edited = await client.edit_order(resting["id"], PAIR, "limit", "buy", 2, 91)
        assert (edited["price"], edited["remaining"]) == (91, 2)
        assert len(await client.cancel_all_orders(PAIR)) == 1
        with pytest.raises(ccxt.InsufficientFunds):
            await client.create_order(PAIR, "limit", "buy", 1_000_000, 90)
        with pytest.raises(ccxt.OrderNotFound):
            await client.cancel_order("1", PAIR)


async def test_public_sockets_parse_in_ccxt_and_its_checksum_agrees() -> None:
    venue = quiet_venue()
    async with connected(venue, ccxt.pro.bitfinex) as client:
        await client.load_markets()
        assert (await client.watch_ticker(PAIR))["bid"] == 100
        assert len(await client.watch_trades(PAIR)) == 1
        assert (await client.watch_order_book(PAIR))["asks"][0][0] == 101
        assert len(await client.watch_ohlcv(PAIR, "1m")) == 1
        book = client.orderbooks[PAIR]
        async with asyncio.timeout(WAIT_S):
            for side, amount, price in (("asks", 1.25, 102), ("bids", -1.5, 99), ("asks", 1, 103)):
                await client.create_order(PAIR, "market", "buy" if amount > 0 else "sell", abs(amount))
                while book[side][0][0] != price:
                    await client.watch_order_book(PAIR)  # raises where a checksum did not agree
        assert BOOK_CHECKSUMS in {session.flags for session in venue.sockets.sessions.values()}


async def test_private_sockets_parse_in_ccxt() -> None:
    async with connected(quiet_venue(), ccxt.pro.bitfinex) as client:
        await client.load_markets()
        async with asyncio.timeout(WAIT_S):
            await client.watch_balance()
            orders = asyncio.create_task(client.watch_orders(PAIR))
            trades = asyncio.create_task(client.watch_my_trades(PAIR))
            await asyncio.sleep(0)  # let both begin to listen
            placed = await client.create_order(PAIR, "limit", "buy", 1, 101.5)
            assert placed["id"] in {order["id"] for order in await orders}
            assert (await trades)[-1]["price"] == 101
