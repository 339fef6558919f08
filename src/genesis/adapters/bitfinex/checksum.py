"""The exchange's checksum of an order book: CRC-32 over the texts of its best rows, exactly as they were sent.

Bids and asks alternate from the best, `key:amount`, joined by colons; a missing row is skipped. Keeping the texts is what makes
it right: the exchange prints numbers as JavaScript does (`6.4e-7`, `1e+21`), which no formatting of a float here would equal.

Source: Bitfinex documentation, "Checksum".
"""

from zlib import crc32

from genesis.domain.book import PriceBook, RawBook


def book_checksum(book: PriceBook | RawBook) -> int:
    """Return the signed 32-bit checksum of the best 25 rows a side."""
    bids, asks = book.checksum_texts()
    return texts_checksum(bids, asks)


def texts_checksum(bids: list[str], asks: list[str]) -> int:
    """Return the signed CRC-32 of the texts of bids and asks in turn, each best first."""
    common = min(len(bids), len(asks))
    parts = [""] * (2 * common)
    parts[0::2] = bids[:common]
    parts[1::2] = asks[:common]
    parts += bids[common:]
    parts += asks[common:]
    crc = crc32(":".join(parts).encode())
    return crc - 0x1_0000_0000 if crc & 0x8000_0000 else crc
