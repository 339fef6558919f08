"""Where a running session can be reached, and who may: the folder `access` of the data directory."""

from pathlib import Path
from typing import Final

from genesis.adapters.atomic_file import write_whole
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.credentials_folder import CredentialsFolder
from genesis.ports.access import Role
from genesis.ports.clock import Clock
from genesis.ports.errors import InputError

_URL_FILE: Final = "url"
_LINK_FILE: Final = "link"


def credentials_of(home: Path, clock: Clock | None = None) -> CredentialsFolder:
    """Return the credentials of a data directory."""
    return CredentialsFolder(home / "access", clock or SystemClock())


def announce(home: Path, url: str, credentials: CredentialsFolder) -> str:
    """Note where the session is, and return its one-time login link, which is also in the file `access/link`."""
    link = login_link(url, credentials.issue_code(Role.ADMIN))
    write_whole(home / "access" / _URL_FILE, url + "\n")
    path = link_file(home)
    write_whole(path, link + "\n")
    path.chmod(0o600)
    return link


def link_file(home: Path) -> Path:
    """Return the file that has the login link of the session of *home*; only its owner can read it."""
    return home / "access" / _LINK_FILE


def login_link(url: str, code: str) -> str:
    """Return the link that logs in once: what follows the # never leaves the browser."""
    return f"{url}/#{code}"


def session_url(home: Path) -> str:
    """Return where the session of *home* is, or was last; raises `InputError` when there was none."""
    try:
        return (home / "access" / _URL_FILE).read_text("utf-8").strip()
    except OSError as error:
        raise InputError(
            f"{home / 'access'}: no session has run with this data directory; start one with run"
        ) from error
