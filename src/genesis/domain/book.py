"""Order books as the exchange publishes them: price levels (P0 to P4), single orders (R0), and both for funding.

A book keeps the text of each row's key and amount as it was sent, for the exchange's checksum is over texts. A book that may
differ from the exchange's is *stale*: it can be read, and must not be traded on. Rows come one at a time or as a snapshot,
which voids what was there.

Source: Bitfinex documentation, "Books", "Raw books", "Checksum".
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final, NamedTuple

from genesis.domain.order import Side

CHECKSUM_DEPTH: Final = 25
"""Rows a side that the exchange's checksum covers, whatever the book's length."""


class BookLevel(NamedTuple):
    """*count* orders that offer *amount* > 0 at *price*; a count of zero says that the level is gone (its amount means nothing).

    *text* is `price:amount` as sent, asks with their minus.
    """

    side: Side
    price: float
    count: int
    amount: float
    text: str


class RawOrder(NamedTuple):
    """One order of a raw book; a price of zero says that it is gone. *text* is `id:amount` as sent."""

    side: Side
    price: float
    id: int
    amount: float
    text: str


class Offer(NamedTuple):
    """A row of a funding book: *count* offers (SELL) or bids (BUY) of *amount* at a daily *rate* for *period* days.

    In a raw book *id* is the offer's and *count* is 1; in a grouped one *id* is 0. Gone: *count* is 0.
    """

    side: Side
    rate: float
    period: int
    count: int
    amount: float
    id: int


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


class PriceBook:
    """Price levels in order, best first. An update costs a binary search and one shift of at most a few hundred slots."""

    __slots__ = ("_ask_keys", "_ask_texts", "_asks", "_bid_keys", "_bid_texts", "_bids", "is_stale")

    def __init__(self) -> None:
        self.is_stale = True
        self._bid_keys: list[float] = []  # minus the price, so that both sides ascend from the best
        self._ask_keys: list[float] = []
        self._bids: list[BookLevel] = []
        self._asks: list[BookLevel] = []
        self._bid_texts: list[str] = []
        self._ask_texts: list[str] = []

    def clear(self) -> None:
        """Forget everything and be stale."""
        self.is_stale = True
        for rows in (self._bid_keys, self._ask_keys, self._bids, self._asks, self._bid_texts, self._ask_texts):
            rows.clear()

    def replace(self, levels: Iterable[BookLevel]) -> None:
        """Become exactly *levels*, in any order, and be fresh."""
        self.clear()
        for level in levels:
            self.update(level)
        self.is_stale = False

    def update(self, level: BookLevel) -> None:
        """Insert, replace or (count 0) delete one level; deleting what is not there does nothing."""
        if level[0] is Side.BUY:
            key, keys, levels, texts = -level[1], self._bid_keys, self._bids, self._bid_texts
        else:
            key, keys, levels, texts = level[1], self._ask_keys, self._asks, self._ask_texts
        i = bisect_left(keys, key)
        is_known = i < len(keys) and keys[i] == key
        if level[2]:
            if is_known:
                levels[i] = level
                texts[i] = level[4]
            else:
                keys.insert(i, key)
                levels.insert(i, level)
                texts.insert(i, level[4])
        elif is_known:
            del keys[i], levels[i], texts[i]

    @property
    def top(self) -> BookTop:
        """The best bid and ask."""
        bids, asks = self._bids, self._asks
        bid = bids[0] if bids else None
        ask = asks[0] if asks else None
        return BookTop(
            bid.price if bid else 0.0, bid.amount if bid else 0.0, ask.price if ask else 0.0, ask.amount if ask else 0.0
        )

    @property
    def is_crossed(self) -> bool:
        """Whether the best bid is at or above the best ask."""
        return bool(self._bids and self._asks) and self._bids[0].price >= self._asks[0].price

    def levels(self, side: Side, depth: int | None = None) -> list[BookLevel]:
        """Return the best *depth* levels of a side (BUY: bids), best first; all of them without *depth*."""
        return (self._bids if side is Side.BUY else self._asks)[:depth]

    def checksum_texts(self) -> tuple[list[str], list[str]]:
        """Return the texts of the best 25 bids and asks, best first."""
        return self._bid_texts[:CHECKSUM_DEPTH], self._ask_texts[:CHECKSUM_DEPTH]


class RawBook:
    """Single orders, by price and then by id: the order in which the exchange's checksum takes them."""

    __slots__ = ("_keys", "_orders", "is_stale")

    def __init__(self) -> None:
        self.is_stale = True
        self._orders: dict[int, RawOrder] = {}
        self._keys: dict[Side, list[tuple[float, int]]] = {Side.BUY: [], Side.SELL: []}

    def clear(self) -> None:
        """Forget everything and be stale."""
        self.is_stale = True
        self._orders.clear()
        for keys in self._keys.values():
            keys.clear()

    def replace(self, orders: Iterable[RawOrder]) -> None:
        """Become exactly *orders*, and be fresh."""
        self.clear()
        for order in orders:
            self.update(order)
        self.is_stale = False

    def update(self, order: RawOrder) -> None:
        """Insert, replace or (price 0) delete one order, by its id; deleting what is not there does nothing."""
        old = self._orders.pop(order.id, None)
        if old is not None:
            keys = self._keys[old.side]
            del keys[bisect_left(keys, _raw_key(old))]
        if order.price:
            key, keys = _raw_key(order), self._keys[order.side]
            keys.insert(bisect_left(keys, key), key)
            self._orders[order.id] = order

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

    def orders(self, side: Side, depth: int | None = None) -> list[RawOrder]:
        """Return the best *depth* orders of a side (BUY: bids), best price first and oldest id first within it."""
        return [self._orders[id_] for _, id_ in self._keys[side][:depth]]

    def checksum_texts(self) -> tuple[list[str], list[str]]:
        """Return the texts of the best 25 bids and asks, best first."""
        return (
            [order.text for order in self.orders(Side.BUY, CHECKSUM_DEPTH)],
            [order.text for order in self.orders(Side.SELL, CHECKSUM_DEPTH)],
        )

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
    """Offers and bids for funding: offers ascend by rate, bids descend. It has no usable checksum."""

    __slots__ = ("_rows", "is_stale")

    def __init__(self) -> None:
        self.is_stale = True
        self._rows: dict[tuple[Side, float, int] | int, Offer] = {}

    def clear(self) -> None:
        """Forget everything and be stale."""
        self.is_stale = True
        self._rows.clear()

    def replace(self, offers: Iterable[Offer]) -> None:
        """Become exactly *offers*, and be fresh."""
        self.clear()
        for offer in offers:
            self.update(offer)
        self.is_stale = False

    def update(self, offer: Offer) -> None:
        """Insert, replace or (count 0) delete a row, by its id or by side, rate and period."""
        key = offer.id or (offer.side, offer.rate, offer.period)
        if offer.count:
            self._rows[key] = offer
        else:
            self._rows.pop(key, None)

    @property
    def top(self) -> BookTop:
        """The best bid (highest rate) and offer (lowest rate), as rates and amounts."""
        bids, offers = self.offers(Side.BUY, 1), self.offers(Side.SELL, 1)
        bid = (bids[0].rate, bids[0].amount) if bids else (0.0, 0.0)
        ask = (offers[0].rate, offers[0].amount) if offers else (0.0, 0.0)
        return BookTop(*bid, *ask)

    @property
    def is_crossed(self) -> bool:
        """False: rates of different periods may cross."""
        return False

    def offers(self, side: Side, depth: int | None = None) -> list[Offer]:
        """Return the best *depth* rows of a side: bids from the highest rate, offers from the lowest, shorter periods first."""
        rows = [offer for offer in self._rows.values() if offer.side is side]
        rows.sort(key=lambda row: (-row.rate if side is Side.BUY else row.rate, row.period, row.id))
        return rows[:depth]


Book = PriceBook | RawBook | FundingBook


def _raw_key(order: RawOrder) -> tuple[float, int]:
    return (-order.price if order.side is Side.BUY else order.price), order.id
