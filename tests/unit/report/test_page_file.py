"""A page is put in its place whole, or not at all."""

import os
import stat
from pathlib import Path

import pytest

from genesis.adapters.report.page_file import write_page
from genesis.ports.errors import InputError, StoreError


def test_a_page_replaces_the_one_before_and_leaves_nothing_else(tmp_path: Path) -> None:
    for text in ("old", "n€w\n"):
        write_page(tmp_path / "out.html", text)
    assert (tmp_path / "out.html").read_bytes() == "n€w\n".encode()
    assert [each.name for each in tmp_path.iterdir()] == ["out.html"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_others_may_read_it_as_any_new_file(tmp_path: Path) -> None:
    write_page(tmp_path / "out.html", "page")
    (tmp_path / "other").write_text("")
    modes = {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
    assert len(modes) == 1


def test_a_place_that_cannot_be_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no folder .*; make it"):
        write_page(tmp_path / "none" / "out.html", "page")
    with pytest.raises(InputError, match="is a folder: name the file"):
        write_page(tmp_path, "page")


def test_a_failed_write_leaves_the_old_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_page(tmp_path / "out.html", "old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left on device"):
        write_page(tmp_path / "out.html", "new")
    assert (tmp_path / "out.html").read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["out.html"]
