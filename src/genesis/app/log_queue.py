"""Logs that nobody waits for: a bounded queue and a thread that writes, whatever the reader of the lines does.

Full, it drops and counts. The last quarter is kept for warnings, errors and orders, so that a flood of information
leaves them room; how many lines were lost is a line of its own once the reader takes lines again.
"""

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from queue import Full, Queue
from threading import Thread
from typing import Final, TextIO

from genesis.app.event_sampling import ALWAYS
from genesis.app.log_lines import category_of_record, severity_of

LINES_MAX: Final = 4_096
STOP_S: Final = 1.0


class QueuedLog(logging.Handler):
    """Takes records at once and formats and writes them in a thread: *formatter* and *filters* run there."""

    def __init__(
        self,
        formatter: logging.Formatter,
        masking: logging.Filter,
        on_drop: Callable[[], None],
        write: Callable[[bytes], None],
        lines_max: int = LINES_MAX,
    ) -> None:
        """*on_drop* is called for each line that is lost, by whoever logged it, *write* by the thread."""
        super().__init__()
        self.setFormatter(formatter)
        self._masking = masking
        self._on_drop = on_drop
        self._write = write
        self._queue: Queue[logging.LogRecord | None] = Queue(lines_max)
        self._reserved_from = lines_max - lines_max // 4
        self._dropped = 0
        self._thread = Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Take *record*, or count it as lost."""
        with suppress(TypeError, ValueError, KeyError):  # arguments that do not fit are shown by the mask
            record.msg, record.args = record.getMessage(), None  # now: what they name may change
        is_urgent = severity_of(record) != "info" or category_of_record(record) == ALWAYS
        if is_urgent or self._queue.qsize() < self._reserved_from:
            with suppress(Full):
                self._queue.put_nowait(record)
                return
        self._dropped += 1
        self._on_drop()

    def stop(self, seconds: float = STOP_S) -> None:
        """Write what is left, for *seconds* at most; whoever does not read by then gets no more."""
        with suppress(Full):
            self._queue.put(None, timeout=seconds)
            self._thread.join(seconds)

    def _run(self) -> None:
        while (record := self._queue.get()) is not None:
            self._put(record)
            if self._dropped and self._queue.qsize() < self._reserved_from:
                lost, self._dropped = self._dropped, 0
                self._put(_lost(lost))

    def _put(self, record: logging.LogRecord) -> None:
        try:
            self._masking.filter(record)
            line = self.format(record)
        except Exception:  # noqa: BLE001 - a value whose text cannot be made must not end the log
            line = f"a record of {record.name} at {record.pathname}:{record.lineno} cannot be written"
        with suppress(OSError, ValueError):  # where nobody reads any more
            self._write(f"{line}\n".encode("utf-8", "backslashreplace"))


def unbuffered(stream: TextIO) -> Callable[[bytes], None]:
    """Return what writes to *stream* past its buffer, or to the buffer where no file is behind it."""
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        return lambda data: print(data.decode(), file=stream, end="")

    def write(data: bytes) -> None:
        while data:
            data = data[os.write(number, data) :]

    return write


def _lost(lines: int) -> logging.LogRecord:
    record = logging.LogRecord("genesis.log", logging.WARNING, __file__, 0, "system.log_lines_dropped", None, None)
    record.fields = {"lines": lines}
    return record
