"""Files that are there whole or not at all."""

import os
import tempfile
from pathlib import Path

from genesis.ports.errors import StoreError


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def write_whole(path: Path, text: str) -> None:
    """Write *text* to *path* durably: killed at any instant, the file is the old one, or the new one.

    Makes the folder where it is missing. A device or a pipe is written to and stays what it is. Raises `StoreError`
    naming the path; the old file is untouched then.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8", newline="\n")
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        if os.name == "posix":
            os.fchmod(handle, 0o666 & ~_umask())
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
        if os.name == "posix":
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}: make it writable, or name another place") from error
