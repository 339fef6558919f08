"""The last stop of an answer: secrets of this process leave in none, wherever they came from."""

from collections.abc import Callable

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

Mask = Callable[[bytes], bytes]


class MaskedAnswers:
    """An ASGI application around *app* whose answers and messages pass through *mask*.

    An answer is held back until its end, so that a secret that lies across two pieces is seen.
    """

    def __init__(self, app: ASGIApp, mask: Mask) -> None:
        self._app = app
        self._mask = mask

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            await self._app(scope, receive, _Answer(self._mask, send))
            return

        async def send_masked(message: Message) -> None:
            if message["type"] == "websocket.send":
                if message.get("text") is not None:
                    message["text"] = self._mask(str(message["text"]).encode()).decode()
                if message.get("bytes") is not None:
                    message["bytes"] = self._mask(bytes(message["bytes"] or b""))
            if message["type"] == "websocket.close" and message.get("reason"):
                message["reason"] = self._mask(str(message["reason"]).encode()).decode()
            await send(message)

        await self._app(scope, receive, send_masked)


class _Answer:
    """Takes the pieces of one answer and sends it whole."""

    def __init__(self, mask: Mask, send: Send) -> None:
        self._mask = mask
        self._send = send
        self._start: HTTPResponseStartEvent | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body" and self._start is not None:
            self._body += message["body"]
            if not message["more_body"]:
                await self._finish(self._start)
        else:
            await self._send(message)

    async def _finish(self, start: HTTPResponseStartEvent) -> None:
        body = self._mask(self._body)
        changed = len(body) != len(self._body)
        headers = [
            (name, b"%d" % len(body) if changed and name == b"content-length" else self._mask(value))
            for name, value in start["headers"]
        ]
        await self._send({"type": "http.response.start", "status": start["status"], "headers": headers})
        await self._send({"type": "http.response.body", "body": body, "more_body": False})
