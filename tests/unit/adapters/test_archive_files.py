"""A page of a long audit log costs what a page is worth, wherever in the log it begins."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from genesis.adapters.archive_files import LOOKED_AT_BYTES, ArchiveFiles
from genesis.domain.units import Mts

ENTRIES = 9_000


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> ArchiveFiles:
    """An audit log that is half again as long as what one page looks at, with lines of all lengths."""
    home = tmp_path_factory.mktemp("archive")
    (home / "audit.log").write_text("".join(lines()))
    assert (home / "audit.log").stat().st_size > LOOKED_AT_BYTES * 3 // 2
    return ArchiveFiles(home, home / "audit.log")


def lines() -> Iterator[str]:
    for seq in range(1, ENTRIES + 1):
        text = "x" * (200_000 if seq in {3, 4_500, 8_999} else 600 + seq % 97)
        yield f'{{"seq":{seq},"mts":{seq * 1_000},"hash":"h","entry":{{"text":"{text}"}}}}\n'


@pytest.mark.parametrize("before", [2, 3, 4, 5, 700, 4_500, 4_501, 4_502, 8_999, ENTRIES, ENTRIES + 1, 10**9])
def test_a_page_before_any_entry_begins_right_there(before: int, archive: ArchiveFiles) -> None:
    page = archive.audit(2, before, None, None)
    last = min(before, ENTRIES + 1) - 1
    assert [each.seq for each in page.items] == [seq for seq in (last, last - 1) if seq]
    assert page.next == (last - 1 if last > 2 else None)


def test_before_the_first_entry_there_is_nothing(archive: ArchiveFiles) -> None:
    assert archive.audit(2, 1, None, None).items == []


def test_a_page_looks_at_so_much_and_says_where_the_next_one_goes_on(archive: ArchiveFiles) -> None:
    page = archive.audit(10, None, None, Mts(3_001))
    assert page.items == []
    found = []
    while page.next is not None:
        page = archive.audit(10, page.next, None, Mts(3_001))
        found += [each.seq for each in page.items]
    assert found == [3, 2, 1]


def test_every_entry_is_on_some_page_once(archive: ArchiveFiles) -> None:
    page = archive.audit(500, None, None, None)
    found = [each.seq for each in page.items]
    while page.next is not None:
        page = archive.audit(500, page.next, None, None)
        found += [each.seq for each in page.items]
    assert found == list(range(ENTRIES, 0, -1))


def test_a_log_that_is_cut_in_a_line_still_gives_its_entries(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    path.write_text("".join(f'{{"seq":{seq},"mts":1,"hash":"h","entry":{{}}}}\n' for seq in range(1, 9_000)) + '{"se')
    page = ArchiveFiles(tmp_path, path).audit(1, 4_000, None, None)
    assert [each.seq for each in page.items] == [3_999]
