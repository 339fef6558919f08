"""A secret as a value that cannot be printed by accident, and the places where secrets are kept."""

import hmac
from typing import NoReturn, Protocol, final

from attrs import frozen

from genesis.domain.units import Mts


@final
class Secret:
    """Text that shows itself to the caller of `reveal` alone: not in repr, str, format, pickles or shown locals."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """Return the text. Call it where it is used (signing, registering with the redactor), and keep no copy."""
        return self.__value

    def __bool__(self) -> bool:
        """Whether there is any text."""
        return bool(self.__value)

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(
            self.__value.encode("utf-8", "surrogatepass"), other.__value.encode("utf-8", "surrogatepass")
        )

    def __hash__(self) -> int:
        return hash((Secret, self.__value))

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> "Secret":
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret cannot be pickled: pass the reference it came from instead")


@frozen
class FetchedSecret:
    """What a provider gave: the secret, the provider's own word for its version, and when it stops being valid."""

    value: Secret
    version: str = ""
    expires_mts: Mts | None = None


class SecretProvider(Protocol):
    """One kind of place where secrets are kept."""

    def fetch(self, name: str) -> FetchedSecret:
        """Return the secret *name*, as it is there now.

        It blocks: call it in a thread where a loop runs. Raises `SecretUnavailable` when the place cannot be asked now
        and asking later may help, and `SecretRefused` when a person has to do something: there is no such secret, or no
        right to it, or what is there is no secret. Messages name provider and secret, never a value.
        """
