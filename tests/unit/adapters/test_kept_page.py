"""However many ask for the metrics, making pages costs no more than one a second."""

import asyncio

from genesis.adapters.http.kept_page import KeptPage


class CountedPages:
    """Says how many pages were asked of it."""

    content_type = "text/plain"

    def __init__(self) -> None:
        self.made = 0

    def page(self) -> bytes:
        self.made += 1
        return b"%d" % self.made


async def test_all_who_ask_within_a_second_get_one_page() -> None:
    pages = CountedPages()
    kept = KeptPage(pages, kept_s=3_600.0)
    assert await asyncio.gather(*(kept.page() for _ in range(20))) == [b"1"] * 20
    assert (await kept.page(), pages.made) == (b"1", 1)


async def test_a_page_that_is_too_old_is_made_anew() -> None:
    kept = KeptPage(CountedPages(), kept_s=0.0)
    assert [await kept.page(), await kept.page()] == [b"1", b"2"]
