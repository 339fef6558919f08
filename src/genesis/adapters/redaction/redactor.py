"""The redactor: masks registered secrets by value, and the rest by name and shape.

By value means every form of `encodings`, with one plain search a form: some microseconds a line that holds none. A
secret that was cut in pieces before it came here is not recognised by value: mask before truncating.
"""

import re
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Final

from genesis.adapters.redaction.encodings import LENGTH_MIN, base64_forms, byte_forms, text_forms
from genesis.adapters.redaction.shapes import MASK, is_secret_name, mask_shapes
from genesis.ports.errors import InputError
from genesis.ports.secrets import Secret

_ROUNDS: Final = 10
_DEPTH: Final = 8


class _Forms:
    """Texts to look for; longer ones first, so that a form inside another leaves no rest."""

    def __init__(self, plain: Iterable[str], base64: Iterable[str]) -> None:
        self.plain, self.base64 = frozenset(plain), frozenset(base64)
        self.texts = sorted(self.plain | self.base64, key=lambda form: (-len(form), form))
        self.length_max = max(map(len, self.texts), default=0)
        self.length_max_of_lines = max((len(form) for form in self.texts if "\n" in form), default=0)

    def mask(self, text: str) -> str:
        # One pattern of them all would be slower: there are few forms, and a line mostly holds none.
        for form in self.texts:
            if form in text:
                text = self._without(form, text)
        return text

    def _without(self, form: str, text: str) -> str:
        if form in self.plain:
            return text.replace(form, MASK)
        # Base64 shares a character with each neighbour, which carries bits of the secret; padding tells its length.
        return re.sub(f"[A-Za-z0-9+/_-]?{re.escape(form)}[A-Za-z0-9+/_-]?={{0,2}}", MASK, text)


class Redactor:
    """Secrets to hide, registered as they are loaded. One serves all threads; masking twice is masking once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._text = _Forms((), ())
        self._bytes = _Forms((), ())

    def register(self, secret: Secret) -> None:
        """Mask *secret* by value from now on, in every encoding; raises `InputError` below eight characters."""
        value = secret.reveal()
        if len(value) < LENGTH_MIN:
            raise InputError(f"a secret of fewer than {LENGTH_MIN} characters cannot be masked: use a longer one")
        # Formatters cut white space off the ends of texts, and a secret read from a file may end in a line break.
        values = [value, value.strip()] if len(value.strip()) >= LENGTH_MIN else [value]
        with self._lock:
            for each in values:
                self._text = _Forms(self._text.plain | text_forms(each), self._text.base64 | base64_forms(each))
                self._bytes = _Forms(self._bytes.plain | byte_forms(each), self._bytes.base64 | base64_forms(each))

    def knows(self, text: str) -> bool:
        """Tell whether *text* holds a registered secret in any form."""
        return self._text.mask(text) != text

    def known(self, data: bytes) -> bytes:
        """Return *data* with registered secrets masked, and nothing that only looks like one."""
        return self._bytes.mask(data.decode("latin-1")).encode("latin-1")

    @property
    def overlap(self) -> int:
        """How many bytes at the end of a chunk may be the beginning of a secret."""
        return self._bytes.length_max

    @property
    def overlap_of_lines(self) -> int:
        """The same where the chunk ends with a whole line: more than none only if a secret holds a line break."""
        return self._bytes.length_max_of_lines

    def text(self, text: str) -> str:
        """Return *text* masked."""
        return _stable(text, self._text)

    def data(self, data: bytes) -> bytes:
        """Return *data* masked."""
        return _stable(data.decode("latin-1"), self._bytes).encode("latin-1")

    def value(self, value: object, depth: int = _DEPTH) -> object:
        """Return *value* masked inside; an object whose text holds a secret becomes that text, any other stays.

        An object that has no text, for its own code fails, is masked: nobody can say what it would show.
        """
        if value is None or isinstance(value, bool | int | float):
            return self._number(value)
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes | bytearray | memoryview):
            return self.data(bytes(value))
        if depth > 0 and isinstance(value, Mapping):
            return {self._key(key): self._field(key, each, depth - 1) for key, each in value.items()}
        if depth > 0 and isinstance(value, list | tuple | set | frozenset):
            items = [self.value(each, depth - 1) for each in value]
            return items if isinstance(value, list | set | frozenset) else tuple(items)
        try:
            shown = f"{value!r} {value}"
        except Exception:  # noqa: BLE001  # whatever foreign code raises must not reach who only wanted to log
            return MASK
        return value if self.text(shown) == shown else self.text(repr(value))

    def _key(self, key: object) -> str:
        return self.text(key if isinstance(key, str) else repr(key))

    def _field(self, key: object, value: object, depth: int) -> object:
        if isinstance(key, str) and is_secret_name(key) and value is not None:
            return MASK
        return self.value(value, depth)

    def _number(self, value: float | None) -> object:
        shown = str(value)
        return value if self.text(shown) == shown else MASK


def _stable(text: str, forms: _Forms) -> str:
    """Mask until nothing changes, for a mask may join what was apart."""
    for _ in range(_ROUNDS):
        masked = mask_shapes(forms.mask(text))
        if masked == text:
            break
        text = masked
    return text
