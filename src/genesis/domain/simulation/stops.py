"""Stop orders of one instrument: which of them a last price triggers, and how trailing ones follow it. O(log n) each.

Entries of the heaps are checked against the order when they surface, so a cancel or a moved trigger costs nothing but a
stale entry.
"""

from collections import deque
from heapq import heapify, heappop, heappush
from typing import Final

from genesis.domain.order import OrderType, Side
from genesis.domain.simulation.matching_order import MatchingOrder, OrderState
from genesis.domain.units import Price

Entry = tuple[int, int, MatchingOrder]
"""Rank, ticket and order: ties go to the older ticket, and an entry whose ticket the order no longer holds is stale."""

FIRST: Final = -(1 << 80)
"""A rank before that of every price."""

SLACK: Final = 64
"""Stale entries that a heap may carry, beyond a multiple of the waiting orders, before they are swept out."""


class Stops:
    """Stops that wait, by side, and the queue of those whose trigger was reached."""

    def __init__(self) -> None:
        self.waiting = 0
        self.due: deque[MatchingOrder] = deque()
        self._triggers: dict[Side, list[Entry]] = {Side.BUY: [], Side.SELL: []}
        self._anchors: dict[Side, list[Entry]] = {Side.BUY: [], Side.SELL: []}
        self._tickets = 0

    def add(self, order: MatchingOrder, last_price: Price) -> None:
        """Let *order* wait. A trailing stop without a trigger takes it from *last_price*; nothing is triggered."""
        order.state = OrderState.WAITING
        self.waiting += 1
        if order.type is OrderType.TRAILING_STOP:
            order.anchor = last_price
            if last_price:
                order.stop_price = trailing_stop_price(order)
            self._watch_anchor(order)
        if order.stop_price:
            self._watch_trigger(order)

    def cancel(self, order: MatchingOrder) -> None:
        """Forget *order*, whether it waits or is due."""
        if order.state is OrderState.WAITING:
            self.waiting -= 1
        order.state = OrderState.CANCELED

    def move(self, order: MatchingOrder) -> None:
        """Watch the trigger of a waiting *order* that its owner has changed."""
        if order.trail and order.anchor:
            order.stop_price = trailing_stop_price(order)
        if order.stop_price:
            self._watch_trigger(order)

    def pop_due(self) -> MatchingOrder | None:
        """Return the order that has been due longest, or None."""
        while self.due:
            order = self.due.popleft()
            if order.state is OrderState.DUE:
                return order
        return None

    def observe(self, price: Price) -> list[MatchingOrder]:
        """Take *price* as the last price: queue the stops it triggers; return the trailing ones whose trigger it moved.

        A trailing stop moves in its owner's favour only.
        """
        moved: list[MatchingOrder] = []
        for side in (Side.SELL, Side.BUY):
            self._trail(side, price, moved)
            self.trigger(side, price)
        return moved

    def _watch_trigger(self, order: MatchingOrder) -> None:
        # A buy is triggered from below: the lowest stop first; a sell from above: the highest first.
        self._tickets += 1
        rank = order.stop_price * order.side.sign
        order.trigger_ticket = self._tickets
        self._push(self._triggers[order.side], (rank, self._tickets, order))

    def _watch_anchor(self, order: MatchingOrder) -> None:
        # A sell moves when the price rises above its anchor: the lowest anchor first; a buy the other way round.
        self._tickets += 1
        # Without a last price there is no anchor yet: such an order comes before all others.
        rank = -order.anchor * order.side.sign if order.anchor else FIRST
        order.anchor_ticket = self._tickets
        self._push(self._anchors[order.side], (rank, self._tickets, order))

    def _push(self, heap: list[Entry], entry: Entry) -> None:
        heappush(heap, entry)
        if len(heap) > SLACK + 4 * self.waiting:  # mostly orders that are gone
            heap[:] = [kept for kept in heap if kept[2].state is OrderState.WAITING]
            heapify(heap)

    def trigger(self, side: Side, price: Price) -> None:
        """Queue the waiting orders of *side* whose trigger *price* has reached."""
        heap = self._triggers[side]
        while heap and heap[0][0] <= price * side.sign:
            _, ticket, order = heappop(heap)
            if order.state is OrderState.WAITING and order.trigger_ticket == ticket:
                order.state = OrderState.DUE
                self.waiting -= 1
                self.due.append(order)

    def _trail(self, side: Side, price: Price, moved: list[MatchingOrder]) -> None:
        heap = self._anchors[side]
        while heap and heap[0][0] < -price * side.sign:
            _, ticket, order = heappop(heap)
            if order.state is not OrderState.WAITING or order.anchor_ticket != ticket:
                continue
            before, order.anchor = order.stop_price, price
            order.stop_price = trailing_stop_price(order)
            self._watch_anchor(order)
            if order.stop_price != before:
                self._watch_trigger(order)
                moved.append(order)


def trailing_stop_price(order: MatchingOrder) -> Price:
    """Return the trigger of a trailing stop: its distance away from the best last price it has seen, at least one
    price unit."""
    return Price(max(1, order.anchor + order.trail * order.side.sign))
