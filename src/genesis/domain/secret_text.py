"""What a secret may look like when it comes out of a store: one line of text, whole, and not too long."""

import re
from typing import Final

BYTES_MAX: Final = 65_536
_BYTE_ORDER_MARK: Final = "\ufeff"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class UnfitSecret(ValueError):
    """What cannot be a secret; the text says why and never what it was."""


def secret_text(raw: bytes | str) -> str:
    """Return *raw* as a secret without the line break that editors put at its end; raises `UnfitSecret`."""
    if len(raw) > BYTES_MAX:
        raise UnfitSecret(f"is longer than {BYTES_MAX} bytes, which no secret is")
    if isinstance(raw, bytes):
        try:
            raw = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise UnfitSecret("is not UTF-8 text") from None
    text = raw.removesuffix("\n").removesuffix("\r")
    if text.startswith(_BYTE_ORDER_MARK):
        raise UnfitSecret("starts with a byte order mark; save it without one")
    if not text:
        raise UnfitSecret("is empty")
    if _CONTROL.search(text):
        raise UnfitSecret("holds a line break or another control character")
    if text != text.strip():
        raise UnfitSecret("begins or ends with a space")
    return text
