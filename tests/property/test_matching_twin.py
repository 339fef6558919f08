"""The engine does what its naive twin does: the same trades, the same books, after every one of 10^5 random
commands."""

import random
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genesis.domain.order import OrderId, OrderType, Side
from genesis.domain.simulation.matching import MatchingEngine, Update
from genesis.domain.simulation.matching_events import (
    Accepted,
    Canceled,
    Changed,
    Expired,
    MatchingEvent,
    Rejected,
    Traded,
)
from genesis.domain.simulation.matching_order import MatchingOrder, UserId
from genesis.domain.units import Atoms, Mts, Price
from tests.property.naive_matching import Naive, NaiveEngine, Note

EXAMPLES = 120
COMMANDS = 900
assert EXAMPLES * COMMANDS >= 100_000

KINDS = [OrderType.LIMIT] * 8 + [
    OrderType.MARKET,
    OrderType.STOP,
    OrderType.STOP_LIMIT,
    OrderType.TRAILING_STOP,
    OrderType.FILL_OR_KILL,
    OrderType.IMMEDIATE_OR_CANCEL,
]


def note(event: MatchingEvent) -> Note:
    match event:
        case Accepted():
            return ("accepted", event.order.id)
        case Traded():
            return ("traded", event.id, event.price, event.amount, event.maker.id, event.taker.id)
        case Changed():
            return ("changed", event.order.id, event.reason.value)
        case Canceled():
            return ("ended", event.order.id, event.reason.value, event.left)
        case Expired():
            return ("ended", event.order.id, "expired", event.left)
        case Rejected():
            return ("rejected", event.id)


@dataclass
class Twins:
    """Both engines, fed alike."""

    dice: random.Random
    spread: int
    churn: float = 0.1
    mts: int = 0
    next_id: int = 1

    def __post_init__(self) -> None:
        self.engine = MatchingEngine()
        self.naive = NaiveEngine()
        self.submitted = 0
        self.traded = 0
        self.withdrawn = 0

    def order(self) -> tuple[MatchingOrder, Naive]:
        dice = self.dice
        kind, side = dice.choice(KINDS), dice.choice((Side.BUY, Side.SELL))
        values = {
            "price": 0 if kind in (OrderType.MARKET, OrderType.STOP, OrderType.TRAILING_STOP) else self.limit(side),
            "stop": self.price() if kind in (OrderType.STOP, OrderType.STOP_LIMIT) else 0,
            "trail": dice.randint(1, 6) if kind is OrderType.TRAILING_STOP else 0,
            "left": dice.randint(1, 20),
            "owner": dice.randint(1, 3),
            "expires": self.mts + dice.randint(1, 90) if dice.random() < 0.1 else 0,
        }
        post_only = kind is OrderType.LIMIT and dice.random() < 0.15
        hidden, avoids_self = dice.random() < 0.1, dice.random() < 0.2
        order_id = self.next_id
        self.next_id += 1
        fast = MatchingOrder(
            OrderId(order_id),
            UserId(values["owner"]),
            side,
            kind,
            Atoms(values["left"]),
            Price(values["price"]),
            Price(values["stop"]),
            Price(values["trail"]),
            hidden,
            post_only,
            avoids_self,
            Mts(values["expires"]),
        )
        slow = Naive(order_id, values["owner"], side, kind.value, values["left"], values["price"], values["stop"])
        slow.trail, slow.expires = values["trail"], values["expires"]
        slow.post_only, slow.hidden, slow.avoids_self = post_only, hidden, avoids_self
        return fast, slow

    def price(self) -> int:
        return 100 + self.dice.randint(-self.spread, self.spread)

    def limit(self, side: Side) -> int:
        """A price that is passive most of the time, so that books fill."""
        return 100 - side.sign * self.dice.randint(-self.spread // 5, self.spread)

    def some_id(self) -> int:
        if self.naive.orders and self.dice.random() < 0.9:
            return self.dice.choice(self.naive.orders).id
        return self.dice.randint(1, self.next_id)

    def command(self) -> list[MatchingEvent]:
        dice, now = self.dice, Mts(self.mts)
        roll = dice.random()
        if roll < 0.60:
            fast, slow = self.order()
            self.naive.submit(slow)
            return self.engine.submit(fast, now)
        if roll < 0.64:
            (limit, slow_limit), (stop, slow_stop) = self.order(), self.order()
            if limit.type is OrderType.LIMIT and stop.type is OrderType.STOP:
                self.naive.submit_pair(slow_limit, slow_stop)
                return self.engine.submit_pair(limit, stop, now)
            return []
        if roll < 0.64 + self.churn:
            order_id = self.some_id()
            self.naive.cancel(order_id)
            return self.engine.cancel(OrderId(order_id), now)
        if roll < 0.98:
            order_id = self.some_id()
            left = dice.choice((None, dice.randint(1, 20)))
            price = dice.choice((None, self.price()))
            trigger = dice.choice((None, None, self.price()))
            trail = dice.choice((None, None, dice.randint(1, 6)))
            self.naive.update(order_id, left, price, trigger, trail)
            change = Update(
                None if left is None else Atoms(left),
                None if price is None else Price(price),
                None if trigger is None else Price(trigger),
                None if trail is None else Price(trail),
            )
            return self.engine.update(OrderId(order_id), change, now)
        self.mts += 5
        self.naive.expire(self.mts)
        return self.engine.expire(Mts(self.mts))

    def step(self) -> None:
        before = {order.id: order.left for order in self.engine.orders.values()}
        events = self.command() + self.engine.drain(Mts(self.mts))
        self.naive.drain()
        assert [note(event) for event in events] == self.naive.notes
        self.naive.notes.clear()
        self.compare_books()
        self.account_for(before, events)

    def compare_books(self) -> None:
        for side in Side:
            assert [(o.id, o.price, o.left) for o in self.engine.resting(side)] == [
                (o.id, o.price, o.left) for o in self.naive.queue(side)
            ]
        assert {(o.id, o.stop_price) for o in self.engine.orders.values() if o.level is None} == {
            (o.id, o.stop) for o in self.naive.orders if o.place != "book"
        }
        assert self.engine.last_price == self.naive.last
        bid, ask = self.engine.best_price(Side.BUY), self.engine.best_price(Side.SELL)
        assert bid is None or ask is None or bid < ask

    def account_for(self, before: dict[OrderId, Atoms], events: list[MatchingEvent]) -> None:
        """What was open plus what came in is what traded (twice), what was withdrawn, and what is open."""
        entered: int = sum(event.order.amount for event in events if isinstance(event, Accepted))
        for event in events:
            if isinstance(event, Changed) and event.reason.value == "updated":
                order, left = event.order, event.left_before
                traded_since = sum(t.amount for t in events if isinstance(t, Traded) and order in (t.maker, t.taker))
                ended = sum(e.left for e in events if isinstance(e, Canceled | Expired) and e.order is order)
                still = order.left if order.is_open else ended
                entered += still + traded_since - left
        traded = sum(2 * event.amount for event in events if isinstance(event, Traded))
        withdrawn = sum(event.left for event in events if isinstance(event, Canceled | Expired))
        open_now = sum(order.left for order in self.engine.orders.values())
        assert sum(before.values()) + entered == traded + withdrawn + open_now


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), spread=st.integers(1, 60), churn=st.floats(0.02, 0.2))
def test_the_engine_trades_as_its_naive_twin_and_keeps_every_atom(seed: int, spread: int, churn: float) -> None:
    twins = Twins(random.Random(seed), spread, churn)
    for _ in range(COMMANDS):
        twins.step()
