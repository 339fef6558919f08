"""Errors, named for what the caller does next.

GenesisError                     one sentence for a person; the command line prints it and exits 2
├── InputError                   a file, option or body that cannot be used: says what, where, what to do
│   └── NoCandles                there are none by this name, or none in this time: name others
├── StoreError                   durable state cannot be read or written: nothing that depends on it may go on
│   ├── StoreFull                the disk or the quota is full: make room, then try again
│   └── ClockAhead               our clock or counter is too far ahead of the exchange: wait until they agree
├── SecretError                  a secret cannot be had from where it is kept: nothing that needs it may start
│   ├── SecretUnavailable        the place cannot be asked now: one that was read before is used until it expires
│   └── SecretRefused            there is none, or no right to it, or it is unfit: a person has to act
├── Killed                       the kill latch is set: nothing is sent until a person resets it
├── NotPossible                  what was asked cannot be done as things stand: nothing was changed
└── ExchangeError
    ├── NotProcessed             proof that nothing happened; the same request may be sent again
    │   ├── Unreachable          the connection was never made
    │   ├── RateLimited          the exchange asks to wait `retry_after_s`
    │   ├── StaleNonce           the nonce was not above the last one
    │   └── Maintenance          the platform is not operative
    ├── OutcomeUnknown           the request may have been carried out: an order write is never resent
    ├── Rejected                 the exchange says no to this request; final
    ├── AuthRefused              key, signature or permission refused: stop trading
    │   └── KeyContended         someone else signs with the same key: stop trading until one of the two has its own
    └── ProtocolViolation        a readable answer whose meaning we do not know; order writes treat it as OutcomeUnknown
"""

import errno


class GenesisError(Exception):
    """The root of everything that Genesis raises on purpose; its text is one sentence for a person."""


class InputError(GenesisError):
    """Input that cannot be used; nothing was changed."""


class NoCandles(InputError):
    """Candles that were named are not here, or have none in the time asked for."""


class StoreError(GenesisError):
    """Durable state that cannot be read or written."""


class StoreFull(StoreError):
    """There is no room to write; what was there before is untouched."""


class ClockAhead(StoreError):
    """A number that would spoil the key for the time to come; nothing was used, and it passes once the clocks agree."""


class SecretError(GenesisError):
    """A secret that cannot be had; the text names provider and secret, never a value."""


class SecretUnavailable(SecretError):
    """The provider cannot be asked now; after `retry_after_s` it may answer again."""

    def __init__(self, text: str, retry_after_s: float = 0.0) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(text)


class SecretRefused(SecretError):
    """The provider answers, and there is no usable secret."""


class Killed(GenesisError):
    """A person pulled the kill latch; nothing is sent until a person resets it."""


class NotPossible(GenesisError):
    """A command that the session cannot carry out as it is; nothing was changed."""


class ExchangeError(GenesisError):
    """A request to the exchange that did not end well.

    *endpoint* is the path or channel, *code* the exchange's number where it gave one, *request_id* ours, for the log.
    """

    def __init__(self, text: str, *, endpoint: str, code: int | None = None, request_id: str = "") -> None:
        self.text = text
        self.endpoint = endpoint
        self.code = code
        self.request_id = request_id
        super().__init__(text)

    def __str__(self) -> str:
        code = "" if self.code is None else f" (code {self.code})"
        request = f" [request {self.request_id}]" if self.request_id else ""
        return f"{self.endpoint}: {self.text}{code}{request}"


class NotProcessed(ExchangeError):
    """Proof that nothing happened."""


class Unreachable(NotProcessed):
    """The connection was never made."""


class RateLimited(NotProcessed):
    """Too many requests; wait `retry_after_s` seconds."""

    def __init__(
        self, text: str, *, endpoint: str, retry_after_s: float, code: int | None = None, request_id: str = ""
    ) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(text, endpoint=endpoint, code=code, request_id=request_id)


class StaleNonce(NotProcessed):
    """The nonce was not above the last one that the exchange accepted."""


class Maintenance(NotProcessed):
    """The platform takes no requests for now."""


class OutcomeUnknown(ExchangeError):
    """No evidence either way; look the order up before anything else."""


class Rejected(ExchangeError):
    """The exchange refuses this request for good."""


class AuthRefused(ExchangeError):
    """Key, signature or permission refused."""


class KeyContended(AuthRefused):
    """Two nonces in a row were too small although ours only rise: somebody else uses the key."""


class ProtocolViolation(ExchangeError):
    """A readable answer whose meaning is unknown."""


def disk_advice(error: OSError) -> str:
    """Return what to do about a disk that did not take, or did not give, what it should."""
    if error.errno == errno.EROFS:
        return "it is mounted read-only: mount it for writing, or set GENESIS_HOME to a place that is"
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
        return "make room, then try again"
    return "check the folder, its owner and its permissions"
