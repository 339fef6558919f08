"""Every route of a session, and a request for each that is right in its form."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from genesis.adapters.archive_files import ArchiveFiles
from genesis.adapters.audit_log.file import AuditFile
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.http.app import TradingSide, api_routes
from genesis.adapters.http.routes import Route
from genesis.adapters.memory.credentials import MemoryCredentials
from genesis.adapters.memory.kill_latch import MemoryKillLatch
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.adapters.memory.session_view import MemorySessionView
from genesis.app.config_book import SessionConfigBook
from genesis.app.config_problems import SchemaDesk
from genesis.domain.units import Symbol
from genesis.ports.session_view import Overview
from tests.e2e.api_house import RecordingOperator

_BODIES: dict[str, Any] = {  # Any: JSON
    "LoginBody": {"code": "none"},
    "ReasonBody": {"reason": "x"},
    "SwitchBody": {"on": False, "reason": "x"},
    "KillBody": {"reason": "x", "phrase": "kill"},
    "FlattenBody": {"reason": "x", "phrase": "flatten"},
    "ApplyBody": {
        "document": {},
        "expected_version": 0,
        "expected_hash": "0" * 64,
        "reason": "x",
        "phrase": "apply config",
    },
    "RollBackBody": {
        "version": 0,
        "expected_version": 0,
        "expected_hash": "0" * 64,
        "reason": "x",
        "phrase": "roll back",
    },
    "DocumentBody": {"document": {"dry_run": True}},
    "Nothing": {},
}


@cache
def every_route() -> Sequence[Route]:
    """All routes of a session, the open ones included."""
    clock = SystemClock()
    monitor = MemoryMonitor(clock, MemoryMetrics(), version="0", mode="paper")
    book = SessionConfigBook(None, Path("none"))
    audit = AuditFile(Path("none"), clock, monitor)
    operator = RecordingOperator(audit, MemoryKillLatch())
    view = MemorySessionView(Overview(0, "paper", Symbol("tBTCUSD"), "1m", None))
    archive = ArchiveFiles(Path("none"), Path("none"))
    trading = TradingSide(view, operator, archive, MemoryCredentials(clock), clock, monitor, book)
    return api_routes(trading, SchemaDesk(), monitor, audit)


def filled_path(route: Route) -> str:
    """The route's path with something that is there in its places."""
    return route.path.replace("{cid}", "3").replace("{name}", "trend").replace("{version}", "0")


def fitting_body(route: Route) -> Any:  # Any: JSON
    """A body that the route can read; None where it takes none."""
    if route.path == "/config/diff":
        return {"old": {}, "new": {}}
    if route.body is None:
        return {} if route.method == "POST" else None
    return _BODIES[route.body.__name__]
