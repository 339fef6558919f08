"""A running HTTP side with trading behind it, in this process: what the API's tests and the page's tests stand on."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from attrs import field, frozen

from genesis.adapters.archive_files import ArchiveFiles
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.http.app import TradingSide, build_app
from genesis.adapters.http.server import HttpServer
from genesis.adapters.memory.credentials import MemoryCredentials
from genesis.adapters.memory.kill_latch import MemoryKillLatch
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.adapters.memory.session_view import MemorySessionView
from genesis.app.audit import audit_log
from genesis.app.config_authority import ConfigAuthority
from genesis.app.config_book import SessionConfigBook
from genesis.app.config_file import ConfigFile
from genesis.app.config_problems import SchemaDesk
from genesis.domain.units import Mts, Symbol
from genesis.ports.access import Role
from genesis.ports.audit import AuditLog
from genesis.ports.errors import NotPossible
from genesis.ports.operator import Command, Kill, Outcome
from genesis.ports.session_view import (
    CandleRow,
    EquityPoint,
    ExactText,
    FillRow,
    Guard,
    LimitUse,
    LinkView,
    NodeValue,
    Order,
    OrderReasons,
    OrderStep,
    Overview,
    Portfolio,
    Position,
    StrategyState,
)

SYMBOL = Symbol("tBTCUSD")
START = 1_700_000_000_000
STEP = OrderStep(Mts(START), "approved", "passed the risk gate")


def text(value: object) -> ExactText:
    return ExactText(str(value))


def order(cid: int, *, is_open: bool = False, symbol: Symbol = SYMBOL, note: str = "") -> Order:
    """An order of one bitcoin, made *cid* seconds after the start."""
    mts = Mts(START + 1_000 * cid)
    status = "working" if is_open else "filled"
    price, average = ("50000", "") if is_open else ("", "50000")
    kind, filled = ("limit", "0") if is_open else ("market", "1")
    return Order(
        cid, symbol, "buy", kind, text(1), text(filled), text(price), text(average), status, is_open, "trend", mts, mts,
        note,
    )  # fmt: skip


def fill(cid: int) -> FillRow:
    return FillRow(
        0, Mts(START + 1_000 * cid), cid, SYMBOL, "buy", text(1), text("50000.5"), text("0.002"), "BTC", "trend"
    )


def overview(equity: str = "10500.25", *, strategy: str = "trend", is_halted: bool = False) -> Overview:
    """A session that holds a bitcoin and has lost some of what it had."""
    portfolio = Portfolio(
        Mts(START), "USD", text(equity), text("500"), text("10000"), text("11000"), text("500.25"), text("-20"),
        text("31.5"), 0.045, 0.08,
    )  # fmt: skip
    position = Position(SYMBOL, text("0.2"), text("49000"), text("50001"), text("10000.2"), text("200.2"), 0.95)
    limits = (
        LimitUse("max_drawdown", "account", "%", text("4.5"), text("10"), text("5.5"), 0.45, "clear"),
        LimitUse("position_cap", SYMBOL, "%", text("95"), text("100"), text("5"), 0.95, "near"),
        LimitUse("max_daily_loss", "account", "USD", text("20"), text(""), text(""), 0.0, "off"),
    )
    last = ("main: buy tBTCUSD", Mts(START), "0", ">= 0.00004")
    guards = (Guard("amount_below_minimum", 3, *last), Guard("position_exceeded", 0))
    nodes = (NodeValue("ema(close, 12)", 50_000.5), NodeValue("ema(close, 26)", None))
    state = StrategyState(
        strategy, strategy, SYMBOL, "1m", True, 1.0, text("500.25"), 12, {"fast": "12"}, nodes, Mts(START + 60_000)
    )
    links = (LinkView("account", "open", Mts(START), "authenticated"),)
    return Overview(
        0, "paper", SYMBOL, "1m", portfolio, (position,), limits, guards, (state,), links, is_halted, is_halted
    )


def reasons() -> OrderReasons:
    return OrderReasons(Mts(START), 1.0, 1.0, 0.95, (NodeValue("close", 50_000.0),))


class RecordingOperator:
    """Does what it is told, as far as it goes: writes it down, then pulls the latch on a kill; *refuses* the rest."""

    def __init__(self, audit: AuditLog, latch: MemoryKillLatch) -> None:
        self.audit = audit
        self.latch = latch
        self.done: list[Command] = []
        self.is_refusing = False
        self.steps: list[str] = []

    async def carry_out(self, command: Command, who: str) -> Outcome:
        receipt = await self.audit.append({"command": type(command).__name__, "who": who})
        self.steps.append("audit")
        if self.is_refusing:
            raise NotPossible("not now")
        if isinstance(command, Kill):
            self.latch.pull(command.reason)
        self.done.append(command)
        self.steps.append("effect")
        return Outcome(receipt.seq, receipt.mts, "done")


@frozen
class House:
    """The server, what stands behind it, and who may ask."""

    port: int
    monitor: MemoryMonitor
    metrics: MemoryMetrics
    view: MemorySessionView
    operator: RecordingOperator
    latch: MemoryKillLatch
    credentials: MemoryCredentials
    authority: ConfigAuthority
    home: Path
    client: aiohttp.ClientSession
    stalled_s: list[float]
    """For how long the trading loop stands still, as the one item."""

    tokens: dict[Role, str] = field(factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def bearer(self, role: Role | None = Role.ADMIN) -> dict[str, str]:
        """The header of a program's token for *role*; none for nobody."""
        if role is None or role is Role.PUBLIC:
            return {}
        if role not in self.tokens:
            self.tokens[role] = self.credentials.issue_token(role.name.lower(), role, 1)
        return {"Authorization": f"Bearer {self.tokens[role]}"}

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        role: Role | None = Role.ADMIN,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:  # Any: JSON
        """Return the status and the body of an answer; a change gets a key of its own."""
        more = {"Idempotency-Key": str(uuid.uuid4())} if "/control/" in path else {}
        sent = {**self.bearer(role), **more, **(headers or {})}
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        async with self.client.request(method, self.url + path, data=data, headers=sent) as answer:
            raw = await answer.read()
            is_json = answer.content_type == "application/json"
            return answer.status, json.loads(raw) if raw and is_json else raw.decode()

    async def login(self, role: Role = Role.ADMIN) -> str:
        """Return a session's token."""
        status, found = await self.ask(
            "POST", "/api/v1/session", {"code": self.credentials.issue_code(role)}, role=None
        )
        assert status == 201
        token: str = found["token"]
        return token


def feed(view: MemorySessionView, *, candles: int = 30, strategy: str = "trend") -> None:
    """Tell *view* of a small session."""
    for number in range(candles):
        price = 50_000 + number % 17
        mts = Mts(START + 60_000 * number)
        view.candle(CandleRow(mts, price, price + 9.0, price - 9.0, price + 3.0, 1.0))
        view.equity(EquityPoint(mts, 10_000.0 + number, (number % 7) / 100))
    for cid in range(1, 6):
        view.order(order(cid), STEP, reasons())
        view.fill(fill(cid))
    view.order(order(6, is_open=True), STEP, reasons())
    view.show(overview(strategy=strategy))


@asynccontextmanager
async def house(home: Path, costly_max: int = 10_000) -> AsyncIterator[House]:
    """Serve until left."""
    clock, metrics, stalled_s = SystemClock(), MemoryMetrics(), [0.0]
    monitor = MemoryMonitor(clock, metrics, version="0", mode="paper", stalled_s=lambda: stalled_s[0])
    audit = audit_log(home, clock, monitor)
    latch, credentials = MemoryKillLatch(), MemoryCredentials(clock)
    operator = RecordingOperator(audit, latch)
    view = MemorySessionView(Overview(0, "paper", SYMBOL, "1m", None))
    archive = ArchiveFiles(home, home / "logs" / "config_audit.log")
    authority = ConfigAuthority(audit, ConfigFile(home / "config" / "current.json"), clock, monitor)
    authority.open()
    book = SessionConfigBook(authority, home)
    trading = TradingSide(view, operator, archive, credentials, clock, monitor, book)
    server = HttpServer(build_app(monitor, SchemaDesk(), audit, None, trading, costly_max=costly_max), port=0)
    port = server.bind()
    running = asyncio.create_task(server.run())
    async with aiohttp.ClientSession() as client:
        yield House(port, monitor, metrics, view, operator, latch, credentials, authority, home, client, stalled_s)
    running.cancel()
    await asyncio.wait([running])
