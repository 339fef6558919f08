"""The HTTP server as a component: it binds, runs until cancelled, and is gone within a second."""

import asyncio
import contextlib
import errno
import ipaddress
import os
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn
from litestar import Litestar

from genesis.ports.errors import InputError

CONNECTIONS_MAX: Final = 512
STOP_TIMEOUT_S: Final = 0.5


class HttpServer:
    """Serves *app* on *host*, which must be this machine itself, and *port*, where 0 lets the system choose."""

    def __init__(self, app: Litestar, host: str = "127.0.0.1", port: int = 8000) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._socket: socket.socket | None = None

    @property
    def url(self) -> str:
        """Where the server is reached; with the real port once it is bound."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    def bind(self) -> int:
        """Take the port, so that the first client can connect, and return it.

        Raises `InputError` when the host is not this machine, or the port is taken or not allowed. Binding again does
        nothing.
        """
        if self._socket is None:
            self._socket = _listening(self._host, self._port)
            self._port = self._socket.getsockname()[1]
        return self._port

    async def run(self) -> None:
        """Serve until cancelled; binds first, with the errors of `bind`.

        On cancellation it takes no more requests, gives those under way half a second, and cancels the rest.
        """
        self.bind()
        assert self._socket is not None
        server = _Server(_config(self._app))
        serving = asyncio.ensure_future(server.serve(sockets=[self._socket]))
        try:
            await asyncio.shield(serving)
        finally:
            try:
                server.should_exit = True
                await asyncio.wait([serving], timeout=STOP_TIMEOUT_S)
                server.force_exit = True
                for task in server.server_state.tasks:
                    task.cancel()
                await asyncio.wait([serving, *server.server_state.tasks], timeout=STOP_TIMEOUT_S)
            finally:
                self.close()

    def close(self) -> None:
        """Give the port back; for a server that was bound but never ran."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class _Server(uvicorn.Server):
    """uvicorn without its hands on the process's signals, which belong to the run loop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _config(app: Litestar) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,  # trusted from localhost otherwise, and localhost is where everybody comes from
        server_header=False,
        limit_concurrency=CONNECTIONS_MAX,
    )


def _listening(host: str, port: int) -> socket.socket:
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise InputError(f"host {host!r} is not an address; use 127.0.0.1, ::1 or localhost") from None
    if not address.is_loopback:
        raise InputError(f"host {host} would let other machines in, which needs TLS; use 127.0.0.1 and a tunnel")
    if not 0 <= port <= 65_535:
        raise InputError(f"port {port} does not exist; choose one from 1 to 65535, or 0 for any free one")
    listener = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    try:
        if os.name != "nt":  # there it would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((str(address), port))
        listener.listen(CONNECTIONS_MAX)
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
