"""Users, their API keys, and the checks of a signed request: key, signature, nonce, permission."""

from collections.abc import Mapping
from hmac import compare_digest
from random import Random
from typing import Final

from attrs import define, field, frozen

from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.venue.complaints import AUTH_FAILED, AUTH_SIGNATURE, GENERIC, STALE_NONCE, Complaint
from genesis.domain.simulation.matching_order import UserId
from genesis.ports.secrets import Secret

NONCE_MAX: Final = 2**53 - 1

SCOPES: Final = (
    "account",
    "history",
    "orders",
    "positions",
    "funding",
    "settings",
    "wallets",
    "withdraw",
    "ui_withdraw",
)


@frozen
class Right:
    """What a request needs: a scope, and whether it changes anything."""

    scope: str
    write: bool = False


@define(eq=False)
class ApiKey:
    """One key of a user, the highest nonce ever seen with it, and what it may do."""

    user: UserId
    signer: Signer
    rights: dict[str, tuple[bool, bool]] = field(factory=dict)
    nonce: int = 0

    def require(self, right: Right) -> None:
        """Raise `Complaint` unless the key has *right*."""
        read, write = self.rights.get(right.scope, (False, False))
        if not (write if right.write else read):
            kind = "write" if right.write else "read"
            raise Complaint(GENERIC, f"apikey: no permission ({right.scope} {kind})")


def all_rights(*, write: bool = True) -> dict[str, tuple[bool, bool]]:
    """Return the rights of a key that may read everything and, with *write*, trade and move between wallets."""
    writable = {"orders", "positions", "funding", "wallets", "account", "settings"} if write else set()
    return {scope: ("withdraw" not in scope, scope in writable) for scope in SCOPES}


class KeyRing:
    """The keys of all users. A nonce counts for REST and WebSocket together, for ever."""

    def __init__(self, chance: Random) -> None:
        self.by_key: dict[str, ApiKey] = {}
        self._tokens: dict[str, tuple[ApiKey, int]] = {}
        self._chance = chance

    def add(self, user: UserId, key: str, secret: str, rights: Mapping[str, tuple[bool, bool]]) -> ApiKey:
        """Give *user* a key."""
        made = self.by_key[key] = ApiKey(user, Signer(Secret(key), Secret(secret)), dict(rights))
        return made

    def check(self, key: str, nonce: str, signature: str, payload: bytes) -> ApiKey:
        """Return the key that signed *payload*; raises `Complaint`. A refused nonce has changed nothing."""
        known = self.by_key.get(key)
        if known is None:
            raise Complaint(AUTH_FAILED, "apikey: invalid")
        if not compare_digest(known.signer.signature(payload).encode(), signature.encode()):
            raise Complaint(AUTH_SIGNATURE, "apikey: digest invalid")
        self._take_nonce(known, nonce)
        return known

    def check_token(self, token: str, mts: int) -> ApiKey:
        """Return the key for which *token* was made; raises `Complaint`."""
        known, ends = self._tokens.get(token, (None, 0))
        if known is None or mts >= ends:
            raise Complaint(AUTH_FAILED, "token: invalid")
        return known

    def make_token(self, key: ApiKey, ends: int, *, writes: bool) -> str:
        """Return a new token that holds until *ends*, with the rights of *key*; without *writes*, those to read."""
        token = f"pub:api:{self._chance.getrandbits(128):032x}-{'write' if writes else 'read'}"
        rights = {scope: (read, write and writes) for scope, (read, write) in key.rights.items()}
        self._tokens[token] = (ApiKey(key.user, key.signer, rights), ends)
        return token

    def _take_nonce(self, key: ApiKey, text: str) -> None:
        if not (text.isascii() and text.isdigit() and len(text) <= 16) or int(text) > NONCE_MAX:
            raise Complaint(STALE_NONCE, "nonce: invalid")
        nonce = int(text)
        if nonce <= key.nonce:
            raise Complaint(STALE_NONCE, "nonce: small")
        key.nonce = nonce
