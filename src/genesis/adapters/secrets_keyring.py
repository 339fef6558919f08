"""Secrets from the keyring of the operating system: `keyring:SERVICE/USER`.

Only backends that are known to keep secrets encrypted are used. The library would take whatever is installed, and some
of that writes plain text to a file.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from genesis.domain.secret_text import UnfitSecret, secret_text
from genesis.ports.errors import SecretRefused, SecretUnavailable
from genesis.ports.secrets import FetchedSecret, Secret

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

TRUSTED: Final = frozenset(
    {
        "keyring.backends.SecretService.Keyring",
        "keyring.backends.Windows.WinVaultKeyring",
        "keyring.backends.kwallet.DBusKeyring",
        "keyring.backends.libsecret.Keyring",
        "keyring.backends.macOS.Keyring",
    }
)
_CHAINER: Final = "keyring.backends.chainer.ChainerBackend"


class KeyringSecrets:
    """The keyring that the library finds, if it is one of *trusted*."""

    def __init__(self, trusted: Collection[str] = TRUSTED) -> None:
        self._trusted = trusted

    def fetch(self, name: str) -> FetchedSecret:
        try:
            import keyring
            from keyring.errors import KeyringError, KeyringLocked
        except ImportError:
            raise SecretRefused(
                f"keyring:{name}: the library keyring is not installed; install genesis-core[secrets]"
            ) from None
        service, _, user = name.rpartition("/")
        if not service or not user:
            raise SecretRefused(f"keyring:{name} names no user; write keyring:SERVICE/USER")
        backend = keyring.get_keyring()
        self._check(backend, name)
        try:
            found = backend.get_password(service, user)
        except KeyringLocked:
            raise SecretUnavailable(f"keyring:{name}: the keyring is locked; unlock it") from None
        except (KeyringError, OSError, RuntimeError) as error:
            # The text of such an error is the backend's, and nobody knows what it repeats.
            raise SecretUnavailable(f"keyring:{name}: the keyring failed with {type(error).__name__}") from None
        if found is None:
            raise SecretRefused(f"keyring:{name}: there is no such entry; `keyring set {service} {user}` makes one")
        try:
            return FetchedSecret(Secret(secret_text(found)))
        except UnfitSecret as error:
            raise SecretRefused(f"keyring:{name}: the entry {error}") from None

    def _check(self, backend: "KeyringBackend", name: str) -> None:
        kind = f"{type(backend).__module__}.{type(backend).__qualname__}"
        if kind == _CHAINER:
            for each in getattr(backend, "backends", ()):
                self._check(each, name)
        elif kind not in self._trusted:
            raise SecretRefused(
                f"keyring:{name}: the backend {kind} is not known to keep secrets safe; set up the system's own keyring"
            )
