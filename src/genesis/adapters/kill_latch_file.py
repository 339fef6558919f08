"""The kill latch as a file: it is set while the file is there, whatever it holds.

So pulling it needs a name in a folder and nothing more: a full disk, which may leave the file empty, does not matter.
Where not even an empty file can be made, one that was made before, as a session began, is given the name.
This module imports little, for it must start when little else works.
"""

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import Final

from genesis.ports.errors import StoreError

READ_BYTES: Final = 4096
NO_REASON: Final = "no reason was written"
NO_FILE_LEFT: Final = (errno.EMFILE, errno.ENFILE)


class KillLatchFile:
    """The latch at *path*."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._spare = path.with_name(f"{path.name}.spare")
        self._announced = ""

    def prepare(self) -> None:
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self._spare, os.O_WRONLY | os.O_CREAT, 0o600))
            self._sync_folder()

    def reason(self) -> str | None:
        if self._announced:  # whatever the disk does
            return self._announced
        try:
            with self._path.open("rb") as file:
                text = file.read(READ_BYTES).decode("utf-8", "replace").strip()
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno in NO_FILE_LEFT and not os.path.lexists(self._path):  # to look for a name takes no file
                return None
            return f"{self._path} cannot be read: {error.strerror}"
        return text or NO_REASON

    def was_pulled(self) -> bool:
        return bool(self._announced) or os.path.lexists(self._path)

    def announce(self, reason: str) -> None:
        self._announced = self._announced or reason or NO_REASON

    def pull(self, reason: str) -> None:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            latch = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            if self._path.is_file():
                return
            raise StoreError(f"{self._path}: is in the way and is no file; the latch is NOT set") from None
        except OSError as error:
            if (error.errno in NO_FILE_LEFT and self._is_named()) or self._is_spared():
                return
            raise StoreError(f"{self._path}: {error.strerror}; the latch is NOT set") from error
        # The latch is set. What follows makes it tell why and survive a power cut, as far as the disk allows.
        try:
            os.write(latch, reason.encode("utf-8", "replace"))  # a part of it is enough: set is set
            os.fsync(latch)
            self._sync_folder()
        except OSError:
            return
        finally:
            os.close(latch)

    def _is_named(self) -> bool:
        """Make the file without opening it, which a process without a file left still can; tell whether it is there."""
        with contextlib.suppress(OSError, AttributeError):  # Windows has no such call
            os.mknod(self._path, 0o600 | stat.S_IFREG)
        return os.path.lexists(self._path)

    def _is_spared(self) -> bool:
        """Let the file that was made before be the latch, which takes no room; tell whether it is."""
        try:
            os.rename(self._spare, self._path)
        except OSError:
            return False
        with contextlib.suppress(OSError):
            self._sync_folder()
        return True

    def reset(self) -> None:
        self._announced = ""
        try:
            self._path.unlink(missing_ok=True)
            self._sync_folder()
        except OSError as error:
            raise StoreError(f"{self._path}: {error.strerror}; the latch is still set") from error

    def _sync_folder(self) -> None:
        if os.name == "nt" or not self._path.parent.is_dir():
            return  # Windows neither needs nor allows it
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
