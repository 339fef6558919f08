"""Raw frames on disk: what came over each connection and when, in zstd segments that appear whole or not at all.

A segment is JSON lines, `[RECEIVED_US, CONNECTION, FRAME]`, with the frame's text as a JSON string, exactly as it was
received; the last line is how many there are. It is written as `*.part`, synced, and renamed; a `*.part` that is left
over is the tail of a recorder that was killed, and can be read as far as it goes. The reader of a connection never
waits for the disk: frames wait in memory up to a bound, and what exceeds it is dropped and marked by a line whose
frame is null.
"""

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, NamedTuple, Protocol

from genesis.ports.clock import Clock
from genesis.ports.errors import InputError, StoreError
from genesis.ports.socket import Connector, Socket

WAITING_CHARS_MAX: Final = 64 * 2**20
LINE_BYTES_MAX: Final = 8 * 2**20
SUFFIX: Final = ".frames.zst"


class RecordedFrame(NamedTuple):
    """A frame as it came; *frame* is None where frames were dropped because the disk was too slow."""

    received_us: int
    connection: str
    frame: str | None


class FrameRecorder:
    """Writes frames into segments of about *segment_bytes* of text in *folder*."""

    def __init__(self, folder: Path, clock: Clock, segment_bytes: int = 64 * 2**20) -> None:
        self.frames = 0
        """How many frames were taken."""
        self.dropped = 0
        """How many were not, for want of room."""
        self._folder = folder
        self._clock = clock
        self._segment_bytes = segment_bytes
        self._waiting: list[RecordedFrame] = []
        self._waiting_chars = 0
        self._segment: _Segment | None = None
        self._lock = threading.Lock()

    def take(self, connection: str, frame: str) -> None:
        """Take a frame; never waits."""
        now_us = self._clock.now_us()
        if self._waiting_chars + len(frame) > WAITING_CHARS_MAX:
            self.dropped += 1
            if not self._waiting or self._waiting[-1].frame is not None:
                self._waiting.append(RecordedFrame(now_us, connection, None))
            return
        self.frames += 1
        self._waiting_chars += len(frame)
        self._waiting.append(RecordedFrame(now_us, connection, frame))

    async def run(self, every_s: float = 1.0) -> None:
        """Write what was taken every *every_s* until cancelled, then close the last segment.

        Raises `StoreError` when the disk does not take it.
        """
        try:
            while True:
                await self._clock.sleep(every_s)
                await asyncio.to_thread(self._write, self._taken())
        finally:
            # Not awaited in a thread: a cancelled task may be cancelled again, and the segment must become whole.
            self._write(self._taken(), is_last=True)

    def _taken(self) -> list[RecordedFrame]:
        waiting, self._waiting, self._waiting_chars = self._waiting, [], 0
        return waiting

    def _write(self, waiting: list[RecordedFrame], *, is_last: bool = False) -> None:
        """Write frames, and close the segment if these are the last.

        Whoever is cancelled meets the thread he left behind.
        """
        try:
            with self._lock:
                for recorded in waiting:
                    if self._segment is None:
                        self._segment = _Segment(self._folder, recorded.received_us)
                    self._segment.write(recorded)
                    if self._segment.text_bytes >= self._segment_bytes:
                        self._close()
                if is_last:
                    self._close()
        except OSError as problem:
            raise StoreError(f"frames cannot be written to {self._folder}: {problem.strerror or problem}") from problem

    def _close(self) -> None:
        segment, self._segment = self._segment, None
        if segment is not None:
            segment.close()


class _Writer(Protocol):
    """What is used of zstandard's writer, part of which has no types."""

    def write(self, data: bytes) -> int: ...

    def close(self) -> None: ...


class _Segment:
    """One file while it grows."""

    def __init__(self, folder: Path, first_us: int) -> None:
        from zstandard import ZstdCompressor

        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{first_us}{SUFFIX}"
        self._part = self._path.with_suffix(".zst.part")
        self._file: IO[bytes] = self._part.open("xb")
        compressor = ZstdCompressor(level=3, write_checksum=True)
        self._writer: _Writer = compressor.stream_writer(self._file, closefd=False)
        self._lines = 0
        self.text_bytes = 0

    def write(self, recorded: RecordedFrame) -> None:
        """Add a line."""
        line = json.dumps(recorded, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
        self.text_bytes += len(line)
        self._lines += 1
        self._writer.write(line)

    def close(self) -> None:
        """Say how many lines there are, and make the segment durable under its name."""
        self._writer.write(b"%d\n" % self._lines)
        self._writer.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.rename(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def recorded_frames(path: Path) -> Iterator[RecordedFrame]:
    """Yield the frames of a segment, or of all segments of a folder in order of time.

    Raises `InputError` naming file and line for anything that is no recording.
    """
    files = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
    if not files:
        raise InputError(f"{path} holds no recorded frames (*{SUFFIX})")
    for file in files:
        yield from _segment_frames(file)


def _segment_frames(file: Path) -> Iterator[RecordedFrame]:
    from msgspec import DecodeError
    from msgspec.json import Decoder
    from zstandard import ZstdDecompressor, ZstdError

    wanted: type[RecordedFrame | int] = RecordedFrame | int  # type: ignore[assignment]  # mypy has no type for a union
    decode = Decoder(wanted).decode
    number, total = 0, -1
    try:
        with file.open("rb") as packed, ZstdDecompressor().stream_reader(packed, closefd=False) as unpacked:
            for line in _lines(unpacked):
                recorded = decode(line)
                if isinstance(recorded, int):
                    total = recorded
                    break
                number += 1
                yield recorded
    except (ValueError, DecodeError, ZstdError) as problem:
        raise InputError(f"{file}, after line {number}: {problem}") from problem
    except OSError as problem:
        raise InputError(f"{file} cannot be read: {problem.strerror or problem}") from problem

    if total != number and file.suffix != ".part":
        raise InputError(f"{file} is cut: {number} lines of {total if total >= 0 else 'more'}")


def _lines(unpacked: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while chunk := unpacked.read(2**16):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
        if len(rest) > LINE_BYTES_MAX:
            raise ValueError(f"a line of more than {LINE_BYTES_MAX} bytes")
    if rest:
        raise ValueError("the last line is cut")


class RecordingConnector:
    """A `Connector` whose sockets tell a recorder what they receive."""

    def __init__(self, connector: Connector, recorder: FrameRecorder) -> None:
        self._connector = connector
        self._recorder = recorder
        self._count = 0

    async def connect(self, url: str) -> "RecordingSocket":
        """Open a connection; it gets a name of its own."""
        socket = await self._connector.connect(url)
        self._count += 1
        return RecordingSocket(socket, self._recorder, f"connection-{self._count}")


class RecordingSocket:
    """A `Socket` that tells a recorder what it receives."""

    def __init__(self, socket: Socket, recorder: FrameRecorder, name: str) -> None:
        self._socket = socket
        self._recorder = recorder
        self._name = name

    async def send(self, text: str) -> None:
        """Hand one message to the network."""
        await self._socket.send(text)

    async def receive(self) -> str:
        """Return the next message, recorded."""
        text = await self._socket.receive()
        self._recorder.take(self._name, text)
        return text

    async def close(self) -> None:
        """End the connection."""
        await self._socket.close()
