"""Files that are there whole or not at all, and what is no file stays what it is."""

import os
import stat
from pathlib import Path

import pytest

from genesis.adapters.atomic_file import write_whole
from genesis.ports.errors import StoreError


def test_a_file_is_replaced_by_the_whole_of_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.html"
    for text in ("the first, which is longer", "the second"):
        write_whole(path, text)
        assert path.read_text() == text
    assert [each.name for each in path.parent.iterdir()] == ["report.html"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_a_pipe_is_written_to_and_not_replaced_by_a_file(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_whole(path, "a report")
        assert os.read(reader, 100) == b"a report"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_a_folder_is_no_place_for_a_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=tmp_path.name):
        write_whole(tmp_path, "a report")
