"""The trace of a world: everything that passed, in order, as one hash. The same seed has the same one everywhere."""

import hashlib
from collections.abc import Callable, Sequence

from genesis.app.simulation.network import Tap
from genesis.domain.journal.chain import Row
from genesis.ports.transport import HttpAnswer, HttpRequest


class Trace:
    """Hashes what happens and hands it on to *tap*; *now_s* tells the virtual time."""

    def __init__(self, now_s: Callable[[], float], tap: Tap, log: Callable[[str], None] | None = None) -> None:
        """*log* sees every line, for a person who looks into a seed."""
        self.lines = 0
        self._now_s = now_s
        self._tap = tap
        self._log = log
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> str:
        """The hash of everything so far."""
        return self._hash.hexdigest()

    def note(self, line: str) -> None:
        """Take something that happened."""
        self.lines += 1
        line = f"{self._now_s():.6f} {line}\n"
        self._hash.update(line.encode())
        if self._log is not None:
            self._log(line)

    def rows(self, rows: Sequence[Row]) -> None:
        """Take rows that became durable."""
        for row in rows:
            self.note(f"row {row.seq} {row.payload}")

    def frame_left(self, text: str) -> None:
        """Take a frame that leaves."""
        self.note(f"> {text}")
        self._tap.frame_left(text)

    def frame_came(self, text: str) -> None:
        """Take a frame that the process reads."""
        self.note(f"< {text}")
        self._tap.frame_came(text)

    def request_left(self, request: HttpRequest) -> None:
        """Take a request that leaves."""
        self.note(f"> {request.method} {request.url} {request.headers.get('bfx-nonce', '')} {request.body.decode()}")
        self._tap.request_left(request)

    def answer_came(self, request: HttpRequest, answer: HttpAnswer) -> None:
        """Take an answer that the process reads."""
        self.note(f"< {answer.status} {answer.body.decode(errors='replace')}")
        self._tap.answer_came(request, answer)
