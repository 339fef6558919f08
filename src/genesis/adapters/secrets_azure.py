"""Secrets from Azure Key Vault through its own library: `azure-kv:VAULT/NAME`, or `azure-kv:VAULT/NAME/VERSION`.

Who we are is found by the library: a service principal from AZURE_… variables, a workload or managed identity, or the
sign-in of the command line. Credentials go to the vault's own host alone: redirects are not followed, and a challenge
that names another resource is refused.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from genesis.domain.secret_text import BYTES_MAX, UnfitSecret, secret_text
from genesis.domain.units import Mts
from genesis.ports.clock import Clock
from genesis.ports.errors import SecretRefused, SecretUnavailable
from genesis.ports.secrets import FetchedSecret, Secret

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.core.exceptions import HttpResponseError
    from azure.keyvault.secrets import KeyVaultSecret

DOMAIN: Final = "vault.azure.net"
TIMEOUT_S: Final = 10.0
ANSWER_BYTES_MAX: Final = 4 * BYTES_MAX

_VAULT: Final = re.compile(r"[A-Za-z0-9-]{1,63}")
_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,127}")
_VERSION: Final = re.compile(r"[A-Za-z0-9]{1,64}")
_NO: Final[Mapping[int, str]] = {
    401: "the vault does not accept who we are",
    403: "there is no right to read it, or it is disabled",
    404: "there is no such secret, or no such version",
}


class AzureSecrets:
    """The vaults of *domain*; *credential* makes the proof of who we are, *options* are those of the connection."""

    def __init__(
        self,
        clock: Clock,
        credential: "Callable[[], TokenCredential] | None" = None,
        *,
        domain: str = DOMAIN,
        options: Mapping[str, Any] | None = None,  # Any: whatever the library takes
    ) -> None:
        self._clock = clock
        self._make_credential = credential or _default_credential
        self._credential: TokenCredential | None = None
        self._domain = domain
        self._options = options or {}

    def fetch(self, name: str) -> FetchedSecret:
        vault, secret, version = _parts(name)
        try:
            from azure.core.exceptions import AzureError, HttpResponseError
        except ImportError:
            raise SecretRefused(
                f"azure-kv:{name}: the libraries of Azure are not installed; install genesis-core[secrets]"
            ) from None
        try:
            found = self._ask(vault, secret, version)
        except HttpResponseError as error:
            raise _answered(name, error) from None
        except AzureError as error:
            # No cause is kept: the library's errors carry the request, and with it the token.
            raise SecretUnavailable(f"azure-kv:{name}: the vault cannot be asked ({type(error).__name__})") from None
        except ValueError:
            raise SecretRefused(f"azure-kv:{name}: the vault sends its callers elsewhere, or makes no sense") from None
        return self._checked(name, found)

    def _ask(self, vault: str, secret: str, version: str | None) -> "KeyVaultSecret":
        from azure.keyvault.secrets import SecretClient

        if self._credential is None:
            self._credential = self._make_credential()
        with SecretClient(
            f"https://{vault}.{self._domain}",
            self._credential,
            transport=_bounded_transport(connection_timeout=TIMEOUT_S, **{"read_timeout": TIMEOUT_S, **self._options}),
            retry_total=0,  # whoever asks decides when to ask again
            permit_redirects=False,
        ) as client:
            return client.get_secret(secret, version)

    def _checked(self, name: str, found: "KeyVaultSecret") -> FetchedSecret:
        facts = found.properties
        now = self._clock.now()
        if facts.enabled is False:
            raise SecretRefused(f"azure-kv:{name}: it is disabled; enable it, or name another version")
        expires, begins = _mts(facts.expires_on), _mts(facts.not_before)
        if expires is not None and expires <= now:
            raise SecretRefused(f"azure-kv:{name}: it has expired; make a new version")
        if begins is not None and begins > now:
            raise SecretRefused(f"azure-kv:{name}: it is not valid yet")
        try:
            return FetchedSecret(Secret(secret_text(found.value or "")), facts.version or "", expires)
        except UnfitSecret as error:
            raise SecretRefused(f"azure-kv:{name}: its value {error}") from None


def _parts(name: str) -> tuple[str, str, str | None]:
    vault, _, rest = name.partition("/")
    secret, _, version = rest.partition("/")
    if not (_VAULT.fullmatch(vault) and _NAME.fullmatch(secret) and (not version or _VERSION.fullmatch(version))):
        raise SecretRefused(
            f"azure-kv:{name} names no secret; write azure-kv:VAULT/NAME or azure-kv:VAULT/NAME/VERSION"
        )
    return vault, secret, version or None


def _default_credential() -> "TokenCredential":
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential(exclude_interactive_browser_credential=True)


def _answered(name: str, error: "HttpResponseError") -> SecretRefused | SecretUnavailable:
    status = error.status_code or 0
    if status in _NO:
        return SecretRefused(f"azure-kv:{name}: {_NO[status]} ({status})")
    if status == 429:
        wait_s = _retry_after_s(error)
        return SecretUnavailable(f"azure-kv:{name}: the vault asks to wait {wait_s:g} s (429)", wait_s)
    if 300 <= status < 400:
        return SecretRefused(
            f"azure-kv:{name}: the vault sends its callers elsewhere ({status}), which is not followed"
        )
    if status >= 500:
        return SecretUnavailable(f"azure-kv:{name}: the vault is out of order ({status})")
    return SecretRefused(f"azure-kv:{name}: the vault refuses ({status or type(error).__name__})")


def _retry_after_s(error: "HttpResponseError") -> float:
    headers: Mapping[str, str] = getattr(error.response, "headers", {})
    text = str(headers.get("Retry-After", ""))
    return float(text) if text.isdigit() and len(text) <= 5 else 1.0


def _mts(moment: datetime | None) -> Mts | None:
    return None if moment is None else Mts(int(moment.timestamp() * 1000))


def _bounded_transport(**options: Any) -> Any:  # Any: a transport of the library, and its options
    """Return the library's transport, but one that stops reading an answer that no secret is."""
    from azure.core.exceptions import ServiceResponseError
    from azure.core.pipeline.transport import RequestsTransport

    class BoundedTransport(RequestsTransport):  # type: ignore[misc]  # the library declares it by a lazy import
        def send(self, request: Any, **kwargs: Any) -> Any:  # Any: as the library has them
            response = super().send(request, **{**kwargs, "stream": True})
            body = b""
            for piece in response.internal_response.iter_content(BYTES_MAX):
                body += piece
                if len(body) > ANSWER_BYTES_MAX:
                    response.internal_response.close()
                    raise ServiceResponseError("the answer is too long")
            # `requests` keeps what was read in this attribute, and the library reads it from there.
            response.internal_response._content = body  # noqa: SLF001
            return response

    return BoundedTransport(**options)
