"""Credentials that live no longer than their process."""

import hashlib
import hmac
import secrets
import threading
from collections.abc import Sequence
from typing import Final

from genesis.domain.units import Mts
from genesis.ports.access import TOKEN_PREFIX, NamedToken, Role, check_token_name
from genesis.ports.clock import Clock
from genesis.ports.errors import InputError

CODE_VALID_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000


class MemoryCredentials:
    """Both sides, `Credentials` and `CredentialsIssuer`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._codes: dict[str, tuple[Role, Mts]] = {}
        self._tokens: dict[str, tuple[str, NamedToken]] = {}

    def issue_code(self, role: Role) -> str:
        code = secrets.token_urlsafe(32)
        with self._lock:
            self._codes[_digest(code)] = (role, self._clock.now())
        return code

    def redeem(self, code: str) -> Role | None:
        with self._lock:
            found = self._codes.pop(_digest(code), None)
        if found is None:
            return None
        role, created = found
        return role if abs(self._clock.now() - created) <= CODE_VALID_MS else None

    def issue_token(self, name: str, role: Role, valid_days: int) -> str:
        check_token_name(name)
        token, now = TOKEN_PREFIX + secrets.token_urlsafe(32), self._clock.now()
        with self._lock:
            if name in self._tokens:
                raise InputError(f"there is a token {name!r} already: revoke it first, or choose another name")
            new = NamedToken(name, role, now, Mts(now + valid_days * DAY_MS))
            self._tokens[name] = (_digest(token), new)
        return token

    def token(self, presented: str) -> NamedToken | None:
        digest, found = _digest(presented), None
        with self._lock:
            for known, named in self._tokens.values():
                if hmac.compare_digest(known, digest):
                    found = named
        return found if found is not None and self._clock.now() < found.expires_mts else None

    def tokens(self) -> Sequence[NamedToken]:
        with self._lock:
            return [self._tokens[name][1] for name in sorted(self._tokens)]

    def revoke(self, name: str) -> bool:
        with self._lock:
            return self._tokens.pop(name, None) is not None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
