"""Every endpoint that the REST adapter names is answered by the local venue, and read as what it should be."""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import pytest

from genesis.adapters.bitfinex import endpoints
from genesis.adapters.bitfinex.endpoints import Endpoint
from genesis.adapters.venue.faults import Fault, Rule, Script
from genesis.adapters.venue.shell import serving
from genesis.adapters.venue.venue import DEMO_KEYS
from genesis.domain.candle import Candle, Timeframe
from genesis.domain.exchange.account import LedgerEntry, MarginPair, Permission, User, Wallet
from genesis.domain.exchange.funding import FundingOffer, FundingOfferRequest, FundingType
from genesis.domain.exchange.market import (
    AverageExecution,
    BookLevel,
    DerivativeStatus,
    FundingBookLevel,
    FundingTicker,
    HourlyQuote,
    PairRules,
    PlatformStatus,
    Statistic,
    Ticker,
    Trade,
)
from genesis.domain.exchange.orders import Account, ByCid, Everything, OrderAck, OrderChange, OrderReport
from genesis.domain.order import Cid, OrderRequest, OrderType, Side
from genesis.domain.units import Currency, Mts, Price, Symbol, atoms
from tests.e2e.venue_house import START, quiet_venue
from tests.fakes.rest import SYMBOL, Desk, approved, approved_change, desk

FUSD: Final = Symbol("fUSD")
PERPETUAL: Final = Symbol("tBTCF0:USTF0")
TODAY: Final = datetime.fromtimestamp(START / 1000, UTC).date()
LONG: Final = "pos.size:1m:tBTCUSD:long"

WATCHED: Final = Script(fault=(Rule(id="seen", kind=Fault.LATE_ACK),))
"""A fault that changes nothing and writes down every request."""

Ask = Callable[[Desk], Awaitable[object]]


def wish(cid: int, price: str | None = "90") -> OrderRequest:
    kind = OrderType.MARKET if price is None else OrderType.LIMIT
    limit = None if price is None else Price(atoms(price))
    return OrderRequest(Cid(cid), SYMBOL, Side.BUY, kind, atoms("0.5"), Mts(1), price=limit)


async def order(ours: Desk) -> OrderReport:
    return (await ours.orders.submit(approved(wish(7)))).order


async def filled(ours: Desk) -> OrderReport:
    return (await ours.orders.submit(approved(wish(8, None)))).order


async def updated(ours: Desk) -> OrderAck:
    open_order = await order(ours)
    change = OrderChange(open_order.id, SYMBOL, Side.BUY, price=Price(atoms("91")))
    return await ours.orders.update(approved_change(change, open_order))


async def offer(ours: Desk) -> FundingOffer:
    wanted = FundingOfferRequest(FUSD, Side.SELL, FundingType.LIMIT, atoms("150"), Decimal("0.0003"), 30)
    return await ours.funding.submit_funding_offer(wanted)


async def after(first: Awaitable[object], then: Callable[[], Awaitable[object]]) -> object:
    await first
    return await then()


async def fills_of_an_order(ours: Desk) -> object:
    fills = await ours.account.order_fills(SYMBOL, (await filled(ours)).id)
    assert sum(fill.amount for fill in fills) == Decimal("0.5")
    return fills


async def cancelled_offer(ours: Desk) -> FundingOffer:
    return await ours.funding.cancel_funding_offer((await offer(ours)).id)


CALLS: Final[Mapping[str, tuple[Ask, type | None]]] = {
    "PLATFORM_STATUS": (lambda our: our.market.platform_status(), PlatformStatus),
    "TICKER": (lambda our: our.market.ticker(SYMBOL), Ticker),
    "TICKERS": (lambda our: our.market.all_tickers(), Ticker),
    "TICKERS_HISTORY": (lambda our: our.market.hourly_quotes([SYMBOL]), HourlyQuote),
    "TRADES": (lambda our: our.market.trades(SYMBOL), Trade),
    "BOOK": (lambda our: our.market.book(SYMBOL), BookLevel),
    "CANDLES": (lambda our: our.market.candles(SYMBOL, Timeframe.M1), Candle),
    "CANDLE_LAST": (lambda our: our.market.last_candle(SYMBOL, Timeframe.M1), Candle),
    "STATISTICS": (lambda our: our.market.statistics(LONG), Statistic),
    "STATISTIC_LAST": (lambda our: our.market.last_statistic(LONG), Statistic),
    "DERIVATIVE_STATUS": (lambda our: our.market.derivative_status(), DerivativeStatus),
    "DERIVATIVE_STATUS_HISTORY": (lambda our: our.market.derivative_status_history(PERPETUAL), DerivativeStatus),
    "LIQUIDATIONS": (lambda our: our.market.liquidations(), None),
    "CONF": (lambda our: our.market.pair_rules(), PairRules),
    "AVERAGE_PRICE": (lambda our: our.market.average_execution(SYMBOL, Side.BUY, atoms("1")), AverageExecution),
    "EXCHANGE_RATE": (lambda our: our.market.exchange_rate(Currency("BTC"), Currency("USD")), float),
    "WALLETS": (lambda our: our.account.wallets(), Wallet),
    "POSITIONS": (lambda our: our.account.positions(), None),
    "POSITION_HISTORY": (lambda our: our.account.position_history(), None),
    "ORDERS": (lambda our: after(order(our), our.account.open_orders), OrderReport),
    "ORDERS_OF": (lambda our: after(order(our), lambda: our.account.open_orders(SYMBOL)), OrderReport),
    "ORDER_HISTORY": (lambda our: after(filled(our), our.account.order_history), OrderReport),
    "ORDER_HISTORY_OF": (lambda our: after(filled(our), lambda: our.account.order_history(SYMBOL)), OrderReport),
    "ORDER_TRADES": (fills_of_an_order, None),
    "OWN_TRADES": (lambda our: after(filled(our), our.account.fills), None),
    "OWN_TRADES_OF": (lambda our: after(filled(our), lambda: our.account.fills(SYMBOL)), None),
    "LEDGERS": (lambda our: our.account.ledger(), LedgerEntry),
    "LEDGERS_OF": (lambda our: our.account.ledger(Currency("USD")), LedgerEntry),
    "MARGIN": (lambda our: our.account.margin_pairs(), MarginPair),
    "USER": (lambda our: our.account.user(), User),
    "SUMMARY": (lambda our: our.account.fees(), None),
    "PERMISSIONS": (lambda our: our.account.permissions(), Permission),
    "AVAILABLE_BALANCE": (
        lambda our: our.account.available_balance(SYMBOL, Side.BUY, Decimal(100), Account.EXCHANGE),
        Decimal,
    ),
    "ORDER_SUBMIT": (order, OrderReport),
    "ORDER_UPDATE": (updated, OrderAck),
    "ORDER_CANCEL": (lambda our: after(order(our), lambda: our.orders.cancel(ByCid(Cid(7), TODAY))), OrderReport),
    "ORDER_CANCEL_MULTI": (lambda our: after(order(our), lambda: our.orders.cancel_many(Everything())), OrderReport),
    "ORDER_MULTI": (lambda our: our.orders.execute([approved(wish(1)), approved(wish(2))]), OrderAck),
    "FUNDING_OFFERS": (lambda our: after(offer(our), our.funding.funding_offers), FundingOffer),
    "FUNDING_OFFERS_OF": (lambda our: after(offer(our), lambda: our.funding.funding_offers(FUSD)), FundingOffer),
    "FUNDING_LOANS": (lambda our: our.funding.funding_loans(), None),
    "FUNDING_LOANS_OF": (lambda our: our.funding.funding_loans(FUSD), None),
    "FUNDING_CREDITS": (lambda our: our.funding.funding_credits(), None),
    "FUNDING_CREDITS_OF": (lambda our: our.funding.funding_credits(FUSD), None),
    "FUNDING_SUBMIT": (offer, FundingOffer),
    "FUNDING_CANCEL": (cancelled_offer, FundingOffer),
    "FUNDING_CANCEL_ALL": (lambda our: after(offer(our), our.funding.cancel_all_funding_offers), None),
}
"""What asks each endpoint, and what its answer is made of; None where it may be empty."""


def known() -> dict[str, Endpoint]:
    return {name: value for name, value in vars(endpoints).items() if isinstance(value, Endpoint)}


def test_no_endpoint_is_left_out() -> None:
    assert set(CALLS) == set(known())


@pytest.mark.parametrize("name", CALLS)
async def test_an_endpoint_is_answered_and_read(name: str) -> None:
    ask, element = CALLS[name]
    venue = quiet_venue(WATCHED)
    async with (
        serving(venue) as port,
        desk(f"http://127.0.0.1:{port}/v2/", key=DEMO_KEYS[0].key, secret=DEMO_KEYS[0].secret) as ours,
    ):
        answer = await ask(ours)
    wanted = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(known()[name].template))
    assert re.fullmatch(wanted, venue.faults.log[-1].at)
    if element is not None:
        items = answer if isinstance(answer, list) else [answer]
        assert items
        assert isinstance(items[0], element)


async def test_funding_reads_as_ours() -> None:
    venue = quiet_venue()
    async with (
        serving(venue) as port,
        desk(f"http://127.0.0.1:{port}/v2/", key=DEMO_KEYS[0].key, secret=DEMO_KEYS[0].secret) as ours,
    ):
        placed = await offer(ours)
        market = ours.market
        ticker = await market.funding_ticker(FUSD)
        assert (ticker.flash_return_rate, ticker.ask, ticker.ask_size, ticker.bid) == (0.0002, 0.0003, 150.0, None)
        assert FundingTicker in {type(each) for each in await market.all_tickers()}
        assert await market.funding_book(FUSD) == [FundingBookLevel(Side.SELL, 0.0003, 30, 1, 150.0)]
        (raw,) = await market.raw_funding_book(FUSD)
        assert (raw.side, raw.rate) == (Side.SELL, 0.0003)
        assert await market.funding_trades(FUSD) == []
        assert await market.candles(FUSD, Timeframe.M1, period="p30") == []
        await ours.funding.cancel_funding_offer(placed.id)
        assert await market.funding_book(FUSD) == []
