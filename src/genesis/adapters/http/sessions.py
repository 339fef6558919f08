"""Sessions of people: a 256-bit token each, of which only the SHA-256 is kept, in memory, for a bounded time."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Final

from attrs import define, evolve, frozen

from genesis.ports.access import OWNER_PREFIX, TOKEN_PREFIX, Credentials, Role
from genesis.ports.clock import Clock

IDLE_S: Final = 15 * 60.0
ABSOLUTE_S: Final = 12 * 3600.0
FRESH_S: Final = 60.0
SESSIONS_MAX: Final = 5
TOKEN_CHARACTERS_MAX: Final = 128


@frozen
class Principal:
    """Somebody who proved who they are; *session* is None for a program's token."""

    name: str
    role: Role
    session: str | None = None
    is_fresh: bool = False
    """Whether they proved it again within the last minute."""


NOBODY: Final = Principal("nobody", Role.PUBLIC)


@define
class _Session:
    digest: bytes
    principal: Principal
    opened_s: float
    seen_s: float
    proven_s: float


class Sessions:
    """Gives out session tokens and knows whose they are; *credentials* knows the tokens of programs.

    A session ends fifteen minutes after its last request or stream, twelve hours after its login, when it is closed,
    and when a sixth one opens and it was idle the longest.
    """

    def __init__(self, credentials: Credentials, clock: Clock) -> None:
        self._credentials = credentials
        self._clock = clock
        self._open: list[_Session] = []
        self._count = 0

    def open(self, code: str) -> tuple[str, Principal] | None:
        """Return a new session's token for a one-time code; None where the code is no good. Raises `StoreError`."""
        role = self._credentials.redeem(code)
        if role is None:
            return None
        token, now_s = secrets.token_urlsafe(32), self._clock.monotonic_s()
        self._forget_old(now_s)
        if len(self._open) >= SESSIONS_MAX:
            self._open.remove(min(self._open, key=lambda session: session.seen_s))
        self._count += 1
        principal = Principal(f"{OWNER_PREFIX}{self._count}", role, secrets.token_hex(8))
        self._open.append(_Session(_digest(token), principal, now_s, now_s, now_s))
        return token, principal

    def renew(self, session: str, code: str) -> bool:
        """Note that a session's owner proved again who they are; raises `StoreError`."""
        found = self._of(session)
        if found is None or (role := self._credentials.redeem(code)) is None or role < found.principal.role:
            return False
        found.proven_s = self._clock.monotonic_s()
        return True

    def find(self, token: str) -> Principal | None:
        """Return whose token it is, and note that they are there; None where nobody's."""
        if len(token) > TOKEN_CHARACTERS_MAX:
            return None
        if token.startswith(TOKEN_PREFIX):
            named = self._credentials.token(token)
            return None if named is None else Principal(named.name, named.role)
        now_s, digest = self._clock.monotonic_s(), _digest(token)
        self._forget_old(now_s)
        found = None
        for session in self._open:
            if hmac.compare_digest(session.digest, digest):  # all are compared, so time tells nothing
                found = session
        if found is None:
            return None
        found.seen_s = now_s
        return evolve(found.principal, is_fresh=now_s - found.proven_s <= FRESH_S)

    def close(self, session: str) -> None:
        """End a session."""
        self._open = [each for each in self._open if each.principal.session != session]

    def close_all(self) -> int:
        """End all sessions; return how many there were."""
        count = len(self._open)
        self._open = []
        return count

    def listed(self) -> Sequence[Principal]:
        """Return who is logged in."""
        self._forget_old(self._clock.monotonic_s())
        return [session.principal for session in self._open]

    def _of(self, session: str) -> _Session | None:
        return next((each for each in self._open if each.principal.session == session), None)

    def _forget_old(self, now_s: float) -> None:
        self._open = [
            each for each in self._open if now_s - each.seen_s <= IDLE_S and now_s - each.opened_s <= ABSOLUTE_S
        ]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
