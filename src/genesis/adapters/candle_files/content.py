"""The bytes of a file, unpacked as they are read: in blocks of whole lines, and never more than a bound."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, cast

from genesis.ports.errors import InputError

Progress = Callable[[int, int], None]
"""Called with the bytes of the file that were read, and those there are."""

BLOCK: Final = 4 * 2**20
LINE_MAX: Final = 2**16
CONTENT_MAX: Final = 4 * 2**30
_GZIP: Final = b"\x1f\x8b"
_UTF8: Final = b"\xef\xbb\xbf"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


def blocks(path: Path, on_progress: Progress) -> Iterator[bytes]:
    """Yield the content of *path*, gzip unpacked, without a byte order mark.

    Raises `InputError`, naming the file, if it cannot be read, is damaged, not UTF-8, or unpacks to more than 4 GiB.
    """
    try:
        with path.open("rb") as raw:
            size = path.stat().st_size
            packed = raw.peek(2)[:2] == _GZIP
            content = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw
            total = 0
            while block := content.read(BLOCK):
                yield block if total else _without_mark(path, block)
                total += len(block)
                if total > CONTENT_MAX:
                    raise InputError(f"{path}: unpacks to more than {CONTENT_MAX >> 30} GiB: split it")
                on_progress(raw.tell(), size)
    except EOFError as error:
        raise InputError(f"{path}: the gzip file is cut off: fetch it again") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: the gzip file is damaged ({error}): fetch it again") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error


def _without_mark(path: Path, block: bytes) -> bytes:
    if block.startswith(_UTF16):
        raise InputError(f"{path}: is UTF-16: save it as UTF-8")
    return block.removeprefix(_UTF8)


def line_blocks(path: Path, content: Iterator[bytes]) -> Iterator[bytes]:
    """Yield *content* again, cut after line ends; the last block may lack one. Raises `InputError` on endless lines."""
    rest = b""
    for block in content:
        cut = block.rfind(b"\n") + 1
        if cut:
            yield rest + block[:cut]
            rest = block[cut:]
        else:
            rest += block
        if len(rest) > LINE_MAX:
            raise InputError(f"{path}: has a line of more than {LINE_MAX >> 10} KiB: this is no file of candles")
    if rest:
        yield rest
