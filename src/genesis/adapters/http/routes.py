"""What may be asked at all: every route with the role it takes, what goes in and what comes out.

This is the one list: the guard lets nothing else through, the application is built from it, and the OpenAPI
description is written from it.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import Enum
from functools import cached_property
from typing import Any, Final, Literal

import msgspec
from attrs import field, frozen

from genesis.adapters.http.sessions import Principal
from genesis.ports.access import Role

BODY_BYTES_MAX: Final = 64 * 1024
CONFIG_BYTES_MAX: Final = 1 << 20

_PARAMETERS: Final[Mapping[str, str]] = {
    "cid": r"[0-9]{1,14}",
    "name": r"[A-Za-z0-9_.:-]{1,64}",
    "version": r"[0-9]{1,9}",
}


class Effect(Enum):
    """What asking does."""

    NONE = "none"
    """Nothing changes."""

    STATE = "state"
    """The session does something: an Idempotency-Key is needed, and it stands in the audit log first."""

    LOGIN = "login"
    """Only the asker's own session changes."""

    RECORD = "record"
    """An entry is added to the audit log, and nothing else."""


@frozen
class Call:
    """A request that the guard let in, decoded."""

    principal: Principal
    path: Mapping[str, str]
    query: Any  # Any: a Struct of the route's own class
    body: Any  # Any: likewise
    key: str = ""
    """The Idempotency-Key, where the route has an effect."""

    address: str = ""
    """Where it came from."""


Method = Literal["GET", "HEAD", "POST", "DELETE"]
Handler = Callable[[Call], Awaitable[object]]


@frozen
class Route:
    """One method on one path. *errors* are the statuses that it may answer with besides those of the guard."""

    method: Method
    path: str
    role: Role
    summary: str
    answer: Any = None  # Any: a type that msgspec encodes
    query: type[msgspec.Struct] | None = None
    body: type[msgspec.Struct] | None = None
    effect: Effect = Effect.NONE
    status: int = 200
    body_bytes_max: int = BODY_BYTES_MAX
    errors: Sequence[int] = ()
    is_stream: bool = False
    is_costly: bool = False
    """Whether asking costs more than its answer: the same one may ask only so often a minute."""

    takes_object: bool = False
    """Whether the body is a JSON object that the handler judges itself."""

    headers: Sequence[tuple[bytes, bytes]] | None = field(default=None, repr=False)
    """The security headers of its answers, where they differ from those of all others."""

    handler: Handler | None = field(default=None, repr=False)
    """None for a route that has a handler of its own in the application."""

    @property
    def parameters(self) -> Sequence[str]:
        """The names in the path, in order."""
        return re.findall(r"\{(\w+)\}", self.path)

    def parameter_pattern(self, name: str) -> str:
        """Return what the path's part *name* may be, as a regular expression."""
        return _PARAMETERS[name]


@frozen
class Match:
    """A route that fits a path and method, with the parts of the path that it names."""

    route: Route
    path: Mapping[str, str]


@frozen
class RouteTable:
    """All routes; nothing that is not in it is let in."""

    routes: Sequence[Route]

    def match(self, method: str, path: str) -> Match | Sequence[str]:
        """Return the route for this request, or the methods that the path has: none where there is no such path."""
        plain = self._plain.get(path)
        if plain is not None:
            found: Mapping[str, Route] = plain
            parts: Mapping[str, str] = {}
        else:
            found, parts = self._with_parts(path)
        route = found.get(method)
        return sorted(found) if route is None else Match(route, parts)

    def _with_parts(self, path: str) -> tuple[Mapping[str, Route], Mapping[str, str]]:
        for pattern, routes in self._patterns.items():
            matched = pattern.fullmatch(path)
            if matched is not None:
                return routes, matched.groupdict()
        return {}, {}

    @cached_property
    def _plain(self) -> Mapping[str, Mapping[str, Route]]:
        plain: dict[str, dict[str, Route]] = {}
        for route in self.routes:
            if not route.parameters:
                plain.setdefault(route.path, {})[route.method] = route
        return plain

    @cached_property
    def _patterns(self) -> "Mapping[re.Pattern[str], Mapping[str, Route]]":
        patterns: dict[str, dict[str, Route]] = {}
        for route in self.routes:
            if route.parameters:
                text = re.escape(route.path).replace(r"\{", "{").replace(r"\}", "}")
                for name in route.parameters:
                    text = text.replace("{" + name + "}", f"(?P<{name}>{_PARAMETERS[name]})")
                patterns.setdefault(text, {})[route.method] = route
        return {re.compile(text): routes for text, routes in patterns.items()}
