"""The Litestar application: each handler decodes, calls one method, encodes."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from attrs import evolve, frozen
from litestar import Litestar, Request, Response, asgi, get, post, route
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.params import RawBody
from litestar.types import HTTPResponseBodyEvent, HTTPResponseStartEvent, Receive, Scope, Send

import genesis
from genesis.adapters.http import errors
from genesis.adapters.http.api import read_routes
from genesis.adapters.http.config_api import config_routes
from genesis.adapters.http.control import control_routes
from genesis.adapters.http.errors import BadBody
from genesis.adapters.http.guard import Admitted, Guard
from genesis.adapters.http.head import LOOPBACK, Names
from genesis.adapters.http.idempotency import OnceByKey
from genesis.adapters.http.kept_page import KeptPage
from genesis.adapters.http.limiter import COSTLY_MAX
from genesis.adapters.http.login import login_routes
from genesis.adapters.http.openapi import openapi_document
from genesis.adapters.http.page import page_handlers, page_routes
from genesis.adapters.http.requests import Nothing, read_body, read_query
from genesis.adapters.http.routes import CONFIG_BYTES_MAX, Call, Effect, Route, RouteTable
from genesis.adapters.http.security_log import SecurityLog
from genesis.adapters.http.sessions import Sessions
from genesis.adapters.http.stream import StreamHub
from genesis.adapters.http.wire import (
    DashboardBody,
    DiffBody,
    ValidationBody,
    dashboard_body,
    diff_body,
    encoded,
    error_body,
    json_object,
)
from genesis.domain.config_diff import diff
from genesis.domain.json_value import JsonObject, parse_json
from genesis.ports.access import Credentials, Role
from genesis.ports.archive import Archive
from genesis.ports.audit import AuditLog, AuditReceipt
from genesis.ports.clock import Clock
from genesis.ports.config import ConfigBook, ConfigDesk
from genesis.ports.errors import InputError
from genesis.ports.metrics import MetricsPage
from genesis.ports.monitor import Health, Monitor, MonitorFeed
from genesis.ports.operator import Operator
from genesis.ports.session_view import SessionView

LOOP_BYTES_MAX: Final = 16 * 1024
JSON_TYPE: Final = "application/json"

Result = TypeVar("Result")


@frozen(eq=False)
class TradingSide:
    """What the API and the page show and do of trading, and who may."""

    view: SessionView
    operator: Operator
    archive: Archive
    credentials: Credentials
    clock: Clock
    feed: MonitorFeed
    book: ConfigBook


OPEN_ROUTES: Final[Sequence[Route]] = (
    Route("GET", "/health", Role.PUBLIC, "Whether the session runs", Health),
    Route("HEAD", "/health", Role.PUBLIC, "Whether the session runs"),
    Route("GET", "/observability/dashboard", Role.PUBLIC, "All numbers and the latest events", DashboardBody),
    Route(
        "POST",
        "/config/validate",
        Role.PUBLIC,
        "Everything that is wrong with a configuration",
        ValidationBody,
        body_bytes_max=CONFIG_BYTES_MAX,
        is_costly=True,
        takes_object=True,
    ),
    Route(
        "POST",
        "/config/diff",
        Role.PUBLIC,
        "What differs between two configurations",
        DiffBody,
        body_bytes_max=CONFIG_BYTES_MAX,
        is_costly=True,
        takes_object=True,
    ),
)

AUDIT_ROUTE: Final = Route(
    "POST",
    "/config/audit",
    Role.TRADE,
    "Add an entry to the audit log",
    AuditReceipt,
    effect=Effect.RECORD,
    status=201,
    is_costly=True,
    takes_object=True,
    errors=(503, 507),
)
"""What stands in the log is evidence, and takes room on the disk: not everybody may write there."""

METRICS_ROUTE: Final = Route("GET", "/metrics", Role.PUBLIC, "All metrics, as Prometheus reads them")

_OWN_ACTIONS: Final = ("security.", "control.", "config.")
_NUMBERS: Final = frozenset({"/metrics", "/observability/dashboard"})


def build_app(
    monitor: Monitor,
    desk: ConfigDesk,
    audit_log: AuditLog,
    metrics: MetricsPage | None = None,
    trading: TradingSide | None = None,
    names: Names = LOOPBACK,
    costly_max: int = COSTLY_MAX,
) -> Litestar:
    """Return the application over what it shows and asks; the guard is part of it.

    Without a *trading* side there are only the open routes, and nobody can prove to be somebody. *costly_max* is how
    often a minute the same one may ask what costs the session more than an answer.
    """
    table = [*OPEN_ROUTES, AUDIT_ROUTE]
    handlers = [*_monitor_routes(monitor), *_config_routes(desk, audit_log)]
    if metrics is not None:
        table.append(METRICS_ROUTE)
        handlers.append(_metrics_route(metrics))
    sessions = security = None
    if trading is not None:
        sessions = Sessions(trading.credentials, trading.clock)
        security = SecurityLog(audit_log, trading.feed, trading.clock)
        table += page_routes()
        table += _api_routes(trading, desk, monitor, sessions, security)
        handlers += page_handlers()
        hub = StreamHub(trading.view, monitor, sessions, security, trading.clock, costly_max)
        handlers.append(asgi("/stream", copy_scope=False)(hub))
        once = OnceByKey()
        handlers += [_api_handler(each, once) for each in table if each.handler is not None]
    app = Litestar(
        route_handlers=handlers,
        exception_handlers=errors.HANDLERS,
        # Given here, so that LITESTAR_DEBUG and LITESTAR_PDB in the environment change nothing.
        debug=False,
        pdb_on_exception=False,
        openapi_config=None,
        logging_config=None,
        request_max_body_size=CONFIG_BYTES_MAX,
    )
    # Around the router itself: middleware of Litestar does not see unknown routes.
    routes = RouteTable(table if names is LOOPBACK else [_beyond_loopback(each) for each in table])
    app.asgi_handler = Guard(app.asgi_handler, routes, sessions, security, names=names, costly_max=costly_max)
    return app


def _beyond_loopback(route: Route) -> Route:
    """Return *route* as it is where others than this machine's own may ask: numbers and events need a token there."""
    return evolve(route, role=Role.READ) if route.path in _NUMBERS else route


def api_routes(trading: TradingSide, desk: ConfigDesk, monitor: Monitor, audit_log: AuditLog) -> list[Route]:
    """Return every route of a session with a trading side, for the description and for tests."""
    sessions = Sessions(trading.credentials, trading.clock)
    security = SecurityLog(audit_log, trading.feed, trading.clock)
    return [*OPEN_ROUTES, AUDIT_ROUTE, *page_routes(), *_api_routes(trading, desk, monitor, sessions, security)]


def _api_routes(
    trading: TradingSide, desk: ConfigDesk, monitor: Monitor, sessions: Sessions, security: SecurityLog
) -> list[Route]:
    routes = [
        Route("GET", "/stream", Role.READ, "A snapshot, then deltas", is_stream=True),
        *login_routes(sessions, security),
        *read_routes(trading.view, monitor, trading.archive),
        *config_routes(trading.book, desk),
        *control_routes(trading.operator),
    ]

    async def description(_: Call) -> dict[str, Any]:  # Any: JSON
        return openapi_document([*OPEN_ROUTES, AUDIT_ROUTE, *routes], genesis.__version__)

    path = "/api/v1/openapi.json"
    routes.append(Route("GET", path, Role.ADMIN, "This description", dict[str, Any], handler=description))
    return routes


def _api_handler(described: Route, once: OnceByKey) -> BaseRouteHandler:
    """Return the handler of a route: it decodes, asks, and encodes, alike for all."""
    assert described.handler is not None
    ask, path = described.handler, described.path
    for name in described.parameters:
        path = path.replace("{" + name + "}", "{" + name + ":str}")

    @route(path, http_method=[described.method], status_code=described.status)
    async def handle(request: Request[Any, Any, Any]) -> Response[bytes]:  # Any: nothing of Litestar's own is used
        admitted: Admitted = request.scope["auth"]
        raw = b"" if described.body is None else await request.body()
        query = read_query(described.query or Nothing, request.scope["query_string"])
        body = None if described.body is None else await _read_body(described.body, raw)
        call = Call(admitted.principal, admitted.path, query, body, admitted.key, admitted.address)
        if described.effect is not Effect.STATE:
            return _answer(encoded(await ask(call)), described.status)
        asked = b"\0".join((request.scope["path"].encode(), raw))
        found = await once.run(admitted.principal.name, admitted.key, asked, lambda: ask(call))
        return _answer(encoded(found), described.status)

    return handle


async def _read_body(kind: type[Any], raw: bytes) -> Any:  # Any: a Struct of that kind
    if len(raw) > LOOP_BYTES_MAX:
        return await asyncio.to_thread(read_body, kind, raw)
    return read_body(kind, raw)


def _monitor_routes(monitor: Monitor) -> list[BaseRouteHandler]:
    # Plain ASGI, for it is asked all the time and twice as quick; such a handler gets every method.
    @asgi("/health", copy_scope=False)
    async def health(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        assert scope["type"] == ScopeType.HTTP  # the guard lets nothing else in
        headers = [(b"content-type", JSON_TYPE.encode())]
        if scope["method"] in ("GET", "HEAD"):
            found = monitor.health()
            status, body = 503 if found.status == "stalled" else 200, encoded(found)
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
    kept = KeptPage(metrics)

    @get("/metrics")
    async def scrape() -> Response[bytes]:
        return Response(await kept.page(), headers={"content-type": metrics.content_type})

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
    async def audit(request: Request[Any, Any, Any], body: RawBody) -> Response[bytes]:  # Any: as above
        admitted: Admitted = request.scope["auth"]
        entry = await _worked_out(_note, body)
        # Inside of what Genesis itself says of it: nobody is another one, and no note is what Genesis did.
        noted: JsonObject = {"action": "note", "who": admitted.principal.name, "entry": entry}
        return _answer(encoded(await audit_log.append(noted)), 201)

    return [validate, difference, audit]


def _note(entry: JsonObject) -> JsonObject:
    action = str(entry.get("action", ""))
    if action.startswith(_OWN_ACTIONS):
        raise InputError(f"actions that begin with {' or '.join(_OWN_ACTIONS)} are what Genesis itself records")
    return entry


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
