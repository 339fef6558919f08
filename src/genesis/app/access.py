"""Where a running session can be reached, and who may: the folder `access` of the data directory."""

import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

from attrs import frozen

from genesis.adapters.atomic_file import write_whole
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.credentials_folder import CredentialsFolder, is_private
from genesis.ports.access import Role
from genesis.ports.clock import Clock
from genesis.ports.errors import InputError, StoreError

_URL_FILE: Final = "url"
_LINK_FILE: Final = "link"


def spare_folder(home: Path) -> Path:
    """Return where credentials go that the data directory *home* does not take: in memory, where the system has that.

    It is the same for every process of a user, whatever its environment; only one that is private may be used.
    """
    memory = Path("/dev/shm")  # nosec B108 - whoever uses what is in there looks first whose it is
    place = memory if memory.is_dir() else Path(tempfile.gettempdir())
    owner = os.getuid() if sys.platform != "win32" else 0
    return place / f"genesis-{owner}-{hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]}"


def credentials_of(home: Path, clock: Clock | None = None) -> CredentialsFolder:
    """Return the credentials of a data directory."""
    return CredentialsFolder(home / "access", clock or SystemClock(), spare_folder(home))


@frozen
class Announced:
    """A one-time login link, and the file that has it, which only its owner can read."""

    link: str
    file: Path


def announce(home: Path, url: str, credentials: CredentialsFolder) -> Announced:
    """Note where the session is, and return its one-time login link, which is also in a file; raises `StoreError`.

    That is `access/link`, or one in the spare folder where the disk takes nothing.
    """
    link = login_link(url, credentials.issue_code(Role.ADMIN))
    try:
        return Announced(link, _noted(home / "access", url, link))
    except StoreError:
        if not is_private(spare_folder(home)):  # made for the code, where that had no other place
            raise
        return Announced(link, _noted(spare_folder(home), url, link))


def _noted(folder: Path, url: str, link: str) -> Path:
    path = folder / _LINK_FILE
    write_whole(folder / _URL_FILE, url + "\n")
    write_whole(path, link + "\n")
    path.chmod(0o600)
    return path


def login_link(url: str, code: str) -> str:
    """Return the link that logs in once: what follows the # never leaves the browser."""
    return f"{url}/#{code}"


def session_url(home: Path) -> str:
    """Return where the session of *home* is, or was last; raises `InputError` when there was none."""
    folders = [home / "access", *([spare] if is_private(spare := spare_folder(home)) else [])]
    noted = [path for path in (folder / _URL_FILE for folder in folders) if path.is_file()]
    if not noted:
        raise InputError(f"{home / 'access'}: no session has run with this data directory; start one with run")
    return max(noted, key=lambda path: path.stat().st_mtime).read_text("utf-8").strip()
