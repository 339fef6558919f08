"""Secrets from files: `file:/path`, for its owner alone, no link, and nowhere near version control."""

import os
import stat
from pathlib import Path

from genesis.domain.secret_text import BYTES_MAX, UnfitSecret, secret_text
from genesis.ports.errors import SecretRefused, SecretUnavailable
from genesis.ports.secrets import FetchedSecret, Secret


class FileSecrets:
    """Files of this user that nobody else can read."""

    def fetch(self, name: str) -> FetchedSecret:
        path = Path(name).expanduser()
        if not path.is_absolute():
            raise SecretRefused(f"file:{name} is not absolute; write the whole path, so that it is the same everywhere")
        tree = _git_tree(path)
        if tree is not None:
            raise SecretRefused(
                f"file:{name} lies in the git work tree {tree}; keep it outside, or it will be committed"
            )
        try:
            raw, changed_ns = _read(path, name)
        except FileNotFoundError:
            raise SecretRefused(f"file:{name}: there is no such file") from None
        except OSError as error:
            raise SecretUnavailable(f"file:{name}: {error.strerror}") from error
        try:
            return FetchedSecret(Secret(secret_text(raw)), str(changed_ns))
        except UnfitSecret as error:
            raise SecretRefused(f"file:{name}: what it holds {error}") from None


def _read(path: Path, name: str) -> tuple[bytes, int]:
    """Return what the file holds and when it was changed; raises `SecretRefused` for a file that others could touch."""
    if path.is_symlink():
        raise SecretRefused(f"file:{name} is a symbolic link; name the file itself")
    flags = os.O_RDONLY
    for option in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):  # each only on some systems
        flags |= getattr(os, option, 0)
    fd = os.open(path, flags)
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise SecretRefused(f"file:{name} is no ordinary file")
        if os.name == "posix":
            if found.st_uid != os.geteuid():
                raise SecretRefused(
                    f"file:{name} belongs to user {found.st_uid}; it must belong to the one that runs this"
                )
            if found.st_mode & 0o077:
                mode = stat.S_IMODE(found.st_mode)
                raise SecretRefused(f"file:{name} has mode {mode:04o}, so others can touch it; chmod 0600 it")
        return os.read(fd, BYTES_MAX + 1), found.st_mtime_ns
    finally:
        os.close(fd)


def _git_tree(path: Path) -> Path | None:
    """Return the git work tree that *path* lies in, links followed."""
    for folder in path.resolve().parents:
        if (folder / ".git").exists():
            return folder
    return None
