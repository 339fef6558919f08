"""Secrets from 1Password through its command line: `op:VAULT/ITEM/FIELD`, with a section between if need be.

The program `op` is run without a shell and without our environment, but for what it needs itself. What it says is never
repeated: nobody knows what is in it.
"""

import os
import re
import selectors
import shutil
import signal
import subprocess
from collections.abc import Mapping
from typing import IO, Final

from genesis.domain.secret_text import BYTES_MAX, UnfitSecret, secret_text
from genesis.ports.clock import Clock
from genesis.ports.errors import SecretRefused, SecretUnavailable
from genesis.ports.secrets import FetchedSecret, Secret

TIMEOUT_S: Final = 20.0

_PART: Final = re.compile(r"[A-Za-z0-9 _.@-]+")
_PASSED_ON: Final = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "TMPDIR", "SYSTEMROOT", "APPDATA", "LOCALAPPDATA")
_PREFIXES: Final = ("OP_", "XDG_", "LC_")
_REASONS: Final[tuple[tuple[str, str, bool], ...]] = (
    ("more than one", "more than one item has this name; use the item's id instead", False),
    ("isn't an item", "there is no such item", False),
    ("isn't a vault", "there is no such vault", False),
    ("isn't a field", "the item has no such field", False),
    ("could not find item", "there is no such item", False),
    ("not currently signed in", "nobody is signed in; sign in with `op signin`, or give a service account", True),
    ("session expired", "the sign-in has expired; sign in with `op signin`", True),
    ("authorization", "1Password did not let it in", False),
    ("too many requests", "1Password asks to wait", True),
    ("rate limit", "1Password asks to wait", True),
    ("dial tcp", "1Password cannot be reached", True),
    ("timeout", "1Password cannot be reached", True),
)
"""What `op` says, what that means, and whether asking later may help."""


class OnePasswordSecrets:
    """The items that `op` can read; *timeout_s* is for one of them."""

    def __init__(self, clock: Clock, timeout_s: float = TIMEOUT_S) -> None:
        self._clock = clock
        self._timeout_s = timeout_s

    def fetch(self, name: str) -> FetchedSecret:
        parts = name.split("/")
        if len(parts) not in (3, 4) or not all(_PART.fullmatch(part) for part in parts):
            raise SecretRefused(f"op:{name} names no field; write op:VAULT/ITEM/FIELD")
        program = shutil.which("op")
        if program is None:
            raise SecretRefused(f"op:{name}: the program op is not on the PATH; install the command line of 1Password")
        code, said, complaint = self._run([program, "read", "--no-newline", f"op://{name}"], name)
        if code:
            raise _error(name, code, complaint)
        try:
            return FetchedSecret(Secret(secret_text(said)))
        except UnfitSecret as error:
            raise SecretRefused(f"op:{name}: the field {error}") from None

    def _run(self, command: list[str], name: str) -> tuple[int, bytes, str]:
        """Return exit code, output and complaint of *command*; it and its children are gone afterwards."""
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_environment(os.environ),
                start_new_session=True,
            )
        except OSError as error:
            raise SecretRefused(f"op:{name}: op cannot be started: {error.strerror}") from None
        with process:
            assert process.stdout is not None
            assert process.stderr is not None
            try:
                deadline_s = self._clock.monotonic_s() + self._timeout_s
                said, complaint = self._read_both(process.stdout, process.stderr, deadline_s)
                is_too_long = max(len(said), len(complaint)) > BYTES_MAX  # then it still writes, and nobody reads
                code = 0 if is_too_long else process.wait(max(0.1, deadline_s - self._clock.monotonic_s()))
            except (TimeoutError, subprocess.TimeoutExpired):
                raise SecretUnavailable(f"op:{name}: op gave no answer within {self._timeout_s:g} s") from None
            finally:
                _end(process)
        return code, said, complaint.decode("utf-8", "replace").lower()

    def _read_both(self, out: IO[bytes], err: IO[bytes], deadline_s: float) -> tuple[bytes, bytes]:
        """Return what comes out of both pipes until they end or say too much; raises `TimeoutError`."""
        found: dict[int, bytes] = {out.fileno(): b"", err.fileno(): b""}
        with selectors.DefaultSelector() as selector:
            for pipe in found:
                selector.register(pipe, selectors.EVENT_READ)
            while selector.get_map():
                left_s = deadline_s - self._clock.monotonic_s()
                ready = selector.select(left_s) if left_s > 0 else []
                if not ready:
                    raise TimeoutError
                for key, _ in ready:
                    piece = os.read(key.fd, BYTES_MAX)
                    found[key.fd] += piece
                    if len(found[key.fd]) > BYTES_MAX:
                        return found[out.fileno()], found[err.fileno()]
                    if not piece:
                        selector.unregister(key.fd)
        return found[out.fileno()], found[err.fileno()]


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)  # a session of its own: its children end with it
        else:
            process.kill()


def _error(name: str, code: int, complaint: str) -> SecretRefused | SecretUnavailable:
    for words, meaning, may_pass in _REASONS:
        if words in complaint:
            return SecretUnavailable(f"op:{name}: {meaning}") if may_pass else SecretRefused(f"op:{name}: {meaning}")
    return SecretRefused(f"op:{name}: op ended with code {code}; run `op read op://{name}` yourself to see why")


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name in _PASSED_ON or name.startswith(_PREFIXES)}
