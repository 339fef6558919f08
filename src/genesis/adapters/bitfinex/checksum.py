"""The exchange's checksum of an order book: CRC-32 over the texts of its best rows, exactly as they were sent.

Bids and asks alternate from the best, `key:amount`, joined by colons; a missing row is skipped. Keeping the texts is
what makes it right: the exchange prints numbers as JavaScript does (`6.4e-7`, `1e+21`), which no formatting of a
float here would equal.

Source: Bitfinex documentation, "Checksum".
"""

from typing import Final
from zlib import crc32

from genesis.domain.book import PriceBook, RawBook
from genesis.domain.order import Side

CHECKSUM_DEPTH: Final = 25
"""Rows a side that a checksum covers, whatever the book's length."""


def book_checksum(book: PriceBook | RawBook) -> int:
    """Return the signed 32-bit checksum of the best 25 rows a side."""
    if isinstance(book, PriceBook):
        return texts_checksum(_level_texts(book.bids.texts), _level_texts(book.asks.texts))
    bids, asks = book.texts(Side.BUY, CHECKSUM_DEPTH), book.texts(Side.SELL, CHECKSUM_DEPTH)
    return texts_checksum([f"{id_}:{amount}" for id_, amount in bids], [f"{id_}:{amount}" for id_, amount in asks])


def texts_checksum(bids: list[str], asks: list[str]) -> int:
    """Return the signed CRC-32 of the texts `key:amount` of bids and asks in turn, each best first."""
    common = min(len(bids), len(asks))
    parts = [""] * (2 * common)
    parts[0::2] = bids[:common]
    parts[1::2] = asks[:common]
    parts += bids[common:]
    parts += asks[common:]
    crc = crc32(":".join(parts).encode())
    return crc - 0x1_0000_0000 if crc & 0x8000_0000 else crc


def key_and_amount(frame: str) -> str:
    """Return `key:amount`, as sent, of the one row in a book frame `[id,[key,_,amount…]…]`."""
    key, _, amount = frame[frame.index("[", 1) + 1 : frame.index("]")].split(",", 3)[:3]
    return f"{key.strip()}:{amount.strip()}"


def _level_texts(texts: list[str]) -> list[str]:
    """Return the best texts as `price:amount`; a level that came as a whole frame is cut down here, once, and not
    per update.
    """
    for i, text in enumerate(texts[:CHECKSUM_DEPTH]):
        if text[0] == "[":
            texts[i] = key_and_amount(text)
    return texts[:CHECKSUM_DEPTH]
