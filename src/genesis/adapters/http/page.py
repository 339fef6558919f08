"""The dashboard page: a handful of files of this package, read once, and nothing else.

No path leads to the disk: what is served is looked up by its whole name in a table, so there is nothing to traverse.
"""

from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final

from attrs import frozen
from litestar import Response, get
from litestar.handlers import BaseRouteHandler

from genesis.adapters.http.guard import SECURITY_HEADERS
from genesis.adapters.http.routes import Route
from genesis.ports.access import Role

FILES: Final[Sequence[tuple[str, str, str]]] = (
    ("/", "dashboard.html", "text/html; charset=utf-8"),
    ("/page/dashboard.css", "dashboard.css", "text/css; charset=utf-8"),
    ("/page/main.js", "main.js", "text/javascript; charset=utf-8"),
    ("/page/stream.js", "stream.js", "text/javascript; charset=utf-8"),
    ("/page/chart.js", "chart.js", "text/javascript; charset=utf-8"),
    ("/page/panels.js", "panels.js", "text/javascript; charset=utf-8"),
    ("/page/dom.js", "dom.js", "text/javascript; charset=utf-8"),
    ("/page/controls.js", "controls.js", "text/javascript; charset=utf-8"),
    ("/page/config.js", "config.js", "text/javascript; charset=utf-8"),
    ("/page/icon.svg", "icon.svg", "image/svg+xml"),
)

_POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    b"form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
PAGE_HEADERS: Final = tuple(
    (name, _POLICY if name == b"content-security-policy" else value) for name, value in SECURITY_HEADERS
)


@frozen
class PageFile:
    """A file of the page and the path that it is served under."""

    path: str
    media_type: str
    content: bytes


def page_files() -> list[PageFile]:
    """Read the page out of the installed package."""
    folder = files(__package__) / "page_files"
    return [PageFile(path, media_type, (folder / name).read_bytes()) for path, name, media_type in FILES]


def page_routes() -> list[Route]:
    """Return the routes of the page: open to all on this machine, for without a token it shows nothing."""
    return [Route("GET", path, Role.PUBLIC, f"The page's {name}", headers=PAGE_HEADERS) for path, name, _ in FILES]


def page_handlers() -> list[BaseRouteHandler]:
    """Return the handlers that serve the page."""
    return [_handler(file) for file in page_files()]


def _handler(file: PageFile) -> BaseRouteHandler:
    @get(file.path, media_type=file.media_type)
    async def serve() -> Response[bytes]:
        return Response(file.content, media_type=file.media_type)

    handler: Any = serve  # Any: the decorator's type says less than it is
    found: BaseRouteHandler = handler
    return found
