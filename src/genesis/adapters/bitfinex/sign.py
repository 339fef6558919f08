"""Signatures: HMAC-SHA384 with the two halves of the key schedule computed once.

HMAC hashes the key twice, each time padded to one block, before it sees the message. Both states depend on the key
alone, so they are kept and copied: a signature costs two short hashes and the secret itself is not stored.
Source: RFC 2104; Bitfinex documentation, "Authenticated REST", "Authenticated Channels".
"""

import re
from hashlib import sha384
from typing import Final

from genesis.ports.secrets import Secret

BLOCK_BYTES: Final = 128
INNER: Final = bytes(byte ^ 0x36 for byte in range(256))
OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))


class Signer:
    """Signs for one API key at a time. Neither its text nor its pickle shows anything of the secret.

    *turns* counts how often the key was replaced.
    """

    __slots__ = ("_inner", "_key", "_outer", "turns")

    def __init__(self, key: Secret, secret: Secret) -> None:
        """Keep *key* and what HMAC derives from *secret*.

        Raises `ValueError` if either is empty, no header can carry the key, or no encoding the secret.
        """
        if not key or not secret:
            raise ValueError("an API key and its secret are needed to sign")
        if re.fullmatch(r"[!-~]+", key.reveal()) is None:
            raise ValueError("the API key holds characters that no HTTP header can carry")
        try:
            material = secret.reveal().encode()
        except UnicodeEncodeError:  # its own text would show a part of the secret
            raise ValueError("the secret holds characters that cannot be encoded") from None
        block = (sha384(material).digest() if len(material) > BLOCK_BYTES else material).ljust(BLOCK_BYTES, b"\0")
        self.turns = 0
        self._key = key
        self._inner = sha384(block.translate(INNER))
        self._outer = sha384(block.translate(OUTER))

    def use(self, other: "Signer") -> None:
        """Sign as *other* does from now on."""
        self._key, self._inner, self._outer = other._key, other._inner, other._outer  # noqa: SLF001  # of its own class
        self.turns += 1

    @property
    def key(self) -> str:
        """The key as headers and messages carry it."""
        return self._key.reveal()

    def __repr__(self) -> str:
        return "Signer(…)"

    def __reduce__(self) -> str:
        raise TypeError("a signer stays in its process")

    def signature(self, payload: bytes) -> str:
        """Return the lower-case hex of HMAC-SHA384 over *payload*."""
        inner = self._inner.copy()
        inner.update(payload)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.hexdigest()

    def rest_headers(self, path: str, nonce: int, body: bytes) -> dict[str, str]:
        """Return the headers of a signed request.

        *path* is what follows `/v2/`, *body* the very bytes that will be sent.
        """
        return {
            "bfx-apikey": self.key,
            "bfx-nonce": str(nonce),
            "bfx-signature": self.signature(b"/api/v2/%b%d%b" % (path.encode(), nonce, body)),
        }

    def socket_payload(self, nonce: int) -> tuple[str, str]:
        """Return `authPayload` and `authSig` of a WebSocket authentication."""
        payload = f"AUTH{nonce}"
        return payload, self.signature(payload.encode())
