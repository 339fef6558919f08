"""The matching engine of one instrument: price-time priority, whole numbers, events out. No clock, no accounts, no
wire.

A trade prints at the resting order's price. Stops are triggered by the last price and are then *due*: the caller
draws them one by one (`pop_due`, `activate`), so that accounts can be settled in between; `drain` does it for callers
without accounts. An update keeps the place in the queue when it only makes the order smaller. Source for the order
types: Bitfinex documentation, "Order types"; where it is silent on queue priority after an update, the usual rule of
exchanges holds."""

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Final, NamedTuple

from genesis.domain.order import OrderId, OrderType, Side
from genesis.domain.simulation.book_side import BookSide
from genesis.domain.simulation.matching_events import (
    Accepted,
    Canceled,
    CancelReason,
    Changed,
    ChangeReason,
    Expired,
    MatchingEvent,
    Rejected,
    RejectReason,
    Traded,
)
from genesis.domain.simulation.matching_order import NO_PRICE, MatchingOrder, OrderState
from genesis.domain.simulation.stops import Stops
from genesis.domain.units import Atoms, Mts, Price

ANY_KEY: Final = 1 << 80
"""Beyond every price: the limit of an order that has none."""

# Members of an Enum class cost a descriptor call each; the hot path reads these.
_BUY: Final = Side.BUY
_WORKING: Final = OrderState.WORKING
_FILLED: Final = OrderState.FILLED
_LIMIT: Final = OrderType.LIMIT
_FILL_OR_KILL: Final = OrderType.FILL_OR_KILL
_IMMEDIATE_OR_CANCEL: Final = OrderType.IMMEDIATE_OR_CANCEL


class DepthRow(NamedTuple):
    """A price with the number and the sum of its visible orders."""

    price: Price
    orders: int
    amount: Atoms


class Update(NamedTuple):
    """New values of an open order; None keeps the old one. *left* is the new open amount."""

    left: Atoms | None = None
    price: Price | None = None
    stop_price: Price | None = None
    trail: Price | None = None
    expires: Mts | None = None


class MatchingEngine:
    """One order book with its stops. Every command returns its events, in the order in which they happened."""

    def __init__(self, last_price: Price = NO_PRICE, first_trade_id: int = 1) -> None:
        self.bids = BookSide(Side.BUY)
        self.asks = BookSide(Side.SELL)
        self.orders: dict[OrderId, MatchingOrder] = {}
        self.last_price = last_price
        self._stops = Stops()
        self._expiries: list[tuple[Mts, OrderId]] = []
        self._trade_id = first_trade_id

    # Commands

    def submit(self, order: MatchingOrder, mts: Mts) -> list[MatchingEvent]:
        """Take a new order: match it, let it rest, or let it wait for its trigger."""
        refusal = self._refusal(order)
        if refusal is not None:
            return [Rejected(mts, order.id, refusal)]
        events: list[MatchingEvent] = [Accepted(mts, order)]
        self.orders[order.id] = order
        if order.expires:
            heappush(self._expiries, (order.expires, order.id))
        if order.is_stop:
            self._wait(order)
        else:
            self._meet(order, mts, events)
        return events

    def submit_pair(self, limit: MatchingOrder, stop: MatchingOrder, mts: Mts) -> list[MatchingEvent]:
        """Take two orders of which one cancels the other as soon as it trades or ends."""
        for order in (limit, stop):
            refusal = self._refusal(order)
            if refusal is not None:
                return [Rejected(mts, order.id, refusal)]
        limit.oco, stop.oco = stop, limit
        events = self.submit(stop, mts)
        return events + self.submit(limit, mts)

    def cancel(self, order_id: OrderId, mts: Mts, reason: CancelReason = CancelReason.REQUESTED) -> list[MatchingEvent]:
        """Take an open order out."""
        order = self.orders.get(order_id)
        if order is None:
            return [Rejected(mts, order_id, RejectReason.UNKNOWN_ORDER)]
        events: list[MatchingEvent] = []
        self._end(order, mts, reason, events)
        return events

    def update(self, order_id: OrderId, change: Update, mts: Mts) -> list[MatchingEvent]:
        """Change an open order; one that now crosses the book is matched at once."""
        order = self.orders.get(order_id)
        if order is None:
            return [Rejected(mts, order_id, RejectReason.UNKNOWN_ORDER)]
        refusal = _update_refusal(order, change)
        if refusal is not None:
            return [Rejected(mts, order_id, refusal)]
        resting = order.level is not None
        price_before, left_before = order.price, order.left
        price = order.price if change.price is None else change.price
        left = order.left if change.left is None else change.left
        keeps_place = price == price_before and left <= left_before
        if resting and not keeps_place:
            self._side(order).remove(order)
        order.price, order.left = price, left
        order.amount = Atoms(order.amount - left_before + left)
        events: list[MatchingEvent] = [
            Changed(mts, order, ChangeReason.UPDATED, price_before, left_before, left, resting)
        ]
        self._reschedule(order, change)
        if resting and not keeps_place:
            self._meet(order, mts, events)
        return events

    def expire(self, mts: Mts) -> list[MatchingEvent]:
        """End the orders whose time has come at *mts*."""
        events: list[MatchingEvent] = []
        while self._expiries and self._expiries[0][0] <= mts:
            expires, order_id = heappop(self._expiries)
            order = self.orders.get(order_id)
            if order is not None and order.expires == expires:
                resting = self._withdraw(order)
                events.append(Expired(mts, order, order.left, resting))
                self._release_pair(order, mts, events)
        return events

    def pop_due(self) -> MatchingOrder | None:
        """Return the stop that has been due longest and is yet to be activated, or None."""
        return self._stops.pop_due()

    def activate(self, order: MatchingOrder, mts: Mts, at_most: Atoms | None = None) -> list[MatchingEvent]:
        """Let a due stop meet the book; what exceeds *at_most* ends for want of funds."""
        events: list[MatchingEvent] = []
        self._release_pair(order, mts, events)
        order.state = _WORKING
        kind = order.type
        if kind is OrderType.STOP_LIMIT:
            order.type = _LIMIT
        events.append(Changed(mts, order, ChangeReason.TRIGGERED, order.price, order.left, order.left, False))
        if at_most is None or at_most >= order.left:
            self._meet(order, mts, events)
            return events
        if at_most > 0:
            short = order.left - at_most
            order.left = at_most
            self._match(order, self._side(order, opposite=True), mts, events, reserve=short)
        if order.is_open:
            self._end(order, mts, CancelReason.FUNDS, events)
        return events

    def drain(self, mts: Mts) -> list[MatchingEvent]:
        """Activate the stops that are due, and those that they make due, until none is."""
        events: list[MatchingEvent] = []
        while (order := self.pop_due()) is not None:
            events += self.activate(order, mts)
        return events

    # Questions

    def depth(self, side: Side, levels: int) -> list[DepthRow]:
        """Return up to *levels* visible rows from the best price on."""
        rows: list[DepthRow] = []
        for level in (self.bids if side is _BUY else self.asks).levels():
            visible = [order.left for order in level if not order.hidden]
            if visible:
                rows.append(DepthRow(level.price, len(visible), Atoms(sum(visible))))
                if len(rows) == levels:
                    break
        return rows

    def resting(self, side: Side) -> Iterator[MatchingOrder]:
        """Yield the resting orders of a side in the order in which they would trade. The book must not change
        meanwhile."""
        for level in (self.bids if side is _BUY else self.asks).levels():
            yield from level

    def best_price(self, side: Side) -> Price | None:
        """Return the best price of a side, hidden orders included, or None when it is empty."""
        level = (self.bids if side is _BUY else self.asks).best()
        return None if level is None else level.price

    # How an order meets the book

    def _meet(self, order: MatchingOrder, mts: Mts, events: list[MatchingEvent]) -> None:
        order.state = _WORKING
        kind = order.type
        if order.side is _BUY:
            own, opposite = self.bids, self.asks
        else:
            own, opposite = self.asks, self.bids
        level = opposite.best()
        if level is not None and (not order.is_limited or level.key <= order.price * opposite.sign):
            if order.post_only:
                self._end(order, mts, CancelReason.POST_ONLY, events)
                return
            if kind is not _FILL_OR_KILL or self._fillable(order, opposite):
                self._match(order, opposite, mts, events)
        if order.state is _WORKING:
            if kind is _LIMIT:
                own.add(order)
            else:
                self._end(order, mts, _remainder(kind), events)

    def _match(
        self, taker: MatchingOrder, opposite: BookSide, mts: Mts, events: list[MatchingEvent], reserve: int = 0
    ) -> None:
        """Trade *taker* while it crosses; *reserve* is added back to what remains, for an order cut to its funds."""
        limit = taker.price * opposite.sign if taker.is_limited else ANY_KEY
        left = taker.left
        orders = self.orders
        while left:
            level = opposite.best()
            if level is None or level.key > limit:
                break
            maker = level.head
            assert maker is not None
            if taker.avoids_self and maker.owner == taker.owner:
                taker.left = Atoms(left + reserve)
                self._end(taker, mts, CancelReason.SELF_TRADE, events)
                return
            amount = maker.left if maker.left < left else left  # noqa: FURB136 - a call of min() is dearer
            left = Atoms(left - amount)
            maker.left = Atoms(maker.left - amount)
            price = level.price
            events.append(Traded(mts, self._trade_id, price, amount, maker, taker, maker.left, Atoms(left + reserve)))
            self._trade_id += 1
            if not maker.left:
                opposite.remove(maker)
                maker.state = _FILLED
                del orders[maker.id]
            if maker.oco is not None:
                self._release_pair(maker, mts, events)
            if taker.oco is not None:
                self._release_pair(taker, mts, events)
            if price != self.last_price:
                self.last_price = price
                if self._stops.waiting:
                    self._observe(price, mts, events)
        taker.left = Atoms(left + reserve)
        if not taker.left:
            taker.state = _FILLED
            del orders[taker.id]

    def _fillable(self, order: MatchingOrder, opposite: BookSide) -> bool:
        limit, missing = order.price * opposite.sign, int(order.left)
        for level in opposite.levels():
            if level.key > limit:
                break
            for maker in level:
                if order.avoids_self and maker.owner == order.owner:
                    return False
                missing -= maker.left
                if missing <= 0:
                    return True
        return False

    # How orders wait and end

    def _wait(self, order: MatchingOrder) -> None:
        self._stops.add(order, self.last_price)
        if self.last_price:
            self._stops.trigger(order.side, self.last_price)

    def _observe(self, price: Price, mts: Mts, events: list[MatchingEvent]) -> None:
        events += [
            Changed(mts, order, ChangeReason.TRAILED, order.price, order.left, order.left, False)
            for order in self._stops.observe(price)
        ]

    def _end(self, order: MatchingOrder, mts: Mts, reason: CancelReason, events: list[MatchingEvent]) -> None:
        resting = self._withdraw(order)
        events.append(Canceled(mts, order, reason, order.left, resting))
        if order.oco is not None:
            self._release_pair(order, mts, events)

    def _withdraw(self, order: MatchingOrder) -> bool:
        """Take an open order out of wherever it is; say whether it was resting."""
        del self.orders[order.id]
        resting = order.level is not None
        if resting:
            self._side(order).remove(order)
        self._stops.cancel(order)
        return resting

    def _release_pair(self, order: MatchingOrder, mts: Mts, events: list[MatchingEvent]) -> None:
        other = order.oco
        if other is None:
            return
        order.oco = other.oco = None
        if other.id in self.orders:
            self._end(other, mts, CancelReason.OCO, events)

    def _reschedule(self, order: MatchingOrder, change: Update) -> None:
        if change.expires is not None and change.expires != order.expires:
            order.expires = change.expires
            if order.expires:
                heappush(self._expiries, (order.expires, order.id))
        if order.state is OrderState.WAITING and (change.stop_price is not None or change.trail is not None):
            order.stop_price = order.stop_price if change.stop_price is None else change.stop_price
            order.trail = order.trail if change.trail is None else change.trail
            self._stops.move(order)
            if self.last_price:
                self._stops.trigger(order.side, self.last_price)

    def _side(self, order: MatchingOrder, opposite: bool = False) -> BookSide:
        return self.bids if (order.side is _BUY) is not opposite else self.asks

    def _refusal(self, order: MatchingOrder) -> RejectReason | None:
        if order.left <= 0:
            return RejectReason.AMOUNT
        if order.is_limited and order.price <= 0:
            return RejectReason.PRICE
        if order.is_stop:
            if order.type is OrderType.TRAILING_STOP:
                if order.trail <= 0:
                    return RejectReason.TRAIL
            elif order.stop_price <= 0:
                return RejectReason.STOP_PRICE
        if order.id in self.orders or order.state is not OrderState.NEW:
            return RejectReason.DUPLICATE
        return None


def _remainder(kind: OrderType) -> CancelReason:
    """Return why what an order of *kind* could not trade at once is cancelled."""
    if kind is _IMMEDIATE_OR_CANCEL:
        return CancelReason.IMMEDIATE_OR_CANCEL
    return CancelReason.FILL_OR_KILL if kind is _FILL_OR_KILL else CancelReason.NO_LIQUIDITY


def _update_refusal(order: MatchingOrder, change: Update) -> RejectReason | None:
    if change.left is not None and change.left <= 0:
        return RejectReason.AMOUNT
    if change.price is not None and (change.price <= 0 or not order.is_limited):
        return RejectReason.PRICE
    if change.stop_price is not None and (
        change.stop_price <= 0 or order.type not in (OrderType.STOP, OrderType.STOP_LIMIT)
    ):
        return RejectReason.STOP_PRICE
    if change.trail is not None and (change.trail <= 0 or order.type is not OrderType.TRAILING_STOP):
        return RejectReason.TRAIL
    return None
