"""A secret as a value that cannot be printed by accident."""

import hmac
from typing import NoReturn, final


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
