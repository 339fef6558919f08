"""Who may ask what of a running session, as a port: roles, one-time login codes, and named tokens for programs."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Final, Protocol

from attrs import frozen

from genesis.domain.units import Mts
from genesis.ports.errors import InputError

TOKEN_PREFIX: Final = "gen_"  # so that scanners find a token that leaked
OWNER_PREFIX: Final = "owner-"
"""What names of people who logged in begin with, as they stand in the audit log."""

NAME_CHARACTERS_MAX: Final = 32


class Role(IntEnum):
    """What somebody may do; each role may do all that the ones before it may."""

    PUBLIC = 0
    READ = 1
    TRADE = 2
    ADMIN = 3


@frozen
class NamedToken:
    """A token for a program: who it is for, what it may do, and until when. The token itself is kept nowhere."""

    name: str
    role: Role
    created_mts: Mts
    expires_mts: Mts


def check_token_name(name: str) -> None:
    """Raise `InputError` for what cannot name a token; names of people who logged in are theirs alone."""
    if not (name.isascii() and name.replace("-", "").isalnum() and len(name) <= NAME_CHARACTERS_MAX):
        raise InputError(f"{name!r} cannot name a token: use up to {NAME_CHARACTERS_MAX} letters, digits and hyphens")
    if name.lower().startswith(OWNER_PREFIX):
        raise InputError(f"{name!r} cannot name a token: {OWNER_PREFIX}… are the people who logged in")


class Credentials(Protocol):
    """What proves who somebody is. Secrets are kept as SHA-256 alone; any thread may call any method."""

    def redeem(self, code: str) -> Role | None:
        """Return the role of a one-time code and forget the code; None for one that is unknown, used or too old.

        Of two calls at the same time with one code, one gets the role. Raises `StoreError`.
        """

    def token(self, presented: str) -> NamedToken | None:
        """Return whose token *presented* is; None where it is unknown, revoked or past its end."""


class CredentialsIssuer(Protocol):
    """Who gives credentials out: the owner of the data directory."""

    def issue_code(self, role: Role) -> str:
        """Return a new one-time code for *role*; raises `StoreError`."""

    def issue_token(self, name: str, role: Role, valid_days: int) -> str:
        """Return a new token, which is shown this once; raises `StoreError`.

        Raises `InputError` for a name that is taken, or that `check_token_name` does not let be one.
        """

    def tokens(self) -> Sequence[NamedToken]:
        """Return all named tokens, those past their end included, by name; raises `StoreError`."""

    def revoke(self, name: str) -> bool:
        """Take a token away at once; tell whether it was there. Raises `StoreError`."""
