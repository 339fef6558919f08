"""Secrets from the environment: read once, then gone from it, so that no child process and no `ps` shows them.

`env:NAME` is the variable NAME. Taking it out of `os.environ` is not enough: the kernel shows the block that the
process was started with, so the bytes there are overwritten as well, where the C library can be asked for them.
"""

import ctypes
import os
import re
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Final

from genesis.domain.secret_text import UnfitSecret, secret_text
from genesis.ports.errors import SecretRefused
from genesis.ports.secrets import FetchedSecret, Secret

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class EnvironmentSecrets:
    """The variables of *environ*, which is the process's own unless a test has another."""

    def __init__(self, environ: MutableMapping[str, str] = os.environ) -> None:
        self._environ = environ
        self._taken: dict[str, Secret] = {}

    def fetch(self, name: str) -> FetchedSecret:
        if not _NAME.fullmatch(name):
            raise SecretRefused(f"env:{name} is no name of a variable; write env:NAME")
        if name in self._environ:
            taken = take_variable(name, self._environ)
            try:
                self._taken[name] = Secret(secret_text(taken.reveal()))
            except UnfitSecret as error:
                raise SecretRefused(f"env:{name}: the variable {error}") from None
        if name not in self._taken:
            raise SecretRefused(f"env:{name}: there is no such variable; set it for this program alone")
        return FetchedSecret(self._taken[name])


def take_variable(name: str, environ: MutableMapping[str, str] = os.environ) -> Secret:
    """Return the variable *name* and leave nothing of it behind; raises `KeyError` where it is not set."""
    value = Secret(environ[name])
    if environ is os.environ:
        _overwrite(name)
    del environ[name]
    return value


def _overwrite(name: str) -> None:
    """Fill the variable's bytes in this process's memory with zeros, where that can be done."""
    if os.name != "posix":
        return
    with suppress(OSError, AttributeError):  # a libc that cannot be found leaves the block as it is
        libc = ctypes.CDLL(None)
        libc.getenv.restype = ctypes.c_void_p
        address = libc.getenv(name.encode())
        if address:
            ctypes.memset(address, 0, len(ctypes.string_at(address)))
