"""Every endpoint that reads: which path it asks, what it makes of the documented sample, and paging through candles."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.adapters.bitfinex.rest_account import get_positions, get_wallets
from genesis.adapters.bitfinex.rest_candles import candle_key, next_page, page_of
from genesis.domain.candle import Candle, Timeframe
from genesis.domain.exchange.account import FeeSchedule, MarginBase, MarginPair, Permission, WalletKind
from genesis.domain.exchange.funding import FundingOfferRequest, FundingRole, FundingType
from genesis.domain.exchange.market import (
    AverageExecution,
    BookLevel,
    BookOrder,
    CurrencyName,
    FundingBookLevel,
    FundingBookOrder,
    FundingTicker,
    FundingTrade,
    HourlyQuote,
    PlatformStatus,
    Precision,
    Statistic,
    Ticker,
    Trade,
)
from genesis.domain.exchange.orders import Account
from genesis.domain.order import OrderId, Side
from genesis.domain.units import Currency, Mts, Symbol, atoms
from genesis.ports.errors import InputError, OutcomeUnknown, ProtocolViolation, Rejected
from tests.fakes.bitfinex_server import NOW_MS, BitfinexServer, Json, answering, ok
from tests.fakes.rest import SYMBOL, Desk, desk

FUSD, PERPETUAL = Symbol("fUSD"), Symbol("tBTCF0:USTF0")
TICKER = [100.5, 12.5, 101, 8.25, -1.5, -0.0147, 100.7, 5321.5, 103.2, 99.1]
FUNDING_TICKER = [*[0.0004, 0.0003, 30, 1000, 0.00031, 2, 500, 0, 0, 0.0003, 90000, 0.0005, 0.0002, None, None, 70000]]
STATUS: list[Json] = [
    *[1700000000000, None, 100.5, 100.4, None, 5000, None, 1700003600000, 0.001, 3, None, 0.0001, None, None, 100.6],
    *[None, None, 42.5, None, None, None, 0.0025, None],
]
ORDER: list[Json] = [
    *[12, None, 7, "tBTCUSD", NOW_MS, NOW_MS, 0, 0.5, "EXCHANGE LIMIT", None, None, None, "0", "EXECUTED @ 1(0.5)"],
    *[None, None, 100, 100.5, 0, 0, None, None, None, 0, 0, None, None, None, "API>BFX", None, None, None],
]
FILL = [8, "tBTCUSD", NOW_MS, 12, 0.2, 100.5, "EXCHANGE LIMIT", 101, -1, -0.0004, "BTC", 7]
POSITION: list[Json] = [
    *["tBTCUSD", "ACTIVE", 0.5, 100.5, 0, 0, 1.25, 2.48, 60.1, 1.9, None, 14, NOW_MS, NOW_MS],
    *[None, 0, None, 0, 0, None],
]
CLOSED: list[Json] = ["tBTCUSD", "CLOSED", 0.5, 100.5, 0, 0, *[None] * 5, 14, NOW_MS, NOW_MS, *[None] * 6]
LOAN: list[Json] = [
    *[5, "fUSD", 1, NOW_MS, NOW_MS, 500, 0, "ACTIVE", "FIXED", None, None, 0.0003, 30, NOW_MS, NOW_MS, 0, 0, None, 1],
    *[None, 0],
]
OFFER: list[Json] = [
    *[41, "fUSD", NOW_MS, NOW_MS, 750, 750, "LIMIT", None, None, None, "ACTIVE", None, None, None, 0.0003, 30, 0, 0],
    *[None, 0, None],
]
FEES = [[0.001, 0.001, 0.001, None, None, 0.0002], [0.002, 0.002, 0.002, None, None, 0.00065]]

Ask = Callable[[Desk], Awaitable[object]]
SAMPLES: dict[str, tuple[Json, Ask, Callable[[Json], object]]] = {
    # path: documented sample, question, what is expected of the answer
    "platform/status": ([1], lambda d: d.market.platform_status(), lambda v: v is PlatformStatus.OPERATIVE),
    "ticker/tBTCUSD": (TICKER, lambda d: d.market.ticker(SYMBOL), lambda v: v == Ticker(SYMBOL, *TICKER)),
    "ticker/fUSD": (
        FUNDING_TICKER,
        lambda d: d.market.funding_ticker(FUSD),
        lambda v: (
            (v.flash_return_rate, v.bid_period_days, v.bid_size, v.flash_return_amount) == (0.0004, 30, 1000, 70000)
        ),
    ),
    "tickers": (
        [["tBTCUSD", *TICKER], ["fUSD", *FUNDING_TICKER]],
        lambda d: d.market.all_tickers(),
        lambda v: [type(each) for each in v] == [Ticker, FundingTicker],
    ),
    "tickers/hist": (
        [["tBTCUSD", 100.5, None, 101, *[None] * 8, NOW_MS]],
        lambda d: d.market.hourly_quotes([SYMBOL]),
        lambda v: v == [HourlyQuote(Mts(NOW_MS), SYMBOL, 100.5, 101)],
    ),
    "trades/tBTCUSD/hist": (
        [[900001, NOW_MS, -0.25, 100.5]],
        lambda d: d.market.trades(SYMBOL),
        lambda v: v == [Trade(900001, Mts(NOW_MS), Side.SELL, 0.25, 100.5)],
    ),
    "trades/fUSD/hist": (
        [[900002, NOW_MS, 500, 0.0003, 30]],
        lambda d: d.market.funding_trades(FUSD),
        lambda v: v == [FundingTrade(900002, Mts(NOW_MS), Side.BUY, 500, 0.0003, 30)],
    ),
    "book/tBTCUSD/P2": (
        [[100, 2, 1.25], [101, 1, -0.75]],
        lambda d: d.market.book(SYMBOL, Precision.P2),
        lambda v: v == [BookLevel(Side.BUY, 100, 2, 1.25), BookLevel(Side.SELL, 101, 1, 0.75)],
    ),
    "book/tBTCUSD/R0": (
        [[501, 100.5, 1]],
        lambda d: d.market.raw_book(SYMBOL),
        lambda v: v == [BookOrder(Side.BUY, OrderId(501), 100.5, 1)],
    ),
    "book/fUSD/P0": (
        [[0.0003, 30, 2, -500]],
        lambda d: d.market.funding_book(FUSD),
        lambda v: v == [FundingBookLevel(Side.BUY, 0.0003, 30, 2, 500)],
    ),
    "book/fUSD/R0": (
        [[77, 30, 0.0003, 500]],
        lambda d: d.market.raw_funding_book(FUSD),
        lambda v: v == [FundingBookOrder(Side.SELL, 77, 0.0003, 30, 500)],
    ),
    "stats1/pos.size:1m:tBTCUSD:long/hist": (
        [[NOW_MS, 12.5]],
        lambda d: d.market.statistics("pos.size:1m:tBTCUSD:long"),
        lambda v: v == [Statistic(Mts(NOW_MS), 12.5)],
    ),
    "stats1/vwap:1d:tBTCUSD/last": (
        [NOW_MS, 12.5],
        lambda d: d.market.last_statistic("vwap:1d:tBTCUSD"),
        lambda v: v == Statistic(Mts(NOW_MS), 12.5),
    ),
    "status/deriv": (
        [["tBTCF0:USTF0", *STATUS]],
        lambda d: d.market.derivative_status([PERPETUAL]),
        lambda v: (v[0].symbol, v[0].mark_price, v[0].open_interest, v[0].clamp_max) == (PERPETUAL, 100.6, 42.5, None),
    ),
    "status/deriv/tBTCF0:USTF0/hist": (
        [STATUS],
        lambda d: d.market.derivative_status_history(PERPETUAL),
        lambda v: (v[0].next_funding_mts, v[0].clamp_min) == (1700003600000, 0.0025),
    ),
    "liquidations/hist": (
        [[["pos", 7, NOW_MS, None, "tBTCF0:USTF0", -0.5, 100.2, None, 1, 1, None, 101]]],
        lambda d: d.market.liquidations(),
        lambda v: (v[0].side, v[0].amount, v[0].is_execution, v[0].price_acquired) == (Side.SELL, 0.5, True, 101),
    ),
    "conf/pub:list:pair:margin": (
        [["BTCUSD", "DUSK:USD"]],
        lambda d: d.market.pairs("margin"),
        lambda v: v == ["tBTCUSD", "tDUSK:USD"],
    ),
    "conf/pub:info:pair": (
        [[["BTCUSD", [None, None, None, "0.00006", "2000.0", None, None, None, 0.1, 0.05, None, None]]]],
        lambda d: d.market.pair_rules(),
        lambda v: (v[0].symbol, v[0].amount_min, v[0].minimum_margin) == ("tBTCUSD", 6000, Decimal("0.05")),
    ),
    "conf/pub:info:pair:futures": (
        [[["BTCF0:USTF0", [None, None, None, "0.00006", "100.0", None, None, None, 0.01, 0.005]]]],
        lambda d: d.market.pair_rules(futures=True),
        lambda v: v[0].symbol == "tBTCF0:USTF0",
    ),
    "conf/pub:list:currency": ([["BTC", "UST"]], lambda d: d.market.currencies(), lambda v: v == ["BTC", "UST"]),
    "conf/pub:map:currency:sym": (
        [[["UST", "USDt"]]],
        lambda d: d.market.currency_names(),
        lambda v: v == [CurrencyName(Currency("UST"), "USDt")],
    ),
    "calc/trade/avg": (
        [100.63, -1.5],
        lambda d: d.market.average_execution(SYMBOL, Side.SELL, atoms("1.5")),
        lambda v: v == AverageExecution(100.63, 1.5),
    ),
    "calc/fx": ([100.5], lambda d: d.market.exchange_rate(Currency("BTC"), Currency("USD")), lambda v: v == 100.5),
    "auth/r/wallets": (
        [["margin", "USD", 949.75, 0, None, None, None]],
        lambda d: d.account.wallets(),
        lambda v: (v[0].kind, v[0].balance, v[0].available) == (WalletKind.MARGIN, Decimal("949.75"), None),
    ),
    "auth/r/positions": ([POSITION], lambda d: d.account.positions(), lambda v: v[0].net_amount == Decimal("0.5")),
    "auth/r/positions/hist": (
        [CLOSED],
        lambda d: d.account.position_history(),
        lambda v: (v[0].state.value, v[0].id, v[0].profit) == ("CLOSED", 14, None),
    ),
    "auth/r/orders/tBTCUSD/hist": (
        [ORDER],
        lambda d: d.account.order_history(SYMBOL, ids=[OrderId(12)]),
        lambda v: (v[0].id, v[0].status.is_open, v[0].amount_filled) == (12, False, Decimal("0.5")),
    ),
    "auth/r/orders/tBTCUSD": ([], lambda d: d.account.open_orders(SYMBOL), lambda v: v == []),
    "auth/r/order/tBTCUSD:12/trades": (
        [[*FILL[:6], None, None, *FILL[8:]]],
        lambda d: d.account.order_fills(SYMBOL, OrderId(12)),
        lambda v: (v[0].fee, v[0].fee_currency) == (Decimal("0.0004"), "BTC"),
    ),
    "auth/r/trades/hist": ([FILL], lambda d: d.account.fills(), lambda v: v[0].cid == 7),
    "auth/r/trades/tBTCUSD/hist": ([FILL], lambda d: d.account.fills(SYMBOL), lambda v: v[0].is_maker is False),
    "auth/r/ledgers/hist": (
        [[1, "USD", "exchange", NOW_MS, None, -0.5, 949.75, None, "Trading fees"]],
        lambda d: d.account.ledger(),
        lambda v: (v[0].amount, v[0].balance, v[0].wallet) == (Decimal("-0.5"), Decimal("949.75"), WalletKind.EXCHANGE),
    ),
    "auth/r/ledgers/USD/hist": ([], lambda d: d.account.ledger(Currency("USD")), lambda v: v == []),
    "auth/r/info/margin/base": (
        ["base", [1.5, 0, 100, 101.5, 20]],
        lambda d: d.account.margin_base(),
        lambda v: v == MarginBase(Decimal("1.5"), Decimal(0), Decimal(100), Decimal("101.5"), Decimal(20)),
    ),
    "auth/r/info/margin/tBTCUSD": (
        ["sym", "tBTCUSD", [10, 20, 1, 2, None, None, None, None]],
        lambda d: d.account.margin_pair(SYMBOL),
        lambda v: v == MarginPair(SYMBOL, Decimal(10), Decimal(20), Decimal(1), Decimal(2)),
    ),
    "auth/r/info/margin/sym_all": (
        [["sym", "tBTCUSD", [10, 20, None, None, None, None, None, None]]],
        lambda d: d.account.margin_pairs(),
        lambda v: v == [MarginPair(SYMBOL, Decimal(10), Decimal(20), None, None)],
    ),
    "auth/r/info/user": (
        [7, "a@b.c", "anna", NOW_MS, 1, 3, None, "UTC", "en", "bitfinex", 1],
        lambda d: d.account.user(),
        lambda v: (v.id, v.username, v.timezone) == (7, "anna", "UTC"),
    ),
    "auth/r/summary": (
        [None, None, None, None, FEES, [], [], None, None, {"leo_lev": 0}],
        lambda d: d.account.fees(),
        lambda v: (
            isinstance(v, FeeSchedule) and (v.maker, v.derivative_taker) == (Decimal("0.001"), Decimal("0.00065"))
        ),
    ),
    "auth/r/permissions": (
        [["orders", 1, 0]],
        lambda d: d.account.permissions(),
        lambda v: v == [Permission("orders", can_read=True, can_write=False)],
    ),
    "auth/calc/order/avail": (
        [0.25],
        lambda d: d.account.available_balance(SYMBOL, Side.SELL, Decimal("100.5"), Account.EXCHANGE),
        lambda v: v == Decimal("0.25"),
    ),
    "auth/r/funding/offers": (
        [OFFER],
        lambda d: d.funding.funding_offers(),
        lambda v: (v[0].side, v[0].amount, v[0].rate) == (Side.SELL, 750, Decimal("0.0003")),
    ),
    "auth/r/funding/offers/fUSD": ([], lambda d: d.funding.funding_offers(FUSD), lambda v: v == []),
    "auth/r/funding/loans/fUSD": (
        [LOAN],
        lambda d: d.funding.funding_loans(FUSD),
        lambda v: (v[0].role, v[0].renews, v[0].position_pair) == (FundingRole.LENDER, True, None),
    ),
    "auth/r/funding/credits": (
        [[*LOAN, "tBTCUSD"]],
        lambda d: d.funding.funding_credits(),
        lambda v: v[0].position_pair == "tBTCUSD",
    ),
}


@pytest.mark.parametrize("path", SAMPLES)
async def test_each_endpoint_returns_its_typed_value(path: str) -> None:
    sample, ask, holds = SAMPLES[path]
    async with BitfinexServer() as server, desk(server.url) as ours:
        server.answers[path] = sample
        value = await ask(ours)
    assert holds(value), value
    assert [found for found, _, _ in server.requests] == [path]


GROWING = [
    path for path, (sample, _, _) in SAMPLES.items() if sample != [] and not path.startswith(("conf", "tickers"))
]
"""`conf` has one element a key, and `tickers` rows of two lengths."""


@pytest.mark.parametrize("path", GROWING)
async def test_new_fields_at_the_end_of_a_row_change_nothing(path: str) -> None:
    """D29."""
    sample, ask, holds = SAMPLES[path]
    is_table = isinstance(sample[0], list)
    grown = [[*row, None, "new", {"a": 1}] for row in sample] if is_table else [*sample, 0, 17]
    async with BitfinexServer() as server, desk(server.url) as ours:
        server.answers[path] = grown
        assert holds(await ask(ours))


@pytest.mark.parametrize("path", [path for path, (sample, _, _) in SAMPLES.items() if sample != []])
@pytest.mark.parametrize("damaged", ["{}", '["x"]', "[[]]", "17", '"text"', "null", "[[[[1]]]]"])
async def test_an_answer_of_another_shape_is_a_protocol_violation(path: str, damaged: str) -> None:
    """C10."""
    from aiohttp import web

    _, ask, _ = SAMPLES[path]
    if path.startswith("conf") and damaged == "[[]]":
        return  # an empty list is a value there
    async with BitfinexServer() as server, desk(server.url) as ours:
        server.next(path, *[answering(lambda: web.Response(text=damaged))] * 8)
        with pytest.raises((ProtocolViolation, OutcomeUnknown)) as caught:
            await ask(ours)
    assert caught.value.endpoint == path
    assert caught.value.request_id


async def test_helpers_read_wallets_and_positions() -> None:
    async with BitfinexServer() as server, desk(server.url) as ours:
        server.answers |= {"auth/r/wallets": SAMPLES["auth/r/wallets"][0], "auth/r/positions": [POSITION]}
        assert [wallet.currency for wallet in await get_wallets(ours.client)] == ["USD"]
        assert [position.symbol for position in await get_positions(ours.client)] == [SYMBOL]


async def test_an_unknown_platform_status_counts_as_maintenance() -> None:
    async with BitfinexServer() as server, desk(server.url) as ours:
        for status in ([0], [2], []):
            server.answers["platform/status"] = status
            assert await ours.market.platform_status() is PlatformStatus.MAINTENANCE


async def test_a_funding_offer_is_sent_and_cancelled() -> None:
    wish = FundingOfferRequest(FUSD, Side.SELL, FundingType.LIMIT, atoms("750"), Decimal("0.0003"), 30)
    async with BitfinexServer() as server, desk(server.url) as ours:
        notify = [NOW_MS, "fon-req", None, None, OFFER, None, "SUCCESS", "text"]
        server.answers |= {
            "auth/w/funding/offer/submit": notify,
            "auth/w/funding/offer/cancel": [NOW_MS, "foc-req", *notify[2:]],
            "auth/w/funding/offer/cancel/all": [NOW_MS, "foc_all-req", None, None, None, None, "SUCCESS", "None"],
        }
        assert (await ours.funding.submit_funding_offer(wish)).id == 41
        assert (await ours.funding.cancel_funding_offer(41)).id == 41
        await ours.funding.cancel_all_funding_offers(Currency("USD"))
        with pytest.raises(OutcomeUnknown, match="42 was cancelled"):
            await ours.funding.cancel_funding_offer(42)
    assert server.requests[0][1] == {"type": "LIMIT", "symbol": "fUSD", "amount": "750", "rate": "0.0003", "period": 30}


async def test_a_refused_funding_offer_is_final() -> None:
    wish = FundingOfferRequest(FUSD, Side.SELL, FundingType.LIMIT, atoms("750"), Decimal("0.0003"), 30)
    async with BitfinexServer() as server, desk(server.url) as ours:
        refused = [NOW_MS, "fon-req", None, None, None, None, "ERROR", "Invalid offer: incorrect amount"]
        server.next("auth/w/funding/offer/submit", answering(lambda: ok(refused)))
        with pytest.raises(Rejected, match="incorrect amount"):
            await ours.funding.submit_funding_offer(wish)


def series(minutes: Sequence[int]) -> list[list[Json]]:
    return [[NOW_MS + 60_000 * minute, 1.5, 2.5, 3.5, 0.5, float(minute)] for minute in minutes]


async def gathered(pages: AsyncIterator[Sequence[Candle]]) -> list[Candle]:
    return [candle async for page in pages for candle in page]


@pytest.mark.parametrize("oldest_first", [True, False])
async def test_pages_cover_a_span_with_its_gaps_and_nothing_twice(oldest_first: bool) -> None:
    """D17-like limits: the server cuts pages at seven rows although more were asked for."""
    minutes = [0, 1, 2, 5, 6, 7, 8, 9, 300, 301, 302, 303, 304, 305, 306, 307, 308, 1000]
    async with BitfinexServer() as server, desk(server.url) as ours:
        server.candles, server.page_rows_max = series(minutes), 7
        start, end = Mts(NOW_MS + 60_000), Mts(NOW_MS + 60_000 * 308)
        found = await gathered(ours.market.candle_pages(SYMBOL, Timeframe.M1, start, end, oldest_first=oldest_first))
    expected = [NOW_MS + 60_000 * minute for minute in minutes[1:-1]]
    assert [candle.mts for candle in found] == (expected if oldest_first else expected[::-1])
    assert found[0].close == 2.5


async def test_a_download_that_was_stopped_goes_on_from_its_last_candle() -> None:
    async with BitfinexServer() as server, desk(server.url) as ours:
        server.candles, server.page_rows_max = series(range(50)), 7
        end = Mts(NOW_MS + 60_000 * 49)
        first: list[Candle] = []
        async for page in ours.market.candle_pages(SYMBOL, Timeframe.M1, Mts(NOW_MS), end):
            first += page
            if len(first) >= 20:
                break
        rest = await gathered(ours.market.candle_pages(SYMBOL, Timeframe.M1, Mts(first[-1].mts + 60_000), end))
    assert [candle.volume for candle in [*first, *rest]] == [float(minute) for minute in range(50)]


async def test_a_server_that_repeats_itself_is_not_followed() -> None:
    """D27: a page that does not run one way would never end."""
    async with BitfinexServer() as server, desk(server.url) as ours:
        server.candles = [*series([0, 1]), *series([1])]
        with pytest.raises(ProtocolViolation, match=r"at `\$\[2\]`"):
            await gathered(ours.market.candle_pages(SYMBOL, Timeframe.M1, Mts(NOW_MS), Mts(NOW_MS + 60_000)))


async def test_the_last_candle_and_none() -> None:
    async with BitfinexServer() as server, desk(server.url) as ours:
        assert await ours.market.last_candle(SYMBOL, Timeframe.H1) is None
        server.candles = series([3])
        last = await ours.market.last_candle(SYMBOL, Timeframe.H1)
    assert last is not None
    assert last.volume == 3
    assert server.requests[-1][0] == "candles/trade:1h:tBTCUSD/last"


@pytest.mark.parametrize("timeframe", Timeframe)
def test_every_time_frame_has_its_key(timeframe: Timeframe) -> None:
    assert candle_key(SYMBOL, timeframe) == f"trade:{timeframe.value}:tBTCUSD"
    assert candle_key(FUSD, timeframe, "a30:p2:p30") == f"trade:{timeframe.value}:fUSD:a30:p2:p30"


@pytest.mark.parametrize(("symbol", "period"), [(SYMBOL, "p30"), (FUSD, "")])
def test_only_funding_has_periods(symbol: Symbol, period: str) -> None:
    with pytest.raises(InputError, match="period"):
        candle_key(symbol, Timeframe.M1, period)


@settings(max_examples=200)
@given(
    minutes=st.sets(st.integers(0, 400), max_size=60),
    rows=st.integers(1, 9),
    start=st.integers(-10, 410),
    length=st.integers(0, 420),
    oldest_first=st.booleans(),
)
def test_paging_gathers_what_one_request_would(
    minutes: set[int], rows: int, start: int, length: int, oldest_first: bool
) -> None:
    """The pure pager against a plain filter, whatever the gaps and the page size."""
    candles = [Candle(Mts(60_000 * minute), 1, 1, 1, 1, 1) for minute in sorted(minutes)]
    whole = (60_000 * start, 60_000 * (start + length))
    span: tuple[int, int] | None = whole
    found: list[Candle] = []
    while span is not None:
        inside = [candle for candle in candles if span[0] <= candle.mts <= span[1]]
        page = page_of((inside if oldest_first else inside[::-1])[:rows], span, "x", oldest_first=oldest_first)
        found += page
        span = next_page(page, span, Timeframe.M1, oldest_first=oldest_first)
    expected = [candle for candle in candles if whole[0] <= candle.mts <= whole[1]]
    assert found == (expected if oldest_first else expected[::-1])
