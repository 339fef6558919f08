"""Text from outside is text, wherever it stands."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.adapters.report.markup import Markup, element, joined, table


class Reader(HTMLParser):
    """What a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


words = st.text(st.characters(exclude_categories=["Cs", "Cc"]))


@given(words, words)
def test_any_text_comes_back_as_it_was(text: str, title: str) -> None:
    reader = Reader()
    reader.feed(element("p", text, title=title).html)
    reader.close()
    assert (reader.tags, reader.text) == (["p"], text)
    assert reader.attributes == [("title", title)]


def test_markup_is_not_escaped_twice() -> None:
    assert element("p", element("b", "<"), "&").html == "<p><b>&lt;</b>&amp;</p>"
    assert joined(("<", Markup("<br>"))).html == "&lt;<br>"


def test_names_of_attributes_are_those_of_html() -> None:
    assert element("div", class_="a", aria_label="b").html == '<div class="a" aria-label="b"></div>'
    assert element("meta", charset="utf-8").html == '<meta charset="utf-8">'


def test_a_table_heads_its_columns_and_rows() -> None:
    html = table(("Name", "Value"), "lr", [("<a>", "1")], "Title").html
    assert "<caption>Title</caption>" in html
    assert '<th scope="row" class="words">&lt;a&gt;</th><td class="number">1</td>' in html


def test_a_row_of_another_length_is_our_own_bug() -> None:
    with pytest.raises(ValueError, match="zip"):
        table(("Name", "Value"), "lr", [("a", "1", "2")])
