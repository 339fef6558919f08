"""The second layer: what is secret by the name in front of it, or by its shape."""

import re
from typing import Final

MASK: Final = "***"

_NAMES: Final = (
    r"api[-_ ]?key|api[-_ ]?secret|auth[-_]?sig|auth[-_]?payload|secret(?:[-_]?key)?|signature|token"
    r"|password|passwd|passphrase|private[-_]?key|access[-_]?key|authorization|cookie"
)
_STEMS: Final = ("key", "secret", "signature", "token", "pass", "auth", "cookie")
"""One of these is in every name: searches for plain texts cost a fraction of one for the names."""

_BARE_NAME: Final = re.compile(_NAMES, re.IGNORECASE)
_QUOTE: Final = r"\\*[\"']"
_NAMED: Final = re.compile(
    rf"(?P<name>{_NAMES})(?P<between>(?:(?:{_QUOTE})?\s*[:=]|{_QUOTE}\s*,(?=\s*b?{_QUOTE}))\s*)"
    rf"(?P<value>b?(?P<quote>{_QUOTE})(?:[^\\]|\\.)*?(?:(?P=quote)|\Z)"
    r"|(?:(?:bearer|basic|token|digest)\s+)?[^\s,;&\"'(){}\[\]<>]+)",
    re.IGNORECASE | re.DOTALL,
)
_COOKIES: Final = re.compile(r"((?:set-)?cookie:[ \t]*)[^\r\n\"']+", re.IGNORECASE)
_SIGNATURE_LENGTH: Final = 96
_SIGNATURE: Final = re.compile(rf"(?<![0-9A-Fa-f])[0-9A-Fa-f]{{{_SIGNATURE_LENGTH}}}(?![0-9A-Fa-f])")
_TOKEN: Final = re.compile(r"pub:api:[\w:-]{8,}")
_WEB_TOKEN: Final = re.compile(r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*")
_HEX: Final = frozenset("0123456789abcdefABCDEF")


def is_secret_name(name: str) -> bool:
    """Whether a field of this name is masked whatever it holds: the name ends in one of the known ones."""
    return any(match.end() == len(name) for match in _BARE_NAME.finditer(name))


def mask_shapes(text: str) -> str:
    """Return *text* with what stands behind a secret name, and what looks like a signature or token, masked."""
    lowered = text.lower()
    if any(stem in lowered for stem in _STEMS):
        text = _NAMED.sub(_masked, _COOKIES.sub(rf"\g<1>{MASK}", text))
    if _may_hold_signature(text):
        text = _SIGNATURE.sub(MASK, text)
    if "pub:api:" in text:
        text = _TOKEN.sub(MASK, text)
    return _WEB_TOKEN.sub(MASK, text) if "eyJ" in text else text


def _may_hold_signature(text: str) -> bool:
    """Whether a search is worth its time: a run of 96 digits covers a 96th character, and 47 more on one side of it."""
    half = _SIGNATURE_LENGTH // 2
    return any(
        _HEX.issuperset(text[at : at + half]) or _HEX.issuperset(text[at - half + 1 : at + 1])
        for at in range(_SIGNATURE_LENGTH - 1, len(text), _SIGNATURE_LENGTH)
    )


def _masked(match: re.Match[str]) -> str:
    quote = match["quote"] or ""
    prefix = "b" if quote and match["value"].startswith("b") else ""
    return f"{match['name']}{match['between']}{prefix}{quote}{MASK}{quote}"
