"""Rows to values and wishes to bodies: signs, sides, flags, texts, and what must be refused."""

import json
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.adapters.bitfinex.convert import account, funding, market, orders
from genesis.adapters.bitfinex.convert.numbers import row, rows
from genesis.adapters.bitfinex.wire import account as account_rows
from genesis.adapters.bitfinex.wire import conf as conf_rows
from genesis.adapters.bitfinex.wire import funding as funding_rows
from genesis.adapters.bitfinex.wire import market as market_rows
from genesis.adapters.bitfinex.wire import orders as order_rows
from genesis.adapters.bitfinex.wire.codec import decode, encode
from genesis.domain.exchange.account import WalletKind
from genesis.domain.exchange.funding import FundingOfferRequest, FundingType
from genesis.domain.exchange.market import BookLevel, FundingBookLevel
from genesis.domain.exchange.orders import Account, ByCid, ById, CancelMany, Everything, OrderChange, ReportedStatus
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import Cid, OrderId, OrderRequest, OrderType, Side
from genesis.domain.units import INT64_MAX, Atoms, Mts, Price, Symbol, atoms
from genesis.ports.errors import InputError, ProtocolViolation

R = TypeVar("R")
V = TypeVar("V")

BTC = spot_instrument(Symbol("tBTCUSD"), Atoms(10_000))

ORDER: list[object] = [
    *[120000000001, None, 1700000000123, "tBTCUSD", 1700000000123, 1700000000456, 0.3, 0.5, "EXCHANGE LIMIT"],
    *[None, None, None, 4096, "PARTIALLY FILLED @ 100.5(0.2)", None, None, 100, 100.5, 0, 0, None, None, None, 0, 0],
    *[None, None, None, "API>BFX", None, None, {"$F7": 1}],
]


def changed(base: list[object], **at: object) -> list[object]:
    """Return a row with some positions replaced: `changed(ORDER, _6=-1)`."""
    copy = list(base)
    for name, value in at.items():
        copy[int(name[1:])] = value
    return copy


def read(kind: type[R], convert: Callable[[R], V], sample: object) -> V:
    return row(convert, decode(json.dumps(sample).encode(), kind, endpoint="x"), endpoint="x")


def test_an_order_reads_as_the_exchange_means_it() -> None:
    order = read(order_rows.OrderRow, orders.order_from_wire, ORDER)
    assert (order.id, order.cid, order.symbol) == (120000000001, 1700000000123, "tBTCUSD")
    assert (order.account, order.type, order.side) == (Account.EXCHANGE, OrderType.LIMIT, Side.BUY)
    assert (order.amount, order.amount_remaining, order.amount_filled) == (
        Decimal("0.5"),
        Decimal("0.3"),
        Decimal("0.2"),
    )
    assert (order.status, order.status.is_open) == (ReportedStatus.PARTIALLY_FILLED, True)
    assert (order.post_only, order.reduce_only, order.hidden) == (True, False, False)
    assert (order.price, order.price_average) == (Decimal(100), Decimal("100.5"))


def test_a_sell_that_is_filled_keeps_its_side() -> None:
    order = read(order_rows.OrderRow, orders.order_from_wire, changed(ORDER, _6=0, _7=-0.5, _13="EXECUTED @ 1(-0.5)"))
    assert (order.side, order.amount, order.amount_filled) == (Side.SELL, Decimal("0.5"), Decimal("0.5"))


def test_an_amount_that_an_update_made_larger_is_what_was_asked() -> None:
    order = read(order_rows.OrderRow, orders.order_from_wire, changed(ORDER, _6=-2, _7=-0.5))
    assert (order.side, order.amount, order.amount_remaining) == (Side.SELL, Decimal(2), Decimal(2))


def test_history_writes_flags_and_groups_as_digits() -> None:
    order = read(order_rows.OrderRow, orders.order_from_wire, changed(ORDER, _1="77", _12="5184", _8="STOP LIMIT"))
    assert (order.group_id, order.hidden, order.reduce_only, order.post_only) == (77, True, True, True)
    assert (order.account, order.type) == (Account.MARGIN, OrderType.STOP_LIMIT)


STATUSES = {
    "ACTIVE": ReportedStatus.ACTIVE,
    "PARTIALLY FILLED @ 100.5(0.2)": ReportedStatus.PARTIALLY_FILLED,
    "EXECUTED @ 100.5(0.5)": ReportedStatus.EXECUTED,
    "EXECUTED @ 101.2(0.3): was PARTIALLY FILLED @ 100.9(0.2)": ReportedStatus.EXECUTED,
    "CANCELED": ReportedStatus.CANCELED,
    "CANCELED was: PARTIALLY FILLED @ 100.5(0.2)": ReportedStatus.CANCELED,
    "FORCED EXECUTED @ 1(1)": ReportedStatus.FORCED_EXECUTED,
    "EXECUTED @ 100.5(0.5) was ACTIVE (note:POSCLOSE)": ReportedStatus.EXECUTED,
    "INSUFFICIENT BALANCE (G1) was: PARTIALLY FILLED @ 1(1)": ReportedStatus.INSUFFICIENT_BALANCE,
    "INSUFFICIENT BALANCE (U1)": ReportedStatus.INSUFFICIENT_BALANCE,
    "INSUFFICIENT MARGIN was: PARTIALLY FILLED @ 1(1)": ReportedStatus.INSUFFICIENT_MARGIN,
    "POSTONLY CANCELED": ReportedStatus.POST_ONLY_CANCELED,
    "IOC CANCELED was: PARTIALLY FILLED @ 1(1)": ReportedStatus.IOC_CANCELED,
    "FILLORKILL CANCELED": ReportedStatus.FILL_OR_KILL_CANCELED,
    "RSN_DUST": ReportedStatus.DUST,
    "RSN_PAUSE": ReportedStatus.PAUSE,
    "RSN_BOOK_SLIP was: PARTIALLY FILLED @ 1(1)": ReportedStatus.BOOK_SLIP,
    "RSN_POS_REDUCE_INCR": ReportedStatus.REDUCE_WOULD_INCREASE,
    "RSN_POS_REDUCE_FLIP": ReportedStatus.REDUCE_WOULD_FLIP,
    "RSN_POS_NOTFOUND": ReportedStatus.NO_POSITION,
}


@pytest.mark.parametrize(("text", "status"), STATUSES.items())
def test_the_head_of_a_status_decides(text: str, status: ReportedStatus) -> None:
    assert orders.status_from_text(text) is status


@pytest.mark.parametrize("text", ["", "active", "ACTIVES", "RSN_DUSTY", "RSN_NEW", "PARTIALLY", " ACTIVE"])
def test_a_status_that_we_do_not_model_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not known"):
        orders.status_from_text(text)


@pytest.mark.parametrize(
    "damage", [{"_8": "EXCHANGE_LIMIT"}, {"_13": "NEW"}, {"_12": "-1"}, {"_12": "²"}, {"_6": 0, "_7": 0}]
)
def test_an_order_that_we_cannot_model_is_a_protocol_violation_at_its_index(damage: dict[str, object]) -> None:
    body = encode([ORDER, changed(ORDER, **damage)])
    with pytest.raises(ProtocolViolation, match=r"at `\$\[1\]`") as caught:
        rows(orders.order_from_wire, decode(body, list[order_rows.OrderRow], endpoint="os"), endpoint="os")
    assert caught.value.endpoint == "os"


OWN_TRADE: list[object] = [800001, "tBTCUSD", 1700000001000, 12, -0.2, 100.5, "LIMIT", 101, -1, -0.0004, "BTC", 17]


def test_a_fill_has_a_side_and_a_fee_that_costs() -> None:
    fill = read(order_rows.OwnTradeRow, orders.fill_from_wire, OWN_TRADE)
    assert (fill.side, fill.amount, fill.price) == (Side.SELL, Decimal("0.2"), Decimal("100.5"))
    assert (fill.fee, fill.fee_currency, fill.is_maker, fill.cid) == (Decimal("0.0004"), "BTC", False, 17)


def test_a_fill_without_its_fee_says_so() -> None:
    fill = read(order_rows.OwnTradeRow, orders.fill_from_wire, [*OWN_TRADE[:8], 0, None, None])
    assert (fill.fee, fill.fee_currency, fill.is_maker, fill.cid) == (None, None, None, None)


PRICES: dict[OrderType, dict[str, Price]] = {
    OrderType.MARKET: {},
    OrderType.LIMIT: {"price": Price(10_050_000_000)},
    OrderType.STOP: {"stop_price": Price(9_900_000_000)},
    OrderType.STOP_LIMIT: {"price": Price(9_850_000_000), "stop_price": Price(9_900_000_000)},
    OrderType.TRAILING_STOP: {"trail": Price(150_000_000)},
    OrderType.FILL_OR_KILL: {"price": Price(10_050_000_000)},
    OrderType.IMMEDIATE_OR_CANCEL: {"price": Price(10_050_000_000)},
}


def request(kind: OrderType, prices: Mapping[str, Price], side: Side = Side.BUY) -> OrderRequest:
    return OrderRequest(
        *(Cid(7), Symbol("tBTCUSD"), side, kind, atoms("0.5"), Mts(1)),
        price=prices.get("price"),
        stop_price=prices.get("stop_price"),
        trail=prices.get("trail"),
        oco_stop=prices.get("oco_stop"),
    )


@pytest.mark.parametrize(
    ("kind", "text", "fields"),
    [
        (OrderType.MARKET, "MARKET", {}),
        (OrderType.LIMIT, "LIMIT", {"price": "100.5"}),
        (OrderType.STOP, "STOP", {"price": "99"}),
        (OrderType.STOP_LIMIT, "STOP LIMIT", {"price": "99", "price_aux_limit": "98.5"}),
        (OrderType.TRAILING_STOP, "TRAILING STOP", {"price_trailing": "1.5"}),
        (OrderType.FILL_OR_KILL, "FOK", {"price": "100.5"}),
        (OrderType.IMMEDIATE_OR_CANCEL, "IOC", {"price": "100.5"}),
    ],
)
def test_each_order_type_sends_its_own_prices(kind: OrderType, text: str, fields: dict[str, str]) -> None:
    spot = json.loads(encode(orders.submit_to_wire(request(kind, PRICES[kind]), BTC, Account.EXCHANGE)))
    assert spot == {"type": f"EXCHANGE {text}", "symbol": "tBTCUSD", "amount": "0.5", "cid": 7, **fields}
    margin = json.loads(encode(orders.submit_to_wire(request(kind, PRICES[kind], Side.SELL), BTC, Account.MARGIN)))
    assert (margin["type"], margin["amount"]) == (text, "-0.5")


def test_flags_add_up() -> None:
    order = OrderRequest(
        *(Cid(7), Symbol("tBTCUSD"), Side.BUY, OrderType.LIMIT, Atoms(1), Mts(1), Price(1)),
        post_only=True,
        reduce_only=True,
        hidden=True,
    )
    body = orders.submit_to_wire(order, BTC, Account.MARGIN)
    assert (body.flags, body.amount, body.price) == (4096 + 1024 + 64, "0.00000001", "0.00000001")


def test_a_pair_of_a_limit_and_a_stop_is_one_request_with_its_flag() -> None:
    limit = request(OrderType.LIMIT, {"price": Price(10_050_000_000), "oco_stop": Price(9_900_000_000)}, Side.SELL)
    body = orders.submit_to_wire(limit, BTC, Account.EXCHANGE)
    assert (body.flags, body.price, body.price_oco_stop) == (16384, "100.5", "99")
    with pytest.raises(InputError, match="oco_stop"):
        orders.submit_to_wire(request(OrderType.MARKET, {"oco_stop": Price(1)}), BTC, Account.EXCHANGE)


@pytest.mark.parametrize("kind", OrderType)
@pytest.mark.parametrize("name", ["price", "stop_price", "trail"])
def test_a_missing_or_superfluous_price_is_refused(kind: OrderType, name: str) -> None:
    prices = dict(PRICES[kind])
    if prices.pop(name, None) is None:
        prices[name] = Price(1)
    with pytest.raises(InputError, match=name):
        orders.submit_to_wire(request(kind, prices), BTC, Account.EXCHANGE)


def test_an_order_for_another_instrument_is_refused() -> None:
    with pytest.raises(InputError, match="tETHUSD"):
        orders.submit_to_wire(
            request(OrderType.MARKET, {}), spot_instrument(Symbol("tETHUSD"), Atoms(10_000)), Account.EXCHANGE
        )


def test_a_change_sends_what_changes() -> None:
    change = OrderChange(OrderId(9), Symbol("tBTCUSD"), Side.SELL, amount=atoms("0.4"), price=Price(10_100_000_000))
    assert json.loads(encode(orders.change_to_wire(change, BTC))) == {"id": 9, "amount": "-0.4", "price": "101"}
    with pytest.raises(ValueError, match="changes nothing"):
        OrderChange(OrderId(9), Symbol("tBTCUSD"), Side.SELL)


def test_cancellations_name_orders_by_id_or_by_cid_and_date() -> None:
    by_cid = ByCid(Cid(7), date(2026, 1, 2))
    assert encode(orders.cancel_to_wire(ById(OrderId(9)))) == b'{"id":9}'
    assert encode(orders.cancel_to_wire(by_cid)) == b'{"cid":7,"cid_date":"2026-01-02"}'
    many = orders.cancel_many_to_wire(CancelMany((ById(OrderId(9)), by_cid)))
    assert encode(many) == b'{"id":[9],"cid":[[7,"2026-01-02"]]}'
    assert encode(orders.cancel_many_to_wire(Everything())) == b'{"all":1}'
    with pytest.raises(ValueError, match="no order"):
        CancelMany(())


def test_a_cid_date_is_the_utc_date() -> None:
    assert [orders.date_text(Mts(mts)) for mts in (1_699_919_999_999, 1_699_920_000_000)] == [
        "2023-11-13",
        "2023-11-14",
    ]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ({}, ""),
        ({"_2": 8}, "cid was 7, echoed 8"),
        ({"_3": "tETHUSD"}, "symbol"),
        ({"_6": -0.5, "_7": -0.5}, "side"),
        ({"_6": 0.4, "_7": 0.4}, "amount"),
    ],
)
def test_an_echo_of_another_order_shows(damage: dict[str, object], words: str) -> None:
    """C19, D18."""
    sample = changed(ORDER, **{"_2": 7, "_6": 0.5, "_13": "ACTIVE", **damage})
    echo = read(order_rows.OrderRow, orders.order_from_wire, sample)
    found = orders.echo_mismatch(request(OrderType.LIMIT, {"price": Price(1)}), echo)
    assert (words in found) if words else found == ""


def test_a_price_that_the_exchange_cut_is_told() -> None:
    """D18."""
    body = orders.submit_to_wire(request(OrderType.LIMIT, {"price": Price(10_012_345_678)}), BTC, Account.EXCHANGE)
    echo = read(order_rows.OrderRow, orders.order_from_wire, changed(ORDER, _16=100.12))
    assert orders.echo_differences(body, echo) == ("price was 100.12345678, accepted 100.12",)


WALLET: list[object] = ["exchange", "USD", 949.75, 0, 899.75, "Exchange 0.5 BTC for USD @ 100.5", None]


def test_a_wallet_may_not_know_what_is_available() -> None:
    wallet = read(account_rows.WalletRow, account.wallet_from_wire, changed(WALLET, _4=None))
    assert (wallet.kind, wallet.currency, wallet.balance) == (WalletKind.EXCHANGE, "USD", Decimal("949.75"))
    assert wallet.available is None


def test_a_wallet_that_we_do_not_know_is_refused() -> None:
    with pytest.raises(ProtocolViolation, match="wallet 'savings' is not known"):
        read(account_rows.WalletRow, account.wallet_from_wire, changed(WALLET, _0="savings"))


POSITION: list[object] = [
    *["tBTCUSD", "ACTIVE", -0.5, 100.5, 0, 0, 1.25, 2.48, 60.1, 1.9, None, 140000001, 1700000000000, 1700000001000],
    *[None, 0, None, 0, 0, None],
]


def test_a_short_position_is_negative() -> None:
    position = read(account_rows.PositionRow, account.position_from_wire, POSITION)
    assert (position.net_amount, position.is_derivative, position.profit) == (Decimal("-0.5"), False, Decimal("1.25"))


@pytest.mark.parametrize("damage", [{"_1": "OPEN"}, {"_15": 2}])
def test_a_position_that_we_do_not_model_is_refused(damage: dict[str, object]) -> None:
    with pytest.raises(ProtocolViolation, match="is not known"):
        read(account_rows.PositionRow, account.position_from_wire, changed(POSITION, **damage))


def test_fees_are_fractions() -> None:
    fees = [[0.001, 0.001, 0.001, None, None, 0.0002], [0.002, 0.002, 0.0015, None, None, 0.00065]]
    schedule = read(account_rows.FeesRow, account.fee_schedule_from_wire, fees)
    assert (schedule.maker, schedule.taker_to_fiat) == (Decimal("0.001"), Decimal("0.0015"))
    with pytest.raises(ProtocolViolation, match="no fractions"):
        read(account_rows.FeesRow, account.fee_schedule_from_wire, [[10, *fees[0][1:]], fees[1]])


def test_a_candle_comes_close_first() -> None:
    candle = read(market_rows.CandleRow, market.candle_from_wire, [1700000040000, 100.5, 100.9, 101.2, 100.1, 42.5])
    assert (candle.open, candle.close, candle.high, candle.low) == (100.5, 100.9, 101.2, 100.1)
    assert encode(market.candle_to_wire(candle)) == b"[1700000040000,100.5,100.9,101.2,100.1,42.5]"


def test_the_sign_means_the_opposite_in_funding_books() -> None:
    assert read(market_rows.BookRow, market.book_level_from_wire, [100.5, 2, 1.25]) == BookLevel(
        Side.BUY, 100.5, 2, 1.25
    )
    level = read(market_rows.FundingBookRow, market.funding_book_level_from_wire, [0.0003, 30, 2, 500])
    assert level == FundingBookLevel(Side.SELL, 0.0003, 30, 2, 500)


def test_pair_rules_are_exact() -> None:
    sample = ["BTCUSD", [None, None, None, "0.00006", "2000.0", None, None, None, 0.1, 0.05, None, None]]
    rules = read(conf_rows.PairInfoRow, market.pair_rules_from_wire, sample)
    assert (rules.symbol, rules.amount_min, rules.amount_max) == ("tBTCUSD", 6_000, 200_000_000_000)
    assert (rules.initial_margin, rules.minimum_margin) == (Decimal("0.1"), Decimal("0.05"))


@pytest.mark.parametrize("amount", ["92233720368.54775807", "92233720368.54775808", "100000000000.0"])
def test_a_pair_that_takes_more_than_64_bits_of_atoms_takes_all_that_an_order_can_have(amount: str) -> None:
    sample = ["SHIB:USD", [None, None, None, "100000.0", amount, None, None, None, None, None, None, None]]
    assert read(conf_rows.PairInfoRow, market.pair_rules_from_wire, sample).amount_max == INT64_MAX


OFFER: list[object] = [
    *[41, "fUSD", 1700000000000, 1700000000000, -500, -750, "LIMIT", None, None, None, "ACTIVE", None, None, None],
    *[0.0003, 30, 0, 0, None, 0, None],
]


def test_lending_is_selling_funds() -> None:
    offer = read(funding_rows.FundingOfferRow, funding.funding_offer_from_wire, OFFER)
    assert (offer.side, offer.amount, offer.amount_remaining) == (Side.BUY, Decimal(750), Decimal(500))
    wish = FundingOfferRequest(Symbol("fUSD"), Side.SELL, FundingType.LIMIT, atoms("750"), Decimal("3e-4"), 30)
    assert json.loads(encode(funding.funding_offer_to_wire(wish))) == {
        "type": "LIMIT",
        "symbol": "fUSD",
        "amount": "750",
        "rate": "0.0003",
        "period": 30,
    }


@given(st.sampled_from([Side.BUY, Side.SELL]), st.integers(1, 10**17), st.integers(1, 10**17))
def test_what_we_send_comes_back_as_we_meant_it(side: Side, amount: int, price: int) -> None:
    """Sign and scale survive the crossing to text and back, whatever the numbers."""
    wish = OrderRequest(Cid(7), Symbol("tBTCUSD"), side, OrderType.LIMIT, Atoms(amount), Mts(1), Price(price))
    body = orders.submit_to_wire(wish, BTC, Account.EXCHANGE)
    raw = encode(changed(ORDER, _2=7, _6=Decimal(body.amount), _7=Decimal(body.amount), _16=Decimal(body.price or "0")))
    echo = orders.order_from_wire(decode(raw, order_rows.OrderRow, endpoint="x"))
    assert orders.echo_mismatch(wish, echo) == ""
    assert orders.echo_differences(body, echo) == ()
