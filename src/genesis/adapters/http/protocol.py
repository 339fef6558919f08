"""uvicorn's HTTP protocol with deadlines and bounds of its own.

uvicorn waits for a request's head for ever, takes heads of any size, answers what it cannot parse with plain text, and
when its connections are used up refuses everybody, the owner too. Writing these rules into a subclass costs less than
another server: hypercorn has a deadline for heads, but carries a third of the requests. The absolute form of a target
is refused here, for the parser hides its authority from the application.
"""

import asyncio
from collections import Counter
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from genesis.adapters.http.guard import Admitted
from genesis.adapters.http.head import HEADER_BYTES_MAX
from genesis.adapters.http.refused import refused
from genesis.adapters.http.waiting import address_of
from genesis.adapters.http.websocket_protocol import WebSocketProtocol
from genesis.ports.access import Role

CONNECTIONS_MAX: Final = 512
HEADER_TIMEOUT_S: Final = 5.0
WRITE_TIMEOUT_S: Final = 10.0


class GuardedProtocol(HttpToolsProtocol):
    """One connection. Its head has five seconds and 16 KiB.

    Where there are too many, one makes room for the new one: an idle one if there is any, else a stranger's, of the
    address that has the most. Whoever showed a valid token is served to the end.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.born_s = self.loop.time()
        self._is_in_head = True
        self._head_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._write_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS_MAX and not self._make_room():
            self._refuse(503, "too_many_connections", "all connections are busy: try again in a moment")
            return
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        if self._write_deadline is not None:
            self._write_deadline.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._is_in_head:
            self._head_bytes += len(data)
            if self._deadline is None:
                self._arm()
        super().data_received(data)
        if self._is_in_head and self._head_bytes > HEADER_BYTES_MAX:
            self._refuse(431, "headers_too_large", f"headers may have {HEADER_BYTES_MAX} bytes together")

    def on_headers_complete(self) -> None:
        if not self.url.startswith(b"/"):
            raise ValueError("the target must be a path")  # the parser makes a parse error of it
        self._is_in_head = False
        self._disarm()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._is_in_head = True
        self._head_bytes = 0

    def handle_websocket_upgrade(self) -> None:
        self._disarm()
        self.connections.discard(self)
        path, _, query = self.url.partition(b"?")
        decoded = path.decode("ascii", "replace")
        protocol = WebSocketProtocol(self.config, self.server_state, self.app_state)
        self.transport.set_protocol(protocol)
        protocol.upgraded(self.transport, {**self.scope, "path": decoded, "raw_path": path, "query_string": query})

    def send_400_response(self, msg: str) -> None:
        del msg  # it is the parser's, and says less
        self._refuse(400, "not_http", "this is no HTTP/1.1 request that this server reads")

    def pause_writing(self) -> None:
        super().pause_writing()
        self._write_deadline = self.loop.call_later(WRITE_TIMEOUT_S, self.transport.abort)

    def resume_writing(self) -> None:
        if self._write_deadline is not None:
            self._write_deadline.cancel()
            self._write_deadline = None
        super().resume_writing()

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits for an answer here."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def is_strangers(self) -> bool:
        """Whether whoever asked here last showed no valid token."""
        admitted = self.scope.get("auth") if self.scope else None
        return not (isinstance(admitted, Admitted) and admitted.principal.role > Role.PUBLIC)

    def _make_room(self) -> bool:
        """Close the connection that can best be spared; tell whether there was one."""
        others = [each for each in self.connections if isinstance(each, GuardedProtocol) and each is not self]
        spared = [each for each in others if (each.is_idle or each.is_strangers) and not each.transport.is_closing()]
        if not spared:
            return False
        held = Counter(address_of(each.client) for each in spared)
        first = min(spared, key=lambda each: (not each.is_idle, -held[address_of(each.client)], each.born_s))
        first.transport.abort()
        self.connections.discard(first)
        return True

    def _arm(self) -> None:
        self._deadline = self.loop.call_later(HEADER_TIMEOUT_S, self._too_slow)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        if not self.is_idle:
            return  # the answer before is still on its way, and the head that follows is not read
        if self._head_bytes:
            self._refuse(408, "head_too_slow", f"the head did not arrive within {HEADER_TIMEOUT_S:g} s")
        else:
            self.transport.close()

    def _refuse(self, status: int, code: str, message: str) -> None:
        if self.transport.is_closing():
            return
        self._disarm()
        self.transport.write(refused(status, code, message))
        self.transport.close()
