"""The read routes under `/api/v1`: each asks one port and gives back what it says."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from attrs import frozen

from genesis.adapters.http.errors import Missing
from genesis.adapters.http.readings import EventPage, LatencyBody, event_page, latency_rows
from genesis.adapters.http.requests import EventsQuery, OrdersQuery, PointsQuery, SpanQuery
from genesis.adapters.http.routes import Call, Handler, Route
from genesis.domain.units import Mts
from genesis.ports.access import Role
from genesis.ports.archive import Archive, StoredRun
from genesis.ports.monitor import Monitor
from genesis.ports.session_view import (
    CandleRow,
    EquityPoint,
    FillSlice,
    Guard,
    LimitUse,
    LinkView,
    OrderDetail,
    OrderSlice,
    Overview,
    Portfolio,
    Position,
    SessionView,
    Span,
    StrategyState,
)


@frozen
class PortfolioBody:
    """The account, null before the first event, and whether trading is held back."""

    portfolio: Portfolio | None
    is_halted: bool
    is_reduce_only: bool


class PositionsBody(msgspec.Struct, frozen=True):
    """What is held."""

    items: Sequence[Position]


class RiskBody(msgspec.Struct, frozen=True):
    """All limits with what is left of them, and all guards with how often each said no."""

    limits: Sequence[LimitUse]
    guards: Sequence[Guard]


class StrategiesBody(msgspec.Struct, frozen=True):
    """All strategies with the values of their nodes at the last decision."""

    items: Sequence[StrategyState]


class LinksBody(msgspec.Struct, frozen=True):
    """All connections."""

    items: Sequence[LinkView]


class CandlesBody(msgspec.Struct, frozen=True):
    """Candles, oldest first."""

    symbol: str
    timeframe: str
    items: Sequence[CandleRow]


class EquityBody(msgspec.Struct, frozen=True):
    """Equity and drawdown over time, oldest first."""

    currency: str
    items: Sequence[EquityPoint]


class AuditRow(msgspec.Struct, frozen=True):
    """One entry of the audit log, as it stands in the chain."""

    seq: int
    mts: int
    hash: str
    entry: Any  # Any: JSON


class AuditBody(msgspec.Struct, frozen=True):
    """Audit entries, the youngest first; *next* is the `before` of the page that follows, null on the last."""

    next: int | None
    items: Sequence[AuditRow]


class RunsBody(msgspec.Struct, frozen=True):
    """What earlier sessions and research left in the data directory, the youngest first."""

    items: Sequence[StoredRun]


class ReadApi:
    """The handlers of the read routes."""

    def __init__(self, view: SessionView, monitor: Monitor, archive: Archive) -> None:
        self._view = view
        self._monitor = monitor
        self._archive = archive

    async def overview(self, _: Call) -> Overview:
        return self._view.overview()

    async def portfolio(self, _: Call) -> PortfolioBody:
        now = self._view.overview()
        return PortfolioBody(now.portfolio, now.is_halted, now.is_reduce_only)

    async def positions(self, _: Call) -> PositionsBody:
        return PositionsBody(self._view.overview().positions)

    async def risk(self, _: Call) -> RiskBody:
        now = self._view.overview()
        return RiskBody(now.limits, now.guards)

    async def strategies(self, _: Call) -> StrategiesBody:
        return StrategiesBody(self._view.overview().strategies)

    async def links(self, _: Call) -> LinksBody:
        return LinksBody(self._view.overview().links)

    async def latency(self, _: Call) -> LatencyBody:
        return LatencyBody(latency_rows(self._monitor.dashboard().metrics.distributions))

    async def orders(self, call: Call) -> OrderSlice:
        query: OrdersQuery = call.query
        return self._view.orders(_span(query), only_open=query.only == "open")

    async def order(self, call: Call) -> OrderDetail:
        found = self._view.order_detail(int(call.path["cid"]))
        if found is None:
            raise Missing(f"no order {call.path['cid']} is known here; `explain` asks the journals of all sessions")
        return found

    async def fills(self, call: Call) -> FillSlice:
        return self._view.fills(_span(call.query))

    async def events(self, call: Call) -> EventPage:
        return event_page(self._monitor.dashboard().notes, call.query)

    async def candles(self, call: Call) -> CandlesBody:
        now = self._view.overview()
        return CandlesBody(now.symbol, now.timeframe, self._view.candles(_points(call.query)))

    async def equity(self, call: Call) -> EquityBody:
        now = self._view.overview()
        currency = now.portfolio.currency if now.portfolio else ""
        return EquityBody(currency, self._view.equity_points(_points(call.query)))

    async def audit(self, call: Call) -> AuditBody:
        query: SpanQuery = call.query
        span = _span(query)
        page = await asyncio.to_thread(self._archive.audit, span.limit, span.before, span.start, span.end)
        return AuditBody(page.next, [AuditRow(each.seq, each.mts, each.hash, each.entry) for each in page.items])

    async def runs(self, _: Call) -> RunsBody:
        return RunsBody(await asyncio.to_thread(self._archive.runs))


def read_routes(view: SessionView, monitor: Monitor, archive: Archive) -> list[Route]:
    """Return the routes that change nothing."""
    api = ReadApi(view, monitor, archive)
    return [
        _get("/api/v1/overview", "Everything that a page shows at once", api.overview, Overview),
        _get("/api/v1/portfolio", "The account", api.portfolio, PortfolioBody),
        _get("/api/v1/positions", "What is held", api.positions, PositionsBody),
        _get("/api/v1/risk", "Limits with their headroom, guards with their refusals", api.risk, RiskBody),
        _get("/api/v1/strategies", "Strategies with the values of their nodes", api.strategies, StrategiesBody),
        _get("/api/v1/links", "Connections to the exchange", api.links, LinksBody),
        _get("/api/v1/latency", "How long requests took, by client", api.latency, LatencyBody),
        _get("/api/v1/orders", "Orders, the youngest first", api.orders, OrderSlice, OrdersQuery),
        _get("/api/v1/orders/{cid}", "One order with its life and its reasons", api.order, OrderDetail, errors=(404,)),
        _get("/api/v1/fills", "Fills, the youngest first", api.fills, FillSlice, SpanQuery),
        _get("/api/v1/events", "Events by category, the youngest first", api.events, EventPage, EventsQuery),
        _get("/api/v1/candles", "Candles of the chart", api.candles, CandlesBody, PointsQuery),
        _get("/api/v1/equity", "Equity and drawdown over time", api.equity, EquityBody, PointsQuery),
        _read("/api/v1/audit", "The audit log, the youngest first", api.audit, AuditBody, SpanQuery),
        _read("/api/v1/runs", "Sessions, journals and reports on disk", api.runs, RunsBody),
    ]


def _get(
    path: str,
    summary: str,
    handler: Handler,
    answer: type,
    query: type[msgspec.Struct] | None = None,
    errors: Sequence[int] = (),
) -> Route:
    return Route("GET", path, Role.READ, summary, answer, query, errors=errors, handler=handler)


def _read(path: str, summary: str, handler: Handler, answer: type, query: type[msgspec.Struct] | None = None) -> Route:
    """Return a route that reads from disk, which costs and may fail."""
    return Route("GET", path, Role.READ, summary, answer, query, errors=(503,), is_costly=True, handler=handler)


def _span(query: SpanQuery) -> Span:
    return Span(query.limit, query.before, _mts(query.start), _mts(query.end))


def _points(query: PointsQuery) -> Span:
    return Span(query.limit, None, _mts(query.start), _mts(query.end))


def _mts(value: int | None) -> Mts | None:
    return None if value is None else Mts(value)
