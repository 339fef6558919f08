"""A stream of bytes that is masked on its way, also where a secret lies across two writes."""

import io
from typing import TYPE_CHECKING, BinaryIO, Final

from genesis.adapters.redaction.redactor import Redactor

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

LINE_BYTES_MAX: Final = 65_536
"""A longer line is passed on in parts. By value nothing is missed there; a name and its value may be parted."""


class RedactingStream(io.RawIOBase):
    """Passes whole lines on, masked, and keeps an unfinished one until it ends or the stream is closed.

    For standard error: `io.TextIOWrapper(io.BufferedWriter(RedactingStream(sys.stderr.buffer, redactor)),
    line_buffering=True)`.
    """

    def __init__(self, sink: BinaryIO, redactor: Redactor) -> None:
        super().__init__()
        self._sink = sink
        self._redactor = redactor
        self._kept = b""

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, chunk: "ReadableBuffer") -> int:
        """Take *chunk* and pass on what is safe; returns its length in bytes."""
        data = bytes(chunk)
        masked = self._redactor.data(self._kept + data)
        safe = max(0, len(masked) - self._redactor.overlap_of_lines)
        end = masked.rfind(b"\n", 0, safe) + 1
        if len(masked) - end > LINE_BYTES_MAX:
            end = max(end, len(masked) - self._redactor.overlap)
        self._sink.write(masked[:end])
        self._kept = masked[end:]
        return len(data)

    def flush(self) -> None:
        """Flush the sink; an unfinished line stays here, for its rest may turn it into a secret."""
        if not self.closed:
            self._sink.flush()

    def close(self) -> None:
        """Pass on the rest; the sink stays open."""
        if not self.closed:
            self._sink.write(self._redactor.data(self._kept))
            self._kept = b""
            self.flush()
        super().close()
