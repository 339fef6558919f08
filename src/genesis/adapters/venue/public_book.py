"""The visible book of one instrument, and views of it as channels and REST show them: grouped, cut, with a checksum."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Final, NamedTuple
from zlib import crc32

from genesis.adapters.venue.numbers import scaled_text
from genesis.domain.instrument import Instrument
from genesis.domain.order import Side
from genesis.domain.simulation.exchange_events import BookMoved
from genesis.domain.units import ATOM_DECIMALS

DIGITS: Final = {"P0": 5, "P1": 4, "P2": 3, "P3": 2, "P4": 1}
"""Significant digits of a grouped price. Source: Bitfinex documentation, "Books"."""

RAW: Final = "R0"
CHECKED_LEVELS: Final = 25


class Line(NamedTuple):
    """One row of a view: what identifies it, and its texts. In a raw view the key is the order, otherwise the price."""

    key: int
    key_text: str
    middle: str
    amount: str

    def text(self) -> str:
        """Return the row of the wire."""
        return f"[{self.key_text},{self.middle},{self.amount}]"


class PublicSide:
    """The visible orders of one side, by price; the best price has the smallest rank."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.sign = -side.sign
        self.orders: dict[int, dict[int, int]] = {}
        self.ranks: list[int] = []

    def set(self, order_id: int, price: int, left: int) -> None:
        """Show *left* of an order at *price*; 0 takes it off."""
        rank = price * self.sign
        at_price = self.orders.get(rank)
        if left:
            if at_price is None:
                at_price = self.orders[rank] = {}
                insort(self.ranks, rank)
            at_price[order_id] = left
        elif at_price is not None and at_price.pop(order_id, None) is not None and not at_price:
            del self.orders[rank]
            del self.ranks[bisect_left(self.ranks, rank)]

    def levels(self) -> Iterator[tuple[int, dict[int, int]]]:
        """Yield prices and their orders, best first."""
        for rank in self.ranks:
            yield rank * self.sign, self.orders[rank]


class PublicBook:
    """Both sides, kept by the events of the exchange."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.bids = PublicSide(Side.BUY)
        self.asks = PublicSide(Side.SELL)
        self.version = 0

    def apply(self, event: BookMoved) -> None:
        """Follow the exchange."""
        self.version += 1
        (self.bids if event.side is Side.BUY else self.asks).set(event.order_id, event.price, event.left)

    def best(self, side: Side) -> int | None:
        """Return the best visible price."""
        ranks = self.bids.ranks if side is Side.BUY else self.asks.ranks
        return ranks[0] * (self.bids if side is Side.BUY else self.asks).sign if ranks else None

    def size(self, side: Side, levels: int) -> int:
        """Return the sum of the best *levels* prices."""
        book = self.bids if side is Side.BUY else self.asks
        return sum(sum(book.orders[rank].values()) for rank in book.ranks[:levels])

    def lines(self, precision: str, length: int) -> tuple[list[Line], list[Line]]:
        """Return bids and asks, best first, up to *length* rows each."""
        make = self._raw if precision == RAW else self._grouped
        return make(self.bids, precision, length), make(self.asks, precision, length)

    def _raw(self, book: PublicSide, _precision: str, length: int) -> list[Line]:
        lines: list[Line] = []
        decimals = self.instrument.price_decimals
        for price, orders in book.levels():
            for order_id in sorted(orders):
                amount = orders[order_id] * book.side.sign
                lines.append(
                    Line(order_id, str(order_id), scaled_text(price, decimals), scaled_text(amount, ATOM_DECIMALS))
                )
                if len(lines) == length:
                    return lines
        return lines

    def _grouped(self, book: PublicSide, precision: str, length: int) -> list[Line]:
        groups: dict[int, tuple[int, int]] = {}
        digits = DIGITS[precision]
        for price, orders in book.levels():
            group = grouped_price(price, digits, book.side)
            if group not in groups and len(groups) == length:
                break
            count, amount = groups.get(group, (0, 0))
            groups[group] = count + len(orders), amount + sum(orders.values())
        decimals, sign = self.instrument.price_decimals, book.side.sign
        return [
            Line(price, scaled_text(price, decimals), str(count), scaled_text(amount * sign, ATOM_DECIMALS))
            for price, (count, amount) in groups.items()
        ]


def grouped_price(price: int, digits: int, side: Side) -> int:
    """Return the level that *price* belongs to: bids go down to it, asks up, so that a grouped book never crosses.

    Whole quote units beyond the digits are grouped as well; a price of the data may have more digits than an order's.
    """
    step = int(10 ** max(0, len(str(price)) - digits))
    return price // step * step if side is Side.BUY else -(-price // step) * step


class BookView:
    """A channel's window on a book: what its listeners hold, and how to bring it up to date."""

    def __init__(self, book: PublicBook, precision: str, length: int) -> None:
        self.book = book
        self.precision = precision
        self.length = length
        self._version = book.version
        self.shown = book.lines(precision, length)

    def snapshot(self) -> str:
        """Return the rows of the whole window."""
        bids, asks = self.shown
        return f"[{','.join(line.text() for line in (*bids, *asks))}]"

    def update(self) -> list[str]:
        """Return the rows that bring a holder of the last window to the present one: deletions first, then the rest.

        So a side never holds more than its length and no single row crosses the book.
        """
        if self.book.version == self._version:
            return []
        self._version = self.book.version
        deletions: list[str] = []
        changes: list[str] = []
        before, self.shown = self.shown, self.book.lines(self.precision, self.length)
        for sign, old, new in ((1, before[0], self.shown[0]), (-1, before[1], self.shown[1])):
            held = {line.key: line for line in old}
            kept = {line.key for line in new}
            deletions += [_deletion(line, sign) for line in old if line.key not in kept]
            changes += [line.text() for line in new if held.get(line.key) != line]
        return deletions + changes

    def checksum(self) -> int:
        """Return the signed CRC-32 of the best 25 rows. Source: Bitfinex documentation, "Checksum"."""
        return checksum(*self.shown)


def _deletion(line: Line, sign: int) -> str:
    # In a raw row the order comes first and its price is 0, in a grouped one the price and its count is 0.
    return f"[{line.key_text},0,{sign}]"


def checksum(bids: list[Line], asks: list[Line]) -> int:
    """Return the signed CRC-32 over `key:amount` of bid and ask in turn."""
    parts = [
        f"{lines[at].key_text}:{lines[at].amount}"
        for at in range(CHECKED_LEVELS)
        for lines in (bids, asks)
        if at < len(lines)
    ]
    value = crc32(":".join(parts).encode())
    return value - (1 << 32) if value >= 1 << 31 else value
