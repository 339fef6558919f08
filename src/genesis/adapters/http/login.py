"""The routes of logging in and out: a one-time code becomes a session token, which lives in the page's memory."""

from collections.abc import Sequence

import msgspec

from genesis.adapters.http.errors import Denied, TooManyFailures
from genesis.adapters.http.requests import LoginBody, Nothing
from genesis.adapters.http.routes import Call, Effect, Handler, Method, Route
from genesis.adapters.http.security_log import SecurityLog
from genesis.adapters.http.sessions import ABSOLUTE_S, IDLE_S, Sessions
from genesis.domain.json_value import JsonObject
from genesis.ports.access import Role


class LoginAnswer(msgspec.Struct, frozen=True):
    """A session's token, to be sent as `Authorization: Bearer`; it is shown this once."""

    token: str
    name: str
    role: str
    idle_s: float
    absolute_s: float


class SessionRow(msgspec.Struct, frozen=True):
    """Somebody who is logged in."""

    name: str
    role: str
    is_fresh: bool


class SessionsBody(msgspec.Struct, frozen=True):
    """The asker, and all sessions that are open."""

    own: SessionRow
    open: Sequence[str]


class Closed(msgspec.Struct, frozen=True):
    """How many sessions were closed."""

    closed: int


def login_routes(sessions: Sessions, security: SecurityLog) -> list[Route]:
    """Return the routes that open, show, renew and close sessions; *security* hears of each."""

    async def login(call: Call) -> LoginAnswer:
        opened = sessions.open(call.body.code)
        if opened is None:
            if await security.failed("wrong_code", call.address):
                raise TooManyFailures
            raise Denied("bad_code", "the code is unknown, used or older than an hour: `genesis login` makes a new one")
        token, principal = opened
        facts = {"who": principal.name, "role": principal.role.name.lower(), "address": call.address}
        await security.tell("login", facts)
        return LoginAnswer(token, principal.name, principal.role.name.lower(), IDLE_S, ABSOLUTE_S)

    async def show(call: Call) -> SessionsBody:
        own = call.principal
        row = SessionRow(own.name, own.role.name.lower(), own.is_fresh)
        return SessionsBody(row, [each.name for each in sessions.listed()])

    async def renew(call: Call) -> SessionsBody:
        session = call.principal.session
        if session is None or not sessions.renew(session, call.body.code):
            if await security.failed("wrong_code", call.address):
                raise TooManyFailures
            raise Denied("bad_code", "the code is unknown, used, too old, or not for this session")
        await security.tell("renewed", {"who": call.principal.name, "address": call.address})
        return await show(call)

    async def logout(call: Call) -> Closed:
        if call.principal.session is None:
            return Closed(0)
        sessions.close(call.principal.session)
        await security.tell("logout", {"who": call.principal.name, "address": call.address})
        return Closed(1)

    async def logout_all(call: Call) -> Closed:
        closed = sessions.close_all()
        facts: JsonObject = {"who": call.principal.name, "address": call.address, "closed": closed}
        await security.tell("logout_all", facts)
        return Closed(closed)

    path = "/api/v1/session"
    login_route = Route(
        "POST",
        path,
        Role.PUBLIC,
        "Swap a one-time code for a session token",
        LoginAnswer,
        body=LoginBody,
        effect=Effect.LOGIN,
        status=201,
        errors=(403, 408, 429, 503),
        handler=login,
    )
    return [
        login_route,
        Route("GET", path, Role.READ, "Who is logged in", SessionsBody, handler=show),
        _change("POST", f"{path}/renew", "Prove again who you are", SessionsBody, LoginBody, renew, errors=(403, 503)),
        _change("DELETE", path, "Log out", Closed, None, logout),
        _change("POST", f"{path}/close-all", "Log everybody out", Closed, Nothing, logout_all, Role.ADMIN),
    ]


def _change(
    method: Method,
    path: str,
    summary: str,
    answer: type,
    body: type[msgspec.Struct] | None,
    handler: Handler,
    role: Role = Role.READ,
    errors: Sequence[int] = (),
) -> Route:
    return Route(method, path, role, summary, answer, body=body, effect=Effect.LOGIN, errors=errors, handler=handler)
