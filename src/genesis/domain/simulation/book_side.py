"""One side of a book: price levels in a heap, orders of a level in a chain, so that nothing costs more than O(log n).

A level that empties stays in the heap until it surfaces or until empty levels outnumber the others; so a cancel is
O(1) and a new price O(log n), amortised. A sorted list would be simpler and moves O(n) words for each new price."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import Final

from genesis.domain.order import Side
from genesis.domain.simulation.matching_order import MatchingOrder
from genesis.domain.units import Price

COMPACT_AFTER: Final = 64
"""Empty levels that a side may carry before they are swept out."""


class Level:
    """The orders at one price, oldest first."""

    __slots__ = ("head", "key", "price", "side", "tail")

    def __init__(self, price: Price, key: int, side: BookSide) -> None:
        self.price = price
        self.key = key
        self.side = side
        self.head: MatchingOrder | None = None
        self.tail: MatchingOrder | None = None

    def __iter__(self) -> Iterator[MatchingOrder]:
        order = self.head
        while order is not None:
            yield order
            order = order.after


class BookSide:
    """The resting orders of one side. A level's *key* is its price times `sign`: the best price has the smallest
    key."""

    __slots__ = ("_empty", "_heap", "_levels", "side", "sign")

    def __init__(self, side: Side) -> None:
        self.side = side
        self.sign = -side.sign
        self._levels: dict[int, Level] = {}
        self._heap: list[int] = []
        self._empty = 0

    def add(self, order: MatchingOrder) -> None:
        """Put *order* behind the others at its price."""
        key = order.price * self.sign
        level = self._levels.get(key)
        if level is None:
            level = self._levels[key] = Level(order.price, key, self)
            heappush(self._heap, key)
            self._empty += 1
        tail = level.tail
        if tail is None:
            level.head = order
            self._empty -= 1
        else:
            tail.after = order
            order.before = tail
        level.tail = order
        order.level = level

    def remove(self, order: MatchingOrder) -> None:
        """Take *order*, which rests on this side, out of its level."""
        level, before, after = order.level, order.before, order.after
        assert level is not None
        if before is None:
            level.head = after
        else:
            before.after = after
            order.before = None
        if after is None:
            level.tail = before
        else:
            after.before = before
            order.after = None
        order.level = None
        if level.head is None:
            self._empty += 1
            if self._empty > COMPACT_AFTER and self._empty * 2 > len(self._heap):
                self._compact()

    def best(self) -> Level | None:
        """Return the level with the best price, or None when the side is empty."""
        heap, levels = self._heap, self._levels
        while heap:
            level = levels[heap[0]]
            if level.head is not None:
                return level
            del levels[heappop(heap)]
            self._empty -= 1
        return None

    def levels(self) -> Iterator[Level]:
        """Yield the levels from the best price on: the first k cost O(k log k). The side must not change meanwhile."""
        heap = self._heap
        frontier = [(heap[0], 0)] if heap else []
        while frontier:
            key, at = heappop(frontier)
            level = self._levels[key]
            if level.head is not None:
                yield level
            for child in (2 * at + 1, 2 * at + 2):
                if child < len(heap):
                    heappush(frontier, (heap[child], child))

    def _compact(self) -> None:
        self._levels = {key: level for key, level in self._levels.items() if level.head is not None}
        self._heap = list(self._levels)
        heapify(self._heap)
        self._empty = 0
