"""All the ways in which a secret's text may appear in what a program prints."""

import base64
import html
import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Final
from urllib.parse import quote, quote_plus

LENGTH_MIN: Final = 8
"""Shorter values are masked by name only: by value they would hide half the log."""


def text_forms(secret: str) -> frozenset[str]:
    """Return the forms in text: raw, escaped for JSON, Python, URLs and HTML, these escaped once more, and hex."""
    once = _escaped(secret)
    twice = {form for each in once for form in _escaped(each)}
    in_hex = {form for each in _bytes_forms(secret) for form in (each.hex(), each.hex().upper())}
    return _long_enough(once | twice | in_hex)


def base64_forms(secret: str) -> frozenset[str]:
    """Return what base64 makes of the secret at each of three alignments, without characters shared with others."""
    return _long_enough(core for each in _bytes_forms(secret) for core in _base64_cores(each))


def byte_forms(secret: str) -> frozenset[str]:
    """Return the forms in bytes, each byte as the character of the same number (Latin-1)."""
    encoded = {each.decode("latin-1") for form in text_forms(secret) for each in _bytes_forms(form)}
    return _long_enough(encoded)


def _bytes_forms(text: str) -> set[bytes]:
    forms = {text.encode(name, "surrogatepass") for name in ("utf-8", "utf-16-le", "utf-16-be")}
    with suppress(UnicodeEncodeError):  # then it cannot appear in that encoding
        forms.add(text.encode("latin-1"))
    return forms


def _escaped(text: str) -> set[str]:
    in_json = json.dumps(text)[1:-1]
    in_repr = repr(text)[1:-1]
    in_ascii = ascii(text)[1:-1]
    encoded = text.encode("utf-8", "surrogatepass")
    in_url = quote(encoded, safe="")
    plain = {
        text,
        in_json,
        json.dumps(text, ensure_ascii=False)[1:-1],
        in_json.replace("/", "\\/"),
        in_repr,
        in_ascii,
        repr(encoded)[2:-1],
        in_url,
        quote(encoded),
        quote_plus(encoded),
        html.escape(text),
        html.escape(text, quote=False),
    }
    lower_case = {_lower_percent(each) for each in (in_url, quote(encoded), quote_plus(encoded))}
    upper_case = {_upper_unicode(in_json)}
    # repr picks the quote that needs no escape; inside a larger text the other choice was made.
    quoted = {each.replace(mark, "\\" + mark) for each in (in_repr, in_ascii, repr(encoded)[2:-1]) for mark in "'\""}
    return plain | lower_case | upper_case | quoted


def _lower_percent(text: str) -> str:
    parts = text.split("%")
    return "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])])


def _upper_unicode(text: str) -> str:
    parts = text.split("\\u")
    return "\\u".join([parts[0], *(part[:4].upper() + part[4:] for part in parts[1:])])


def _base64_cores(data: bytes) -> Iterable[str]:
    for before, first in ((0, 0), (1, 2), (2, 3)):
        whole = (before + len(data)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(before) + data + bytes(3))[first:whole].decode("ascii")


def _long_enough(forms: Iterable[str]) -> frozenset[str]:
    return frozenset(form for form in forms if len(form) >= LENGTH_MIN)
