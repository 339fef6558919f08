"""A small Bitfinex on a loopback port: real signatures, real nonces, one order book without a market.

It is written from the protocol's description and shares no code with the adapters, so that a misreading shows. Faults
are scripted: the next request to a path can be answered by anything.
"""

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any

from aiohttp import web

Json = Any  # a JSON document
Fault = Callable[[web.Request, bytes], Awaitable[web.StreamResponse]]

KEY, SECRET = "key-of-the-tests", "secret-of-the-tests"
NOW_MS = 1_700_000_000_000


class BitfinexServer:
    """The server; `url` is where it is, `requests` what reached it: path, body, nonce."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, Json, int]] = []
        self.last_nonce = 0
        self.orders: dict[int, list[Json]] = {}
        self.finished: dict[int, list[Json]] = {}
        self.answers: dict[str, Json] = {"platform/status": [1]}
        self.candles: list[list[Json]] = []
        self.page_rows_max = 10_000
        self.url = ""
        self._faults: dict[str, list[Fault]] = {}
        self._next_id = 120_000_000_000

    async def __aenter__(self) -> "BitfinexServer":
        app = web.Application()
        app.router.add_route("*", "/v2/{path:.*}", self._serve)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/v2/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    def next(self, path: str, *faults: Fault) -> None:
        """Answer the next requests to *path* by *faults*, in order."""
        self._faults.setdefault(path, []).extend(faults)

    def count(self, path: str) -> int:
        """Return how many requests to *path* arrived."""
        return sum(1 for found, _, _ in self.requests if found == path)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        path, raw = request.match_info["path"], await request.read()
        body = json.loads(raw) if raw else None
        nonce = int(request.headers.get("bfx-nonce", "0"))
        self.requests.append((path, body, nonce))
        if self._faults.get(path):
            return await self._faults[path].pop(0)(request, raw)
        return await self.serve(request, raw)

    async def serve(self, request: web.Request, raw: bytes) -> web.StreamResponse:
        """Answer as the exchange would; among faults it is a request that goes well."""
        path, body = request.match_info["path"], json.loads(raw) if raw else None
        nonce = int(request.headers.get("bfx-nonce", "0"))
        if not path.startswith("auth/"):
            return self._public(request, path)
        refusal = self._refuse(request, path, raw, nonce)
        return refusal or self._private(path, body or {})

    def _refuse(self, request: web.Request, path: str, raw: bytes, nonce: int) -> web.Response | None:
        if request.headers.get("bfx-apikey") != KEY:
            return error(10100, "apikey: invalid")
        payload = f"/api/v2/{path}{nonce}".encode() + raw
        expected = hmac.new(SECRET.encode(), payload, hashlib.sha384).hexdigest()
        if not hmac.compare_digest(expected, request.headers.get("bfx-signature", "")):
            return error(10112, "signature: invalid")
        if nonce <= self.last_nonce:
            return error(10114, "nonce: small")
        self.last_nonce = nonce
        return None

    def _public(self, request: web.Request, path: str) -> web.Response:
        if path.startswith("candles/"):
            return self._candles(request, path)
        return ok(self.answers[path]) if path in self.answers else error(10020, "path: invalid")

    def _candles(self, request: web.Request, path: str) -> web.Response:
        query = request.query
        if path.endswith("/last"):
            return ok(self.candles[-1] if self.candles else [])
        start, end = int(query.get("start", 0)), int(query.get("end", 2**53))
        found = [row for row in self.candles if start <= row[0] <= end]
        if query.get("sort", "-1") == "-1":
            found.reverse()
        return ok(found[: min(int(query.get("limit", 100)), self.page_rows_max)])

    def _private(self, path: str, body: Json) -> web.Response:
        match path:
            case "auth/w/order/submit":
                order = self._add(body)
                return ok([1_700_000_000, "on-req", None, None, [order], None, "SUCCESS", "Submitting 1 orders."])
            case "auth/w/order/update":
                return ok(self._update(body))
            case "auth/w/order/cancel":
                return ok(self._cancel(body))
            case "auth/w/order/cancel/multi":
                gone = [self._end(key) for key in list(self.orders) if body.get("all") or key in body.get("id", [])]
                return ok([NOW_MS, "oc_multi-req", None, None, gone, None, "SUCCESS", "Submitting cancellations."])
            case "auth/w/order/multi":
                parts = [self._operation(name, inner) for name, inner in body["ops"]]
                return ok([NOW_MS, "ox_multi-req", None, None, parts, None, "SUCCESS", "Submitting operations."])
            case "auth/r/orders":
                return ok([order for order in self.orders.values() if "cid" not in body or order[2] == body["cid"]])
            case "auth/r/orders/hist":
                return ok(list(self.finished.values()))
            case _ if path in self.answers:
                return ok(self.answers[path])
            case _:
                return error(10020, "path: invalid")

    def _operation(self, name: str, body: Json) -> Json:
        match name:
            case "on":
                return [NOW_MS, "on-req", None, None, [self._add(body)], None, "SUCCESS", "ok"]
            case "ou":
                return self._update(body)
            case _:
                return self._cancel(body)

    def _add(self, body: Json) -> list[Json]:
        self._next_id += 1
        amount = float(body["amount"])
        price = float(f"{float(body.get('price', 0)):.5g}")
        order: list[Json] = [None] * 32
        order[:8] = [self._next_id, None, body.get("cid", NOW_MS), body["symbol"], NOW_MS, NOW_MS, amount, amount]
        order[8], order[12:14], order[16:20] = body["type"], [body.get("flags", 0), "ACTIVE"], [price, 0, 0, 0]
        order[23:26], order[28], order[31] = [0, 0, None], "API>BFX", {}
        self.orders[self._next_id] = order
        return order

    def _update(self, body: Json) -> Json:
        order = self.orders.get(body["id"])
        if order is None:
            return [NOW_MS, "ou-req", None, None, None, None, "ERROR", "Order not found."]
        if "amount" in body:
            order[6] = order[7] = float(body["amount"])
        if "price" in body:
            order[16] = float(body["price"])
        return [NOW_MS, "ou-req", None, None, order, None, "SUCCESS", "Submitting update."]

    def _cancel(self, body: Json) -> Json:
        by_cid = [key for key, order in self.orders.items() if order[2] == body.get("cid") and "cid_date" in body]
        key = body.get("id") or (by_cid[0] if by_cid else None)
        if key not in self.orders:
            return [NOW_MS, "oc-req", None, None, None, None, "ERROR", "Order not found."]
        return [NOW_MS, "oc-req", None, None, self._end(key), None, "SUCCESS", "Submitted for cancellation."]

    def _end(self, key: int) -> list[Json]:
        order = self.orders.pop(key)
        self.finished[key] = [*order[:13], "CANCELED", *order[14:]]
        return order


def ok(document: Json) -> web.Response:
    """Return an answer as the exchange writes it."""
    return web.json_response(document)


def error(code: int, text: str, status: int = 500) -> web.Response:
    """Return an error body; business errors come with 500."""
    return web.json_response(["error", code, text], status=status)


def answering(response: Callable[[], web.Response]) -> Fault:
    """Return a fault that answers without doing anything."""

    async def fault(_request: web.Request, _raw: bytes) -> web.StreamResponse:
        return response()

    return fault


async def hang_up(request: web.Request, _raw: bytes) -> web.StreamResponse:
    """Close the connection without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()
