"""Order books as the exchange publishes them: price levels (P0 to P4), single orders (R0), and both for funding.

A book keeps the text of each row's key and amount as it was sent, for the exchange's checksum is over texts. A book
that may differ from the exchange's is *stale*: it can be read, and must not be traded on. Rows come one at a time or
as a snapshot, which voids what was there.

Source: Bitfinex documentation, "Books", "Raw books", "Checksum".
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final, NamedTuple, Protocol

from genesis.domain.exchange.market import BookLevel, BookOrder, FundingBookLevel, FundingBookOrder
from genesis.domain.order import Side

BookRow = BookLevel | BookOrder | FundingBookLevel | FundingBookOrder
"""A row of any book.

Gone is a level without orders, an order of price 0, a funding order of rate 0; its amount means nothing.
"""


FundingRow = FundingBookLevel | FundingBookOrder


class BookTop(NamedTuple):
    """Best bid and ask; a side without orders has price and amount 0."""

    bid: float
    bid_amount: float
    ask: float
    ask_amount: float

    @property
    def is_crossed(self) -> bool:
        """Whether somebody would buy above what another sells for."""
        return 0.0 < self.ask <= self.bid


EMPTY_TOP: Final = BookTop(0.0, 0.0, 0.0, 0.0)


class Resting(Protocol):
    """What rests at a price, as whoever read it has it: the sign of *amount* means nothing here."""

    @property
    def orders(self) -> int:
        """How many orders; none says that the level is gone."""

    @property
    def amount(self) -> float:
        """How much they offer together."""


class BookSide:
    """One side of a `PriceBook`: levels in order, best first."""

    __slots__ = ("_keys", "_resting", "_side", "texts")

    def __init__(self, side: Side) -> None:
        self.texts: list[str] = []
        """What each level was sent as, best first: for checksums, whose reader may put a shorter form in place."""
        self._side = side
        self._keys: list[float] = []
        self._resting: list[Resting] = []

    def clear(self) -> None:
        """Forget everything."""
        self.texts.clear()
        self._keys.clear()
        self._resting.clear()

    def update(self, key: float, resting: Resting, text: str) -> bool:
        """Insert, replace or (no orders) delete a level; deleting what is not there does nothing.

        *key* is the price, for bids minus the price, so that both sides ascend from the best. Returns whether the best
        level may have changed. A binary search, and one shift of at most a few hundred slots.
        """
        keys = self._keys
        i = bisect_left(keys, key)
        if i < len(keys) and keys[i] == key:
            if resting.orders:
                self._resting[i] = resting
                self.texts[i] = text
            else:
                del keys[i], self._resting[i], self.texts[i]
        elif resting.orders:
            keys.insert(i, key)
            self._resting.insert(i, resting)
            self.texts.insert(i, text)
        return i == 0

    def best(self) -> tuple[float, float]:
        """Return price and amount of the best level, zeros on an empty side."""
        return (abs(self._keys[0]), abs(self._resting[0].amount)) if self._keys else (0.0, 0.0)

    def levels(self, depth: int | None = None) -> list[BookLevel]:
        """Return the best *depth* levels, all of them without *depth*."""
        rows = zip(self._keys[:depth], self._resting[:depth], strict=True)
        return [BookLevel(self._side, abs(key), resting.orders, abs(resting.amount)) for key, resting in rows]


class PriceBook:
    """Price levels in order, best first."""

    __slots__ = ("asks", "bids", "is_stale")

    def __init__(self) -> None:
        self.is_stale = True
        self.bids = BookSide(Side.BUY)
        self.asks = BookSide(Side.SELL)

    def clear(self) -> None:
        """Forget everything and be stale."""
        self.is_stale = True
        self.bids.clear()
        self.asks.clear()

    @property
    def top(self) -> BookTop:
        """The best bid and ask."""
        # Half the time of the constructor, for this runs with every change at the best prices.
        return tuple.__new__(BookTop, self.bids.best() + self.asks.best())

    @property
    def is_crossed(self) -> bool:
        """Whether the best bid is at or above the best ask."""
        return self.top.is_crossed

    def levels(self, side: Side, depth: int | None = None) -> list[BookLevel]:
        """Return the best *depth* levels of a side (BUY: bids), best first; all of them without *depth*."""
        return (self.bids if side is Side.BUY else self.asks).levels(depth)


class RawBook:
    """Single orders, by price and then by id: the order in which the exchange's checksum takes them."""

    __slots__ = ("_keys", "_orders", "_texts", "is_stale")

    def __init__(self) -> None:
        self.is_stale = True
        self._texts: dict[int, str] = {}
        self._orders: dict[int, BookOrder] = {}
        self._keys: dict[Side, list[tuple[float, int]]] = {Side.BUY: [], Side.SELL: []}

    def clear(self) -> None:
        """Forget everything and be stale."""
        self.is_stale = True
        self._orders.clear()
        self._texts.clear()
        for keys in self._keys.values():
            keys.clear()

    def replace(self, orders: Iterable[tuple[BookOrder, str]]) -> None:
        """Become exactly *orders*, each with the text of its amount; and be fresh."""
        self.clear()
        for order, text in orders:
            self.update(order, text)
        self.is_stale = False

    def update(self, order: BookOrder, text: str) -> None:
        """Insert, replace or (price 0) delete one order, by its id; deleting what is not there does nothing.

        *text* is its amount as sent, asks with their minus.
        """
        old = self._orders.pop(order.order_id, None)
        if old is not None:
            keys = self._keys[old.side]
            del keys[bisect_left(keys, _raw_key(old))]
        if order.price:
            key, keys = _raw_key(order), self._keys[order.side]
            keys.insert(bisect_left(keys, key), key)
            self._orders[order.order_id] = order
            self._texts[order.order_id] = text
        else:
            self._texts.pop(order.order_id, None)

    @property
    def top(self) -> BookTop:
        """The best bid and ask, with the amount of all orders at that price."""
        bid, bid_amount = self._best(Side.BUY)
        ask, ask_amount = self._best(Side.SELL)
        return BookTop(bid, bid_amount, ask, ask_amount)

    @property
    def is_crossed(self) -> bool:
        """Whether the best bid is at or above the best ask; raw books show that for a moment now and then."""
        bids, asks = self._keys[Side.BUY], self._keys[Side.SELL]
        return bool(bids and asks) and -bids[0][0] >= asks[0][0]

    def orders(self, side: Side, depth: int | None = None) -> list[BookOrder]:
        """Return the best *depth* orders of a side (BUY: bids), best price first and oldest id first within it."""
        return [self._orders[id_] for _, id_ in self._keys[side][:depth]]

    def texts(self, side: Side, depth: int | None = None) -> list[tuple[int, str]]:
        """Return id and text of the amount of the best *depth* orders of a side, in the order of `orders`."""
        return [(id_, self._texts[id_]) for _, id_ in self._keys[side][:depth]]

    def _best(self, side: Side) -> tuple[float, float]:
        keys = self._keys[side]
        if not keys:
            return 0.0, 0.0
        amount = 0.0
        for price, id_ in keys:
            if price != keys[0][0]:
                break
            amount += self._orders[id_].amount
        return abs(keys[0][0]), amount


class FundingBook:
    """Offers and bids for funding, grouped or single: offers ascend by rate, bids descend.

    It has no usable checksum.
    """

    __slots__ = ("_rows", "is_stale")

    def __init__(self) -> None:
        self.is_stale = True
        self._rows: dict[tuple[Side, float, int] | int, FundingRow] = {}

    def clear(self) -> None:
        """Forget everything and be stale."""
        self.is_stale = True
        self._rows.clear()

    def replace(self, rows: Iterable[FundingRow]) -> None:
        """Become exactly *rows*, and be fresh."""
        self.clear()
        for row in rows:
            self.update(row)
        self.is_stale = False

    def update(self, row: FundingRow) -> None:
        """Insert, replace or delete a row: an order by its id, a level by side, rate and period."""
        if isinstance(row, FundingBookOrder):
            key: tuple[Side, float, int] | int = row.offer_id
            is_gone = row.rate == 0.0
        else:
            side, rate, period_days, orders, _ = row
            key, is_gone = (side, rate, period_days), orders == 0
        if is_gone:
            self._rows.pop(key, None)
        else:
            self._rows[key] = row

    @property
    def top(self) -> BookTop:
        """The best bid (highest rate) and offer (lowest rate), as rates and amounts."""
        bids, offers = self.rows(Side.BUY, 1), self.rows(Side.SELL, 1)
        bid = (bids[0].rate, bids[0].amount) if bids else (0.0, 0.0)
        ask = (offers[0].rate, offers[0].amount) if offers else (0.0, 0.0)
        return BookTop(*bid, *ask)

    @property
    def is_crossed(self) -> bool:
        """False: rates of different periods may cross."""
        return False

    def rows(self, side: Side, depth: int | None = None) -> list[FundingRow]:
        """Return the best *depth* rows of a side: bids from the highest rate, offers from the lowest, shorter
        periods first.
        """
        rows = [row for row in self._rows.values() if row.side is side]
        rows.sort(key=lambda row: (-row.rate if side is Side.BUY else row.rate, row.period_days))
        return rows[:depth]


Book = PriceBook | RawBook | FundingBook


def _raw_key(order: BookOrder) -> tuple[float, int]:
    return (-order.price if order.side is Side.BUY else order.price), order.order_id
