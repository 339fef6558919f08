"""The Litestar application: each handler decodes, calls one method, encodes."""

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from litestar import Litestar, Response, asgi, get, post
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler
from litestar.params import RawBody
from litestar.types import HTTPResponseBodyEvent, HTTPResponseStartEvent, Receive, Scope, Send

from genesis.adapters.http.errors import (
    BadBody,
    on_bad_body,
    on_failure,
    on_http_error,
    on_input_error,
    on_malformed_json,
    on_store_error,
    on_store_full,
)
from genesis.adapters.http.guard import Guard
from genesis.adapters.http.wire import (
    ValidationBody,
    dashboard_body,
    diff_body,
    encoded,
    error_body,
    json_object,
)
from genesis.domain.config_diff import diff
from genesis.domain.json_value import JsonObject, MalformedJson, parse_json
from genesis.ports.audit import AuditLog
from genesis.ports.config import ConfigDesk
from genesis.ports.errors import InputError, StoreError, StoreFull
from genesis.ports.metrics import MetricsPage
from genesis.ports.monitor import Monitor

CONFIG_BYTES_MAX: Final = 1 << 20
LOOP_BYTES_MAX: Final = 16 * 1024
JSON_TYPE: Final = "application/json"

Result = TypeVar("Result")


def build_app(monitor: Monitor, desk: ConfigDesk, audit_log: AuditLog, metrics: MetricsPage | None = None) -> Litestar:
    """Return the application over what it shows and asks; the guard is part of it."""
    scraped = [] if metrics is None else [_metrics_route(metrics)]
    app = Litestar(
        route_handlers=[*_monitor_routes(monitor), *_config_routes(desk, audit_log), *scraped],
        exception_handlers={
            HTTPException: on_http_error,
            MalformedJson: on_malformed_json,
            BadBody: on_bad_body,
            InputError: on_input_error,
            StoreFull: on_store_full,
            StoreError: on_store_error,
            Exception: on_failure,
        },
        # Given here, so that LITESTAR_DEBUG and LITESTAR_PDB in the environment change nothing.
        debug=False,
        pdb_on_exception=False,
        openapi_config=None,
        logging_config=None,
        request_max_body_size=CONFIG_BYTES_MAX,
    )
    # Around the router itself: middleware of Litestar does not see unknown routes.
    limits = dict.fromkeys(("/config/validate", "/config/diff"), CONFIG_BYTES_MAX)
    app.asgi_handler = Guard(app.asgi_handler, limits)
    return app


def _monitor_routes(monitor: Monitor) -> list[BaseRouteHandler]:
    # Plain ASGI, for it is asked all the time and twice as quick; such a handler gets every method.
    @asgi("/health", copy_scope=False)
    async def health(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        assert scope["type"] == ScopeType.HTTP  # the guard lets nothing else in
        headers = [(b"content-type", JSON_TYPE.encode())]
        if scope["method"] in ("GET", "HEAD"):
            status, body = 200, encoded(monitor.health())
        else:
            status, body = 405, error_body("method_not_allowed", "only GET and HEAD are for this path")
            headers.append((b"allow", b"GET, HEAD"))
        headers.append((b"content-length", b"%d" % len(body)))
        start: HTTPResponseStartEvent = {"type": "http.response.start", "status": status, "headers": headers}
        await send(start)
        end: HTTPResponseBodyEvent = {"type": "http.response.body", "body": body, "more_body": False}
        await send(end)

    @get("/observability/dashboard")
    async def dashboard() -> Response[bytes]:
        return _answer(encoded(dashboard_body(monitor.dashboard())))

    return [health, dashboard]


def _metrics_route(metrics: MetricsPage) -> BaseRouteHandler:
    @get("/metrics")
    async def scrape() -> Response[bytes]:
        # A page takes milliseconds, which the loop that trades does not have.
        page = await asyncio.to_thread(metrics.page)
        return Response(page, headers={"content-type": metrics.content_type})

    return scrape


def _config_routes(desk: ConfigDesk, audit_log: AuditLog) -> list[BaseRouteHandler]:
    @post("/config/validate", status_code=200)
    async def validate(body: RawBody) -> Response[bytes]:
        def judged(document: JsonObject) -> bytes:
            problems = desk.problems(document)
            return encoded(ValidationBody(valid=not problems, errors=problems))

        return _answer(await _worked_out(judged, body))

    @post("/config/diff", status_code=200)
    async def difference(body: RawBody) -> Response[bytes]:
        return _answer(await _worked_out(_differences, body))

    @post("/config/audit", status_code=201)
    async def audit(body: RawBody) -> Response[bytes]:
        return _answer(encoded(await audit_log.append(await _worked_out(_itself, body))), 201)

    return [validate, difference, audit]


def _itself(document: JsonObject) -> JsonObject:
    return document


def _differences(both: JsonObject) -> bytes:
    old, new = json_object(both.get("old")), json_object(both.get("new"))
    if both.keys() != {"old", "new"} or old is None or new is None:
        raise BadBody('the body must be an object of two objects: {"old": {…}, "new": {…}}')
    return encoded(diff_body(diff(old, new)))


async def _worked_out(work: Callable[[JsonObject], Result], body: bytes) -> Result:
    # The largest documents take a tenth of a second, which the loop that trades does not have.
    if len(body) > LOOP_BYTES_MAX:
        return await asyncio.to_thread(lambda: work(_object(body)))
    return work(_object(body))


def _object(body: bytes) -> JsonObject:
    found = json_object(parse_json(body))
    if found is None:
        raise BadBody("the body must be a JSON object")
    return found


def _answer(body: bytes, status: int = 200) -> Response[bytes]:
    return Response(body, status_code=status, media_type=JSON_TYPE)
