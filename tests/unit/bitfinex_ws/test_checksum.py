"""The checksum against the sheet's worked examples, and ten thousand random books against a plain twin."""

import random

import pytest

from genesis.adapters.bitfinex.checksum import book_checksum, texts_checksum
from genesis.adapters.bitfinex.reader import BookShape
from genesis.adapters.bitfinex.readers_book import LevelsReader, RawOrdersReader
from genesis.domain.book import PriceBook, RawBook
from genesis.domain.channel import BookChannel, Channel, Grouping
from genesis.domain.market import GapReason, MarketEvent
from genesis.domain.order import Side
from genesis.domain.units import Symbol
from tests.fakes.socket_exchange import checksum_of

BTC = Symbol("tBTCUSD")


def ignore(_channel: Channel, _event: MarketEvent) -> None:
    """Take events."""


def level_reader(channel_id: int = 11) -> tuple[LevelsReader, PriceBook, list[GapReason]]:
    book, faults = PriceBook(), list[GapReason]()
    channel = BookChannel(BTC)
    reader = LevelsReader(channel, channel_id, ignore, book, lambda _, reason: faults.append(reason), BookShape())
    return reader, book, faults


def raw_reader(channel_id: int = 11) -> tuple[RawOrdersReader, RawBook, list[GapReason]]:
    book, faults = RawBook(), list[GapReason]()
    channel = BookChannel(BTC, Grouping.R0)
    reader = RawOrdersReader(channel, channel_id, ignore, book, lambda _, reason: faults.append(reason), BookShape())
    return reader, book, faults


def test_the_sheet_s_examples_a_b_and_c() -> None:
    reader, book, faults = level_reader()
    reader.read("[11,[[100.5,2,1.25],[100,1,3],[99.5,4,0.5],[101,1,-0.75],[101.5,3,-2]]]")
    assert book_checksum(book) == 560372563
    reader.read("[11,[100.5,1,0.4]]")
    assert book_checksum(book) == -837255599
    reader.read("[11,[101,0,-1]]")
    assert book_checksum(book) == 169676192
    reader.read('[11,"cs",169676192]')
    assert faults == []


def test_the_sheet_s_example_d_keeps_exponents_as_they_were_sent() -> None:
    reader, book, _ = level_reader()
    reader.read("[11,[[6.4e-7,3,1500000],[6.3e-7,1,5e-7],[6.5e-7,2,-250000.5],[0.000001,1,-1e-8]]]")
    assert book_checksum(book) == 1983646498


def test_the_sheet_s_example_d_update_by_update() -> None:
    reader, book, _ = level_reader()
    reader.read("[11,[]]")
    for row in ("6.4e-7,3,1500000", "6.3e-7,1,5e-7", "6.5e-7,2,-250000.5", "0.000001,1,-1e-8"):
        reader.read(f"[11,[{row}]]")
    assert book_checksum(book) == 1983646498


def test_the_sheet_s_example_e_of_a_raw_book() -> None:
    reader, book, _ = raw_reader()
    reader.read("[11,[[501,100.5,1],[507,100.5,0.25],[499,100,3],[503,101,-0.75],[510,101.5,-2]]]")
    assert book_checksum(book) == 1702058156


def test_an_empty_book_has_the_checksum_of_nothing() -> None:
    assert texts_checksum([], []) == 0
    assert book_checksum(PriceBook()) == book_checksum(RawBook()) == 0


@pytest.mark.parametrize("sides", [(3, 0), (0, 3), (1, 30), (30, 1), (25, 25), (26, 24)])
def test_missing_rows_are_skipped(sides: tuple[int, int]) -> None:
    bids = [(f"{100 - i}", "1") for i in range(sides[0])]
    asks = [(f"{101 + i}", "-1") for i in range(sides[1])]
    assert texts_checksum([":".join(r) for r in bids[:25]], [":".join(r) for r in asks[:25]]) == checksum_of(bids, asks)


def number_text(rng: random.Random) -> str:
    """Return a number > 0 in one of the ways in which the exchange writes them."""
    return rng.choice(
        (
            f"{rng.randint(1, 99999)}",
            f"{rng.randint(0, 999)}.{rng.randint(1, 9)}",
            f"0.{rng.randint(1, 10**8):08d}".rstrip("0"),
            f"{rng.randint(1, 9)}e-{rng.randint(7, 9)}",
            f"{rng.randint(1, 9)}.{rng.randint(1, 9)}e-7",
            f"{rng.randint(1, 9)}.{rng.randint(10**16, 10**17 - 1)}",
        )
    )


def test_ten_thousand_books_of_levels_agree_with_a_plain_twin() -> None:
    rng = random.Random(11)
    checked = 0
    for _ in range(500):
        reader, book, faults = level_reader(5)
        prices = [number_text(rng) for _ in range(rng.randint(2, 70))]
        middle = sorted(map(float, prices))[len(prices) // 2]
        twin: dict[str, tuple[str, str]] = {}  # by value: text and amount
        reader.read("[5,[]]")
        for _ in range(20):
            for _ in range(rng.randint(1, 12)):
                price = rng.choice(prices)
                is_bid = float(price) < middle
                same = next((text for text in twin if float(text) == float(price)), price)
                twin.pop(same, None)
                if rng.random() < 0.3:
                    reader.read(f"[5,[{price},0,{1 if is_bid else -1}]]")
                    continue
                amount = ("" if is_bid else "-") + number_text(rng)
                twin[price] = (price, amount)
                reader.read(f"[5,[{price},{rng.randint(1, 9)},{amount}]]")
            bids = sorted((row for row in twin.values() if row[1][0] != "-"), key=lambda row: -float(row[0]))
            asks = sorted((row for row in twin.values() if row[1][0] == "-"), key=lambda row: float(row[0]))
            reader.read(f'[5,"cs",{checksum_of(bids, asks)}]')
            assert faults == []
            assert [level.price for level in book.levels(Side.BUY)] == [float(price) for price, _ in bids]
            assert [level.amount for level in book.levels(Side.SELL)] == [-float(amount) for _, amount in asks]
            assert book.top.bid == (float(bids[0][0]) if bids else 0.0)
            assert book.top.ask == (float(asks[0][0]) if asks else 0.0)
            checked += 1
    assert checked >= 10_000


def test_two_thousand_raw_books_agree_with_a_plain_twin() -> None:
    rng = random.Random(12)
    for _ in range(200):
        reader, book, faults = raw_reader(5)
        twin: dict[int, tuple[float, str]] = {}
        reader.read("[5,[]]")
        for _ in range(10):
            for _ in range(rng.randint(1, 15)):
                id_ = rng.randint(1, 60)
                is_bid = id_ % 2 == 0
                if rng.random() < 0.3:
                    twin.pop(id_, None)
                    reader.read(f"[5,[{id_},0,{1 if is_bid else -1}]]")
                    continue
                price = rng.randint(90, 100) if is_bid else rng.randint(101, 111)
                amount = ("" if is_bid else "-") + number_text(rng)
                twin[id_] = (float(price), amount)
                reader.read(f"[5,[{id_},{price},{amount}]]")
            bids = sorted(((-p, i, a) for i, (p, a) in twin.items() if a[0] != "-"))
            asks = sorted(((p, i, a) for i, (p, a) in twin.items() if a[0] == "-"))
            wanted = checksum_of([(str(i), a) for _, i, a in bids], [(str(i), a) for _, i, a in asks])
            reader.read(f'[5,"cs",{wanted}]')
            assert faults == []
            assert [order.order_id for order in book.orders(Side.BUY)] == [i for _, i, _ in bids]
            best = -bids[0][0] if bids else 0.0
            assert book.top.bid == best
            assert book.top.bid_amount == pytest.approx(sum(float(a) for p, _, a in bids if -p == best))
    wrong, _, faults = raw_reader(5)
    wrong.read("[5,[[1,100,1]]]")
    wrong.read('[5,"cs",1]')
    assert faults == [GapReason.CHECKSUM]
