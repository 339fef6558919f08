"""The OpenAPI description as a text, made without a session."""

import json
from pathlib import Path

import genesis
from genesis.adapters.archive_files import ArchiveFiles
from genesis.adapters.audit_log.file import AuditFile
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.http.app import METRICS_ROUTE, TradingSide, api_routes
from genesis.adapters.http.openapi import openapi_document
from genesis.adapters.memory.credentials import MemoryCredentials
from genesis.adapters.memory.kill_latch import MemoryKillLatch
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.adapters.memory.session_view import MemorySessionView
from genesis.app.config_book import SessionConfigBook
from genesis.app.config_problems import SchemaDesk
from genesis.app.operated_market import OperatorInbox
from genesis.app.session_operator import SessionOperator
from genesis.domain.units import Symbol
from genesis.ports.session_view import Overview


def described() -> str:
    """Return the description of every route that a session has."""
    clock, nowhere = SystemClock(), Path()
    monitor = MemoryMonitor(clock, MemoryMetrics(), version=genesis.__version__, mode="none")
    view = MemorySessionView(Overview(0, "none", Symbol(""), "", None))
    book = SessionConfigBook(None, nowhere)
    audit, archive = AuditFile(nowhere, clock, monitor), ArchiveFiles(nowhere, nowhere)
    operator = SessionOperator(audit, MemoryKillLatch(), OperatorInbox(), view, clock)
    trading = TradingSide(view, operator, archive, MemoryCredentials(clock), clock, monitor, book)
    routes = [*api_routes(trading, SchemaDesk(), monitor, audit), METRICS_ROUTE]
    return json.dumps(openapi_document(routes, genesis.__version__), indent=1, sort_keys=True) + "\n"
