"""The pool of connections, each with a number, so that a slow or failing one shows among the others.

Loaded with the first request: it needs the library at hand.
"""

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

import aiohttp

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler

NUMBERS_MAX: Final = 32
"""Connections beyond these share one label: a burst must not make hundreds of series."""

CARRIER: Final[ContextVar[str]] = ContextVar("CARRIER")
"""The label of the connection that carries the request of this task; unset until there is one."""


class NumberedConnector(aiohttp.TCPConnector):
    """Numbers connections from 1, the smallest free number first, and tells `CARRIER` which one a request got."""

    def __init__(self, **options: Any) -> None:  # Any: the library's options, passed on as they are
        super().__init__(**options)
        self._numbers: WeakKeyDictionary[ResponseHandler, int] = WeakKeyDictionary()

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],  # Any: as the library has it
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  # the library's own parameter
    ) -> aiohttp.connector.Connection:
        """Return a connection for a request, kept or new."""
        connection = await super().connect(req, traces, timeout)
        if connection.protocol is not None:
            number = self._number(connection.protocol)
            CARRIER.set(str(number) if number <= NUMBERS_MAX else "more")
        return connection

    @property
    def open_count(self) -> int:
        """How many connections are open now."""
        return sum(protocol.is_connected() for protocol in self._numbers)

    def _number(self, protocol: "ResponseHandler") -> int:
        if protocol not in self._numbers:
            taken = {number for other, number in self._numbers.items() if other.is_connected()}
            self._numbers[protocol] = next(number for number in range(1, len(taken) + 2) if number not in taken)
        return self._numbers[protocol]
