"""Secrets by reference: who keeps them, how long one counts, and what happens when its keeper is away.

A reference says where a secret is kept: `env:NAME`, `file:PATH`, `keyring:SERVICE/USER`, `azure-kv:VAULT/NAME`,
`op:VAULT/ITEM/FIELD`. A secret is asked for again after five minutes, so that a new value counts without a restart. A
keeper that cannot be asked leaves the last value in use for an hour, or until the keeper said that it expires; one that
answers no ends it at once, for a secret that was taken away must not live on.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Final

from attrs import frozen

from genesis.adapters.secrets_azure import AzureSecrets
from genesis.adapters.secrets_env import EnvironmentSecrets
from genesis.adapters.secrets_file import FileSecrets
from genesis.adapters.secrets_keyring import KeyringSecrets
from genesis.adapters.secrets_op import OnePasswordSecrets
from genesis.app.deadline import within
from genesis.domain.config_secrets import is_reference
from genesis.ports.clock import Clock
from genesis.ports.errors import InputError, SecretError, SecretRefused, SecretUnavailable
from genesis.ports.secrets import FetchedSecret, Secret, SecretProvider

FRESH_S: Final = 300.0
AGAIN_S: Final = 10.0
"""How long a keeper that could not be asked is left alone while its last value still counts."""
KEEP_S: Final = 3_600.0
TIMEOUT_S: Final = 30.0

_log: Final = logging.getLogger(__name__)

Register = Callable[[Secret], None]


@frozen
class _Kept:
    """What a provider gave, and when by the clock that nobody sets."""

    fetched: FetchedSecret
    at_s: float


class SecretResolver:
    """Turns references into secrets. One serves all threads; *register* hears of each value before anybody gets it."""

    def __init__(
        self,
        providers: Mapping[str, SecretProvider],
        clock: Clock,
        register: Register,
        *,
        fresh_s: float = FRESH_S,
        keep_s: float = KEEP_S,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._providers = providers
        self._clock = clock
        self._register = register
        self._fresh_s = fresh_s
        self._keep_s = keep_s
        self._timeout_s = timeout_s
        self._kept: dict[str, _Kept] = {}
        self._not_before_s: dict[str, float] = {}
        self._lock = threading.Lock()

    def resolve(self, reference: str) -> Secret:
        """Return the secret that *reference* names, asked for anew if the last time is five minutes ago.

        Blocks while it asks. Raises `SecretUnavailable` or `SecretRefused`, naming the reference and never a value.
        """
        with self._lock:
            kept = self._still_valid(reference)
            now_s = self._clock.monotonic_s()
            if kept is not None and now_s - kept.at_s < self._fresh_s:
                return kept.fetched.value
            if kept is not None and now_s < self._not_before_s.get(reference, 0.0):
                return kept.fetched.value
            return self._asked(reference, kept)

    def forget(self, reference: str) -> None:
        """Let the next `resolve` ask for *reference* anew: what is known of it is doubted."""
        with self._lock:
            self._kept.pop(reference, None)
            self._not_before_s.pop(reference, None)

    def resolved(self, value: Secret) -> Secret:
        """Return the secret that *value* names where it is a reference, else *value* itself."""
        return self.resolve(value.reveal()) if is_reference(value.reveal()) else value

    def _asked(self, reference: str, kept: _Kept | None) -> Secret:
        try:
            fetched = self._fetch(reference)
        except SecretUnavailable as error:
            self._not_before_s[reference] = self._clock.monotonic_s() + max(AGAIN_S, error.retry_after_s)
            if kept is None:
                raise
            _log.warning("secret.unavailable", extra={"fields": {"reason": str(error)}})
            return kept.fetched.value
        except SecretError:
            self._kept.pop(reference, None)
            raise
        self._kept[reference] = _Kept(fetched, self._clock.monotonic_s())
        return fetched.value

    def _fetch(self, reference: str) -> FetchedSecret:
        scheme, _, name = reference.partition(":")
        provider = self._providers.get(scheme)
        if provider is None:
            known = ", ".join(f"{each}:" for each in self._providers)
            raise SecretRefused(f"{scheme}: is no place for secrets that Genesis knows; there are {known}")
        try:
            fetched = within(self._timeout_s, lambda: provider.fetch(name))
        except TimeoutError:
            raise SecretUnavailable(f"{reference}: no answer within {self._timeout_s:g} s") from None
        try:
            self._register(fetched.value)
        except InputError as error:
            raise SecretRefused(f"{reference}: {error}") from None
        return fetched

    def _still_valid(self, reference: str) -> _Kept | None:
        kept = self._kept.get(reference)
        if kept is None:
            return None
        expires = kept.fetched.expires_mts
        is_old = self._clock.monotonic_s() - kept.at_s >= self._keep_s
        if is_old or (expires is not None and expires <= self._clock.now()):
            del self._kept[reference]
            return None
        return kept


def secret_providers(clock: Clock) -> Mapping[str, SecretProvider]:
    """Return all places that Genesis knows, by the word that a reference begins with; none of them is asked yet."""
    return {
        "env": EnvironmentSecrets(),
        "file": FileSecrets(),
        "keyring": KeyringSecrets(),
        "azure-kv": AzureSecrets(clock),
        "op": OnePasswordSecrets(clock),
    }
