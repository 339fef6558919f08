"""Secrets that stand in a configuration in plain text: found by the name before them, by their shape, by their look.

A configuration is copied, mailed and put under version control, so no secret belongs there, only the name of the place
where it is kept: `env:NAME`, `file:PATH`, `keyring:SERVICE/USER`, `azure-kv:VAULT/NAME`, `op:VAULT/ITEM/FIELD`.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from attrs import frozen

from genesis.domain.config_diff import Step
from genesis.domain.json_value import JsonValue

MASK: Final = "***"
SCHEMES: Final = ("env", "file", "keyring", "azure-kv", "op")

_NAME: Final = re.compile(
    r"(api[-_ ]?key|api[-_ ]?secret|secret|passw(or)?d|passphrase|token|private[-_ ]?key|access[-_ ]?key|credential"
    r"|authorization|cookie|webhook[-_ ]?url)s?$",
    re.IGNORECASE,
)
_SHAPES: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"-----BEGIN [A-Z ]*PRIVATE KEY",
        r"\bpub:api:[\w:-]{8,}",
        r"\beyJ[\w-]{8,}\.[\w-]+\.",
        r"\b(gen|ghp|gho|github_pat|xox[abprs]|sk|pk|glpat)[_-][A-Za-z0-9_-]{16,}",
        r"\bAKIA[A-Z0-9]{12,}",
        r"\b\d{8,10}:[A-Za-z0-9_-]{30,}",  # a Telegram bot
        r"[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s@]+@",  # a password in an address
    )
)
_WORD: Final = re.compile(r"[A-Za-z0-9+=]+")
"""Without the signs that join the words of a path or a name, which are long and mixed and no secret."""

_LONG: Final = 32
_HEX_LONG: Final = 32
_BITS_MIN: Final = 3.5
_HEX_BITS_MIN: Final = 3.0
_REFERENCE: Final = re.compile(rf"({'|'.join(SCHEMES)}):\S.*")

IsKnown = Callable[[str], bool]
"""Whether a text holds a secret that this process has loaded."""


@frozen
class Found:
    """A secret in plain text at *steps*; *is_key* where it stands in the place of a key. It is never repeated."""

    steps: tuple[Step, ...]
    why: str
    is_key: bool = False


def secrets_in(document: JsonValue, is_known: IsKnown = lambda _: False) -> list[Found]:
    """Return the places of *document* where a secret seems to stand."""
    return list(_search((), document, is_known))


def masked(steps: tuple[Step, ...], value: JsonValue, is_known: IsKnown = lambda _: False) -> JsonValue:
    """Return the *value* at *steps* with everything that seems to be a secret as `***`."""
    match value:
        case str():
            return MASK if _why(steps, value, is_known) else value
        case Mapping():
            members: dict[str, JsonValue] = {}
            for key, member in value.items():
                members[str(masked_step(key, is_known))] = masked((*steps, key), member, is_known)
            return members
        case Sequence():
            return [masked((*steps, place), member, is_known) for place, member in enumerate(value)]
        case _:
            return value


def masked_step(step: Step, is_known: IsKnown = lambda _: False) -> Step:
    """Return *step*, or `***` for a key that seems to be a secret."""
    return MASK if isinstance(step, str) and looks_secret(step, is_known) else step


def is_reference(text: str) -> bool:
    """Tell whether *text* names a place where a secret is kept, instead of being one."""
    return _REFERENCE.fullmatch(text) is not None


def looks_secret(text: str, is_known: IsKnown = lambda _: False) -> str:
    """Return why *text* looks like a secret, whatever its name; empty if it does not."""
    if is_known(text):
        return "holds a secret that this program uses"
    if any(shape.search(text) for shape in _SHAPES):
        return "has the shape of a secret"
    if any(_is_random(word) for word in _WORD.findall(text)):
        return "looks as random as a secret"
    return ""


def _search(steps: tuple[Step, ...], value: JsonValue, is_known: IsKnown) -> Iterator[Found]:
    match value:
        case str():
            why = _why(steps, value, is_known)
            if why:
                yield Found(steps, why)
        case Mapping():
            for key, member in value.items():
                if looks_secret(key, is_known):
                    yield Found((*steps, key), looks_secret(key, is_known), is_key=True)
                yield from _search((*steps, key), member, is_known)
        case Sequence():
            for place, member in enumerate(value):
                yield from _search((*steps, place), member, is_known)
        case _:
            pass


def _why(steps: tuple[Step, ...], text: str, is_known: IsKnown) -> str:
    if is_known(text):
        return "holds a secret that this program uses"
    if is_reference(text) or text == MASK:
        return ""
    names = [step for step in steps if isinstance(step, str)]
    if names and text and _NAME.search(names[-1]):
        return "is a secret by its name"
    return looks_secret(text)


def _is_random(word: str) -> bool:
    """Tell whether a word is long and mixed as no name, path or date is."""
    if re.fullmatch(r"[0-9a-fA-F]+", word):
        is_mixed = bool(re.search(r"\d", word)) and bool(re.search(r"[a-fA-F]", word))
        return len(word) >= _HEX_LONG and is_mixed and _bits(word) >= _HEX_BITS_MIN
    kinds = (r"[a-z]", r"[A-Z]", r"\d")
    return len(word) >= _LONG and all(re.search(kind, word) for kind in kinds) and _bits(word) >= _BITS_MIN


def _bits(word: str) -> float:
    """Return the entropy of the characters of *word*, in bits a character."""
    return -sum(count / len(word) * math.log2(count / len(word)) for count in Counter(word).values())
