"""Credentials in a folder that only its owner can read: one-time codes as files, named tokens in one file.

Nothing here can be used by who reads it: names of code files and entries of the token file are SHA-256 of 256-bit
secrets. Any process of the owner may issue and revoke; a running session sees it at once.

A disk that takes nothing keeps its owner not out: codes go to a spare folder then, which has to be as private, and one
that cannot be taken away counts once in each process.
"""

import hashlib
import hmac
import json
import os
import secrets
import stat
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from genesis.domain.units import Mts
from genesis.ports.access import TOKEN_PREFIX, NamedToken, Role, check_token_name
from genesis.ports.clock import Clock
from genesis.ports.errors import InputError, StoreError, disk_advice

CODE_VALID_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000
DAYS_MAX: Final = 366
TOKENS_MAX: Final = 100
_SECRET_BYTES: Final = 32


class CredentialsFolder:
    """Both sides, `Credentials` and `CredentialsIssuer`, over *folder*, which is made where it is missing.

    Codes that it does not take go to *spare*.
    """

    def __init__(self, folder: Path, clock: Clock, spare: Path | None = None) -> None:
        self._folder = folder
        self._clock = clock
        self._spare = spare
        self._spent: set[str] = set()
        self._lock = threading.Lock()
        self._read_as: tuple[int, int, int] | None = None
        self._tokens: list[tuple[str, NamedToken]] = []

    def issue_code(self, role: Role) -> str:
        code = secrets.token_urlsafe(_SECRET_BYTES)
        text = json.dumps({"role": role.name, "created_mts": self._clock.now()})
        try:
            self._forget_old_codes(self._folder)
            _write(self._folder, _code_path(self._folder, code), text)
        except OSError as error:
            if not self._keep_apart(code, text):
                raise _store_error(self._folder, error) from error
        return code

    def redeem(self, code: str) -> Role | None:
        folders = [self._folder]
        if self._spare is not None and is_private(self._spare):
            folders.append(self._spare)
        problem: StoreError | None = None
        for folder in folders:
            try:
                role = self._redeem(_code_path(folder, code))
            except OSError as error:
                problem = problem or _store_error(folder, error)
                continue
            if role is not None:
                return role
        if problem is not None and len(folders) == 1:  # else a wrong code is a wrong one: the spare folder was asked
            raise problem
        return None

    def _redeem(self, path: Path) -> Role | None:
        try:
            document = json.loads(path.read_bytes())
            role, created = Role[document["role"]], int(document["created_mts"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            return None
        if not self._spend(path):
            return None
        return role if abs(self._clock.now() - created) <= CODE_VALID_MS else None

    def _spend(self, path: Path) -> bool:
        """Take a code away; tell whether nobody else did."""
        with self._lock:
            if path.name in self._spent:
                return False
            try:
                path.unlink()  # of two at the same time, one finds it gone
            except FileNotFoundError:
                return False
            except OSError:  # a disk that is read-only now
                self._spent.add(path.name)
            return True

    def _keep_apart(self, code: str, text: str) -> bool:
        """Write a code to the spare folder; tell whether it is there."""
        if self._spare is None:
            return False
        try:
            self._spare.mkdir(mode=0o700, exist_ok=True)
            if is_private(self._spare):
                self._forget_old_codes(self._spare)
                _write(self._spare, _code_path(self._spare, code), text)
                return True
        except OSError:
            pass
        return False

    def issue_token(self, name: str, role: Role, valid_days: int) -> str:
        check_token_name(name)
        if not 1 <= valid_days <= DAYS_MAX:
            raise InputError(f"a token is valid for 1 to {DAYS_MAX} days, not for {valid_days}")
        token = TOKEN_PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
        now = self._clock.now()
        new = NamedToken(name, role, now, Mts(now + valid_days * DAY_MS))
        with self._lock:
            known = self._current()
            if any(each.name == name for _, each in known):
                raise InputError(f"there is a token {name!r} already: revoke it first, or choose another name")
            if len(known) >= TOKENS_MAX:
                raise InputError(f"there are {TOKENS_MAX} tokens already: revoke some first")
            self._save([*known, (_digest(token), new)])
        return token

    def token(self, presented: str) -> NamedToken | None:
        digest, found = _digest(presented), None
        with self._lock:
            for known, named in self._current():
                if hmac.compare_digest(known, digest):  # all are compared, so time tells nothing
                    found = named
        return found if found is not None and self._clock.now() < found.expires_mts else None

    def tokens(self) -> Sequence[NamedToken]:
        with self._lock:
            return sorted((named for _, named in self._current()), key=lambda named: named.name)

    def revoke(self, name: str) -> bool:
        with self._lock:
            known = self._current()
            left = [each for each in known if each[1].name != name]
            if len(left) == len(known):
                return False
            self._save(left)
            return True

    def _forget_old_codes(self, folder: Path) -> None:
        oldest_s = self._clock.now() / 1000 - 2 * CODE_VALID_MS / 1000
        codes = folder / "codes"
        for path in codes.iterdir() if codes.is_dir() else ():
            if path.stat().st_mtime < oldest_s:
                path.unlink(missing_ok=True)

    def _current(self) -> list[tuple[str, NamedToken]]:
        """Return the tokens as the file has them now, read again only when it is another."""
        path = self._folder / "tokens.json"
        try:
            stat = path.stat()
            read_as = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            if read_as != self._read_as:
                self._tokens = [
                    (
                        str(each["sha256"]),
                        NamedToken(
                            each["name"], Role[each["role"]], Mts(each["created_mts"]), Mts(each["expires_mts"])
                        ),
                    )
                    for each in json.loads(path.read_bytes())["tokens"]
                ]
                self._read_as = read_as
        except FileNotFoundError:
            self._tokens, self._read_as = [], None
        except OSError as error:
            raise _store_error(path, error) from error
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{path}: is no list of tokens; move it away, and issue new ones") from error
        return self._tokens

    def _save(self, tokens: Sequence[tuple[str, NamedToken]]) -> None:
        listed = [
            {
                "name": named.name,
                "role": named.role.name,
                "sha256": digest,
                "created_mts": named.created_mts,
                "expires_mts": named.expires_mts,
            }
            for digest, named in tokens
        ]
        try:
            _write(self._folder, self._folder / "tokens.json", json.dumps({"tokens": listed}, indent=1))
        except OSError as error:
            raise _store_error(self._folder, error) from error


def is_private(folder: Path) -> bool:
    """Tell whether *folder* is one of ours that nobody else may enter."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    is_ours = sys.platform != "win32" and found.st_uid == os.getuid()
    return stat.S_ISDIR(found.st_mode) and is_ours and not found.st_mode & 0o077


def _code_path(folder: Path, code: str) -> Path:
    return folder / "codes" / _digest(code)


def _write(folder: Path, path: Path, text: str) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".new-", dir=folder)  # of mode 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _store_error(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{path}: {error.strerror or error}: {disk_advice(error)}")
