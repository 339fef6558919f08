"""The WebSocket side of the server: carries frames between a transport and an ASGI application, without extensions.

The library that uvicorn would take is no dependency of Genesis, and brings compression and queues without bounds; what
`/stream` needs is little. A peer that does not answer a ping within twenty seconds is gone, and so is one that takes
nothing for ten seconds.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.server import ServerState

from genesis.adapters.http.refused import refused
from genesis.adapters.http.websocket_frames import (
    BrokenFrames,
    FrameReader,
    Opcode,
    accept_key,
    close_frame,
    frame,
    text_frames,
)

PING_EVERY_S: Final = 20.0
DRAIN_S: Final = 10.0
CLOSE_S: Final = 2.0
GOODBYE_S: Final = 0.2
INBOX_MAX: Final = 16

RESTART: Final = 1012
"""Close code: the server stops. Source: the registry of close codes of RFC 6455."""

Headers = Sequence[tuple[bytes, bytes]]

_VERSION: Final[Headers] = ((b"sec-websocket-version", b"13"),)
_BAD_HANDSHAKE: Final = "a WebSocket begins with a GET, the version 13, and a key of 16 bytes"


class WebSocketProtocol(asyncio.Protocol):
    """One connection after its HTTP request asked for an upgrade; *scope* is that request's."""

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any]) -> None:
        self._app = config.loaded_app
        self._state = server_state
        self._app_state = app_state
        self._loop = asyncio.get_running_loop()
        self._reader = FrameReader()
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue(INBOX_MAX)
        self._drained = asyncio.Event()
        self._drained.set()
        self._transport: asyncio.Transport
        self._key = b""
        self._is_accepted = self._is_closed = self._awaits_pong = False
        self._ping: asyncio.TimerHandle | None = None
        self._denial: list[bytes] = []

    def upgraded(self, transport: asyncio.Transport, scope: dict[str, Any]) -> None:
        """Take over *transport* with the request in *scope*."""
        self._transport = transport
        self._state.connections.add(self)  # type: ignore[arg-type]  # it is asked to shut down like uvicorn's own
        once = dict(scope["headers"])
        key = accept_key(once.get(b"sec-websocket-key", b""))
        if key is None or once.get(b"sec-websocket-version") != b"13" or scope["method"] != "GET":
            self._write(refused(400, "bad_handshake", _BAD_HANDSHAKE, _VERSION))
            self._gone()
            return
        self._key = key
        scope = {**scope, "type": "websocket", "scheme": "wss" if scope["scheme"] == "https" else "ws"}
        scope.update(
            subprotocols=_offered(scope["headers"]),
            extensions={"websocket.http.response": {}},
            state=self._app_state.copy(),
        )
        self._inbox.put_nowait({"type": "websocket.connect"})
        task = self._loop.create_task(self._run(scope))
        task.add_done_callback(self._state.tasks.discard)
        self._state.tasks.add(task)

    async def _run(self, scope: dict[str, Any]) -> None:
        try:
            await self._app(scope, self._receive, self._send)  # a scope that we made ourselves
        finally:
            self._close(1011)

    async def _receive(self) -> Any:  # Any: an ASGI event
        return await self._inbox.get()

    async def _send(self, message: Any) -> None:  # Any: an ASGI event
        match message["type"]:
            case "websocket.accept":
                head = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
                spoken = message.get("subprotocol")
                chosen = b"" if spoken is None else b"sec-websocket-protocol: %s\r\n" % spoken.encode("ascii")
                self._write(head + chosen + b"sec-websocket-accept: " + self._key + b"\r\n\r\n")
                self._is_accepted = True
                self._ping = self._loop.call_later(PING_EVERY_S, self._send_ping)
            case "websocket.send":
                data = message.get("bytes")
                self._write(text_frames(data if data is not None else message["text"].encode()))
                await self._drain()
            case "websocket.close":
                self._close(message.get("code", 1000), message.get("reason") or "")
            case "websocket.http.response.start":
                lines = [b"%s: %s\r\n" % (name, value) for name, value in message["headers"]]
                self._denial = [b"HTTP/1.1 %d Refused\r\n" % message["status"], *lines, b"\r\n"]
            case "websocket.http.response.body":
                self._write(b"".join(self._denial) + message["body"])
                self._gone()

    async def _drain(self) -> None:
        if self._drained.is_set():
            return
        try:
            async with asyncio.timeout(DRAIN_S):
                await self._drained.wait()
        except TimeoutError:
            self._transport.abort()

    def _close(self, code: int, reason: str = "") -> None:
        if self._is_closed:
            return
        if self._is_accepted:
            self._write(close_frame(code, reason))
        else:
            self._write(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        self._gone()

    def _gone(self) -> None:
        """Let the transport send what it has, but not for ever."""
        self._is_closed = True
        if self._ping is not None:
            self._ping.cancel()
        self._transport.close()
        self._loop.call_later(CLOSE_S, self._transport.abort)

    def _write(self, data: bytes) -> None:
        if not self._is_closed and not self._transport.is_closing():
            self._transport.write(data)

    def _send_ping(self) -> None:
        if self._awaits_pong:
            self._transport.abort()
            return
        self._awaits_pong = True
        self._write(frame(Opcode.PING, b""))
        self._ping = self._loop.call_later(PING_EVERY_S, self._send_ping)

    def data_received(self, data: bytes) -> None:
        if self._is_closed:
            return
        try:
            for arrived in self._reader.feed(data):
                self._arrived(arrived.opcode, arrived.data)
        except BrokenFrames as error:
            self._hear({"type": "websocket.disconnect", "code": error.code})
            self._close(error.code, str(error))

    def _arrived(self, opcode: Opcode, data: bytes) -> None:
        match opcode:
            case Opcode.TEXT:
                try:
                    self._hear({"type": "websocket.receive", "text": data.decode()})
                except UnicodeDecodeError:
                    raise BrokenFrames(1007, "text must be UTF-8") from None
            case Opcode.PING:
                self._write(frame(Opcode.PONG, data))
            case Opcode.PONG:
                self._awaits_pong = False
            case Opcode.CLOSE:
                code = int.from_bytes(data[:2], "big") if len(data) >= 2 else 1005
                self._hear({"type": "websocket.disconnect", "code": code})
                self._close(1000)

    def _hear(self, event: dict[str, Any]) -> None:
        if self._inbox.full() and event["type"] == "websocket.receive":
            raise BrokenFrames(1008, "messages come faster than they are read")
        if self._inbox.full():
            self._inbox.get_nowait()
        self._inbox.put_nowait(event)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._is_closed = True
        self._drained.set()
        self._state.connections.discard(self)
        if self._ping is not None:
            self._ping.cancel()
        self._hear({"type": "websocket.disconnect", "code": 1006})

    def eof_received(self) -> None:
        """Let the transport close itself."""

    def pause_writing(self) -> None:
        self._drained.clear()

    def resume_writing(self) -> None:
        self._drained.set()

    def shutdown(self) -> None:
        """Let the application say goodbye with its reason, for the server stops; say it without one if it does not."""
        self._hear({"type": "websocket.disconnect", "code": RESTART})
        self._loop.call_later(GOODBYE_S, self._close, RESTART)


def _offered(headers: Headers) -> list[str]:
    """Return the subprotocols that the client offers, in order. Source: RFC 6455, section 11.3.4."""
    texts = [value.decode("latin-1") for name, value in headers if name == b"sec-websocket-protocol"]
    return [word for text in texts for each in text.split(",") if (word := each.strip())]
