"""A page on disk: written beside its place and moved there, so that a reader finds the old page or the new one."""

import os
from pathlib import Path

from genesis.ports.errors import InputError, StoreError


def check_place(path: Path) -> None:
    """Raise `InputError` unless a page can be put at *path*: asked before the work that a report costs."""
    folder = path.parent
    if not folder.is_dir():
        raise InputError(f"{path}: there is no folder {folder} for the report; make it, or name another place")
    if path.is_dir():
        raise InputError(f"{path} is a folder: name the file that the report is to be")
    if not os.access(folder, os.W_OK):
        raise InputError(f"{path}: the folder {folder} cannot be written to; name another place for the report")


def write_page(path: Path, page: str) -> None:
    """Put *page* at *path*, whole or not at all; raises as `check_place`, and `StoreError` if writing fails."""
    check_place(path)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with fresh.open("w", encoding="utf-8", newline="\n") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise StoreError(f"{path}: cannot be written ({error.strerror or error}): nothing was changed") from error
