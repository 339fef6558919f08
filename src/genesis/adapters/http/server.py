"""The HTTP server as a component: it binds, runs until cancelled, and is gone within a second.

It runs in a thread with an event loop of its own, so that a flood of requests, or one that takes long, never stands
between the trading loop and its next event: what the two share is the interpreter, which they take in turns of a
millisecond.
"""

import asyncio
import contextlib
import errno
import ipaddress
import os
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Final

import uvicorn
from attrs import frozen
from litestar import Litestar

from genesis.adapters.http.head import LOOPBACK, Names
from genesis.adapters.http.tls_door import TlsDoor
from genesis.ports.errors import InputError

BACKLOG: Final = 512
STOP_TIMEOUT_S: Final = 0.5
SWITCH_S: Final = 0.001
"""How long a thread may keep the interpreter while another wants it; five times less than Python's own choice."""


@frozen
class Exposure:
    """Leave to let other machines in: under these names alone, and over TLS."""

    certificate: Path
    key: Path
    hosts: tuple[str, ...]

    def names(self) -> Names:
        """Return what clients may call the server."""
        return Names(tuple(host.encode("idna") for host in self.hosts), b"https")


class HttpServer:
    """Serves *app* on *host* and *port*, where 0 lets the system choose.

    *host* must be this machine itself, unless *exposure* lets others in.
    """

    def __init__(
        self, app: Litestar, host: str = "127.0.0.1", port: int = 8000, exposure: Exposure | None = None
    ) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._exposure = exposure
        self._socket: socket.socket | None = None

    @property
    def url(self) -> str:
        """Where the server is reached; with the real port once it is bound."""
        if self._exposure is not None:
            return f"https://{self._exposure.hosts[0]}:{self._port}"
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    def bind(self) -> int:
        """Take the port, so that the first client can connect, and return it.

        Raises `InputError` when the host would let others in without leave, the certificate cannot be used, or the port
        is taken or not allowed. Binding again does nothing.
        """
        if self._socket is None:
            if self._exposure is not None:
                _certified(self._exposure)
            self._socket = _listening(self._host, self._port, is_exposed=self._exposure is not None)
            self._port = self._socket.getsockname()[1]
        return self._port

    async def run(self) -> None:
        """Serve until cancelled; binds first, with the errors of `bind`.

        On cancellation it takes no more requests, gives those under way half a second, and cancels the rest.
        """
        self.bind()
        assert self._socket is not None
        thread = _ServerThread(
            _config(self._app), self._socket, None if self._exposure is None else _certified(self._exposure)
        )
        thread.start()
        try:
            await asyncio.wrap_future(thread.ended)
        finally:
            thread.stop()
            await asyncio.shield(asyncio.to_thread(thread.join, 4 * STOP_TIMEOUT_S))
            self.close()

    def close(self) -> None:
        """Give the port back; for a server that was bound but never ran."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class _ServerThread:
    """A thread with an event loop in which uvicorn serves, over TLS with *tls*; *ended* is done when it is over."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket, tls: ssl.SSLContext | None) -> None:
        self.ended: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)
        self._config = config
        self._listener = listener
        self._tls = tls
        self._stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    def start(self) -> None:
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(self._serve())
        except BaseException as error:  # noqa: BLE001  # it is the caller's, who waits for it
            self._end(error)
        else:
            self._end(None)

    def stop(self) -> None:
        """Make it end, from another thread; stopping twice does nothing."""
        self._stopping.set()
        if self._loop is not None:
            assert self._stop is not None
            with contextlib.suppress(RuntimeError):  # its loop is closed already
                self._loop.call_soon_threadsafe(self._stop.set)

    def _end(self, error: BaseException | None) -> None:
        if self.ended.set_running_or_notify_cancel():
            if error is None:
                self.ended.set_result(None)
            else:
                self.ended.set_exception(error)

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        if self._stopping.is_set():
            return
        server = _Server(self._config)
        accepting = []
        if self._tls is not None:
            door = TlsDoor(self._listener, self._tls, lambda: server.protocol(self._config))
            accepting.append(asyncio.ensure_future(door.run()))
        serving = asyncio.ensure_future(server.serve(sockets=[] if accepting else [self._listener]))
        stop = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait([serving, stop, *accepting], return_when=asyncio.FIRST_COMPLETED)
        for task in (stop, *accepting):
            task.cancel()
        server.should_exit = True
        await asyncio.wait([serving], timeout=STOP_TIMEOUT_S)
        server.force_exit = True
        for task in server.server_state.tasks:
            task.cancel()
        await asyncio.wait([serving, *server.server_state.tasks], timeout=STOP_TIMEOUT_S)
        for task in (serving, *accepting):
            if task.done() and not task.cancelled():
                task.result()


class _Server(uvicorn.Server):
    """uvicorn without its hands on the process's signals, which belong to the run loop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def protocol(self, config: uvicorn.Config) -> asyncio.Protocol:
        """Return what serves a connection that was accepted elsewhere."""
        made: asyncio.Protocol = config.http_protocol_class(  # type: ignore[call-arg]  # as uvicorn itself calls it
            config=config, server_state=self.server_state, app_state={}
        )
        return made


def _loop_factory() -> "type[asyncio.AbstractEventLoop] | None":
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.Loop


def _config(app: Litestar) -> uvicorn.Config:
    sys.setswitchinterval(min(SWITCH_S, sys.getswitchinterval()))
    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,  # trusted from localhost otherwise, and localhost is where everybody comes from
        server_header=False,
        backlog=BACKLOG,
        h11_max_incomplete_event_size=16 * 1024,
    )
    if sys.platform != "win32":  # where there is no httptools, uvicorn's own protocol serves, without `/stream`
        from genesis.adapters.http.protocol import GuardedProtocol
        from genesis.adapters.http.websocket_protocol import WebSocketProtocol

        config.http = GuardedProtocol
        config.ws = WebSocketProtocol
    return config


def _certified(exposure: Exposure) -> ssl.SSLContext:
    """Return what TLS needs; raises `InputError` where the certificate cannot be used."""
    if not exposure.hosts:
        raise InputError("to let other machines in, say under which names they may call: GENESIS_NAMES")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(exposure.certificate, exposure.key)
    except (OSError, ssl.SSLError) as error:
        raise InputError(
            f"{exposure.certificate} and {exposure.key} cannot be used as certificate and key ({error}); give PEM files"
        ) from error
    return context


def names_of(exposure: Exposure | None) -> Names:
    """Return what clients may call a server with this *exposure*."""
    return LOOPBACK if exposure is None else exposure.names()


def _listening(host: str, port: int, *, is_exposed: bool) -> socket.socket:
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise InputError(f"host {host!r} is not an address; use 127.0.0.1, ::1 or localhost") from None
    if not (address.is_loopback or is_exposed):
        raise InputError(
            f"host {host} would let other machines in; use 127.0.0.1 and a tunnel, or GENESIS_EXPOSE with a certificate"
        )
    if not 0 <= port <= 65_535:
        raise InputError(f"port {port} does not exist; choose one from 1 to 65535, or 0 for any free one")
    listener = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    try:
        if os.name != "nt":  # there it would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((str(address), port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _bind_error(host, port, error) from error
    listener.setblocking(False)
    return listener


def _bind_error(host: str, port: int, error: OSError) -> InputError:
    if error.errno == errno.EADDRINUSE:
        return InputError(f"port {port} is in use on {host}; stop the other program, or choose another with --port")
    if error.errno in (errno.EACCES, errno.EPERM):
        return InputError(f"port {port} needs privileges that Genesis should not have; choose one above 1023")
    return InputError(f"port {port} on {host} cannot be used: {error.strerror}")
