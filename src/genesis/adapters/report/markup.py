"""HTML that cannot be forgotten to escape: text becomes markup only through here."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from attrs import frozen

_SIDES: Final = {"l": "words", "r": "number", "t": "time"}
_VOID: Final = frozenset({"meta", "br"})


@frozen
class Markup:
    """HTML that is safe to put on a page."""

    html: str

    def __str__(self) -> str:
        return self.html


Content = Markup | str
"""Markup stays as it is; a string is text and is escaped."""


def element(tag: str, /, *children: Content, **attributes: str) -> Markup:
    """Return an element; `class_` is `class` and `data_x` is `data-x`. Strings are escaped, in attributes too."""
    given = "".join(f' {_name(name)}="{escape(value)}"' for name, value in attributes.items())
    return Markup(f"<{tag}{given}>" if tag in _VOID else f"<{tag}{given}>{joined(children)}</{tag}>")


def joined(parts: Iterable[Content]) -> Markup:
    """Return the parts one after another."""
    return Markup("".join(part.html if isinstance(part, Markup) else escape(part) for part in parts))


def table(headers: Sequence[str], align: str, rows: Iterable[Sequence[Content]], caption: str = "") -> Markup:
    """Return a table that scrolls by itself where it is too wide; *align* has a letter for each column:
    `l` for words, `r` for numbers, `t` for times, which stay on one line.

    The first cell of each row is its header.
    """
    sides = [_SIDES[each] for each in align]
    head = element(
        "tr", *(element("th", name, scope="col", class_=side) for name, side in zip(headers, sides, strict=True))
    )
    body = [
        element("tr", *(_cell(each, side, n == 0) for n, (each, side) in enumerate(zip(row, sides, strict=True))))
        for row in rows
    ]
    title = [element("caption", caption)] if caption else []
    return element("div", element("table", *title, element("thead", head), element("tbody", *body)), class_="scroll")


def _cell(content: Content, side: str, is_header: bool) -> Markup:
    return element("th", content, scope="row", class_=side) if is_header else element("td", content, class_=side)


def _name(name: str) -> str:
    return name.rstrip("_").replace("_", "-")
