from genesis.domain.order import OrderId, OrderType, Side
from genesis.domain.simulation.matching import DepthRow, MatchingEngine, Update
from genesis.domain.simulation.matching_events import Canceled, CancelReason, Changed, ChangeReason, Rejected, Traded
from genesis.domain.simulation.matching_order import MatchingOrder, OrderState, UserId
from genesis.domain.units import Atoms, Mts, Price

NOW = Mts(1_000)


def order(
    order_id: int,
    side: Side,
    amount: int,
    price: int = 0,
    kind: OrderType = OrderType.LIMIT,
    *,
    owner: int = 1,
    stop: int = 0,
    trail: int = 0,
    post_only: bool = False,
    hidden: bool = False,
    avoids_self: bool = False,
) -> MatchingOrder:
    return MatchingOrder(
        OrderId(order_id),
        UserId(owner),
        side,
        kind,
        Atoms(amount),
        Price(price),
        Price(stop),
        Price(trail),
        hidden,
        post_only,
        avoids_self,
    )


def asks(*rows: tuple[int, int]) -> MatchingEngine:
    """An engine with asks of (price, amount) under ids 1, 2, …"""
    engine = MatchingEngine()
    for order_id, (price, amount) in enumerate(rows, start=1):
        engine.submit(order(order_id, Side.SELL, amount, price, owner=9), NOW)
    return engine


def trades(events: object) -> list[tuple[int, int]]:
    assert isinstance(events, list)
    return [(event.price, event.amount) for event in events if isinstance(event, Traded)]


def endings(events: object) -> list[tuple[int, CancelReason, int]]:
    assert isinstance(events, list)
    return [(event.order.id, event.reason, event.left) for event in events if isinstance(event, Canceled)]


def test_the_older_order_trades_first_at_one_price() -> None:
    engine = asks((100, 5), (100, 5))
    events = engine.submit(order(10, Side.BUY, 6, 100), NOW)
    assert [(event.maker.id, event.amount) for event in events if isinstance(event, Traded)] == [(1, 5), (2, 1)]


def test_a_trade_prints_at_the_resting_price() -> None:
    engine = asks((101, 1), (100, 1))
    assert trades(engine.submit(order(10, Side.BUY, 2, 105), NOW)) == [(100, 1), (101, 1)]


def test_a_smaller_amount_keeps_the_place_and_a_larger_one_loses_it() -> None:
    for left, first in ((3, 1), (7, 2)):
        engine = asks((100, 5), (100, 5))
        engine.update(OrderId(1), Update(left=Atoms(left)), NOW)
        traded = engine.submit(order(10, Side.BUY, 1, 100), NOW)[1]
        assert isinstance(traded, Traded)
        assert traded.maker.id == first


def test_an_update_across_the_book_trades_at_once() -> None:
    engine = asks((100, 5))
    engine.submit(order(10, Side.BUY, 5, 90), NOW)
    assert trades(engine.update(OrderId(10), Update(price=Price(100)), NOW)) == [(100, 5)]
    assert not engine.orders


def test_post_only_is_canceled_rather_than_taking_even_from_a_hidden_order() -> None:
    engine = MatchingEngine()
    engine.submit(order(1, Side.SELL, 5, 100, hidden=True), NOW)
    events = engine.submit(order(2, Side.BUY, 5, 100, post_only=True), NOW)
    assert endings(events) == [(2, CancelReason.POST_ONLY, 5)]


def test_fill_or_kill_takes_all_or_nothing() -> None:
    engine = asks((100, 5), (101, 5))
    short = engine.submit(order(10, Side.BUY, 11, 101, OrderType.FILL_OR_KILL), NOW)
    assert (trades(short), endings(short)) == ([], [(10, CancelReason.FILL_OR_KILL, 11)])
    assert trades(engine.submit(order(11, Side.BUY, 10, 101, OrderType.FILL_OR_KILL), NOW)) == [(100, 5), (101, 5)]


def test_immediate_or_cancel_keeps_what_it_got() -> None:
    events = asks((100, 5)).submit(order(10, Side.BUY, 8, 100, OrderType.IMMEDIATE_OR_CANCEL), NOW)
    assert (trades(events), endings(events)) == ([(100, 5)], [(10, CancelReason.IMMEDIATE_OR_CANCEL, 3)])


def test_a_market_order_ends_with_the_book() -> None:
    events = asks((100, 5)).submit(order(10, Side.BUY, 8, kind=OrderType.MARKET), NOW)
    assert endings(events) == [(10, CancelReason.NO_LIQUIDITY, 3)]


def test_an_order_that_avoids_itself_is_canceled_where_it_would_meet_its_owner() -> None:
    engine = asks((100, 5))
    engine.submit(order(5, Side.SELL, 5, 101, owner=1), NOW)
    events = engine.submit(order(10, Side.BUY, 8, 102, avoids_self=True), NOW)
    assert (trades(events), endings(events)) == ([(100, 5)], [(10, CancelReason.SELF_TRADE, 3)])


def test_hidden_orders_trade_in_turn_but_are_not_in_the_depth() -> None:
    engine = asks((100, 5))
    engine.submit(order(2, Side.SELL, 7, 99, hidden=True), NOW)
    assert engine.depth(Side.SELL, 10) == [DepthRow(Price(100), 1, Atoms(5))]
    assert trades(engine.submit(order(10, Side.BUY, 8, 100), NOW)) == [(99, 7), (100, 1)]


def test_a_stop_waits_for_the_last_price_and_then_trades_at_market() -> None:
    engine = asks((100, 5), (105, 5))
    engine.submit(order(10, Side.BUY, 5, kind=OrderType.STOP, stop=100), NOW)
    assert not engine.drain(NOW)
    engine.submit(order(11, Side.BUY, 5, 100), NOW)
    assert trades(engine.drain(NOW)) == [(105, 5)]


def test_a_triggered_stop_limit_rests_as_a_limit_order() -> None:
    engine = asks((100, 5))
    engine.submit(order(10, Side.BUY, 5, 99, OrderType.STOP_LIMIT, stop=100), NOW)
    engine.submit(order(11, Side.BUY, 5, 100), NOW)
    engine.drain(NOW)
    assert engine.orders[OrderId(10)].type is OrderType.LIMIT
    assert engine.best_price(Side.BUY) == 99


def test_a_trailing_stop_follows_the_last_price_up_and_triggers_on_the_way_down() -> None:
    engine = MatchingEngine(last_price=Price(100))
    engine.submit(order(10, Side.SELL, 5, kind=OrderType.TRAILING_STOP, trail=4), NOW)
    for order_id, price in enumerate((103, 110, 107), start=20):
        engine.submit(order(order_id, Side.SELL, 1, price, owner=9), NOW)
        events = engine.submit(order(order_id + 100, Side.BUY, 1, price, owner=9), NOW)
        moved = [event for event in events if isinstance(event, Changed) and event.reason is ChangeReason.TRAILED]
        assert bool(moved) is (price != 107)
    assert engine.orders[OrderId(10)].stop_price == 106
    engine.submit(order(30, Side.BUY, 9, 106, owner=9), NOW)
    engine.submit(order(31, Side.SELL, 1, 106, owner=9), NOW)
    assert trades(engine.drain(NOW)) == [(106, 5)]


def test_a_partial_fill_of_one_half_cancels_the_other() -> None:
    engine = MatchingEngine(last_price=Price(100))
    engine.submit_pair(order(1, Side.SELL, 5, 110), order(2, Side.SELL, 5, kind=OrderType.STOP, stop=90), NOW)
    events = engine.submit(order(3, Side.BUY, 2, 110, owner=9), NOW)
    assert endings(events) == [(2, CancelReason.OCO, 5)]
    assert set(engine.orders) == {1}


def test_a_triggered_half_cancels_the_other_before_it_trades() -> None:
    engine = MatchingEngine(last_price=Price(100))
    engine.submit_pair(order(1, Side.SELL, 5, 110), order(2, Side.SELL, 5, kind=OrderType.STOP, stop=90), NOW)
    engine.submit(order(3, Side.BUY, 9, 90, owner=9), NOW)
    engine.submit(order(4, Side.SELL, 1, 90, owner=9), NOW)
    events = engine.drain(NOW)
    assert isinstance(events[0], Canceled)
    assert events[0].order.id == 1
    assert trades(events) == [(90, 5)]


def test_a_stop_cut_to_its_funds_ends_for_want_of_funds() -> None:
    engine = asks((100, 1), (120, 5))
    engine.submit(order(10, Side.BUY, 5, kind=OrderType.STOP, stop=100), NOW)
    engine.submit(order(11, Side.BUY, 1, 100), NOW)
    due = engine.pop_due()
    assert due is not None
    events = engine.activate(due, NOW, at_most=Atoms(2))
    assert (trades(events), endings(events)) == ([(120, 2)], [(10, CancelReason.FUNDS, 3)])
    assert due.state is OrderState.CANCELED


def test_an_unknown_order_and_a_used_id_are_refused() -> None:
    engine = asks((100, 5))
    assert isinstance(engine.cancel(OrderId(77), NOW)[0], Rejected)
    assert isinstance(engine.submit(order(1, Side.BUY, 1, 1), NOW)[0], Rejected)


def test_levels_that_emptied_leave_the_heap() -> None:
    engine = MatchingEngine()
    for order_id in range(1, 5_001):
        engine.submit(order(order_id, Side.BUY, 1, order_id), NOW)
        if order_id > 10:
            engine.cancel(OrderId(order_id - 5), NOW)
    assert len(engine.bids._heap) < 200
