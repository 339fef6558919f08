from genesis.domain.exchange.account import WalletKind
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import OrderType, Side
from genesis.domain.simulation.exchange import Exchange, OrderChange, Submitted
from genesis.domain.simulation.exchange_events import ExchangeEvent, OrderMoved, OwnTrade, PositionMoved, Step
from genesis.domain.simulation.exchange_orders import OrderStatus, OrderTicket, PlacedOrder, Refusal, RefusalCode
from genesis.domain.simulation.margin_position import MarginTerms
from genesis.domain.simulation.matching_events import CancelReason
from genesis.domain.simulation.matching_order import NO_PRICE, UserId
from genesis.domain.units import Atoms, Currency, Mts, Price, Symbol, atoms

BTC = Symbol("tBTCUSD")
USD = Currency("USD")
ME = UserId(1)
MARKET = UserId(9)
NOW = Mts(3_600_000)
HOUR = 3_600_000


def exchange(cash: str = "10000", margin: str = "1000") -> Exchange:
    made = Exchange()
    made.add_market(spot_instrument(BTC, atoms("0.001"), price_decimals=2), MarginTerms())
    made.accounts.open(ME)
    made.accounts.open(MARKET, unlimited=True)
    made.accounts.deposit(ME, WalletKind.EXCHANGE, USD, atoms(cash), NOW)
    made.accounts.deposit(ME, WalletKind.MARGIN, USD, atoms(margin), NOW)
    made.advance(NOW)
    return made


def ticket(side: Side, amount: str, price: str = "", kind: OrderType = OrderType.LIMIT, **more: object) -> OrderTicket:
    limit = cents(price) if price else NO_PRICE
    return OrderTicket(BTC, side, kind, atoms(amount), limit, **more)  # type: ignore[arg-type]  # named by each caller


def cents(price: str) -> Price:
    return Price(atoms(price) // 1_000_000)


def submit(made: Exchange, user: UserId, wanted: OrderTicket) -> Submitted:
    result = made.submit(user, wanted, NOW)
    assert not isinstance(result, Refusal), result
    return result


def quote(made: Exchange, bid: str, ask: str, amount: str = "10") -> None:
    """Replace what the market offers."""
    for order in made.open_orders(MARKET):
        made.cancel(MARKET, order.id, NOW)
    submit(made, MARKET, ticket(Side.BUY, amount, bid))
    submit(made, MARKET, ticket(Side.SELL, amount, ask))


def trade_at(made: Exchange, price: str) -> list[ExchangeEvent]:
    """Let the market trade a little with itself at *price*."""
    quote(made, price, str(float(price) + 1), "50")
    return submit(made, MARKET, ticket(Side.SELL, "0.001", kind=OrderType.MARKET)).events


def closed(events: list[ExchangeEvent], user: UserId = ME) -> list[PlacedOrder]:
    return [
        event.order
        for event in events
        if isinstance(event, OrderMoved) and event.step is Step.CLOSED and event.order.user == user
    ]


def balance(made: Exchange, kind: WalletKind, currency: str = "USD") -> int:
    return made.accounts.by_user[ME].wallet(kind, Currency(currency)).balance


def test_a_resting_buy_holds_its_cost_until_it_is_canceled() -> None:
    made = exchange()
    order = submit(made, ME, ticket(Side.BUY, "2", "1000")).orders[0]
    wallet = made.accounts.by_user[ME].wallet(WalletKind.EXCHANGE, USD)
    assert wallet.available == atoms("8000")
    made.cancel(ME, order.id, NOW)
    assert wallet.available == atoms("10000")


def test_an_order_beyond_the_balance_is_refused() -> None:
    result = exchange().submit(ME, ticket(Side.BUY, "11", "1000"), NOW)
    assert isinstance(result, Refusal)
    assert result.code is RefusalCode.EXCHANGE_BALANCE


def test_an_order_below_the_minimum_is_refused_with_the_minimum() -> None:
    assert exchange().submit(ME, ticket(Side.BUY, "0.0001", "1000"), NOW) == Refusal(
        RefusalCode.TOO_SMALL, atoms("0.001")
    )


def test_an_update_may_use_what_the_order_already_holds() -> None:
    made = exchange()
    order = submit(made, ME, ticket(Side.BUY, "9", "1000")).orders[0]
    assert not isinstance(made.update(ME, order.id, OrderChange(atoms("10")), NOW), Refusal)
    assert isinstance(made.update(ME, order.id, OrderChange(atoms("10.1")), NOW), Refusal)


def test_the_fee_is_charged_in_the_currency_received() -> None:
    made = exchange()
    quote(made, "99", "100.5")
    submit(made, ME, ticket(Side.BUY, "0.5", "101"))
    assert balance(made, WalletKind.EXCHANGE, "BTC") == atoms("0.499")
    assert balance(made, WalletKind.EXCHANGE) == atoms("9949.75")


def test_who_hits_a_hidden_order_pays_as_a_maker() -> None:
    made = exchange()
    submit(made, MARKET, ticket(Side.SELL, "1", "100", hidden=True))
    events = submit(made, ME, ticket(Side.BUY, "1", "100")).events
    mine = [event for event in events if isinstance(event, OwnTrade) and event.order.user == ME]
    assert [(event.is_maker, event.fee) for event in mine] == [(True, atoms("0.001"))]


def test_a_triggered_stop_buys_what_its_owner_can_pay() -> None:
    made = exchange(cash="1000")
    trade_at(made, "90")
    order = submit(made, ME, OrderTicket(BTC, Side.BUY, OrderType.STOP, atoms("10"), stop_price=cents("100"))).orders[0]
    events = trade_at(made, "100")
    [end] = closed(events)
    assert (end.id, end.reason) == (order.id, CancelReason.FUNDS)
    assert 0 <= made.accounts.by_user[ME].wallet(WalletKind.EXCHANGE, USD).available < atoms("0.01")
    assert made.accounts.imbalance() == {}


def test_a_closed_position_pays_its_profit_into_the_margin_wallet() -> None:
    made = exchange()
    quote(made, "99", "100")
    submit(made, ME, ticket(Side.BUY, "2", kind=OrderType.MARKET, on_margin=True))
    quote(made, "110", "111")
    made.close_position(ME, BTC, NOW)
    fees = atoms("0.4") + atoms("0.44")
    assert balance(made, WalletKind.MARGIN) == atoms("1020") - fees
    assert made.accounts.by_user[ME].positions == {}


def test_a_position_that_flips_closes_and_opens() -> None:
    made = exchange()
    quote(made, "100", "100.5")
    submit(made, ME, ticket(Side.BUY, "2", kind=OrderType.MARKET, on_margin=True))
    events = submit(made, ME, ticket(Side.SELL, "5", kind=OrderType.MARKET, on_margin=True)).events
    steps = [event.step for event in events if isinstance(event, PositionMoved) and event.user == ME]
    assert steps == [Step.CLOSED, Step.OPENED]
    assert made.accounts.by_user[ME].positions[BTC].net_amount == -atoms("3")


def test_a_position_that_eats_its_margin_is_liquidated() -> None:
    made = exchange()
    quote(made, "99", "100", "40")
    submit(made, ME, ticket(Side.BUY, "30", kind=OrderType.MARKET, on_margin=True))
    price = made.margins.liquidation_price(made.accounts.by_user[ME], made.accounts.by_user[ME].positions[BTC])
    quote(made, str(price // 100 + 1), "101", "40")
    submit(made, MARKET, ticket(Side.SELL, "0.001", kind=OrderType.MARKET))
    assert BTC in made.accounts.by_user[ME].positions
    quote(made, str(price // 100 - 1), "101", "40")
    events = submit(made, MARKET, ticket(Side.SELL, "0.001", kind=OrderType.MARKET)).events
    [end] = closed(events)
    assert (end.forced, end.status) == (True, OrderStatus.EXECUTED)
    assert BTC not in made.accounts.by_user[ME].positions


def test_reduce_only_orders_end_with_the_reason_that_fits() -> None:
    made = exchange()
    quote(made, "99", "100")
    nothing = submit(made, ME, ticket(Side.SELL, "1", "120", on_margin=True, reduce_only=True)).events
    assert closed(nothing)[0].reason is CancelReason.REDUCE_NO_POSITION
    submit(made, ME, ticket(Side.BUY, "2", kind=OrderType.MARKET, on_margin=True))
    more = submit(made, ME, ticket(Side.BUY, "1", "90", on_margin=True, reduce_only=True)).events
    assert closed(more)[0].reason is CancelReason.REDUCE_WOULD_INCREASE
    flip = submit(made, ME, ticket(Side.SELL, "3", "120", on_margin=True, reduce_only=True)).events
    assert closed(flip)[0].reason is CancelReason.REDUCE_WOULD_FLIP
    submit(made, ME, ticket(Side.SELL, "2", "120", on_margin=True, reduce_only=True))
    assert [order.reason for order in closed(made.close_position(ME, BTC, NOW))] == [
        None,
        CancelReason.REDUCE_NO_POSITION,
    ]


def test_a_borrowed_day_costs_its_interest_hour_by_hour() -> None:
    made = exchange()
    quote(made, "99", "100")
    submit(made, ME, ticket(Side.BUY, "10", kind=OrderType.MARKET, on_margin=True))
    before = balance(made, WalletKind.MARGIN)
    made.advance(Mts(NOW + 24 * HOUR))
    assert before - balance(made, WalletKind.MARGIN) == 24 * (atoms("1000") // 5_000 // 24)
    assert made.accounts.interest[USD] == before - balance(made, WalletKind.MARGIN)


def test_a_pair_is_paid_for_once() -> None:
    made = exchange(cash="1000")
    trade_at(made, "100")
    result = submit(made, ME, ticket(Side.BUY, "9", "90", oco_stop=cents("110")))
    assert len(result.orders) == 2
    assert made.accounts.by_user[ME].wallet(WalletKind.EXCHANGE, USD).held == atoms("990")


def test_an_order_ends_at_its_time() -> None:
    made = exchange()
    submit(made, ME, ticket(Side.BUY, "1", "90", expires=Mts(NOW + 10)))
    assert not made.advance(Mts(NOW + 9))
    assert closed(made.advance(Mts(NOW + 10)))[0].status is OrderStatus.EXPIRED
    assert made.accounts.by_user[ME].wallet(WalletKind.EXCHANGE, USD).held == 0


def test_an_immediately_filled_order_never_opens() -> None:
    made = exchange()
    quote(made, "99", "100")
    events = submit(made, ME, ticket(Side.BUY, "1", kind=OrderType.MARKET)).events
    steps = [event.step for event in events if isinstance(event, OrderMoved) and event.order.user == ME]
    assert steps == [Step.CLOSED]


def test_a_partly_filled_order_opens_before_it_changes() -> None:
    made = exchange()
    quote(made, "99", "100", "1")
    events = submit(made, ME, ticket(Side.BUY, "3", "100")).events
    mine = [event for event in events if isinstance(event, OrderMoved) and event.order.user == ME]
    assert [(event.step, event.order.left) for event in mine] == [
        (Step.OPENED, atoms("3")),
        (Step.CHANGED, atoms("2")),
    ]
    assert mine[1].order.fills == ((cents("100"), Atoms(atoms("1"))),)
