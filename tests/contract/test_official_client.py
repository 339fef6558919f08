"""Bitfinex's own Python client, and ccxt, as witnesses: with the same server they send and read the same as ours.

They share no code with the adapters or with the test server, so agreement of all three is more than agreement with
oneself.
"""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest
from bfxapi.rest import BfxRestInterface  # type: ignore[attr-defined]  # the package does not list what it exports

from genesis.adapters.bitfinex.sign import Signer
from genesis.domain.candle import Timeframe
from genesis.domain.exchange.orders import ById
from genesis.domain.order import Cid, OrderRequest, OrderType, Side
from genesis.domain.units import Mts, Price, atoms
from tests.fakes.bitfinex_server import KEY, NOW_MS, SECRET, BitfinexServer, Json
from tests.fakes.rest import SYMBOL, Desk, approved, desk

Official = Any  # the client's package has no type information


def official(server: BitfinexServer) -> Official:
    return BfxRestInterface(server.url.rstrip("/"), KEY, SECRET)


def witness(value: float | str | None) -> Decimal | None:
    """Return one of the official client's floats as the number that was sent."""
    return None if value is None else Decimal(repr(value))


async def test_the_server_takes_the_official_clients_order_for_ours() -> None:
    wish = OrderRequest(Cid(7), SYMBOL, Side.SELL, OrderType.LIMIT, atoms("0.5"), Mts(1), Price(10_050_000_000))
    async with BitfinexServer() as server, desk(server.url) as ours:
        ack = await ours.orders.submit(approved(wish))
        client = official(server)
        theirs = await asyncio.to_thread(
            client.auth.submit_order, type="EXCHANGE LIMIT", symbol="tBTCUSD", amount=-0.5, price="100.5", cid=7
        )
    ours_sent, theirs_sent = (body for _, body, _ in server.requests)
    assert ours_sent == theirs_sent
    assert theirs.status == "SUCCESS"
    assert (ack.order.cid, ack.order.amount, ack.order.side) == (theirs.data.cid, Decimal("0.5"), Side.SELL)
    assert theirs.data.amount == -0.5


async def test_an_order_that_one_placed_the_other_finds_and_cancels() -> None:
    async with BitfinexServer() as server, desk(server.url, floor=0) as ours:
        client = official(server)
        placed = await asyncio.to_thread(
            client.auth.submit_order, type="EXCHANGE LIMIT", symbol="tBTCUSD", amount="0.25", price="99", cid=8
        )
        server.last_nonce = 0  # the official client's nonces are today's, and the test's clock stands in 2023
        (found,) = await ours.account.open_orders()
        assert (found.id, found.cid, found.amount, found.price) == (placed.data.id, 8, Decimal("0.25"), Decimal(99))
        assert (await ours.orders.cancel(ById(found.id))).id == placed.data.id
        assert await asyncio.to_thread(client.auth.get_orders) == []


FILL = [8, "tBTCUSD", NOW_MS, 12, -0.2, 100.5, "EXCHANGE LIMIT", 101, -1, -0.0004, "USD", 7]
POSITION: list[Json] = [
    *["tBTCUSD", "ACTIVE", -0.5, 100.5, 0, 0, 1.25, 2.48, 60.1, 1.9, None, 14, NOW_MS, NOW_MS],
    *[None, 0, None, 0, 0, None],
]
TICKER = [100.5, 12.5, 101, 8.25, -1.5, -0.0147, 100.7, 5321.5, 103.2, 99.1]


async def wallets(d: Desk) -> Json:
    return [(w.kind.value, w.currency, w.balance, w.available) for w in await d.account.wallets()]


async def positions(d: Desk) -> Json:
    return [(p.symbol, p.net_amount, p.base_price, p.profit, p.liquidation_price) for p in await d.account.positions()]


async def fills(d: Desk) -> Json:
    return [
        (f.id, f.side.sign * f.amount, f.price, None if f.fee is None else -f.fee, f.fee_currency, f.cid)
        for f in await d.account.fills(SYMBOL)
    ]


async def ticker(d: Desk) -> Json:
    return tuple((await d.market.ticker(SYMBOL))[1:])


async def candles(d: Desk) -> Json:
    return [(c.mts, c.open, c.close, c.high, c.low, c.volume) for c in await d.market.candles(SYMBOL, Timeframe.M1)]


async def book(d: Desk) -> Json:
    return [(level.price, level.order_count, level.side.sign * level.amount) for level in await d.market.book(SYMBOL)]


CASES: dict[str, tuple[str, Json, Callable[[Desk], Awaitable[Json]], Callable[[Official], Json]]] = {
    "wallets": (
        "auth/r/wallets",
        [["exchange", "USD", 949.75000001, 0, None, None, None], ["margin", "BTC", 1e-8, 0, 1e-8, None, None]],
        wallets,
        lambda c: [
            (w.wallet_type, w.currency, witness(w.balance), witness(w.available_balance)) for w in c.auth.get_wallets()
        ],
    ),
    "positions": (
        "auth/r/positions",
        [POSITION],
        positions,
        lambda c: [
            (p.symbol, witness(p.amount), witness(p.base_price), witness(p.pl), witness(p.price_liq))
            for p in c.auth.get_positions()
        ],
    ),
    "fills": (
        "auth/r/trades/tBTCUSD/hist",
        [FILL],
        fills,
        lambda c: [
            (t.id, witness(t.exec_amount), witness(t.exec_price), witness(t.fee), t.fee_currency, t.cid)
            for t in c.auth.get_trades_history(symbol="tBTCUSD")
        ],
    ),
    "ticker": (
        "ticker/tBTCUSD",
        TICKER,
        ticker,
        lambda c: tuple(vars(c.public.get_t_ticker("tBTCUSD")).values()),
    ),
    "book": (
        "book/tBTCUSD/P0",
        [[100.5, 2, 1.25], [101, 1, -0.75]],
        book,
        lambda c: [(level.price, level.count, level.amount) for level in c.public.get_t_book("tBTCUSD", "P0")],
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_both_read_the_same(case: str) -> None:
    path, sample, read, theirs = CASES[case]
    async with BitfinexServer() as server, desk(server.url) as ours:
        server.answers[path] = sample
        mine = await read(ours)
        server.last_nonce = 0
        assert mine == await asyncio.to_thread(theirs, official(server))


async def test_both_read_the_same_candles() -> None:
    async with BitfinexServer() as server, desk(server.url) as ours:
        server.candles = [[NOW_MS + 60_000 * at, 100.5, 100.9, 101.2, 100.1, 42.5] for at in range(5)]
        mine = await candles(ours)
        found = await asyncio.to_thread(official(server).public.get_candles_hist, "tBTCUSD", "1m", sort=-1)
    assert mine == [(c.mts, c.open, c.close, c.high, c.low, c.volume) for c in found]


def test_signatures_are_the_same_as_ccxt_s() -> None:
    import ccxt

    client = ccxt.bitfinex({"apiKey": KEY, "secret": SECRET})
    client.nonce = lambda: 1_700_000_000_123
    signed = client.sign("auth/w/order/submit", ["private"], "POST", {"symbol": "tBTCUSD", "amount": "0.5"})
    path, body = "auth/w/order/submit", signed["body"].encode()
    assert Signer(KEY, SECRET).rest_headers(path, 1_700_000_000_123, body) == {
        name: signed["headers"][name] for name in ("bfx-apikey", "bfx-nonce", "bfx-signature")
    }
