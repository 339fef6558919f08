"""What stands before the server where it speaks TLS: a few places for those who have not finished their handshake.

An event loop's own server tells nobody of a connection before its handshake is done, so strangers who never begin one
would take every file of the process, those of the journal and of the kill latch too.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import Final

from attrs import frozen

from genesis.adapters.http.waiting import address_of, giving_way

HANDSHAKES_MAX: Final = 128
HANDSHAKE_TIMEOUT_S: Final = 10.0
NO_FILE_PAUSE_S: Final = 0.1


@frozen(eq=False)
class _Handshake:
    address: str
    connection: socket.socket


class TlsDoor:
    """Accepts connections and hands over those whose handshake is done within ten seconds; one event loop uses it.

    One handshake too many ends the oldest of the address that has the most under way.
    """

    def __init__(
        self, listener: socket.socket, context: ssl.SSLContext, make_protocol: Callable[[], asyncio.Protocol]
    ) -> None:
        self._listener = listener
        self._context = context
        self._make_protocol = make_protocol
        self._under_way: list[_Handshake] = []

    async def run(self) -> None:
        """Let in until cancelled, which ends the handshakes that are under way."""
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    connection, peer = await loop.sock_accept(self._listener)
                except OSError:  # its client has gone, or there is no file for it: the next may fare better
                    await asyncio.sleep(NO_FILE_PAUSE_S)
                    continue
                tasks.create_task(self._let_in(_Handshake(address_of(peer), connection)), name="handshake")

    async def _let_in(self, handshake: _Handshake) -> None:
        self._under_way.append(handshake)
        if len(self._under_way) > HANDSHAKES_MAX:
            self._make_room()
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._make_protocol,
                handshake.connection,
                ssl=self._context,
                ssl_handshake_timeout=HANDSHAKE_TIMEOUT_S,
            )
        except OSError:  # errors of TLS and deadlines are such, too
            handshake.connection.close()
        finally:
            if handshake in self._under_way:
                self._under_way.remove(handshake)

    def _make_room(self) -> None:
        first = giving_way(self._under_way, lambda each: each.address)
        self._under_way.remove(first)
        with contextlib.suppress(OSError):  # gone already
            first.connection.shutdown(socket.SHUT_RDWR)  # its handshake fails, and the loop closes it
