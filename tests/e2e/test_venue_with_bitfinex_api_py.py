"""The official Python client, unmodified, as a witness: what it reads from the venue it parses, or it raises."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from bfxapi import Client  # type: ignore[attr-defined]  # it does not say what it exports
from bfxapi.rest.exceptions import GenericError, RequestParameterError

from genesis.adapters.venue.public_book import Line, checksum
from genesis.adapters.venue.shell import serving
from genesis.adapters.venue.venue import DEMO_KEYS, Venue
from tests.e2e.venue_house import quiet_venue

ALICE = DEMO_KEYS[0]
Seen = list[tuple[str, Any]]  # Any: whatever the client hands to its listeners
WAIT_S = 10.0


def client(port: int) -> Client:
    return Client(
        ALICE.key, ALICE.secret, rest_host=f"http://127.0.0.1:{port}/v2", wss_host=f"ws://127.0.0.1:{port}/ws/2"
    )


EVENTS = [
    "authenticated",
    "subscribed",
    "t_ticker_update",
    "t_trades_snapshot",
    "t_trade_execution",
    "t_trade_execution_update",
    "t_book_snapshot",
    "t_book_update",
    "t_raw_book_snapshot",
    "t_raw_book_update",
    "candles_snapshot",
    "candles_update",
    "derivatives_status_update",
    "checksum",
    "order_snapshot",
    "position_snapshot",
    "wallet_snapshot",
    "order_new",
    "order_update",
    "order_cancel",
    "position_new",
    "position_update",
    "position_close",
    "trade_execution",
    "trade_execution_update",
    "wallet_update",
    "base_margin_info",
    "symbol_margin_info",
    "funding_info_update",
    "balance_update",
    "notification",
    "on-req-notification",
    "ou-req-notification",
    "oc-req-notification",
]


class Failures(logging.Handler):
    """What the client reports as its own failures: it logs them and goes on."""

    def __init__(self) -> None:
        super().__init__(logging.CRITICAL)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


class Witness:
    """The client's socket with everything that it reported."""

    def __init__(self, made: Client) -> None:
        self.wss = made.wss
        self.seen: Seen = []
        self.failures = Failures()
        self._news = asyncio.Event()
        for name in EVENTS:
            self.wss.on(name, self._listener(name))  # type: ignore[no-untyped-call]  # as it ships

    def _listener(self, name: str) -> Callable[..., None]:
        def listener(*arguments: Any) -> None:  # Any: see Seen
            self.seen.append((name, arguments[-1] if arguments else None))
            self._news.set()

        return listener

    async def until(self, name: str, where: Callable[[Any], bool] = lambda _: True) -> Any:  # Any: see Seen
        """Wait for an event that was or will be reported; raises what the client's own code raised."""
        async with asyncio.timeout(WAIT_S):
            while True:
                assert not self.failures.texts
                for seen, value in self.seen:
                    if seen == name and where(value):
                        return value
                self._news.clear()
                await self._news.wait()

    def clear(self) -> None:
        self.seen.clear()


@asynccontextmanager
async def connected(venue: Venue) -> AsyncIterator[tuple[Witness, int]]:
    async with serving(venue) as port:
        witness = Witness(client(port))
        logging.getLogger("bfxapi").addHandler(witness.failures)
        running = asyncio.create_task(witness.wss.start())
        await witness.until("authenticated")
        await witness.until("balance_update")
        try:
            yield witness, port
        finally:
            await witness.wss.close()
            await running
            logging.getLogger("bfxapi").removeHandler(witness.failures)
            assert not witness.failures.texts


async def test_rest_reads_parse_in_the_official_client() -> None:
    async with serving(quiet_venue()) as port:
        rest = client(port).rest
        assert (await asyncio.to_thread(rest.public.get_platform_status)).status == 1
        assert (await asyncio.to_thread(rest.public.get_t_ticker, "tBTCUSD")).bid == 100
        assert set(await asyncio.to_thread(rest.public.get_t_tickers, ["tBTCUSD", "tETHUSD"])) == {"tBTCUSD", "tETHUSD"}
        assert len(await asyncio.to_thread(rest.public.get_t_trades, "tBTCUSD")) == 1
        assert len(await asyncio.to_thread(rest.public.get_t_book, "tBTCUSD", precision="P0", len=25)) == 50
        assert len(await asyncio.to_thread(rest.public.get_t_raw_book, "tBTCUSD", len=25)) == 50
        assert (await asyncio.to_thread(rest.public.get_candles_last, "tBTCUSD", tf="1m")).close == 100.5
        assert len(await asyncio.to_thread(rest.public.get_candles_hist, "tBTCUSD", tf="1h")) == 1
        assert await asyncio.to_thread(rest.public.conf, "pub:list:pair:exchange") == ["BTCUSD", "ETHUSD"]
        assert (await asyncio.to_thread(rest.public.get_trading_market_average_price, "tBTCUSD", 1.5)).amount == 1.5
        assert (await asyncio.to_thread(rest.public.get_fx_rate, "BTC", "USD")).current_rate == 100.5
        assert (await asyncio.to_thread(rest.auth.get_user_info)).id == 10_001
        assert len(await asyncio.to_thread(rest.auth.get_wallets)) == 5
        for read in (
            rest.auth.get_orders,
            rest.auth.get_orders_history,
            rest.auth.get_trades_history,
            rest.auth.get_positions,
            rest.auth.get_positions_history,
            rest.auth.get_funding_offers,
            rest.auth.get_funding_loans,
            rest.auth.get_funding_credits,
            rest.auth.get_movements,
            rest.auth.get_login_history,
        ):
            assert await asyncio.to_thread(read) == []
        assert len(await asyncio.to_thread(lambda: rest.auth.get_ledgers(currency="USD"))) == 3
        assert (await asyncio.to_thread(rest.auth.get_base_margin_info)).margin_balance == 500_000
        assert (await asyncio.to_thread(rest.auth.get_symbol_margin_info, "tBTCUSD")).tradable_balance > 0
        assert len(await asyncio.to_thread(rest.auth.get_all_symbols_margin_info)) == 2


async def test_rest_orders_live_and_end_in_the_official_client() -> None:
    async with serving(quiet_venue()) as port:
        auth = client(port).rest.auth
        note = await asyncio.to_thread(lambda: auth.submit_order("EXCHANGE LIMIT", "tBTCUSD", 0.5, 90, cid=1))
        assert (note.status, note.data.order_status, note.data.amount) == ("SUCCESS", "ACTIVE", 0.5)
        order_id = note.data.id
        changed = await asyncio.to_thread(lambda: auth.update_order(order_id, price="91", amount=0.7))
        assert (changed.data.price, changed.data.amount) == (91, 0.7)
        assert [order.id for order in await asyncio.to_thread(auth.get_orders)] == [order_id]
        canceled = await asyncio.to_thread(lambda: auth.cancel_order(id=order_id))
        assert canceled.data.id == order_id
        [past] = await asyncio.to_thread(auth.get_orders_history)
        assert past.order_status == "CANCELED"
        await asyncio.to_thread(lambda: auth.submit_order("EXCHANGE MARKET", "tBTCUSD", 1, 0))
        [trade] = await asyncio.to_thread(auth.get_trades_history)
        assert (trade.exec_price, trade.fee, trade.fee_currency) == (101, -0.002, "BTC")
        assert len(await asyncio.to_thread(auth.get_order_trades, "tBTCUSD", trade.order_id)) == 1
        await asyncio.to_thread(lambda: auth.submit_order("EXCHANGE LIMIT", "tBTCUSD", 0.5, 90, gid=5))
        many = await asyncio.to_thread(lambda: auth.cancel_order_multi(all=True))
        assert len(many.data) == 1
        moved = await asyncio.to_thread(auth.transfer_between_wallets, "exchange", "margin", "USD", "USD", 10)
        assert moved.data.amount == 10


async def test_rest_refusals_raise_what_the_official_client_documents() -> None:
    async with serving(quiet_venue()) as port:
        auth = client(port).rest.auth
        with pytest.raises(GenericError, match="not enough exchange balance"):
            await asyncio.to_thread(lambda: auth.submit_order("EXCHANGE LIMIT", "tBTCUSD", 1e6, 90))
        with pytest.raises(GenericError, match=r"minimum size for BTC/USD is 0\.0001"):
            await asyncio.to_thread(lambda: auth.submit_order("EXCHANGE LIMIT", "tBTCUSD", 0.00001, 90))
        with pytest.raises(GenericError, match="symbol: invalid"):
            await asyncio.to_thread(lambda: auth.submit_order("EXCHANGE LIMIT", "tXYZUSD", 1, 90))
        with pytest.raises(GenericError, match="Order not found"):
            await asyncio.to_thread(lambda: auth.cancel_order(id=1))
        with pytest.raises(RequestParameterError, match="limit: invalid"):
            await asyncio.to_thread(lambda: auth.get_trades_history(limit=100_000))


async def test_every_public_channel_reaches_the_official_client_with_true_checksums() -> None:
    venue = quiet_venue()
    async with connected(venue) as (witness, _):
        wss = witness.wss
        await wss.subscribe("ticker", symbol="tBTCUSD")
        await wss.subscribe("trades", symbol="tBTCUSD")
        await wss.subscribe("candles", key="trade:1m:tBTCUSD")
        await wss.subscribe("status", key="deriv:tBTCF0:USTF0")
        await wss.subscribe("status", key="liq:global")
        await wss.subscribe("book", symbol="tBTCUSD", prec="R0", len="25")
        await wss.subscribe("book", symbol="tBTCUSD", prec="P0", len="25")
        for name in ("t_ticker_update", "t_trades_snapshot", "candles_snapshot", "derivatives_status_update"):
            await witness.until(name)
        await witness.until("t_raw_book_snapshot", lambda rows: len(rows) == 50)
        book = {row.price: row.amount for row in await witness.until("t_book_snapshot", lambda rows: len(rows) == 50)}
        witness.clear()
        await wss.inputs.submit_order("EXCHANGE MARKET", "tBTCUSD", "1.25", 0)
        for name in ("t_ticker_update", "t_trade_execution", "candles_update", "t_raw_book_update"):
            await witness.until(name)
        await witness.until("t_book_update", lambda row: row.price == 126)
        for name, row in witness.seen:
            if name == "t_book_update":
                book[row.price] = row.amount
                if not row.count:
                    del book[row.price]
        # The checksum, once more from what the client read.
        bids = sorted((price for price, amount in book.items() if amount > 0), reverse=True)
        asks = sorted(price for price, amount in book.items() if amount < 0)
        expected = checksum(*([Line(0, f"{p:g}", "", f"{book[p]:g}") for p in side] for side in (bids, asks)))
        assert await witness.until("checksum", lambda value: value == expected & 0xFFFFFFFF)
        venue.advance(venue.core.next_mts or venue.now)
        await witness.wss.inputs.calc("balance")
        await witness.until("t_trade_execution_update")


@pytest.mark.parametrize(
    ("kind", "amount", "price", "more", "ending"),
    [
        ("EXCHANGE MARKET", "1.5", 0, {}, "EXECUTED @ 102(0.5): was PARTIALLY FILLED @ 101(1)"),
        ("EXCHANGE LIMIT", "0.5", 101, {}, "EXECUTED @ 101(0.5)"),
        ("EXCHANGE FOK", "50", 101, {}, "FILLORKILL CANCELED"),
        ("EXCHANGE IOC", "1.5", 101, {}, "IOC CANCELED was: PARTIALLY FILLED @ 101(1)"),
        ("EXCHANGE LIMIT", "1", 101, {"flags": 4096}, "POSTONLY CANCELED"),
        ("LIMIT", "-1", 100, {"flags": 1024}, "RSN_POS_NOTFOUND"),
        ("MARKET", "-1", 0, {}, "EXECUTED @ 100(-1)"),
    ],
)
async def test_an_order_ends_with_the_status_that_its_type_has(
    kind: str, amount: str, price: int, more: dict[str, int], ending: str
) -> None:
    async with connected(quiet_venue()) as (witness, _):
        await witness.wss.inputs.submit_order(kind, "tBTCUSD", amount, price, cid=77, **more)  # type: ignore[arg-type]  # flags
        note = await witness.until("on-req-notification")
        assert (note.status, note.data.cid) == ("SUCCESS", 77)
        end = await witness.until("order_cancel")
        assert end.order_status == ending


@pytest.mark.parametrize(
    ("kind", "price", "more"),
    [
        ("EXCHANGE LIMIT", 90, {}),
        ("EXCHANGE LIMIT", 90, {"flags": 64}),
        ("EXCHANGE STOP", 120, {}),
        ("EXCHANGE STOP LIMIT", 120, {"price_aux_limit": "121"}),
        ("EXCHANGE TRAILING STOP", 0, {"price_trailing": "10"}),
        ("EXCHANGE LIMIT", 90, {"flags": 16384, "price_oco_stop": "120"}),
        ("LIMIT", 90, {}),
        ("TRAILING STOP", 0, {"price_trailing": "10"}),
    ],
)
async def test_a_waiting_order_is_updated_and_canceled_through_the_socket(
    kind: str,
    price: int,
    more: dict[str, Any],  # Any: each keyword has its own type
) -> None:
    async with connected(quiet_venue()) as (witness, _):
        await witness.wss.inputs.submit_order(kind, "tBTCUSD", "0.5", price, **more)
        order = await witness.until("order_new")
        assert order.order_status == "ACTIVE"
        await witness.wss.inputs.update_order(order.id, amount="0.4")
        assert (await witness.until("ou-req-notification")).status == "SUCCESS"
        assert (await witness.until("order_update")).amount == 0.4
        await witness.wss.inputs.cancel_order(id=order.id)
        assert (await witness.until("oc-req-notification")).status == "SUCCESS"
        assert (await witness.until("order_cancel")).order_status == "CANCELED"


async def test_margin_trading_reports_positions_and_margin() -> None:
    async with connected(quiet_venue()) as (witness, port):
        await witness.wss.inputs.submit_order("MARKET", "tBTCUSD", "0.5", 0)
        opened = await witness.until("position_new")
        assert (opened.amount, opened.base_price) == (0.5, 101)
        await witness.until("base_margin_info", lambda info: info.margin_min > 0)
        auth = client(port).rest.auth
        assert len(await asyncio.to_thread(auth.get_positions)) == 1
        await witness.wss.inputs.submit_order("MARKET", "tBTCUSD", "1", 0, flags=512)
        end = await witness.until("order_cancel", lambda order: order.flags == 512)
        assert end.order_status == "EXECUTED @ 100(-0.5) was ACTIVE (note:POSCLOSE)"
        await witness.until("position_close")
        assert len(await asyncio.to_thread(auth.get_positions_history)) == 1


async def test_a_refused_input_is_a_notification_with_the_request_in_it() -> None:
    async with connected(quiet_venue()) as (witness, _):
        await witness.wss.inputs.submit_order("EXCHANGE LIMIT", "tBTCUSD", "1000000", 100, cid=9)
        note = await witness.until("on-req-notification")
        assert (note.status, note.data.cid, note.data.id) == ("ERROR", 9, None)
        assert "not enough exchange balance" in note.text
        await witness.wss.inputs.cancel_order(id=123)
        assert (await witness.until("oc-req-notification")).text == "Order not found."


async def test_calculations_and_custom_notes_are_answered() -> None:
    async with connected(quiet_venue()) as (witness, _):
        witness.clear()
        await witness.wss.inputs.calc("margin_base", "margin_sym_tBTCUSD", "wallet_exchange_BTC", "balance")
        for name in ("base_margin_info", "symbol_margin_info", "wallet_update", "balance_update"):
            await witness.until(name)
        await witness.wss.notify({"hello": 1})
        assert (await witness.until("notification")).data == {"hello": 1}
