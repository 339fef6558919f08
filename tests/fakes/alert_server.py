"""A web server on loopback that takes what alerts post, and answers as it is told."""

import json
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from aiohttp.test_utils import TestServer

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answering(status: int, body: object = None, **headers: str) -> Answer:
    """Return an answer of *status*."""

    async def answer(_: web.Request) -> web.StreamResponse:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, body=json.dumps(body if body is not None else {"ok": True}), headers=names)

    return answer


class AlertServer:
    """Answers 200 unless something else is planned; `seen` holds paths and bodies."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Any]] = []  # Any: JSON
        self.planned: list[Answer] = []
        self._server: TestServer

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._server = TestServer(app, host="127.0.0.1")
        await self._server.start_server()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._server.close()

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server.port is not None
        return self._server.port

    @property
    def base(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append((request.path, await request.json()))
        return await (self.planned.pop(0) if self.planned else answering(200))(request)
