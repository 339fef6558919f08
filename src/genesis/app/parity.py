"""Parity: one strategy through every way to run it, on the same candles, with a certificate of what each came to.

The ways are the columns, the trading core event by event, a journal of that run through a fresh core, and the wire: in
lock-step with the local venue, over sockets. Each must make the same fills to the last atom, and be worth the same at
every close.
"""

import asyncio
import hashlib
import platform
from array import array
from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final, get_args

import numpy as np
from attrs import field, frozen

import genesis
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.memory.journal import MemoryDisk, MemoryJournal
from genesis.adapters.memory.kill_latch import MemoryKillLatch
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.app.backtest import Run, RunObserver, Terms, candle_market, run_columnar, run_event
from genesis.app.code_version import code_sha256
from genesis.app.json_output import JsonDocument
from genesis.app.paper import Pace
from genesis.app.paper_venue import paper_venue
from genesis.app.paper_wire import WireHouse, trade_over_wire, wired_market
from genesis.app.trade import Recording, trade_recorded
from genesis.domain.candle import Candles, Timeframe
from genesis.domain.core import TradingCore, one_desk
from genesis.domain.events import Alert, Booked, CandleClosed, Decision, Event
from genesis.domain.execution.plans import Market
from genesis.domain.journal.chain import BadRow, Row, verify
from genesis.domain.journal.encoding import decode, encode
from genesis.domain.link import LinkState
from genesis.domain.order import Cid
from genesis.domain.statistics.record import Record, Recorder, decision_hash
from genesis.domain.strategy.by_events import ByEvents
from genesis.domain.units import format_atoms
from genesis.ports.errors import InputError

EVENTS: Final = get_args(Event)
DECISION: Final = "decision"


class Way(Enum):
    """A way to run a strategy."""

    COLUMNAR = "columnar"
    EVENT = "event"
    JOURNAL = "journal"
    WIRE = "wire"


@frozen
class Outcome:
    """What one way came to; the hashes cover every fill with the final ledger, and the equity at every close."""

    way: Way
    fills: int
    decision_hash: str
    equity_sha256: str
    final_cash: str
    final_position: str
    alerts: tuple[str, ...]
    refusals: tuple[tuple[str, int], ...]

    def difference(self, other: "Outcome") -> str:
        """Return the first thing in which the *other* way differs, empty when in nothing."""
        for name in ("fills", "final_cash", "final_position", "decision_hash", "equity_sha256", "alerts", "refusals"):
            ours, theirs = getattr(self, name), getattr(other, name)
            if ours != theirs:
                return f"{name.replace('_', ' ')}: {ours} by {self.way.value}, {theirs} by {other.way.value}"
        return ""


@frozen
class Parity:
    """The outcome of each way, the ways that these terms do not have, and the first difference, empty for none."""

    outcomes: tuple[Outcome, ...]
    left_out: tuple[tuple[Way, str], ...]
    difference: str = field(default="")


def prove(terms: Terms, candles: Candles, timeframe: Timeframe, ways: Sequence[Way] = tuple(Way)) -> Parity:
    """Run *terms* over *candles* by all *ways* that they have, and compare each with the first.

    Raises `InexactNumber` for candles that do not fit, `InputError` for those that cannot be played over the wire.
    """
    run: dict[Way, Callable[[], Run]] = {
        Way.COLUMNAR: lambda: run_columnar(terms, candles),
        Way.EVENT: lambda: run_event(terms, candles),
        Way.JOURNAL: lambda: run_journal(terms, candles),
        Way.WIRE: lambda: run_wire(terms, candles, timeframe),
    }
    reasons = {Way.WIRE: _not_on_the_wire(terms), Way.COLUMNAR: _not_by_columns(terms)}
    left_out = tuple((way, reasons[way]) for way in ways if reasons.get(way))
    outcomes = tuple(_outcome(way, run[way]()) for way in ways if not reasons.get(way))
    differences = (outcomes[0].difference(each) for each in outcomes[1:])
    return Parity(outcomes, left_out, next(filter(None, differences), ""))


def certificate(parity: Parity, about: JsonDocument) -> JsonDocument:
    """Return the certificate: *about* the run, the code that made it, and what each way came to."""
    return {
        **about,
        "version": genesis.__version__,
        "code_sha256": code_sha256(),
        "python": platform.python_version(),
        "same": not parity.difference,
        "difference": parity.difference or None,
        "ways": [
            {
                "way": each.way.value,
                "fills": each.fills,
                "decision_hash": each.decision_hash,
                "equity_sha256": each.equity_sha256,
                "final_cash": each.final_cash,
                "final_position": each.final_position,
            }
            for each in parity.outcomes
        ],
        "left_out": [{"way": way.value, "reason": reason} for way, reason in parity.left_out],
    }


def run_journal(terms: Terms, candles: Candles) -> Run:
    """Run with a journal, and return what the journal comes to in a fresh core.

    Raises `InputError` when a decision of the fresh core is another, or the chain of the journal is broken.
    """
    disk = MemoryDisk()

    async def record() -> None:
        journal = MemoryJournal(disk, SystemClock())
        recorder = Recorder(terms.desk.instrument, terms.cash)
        market = candle_market(terms, candles)
        core = one_desk(terms.desk, terms.cash)
        await trade_recorded(core, market, RunObserver(recorder), Recording(journal, MemoryKillLatch()))
        await journal.close()

    asyncio.run(record())
    head = verify(disk.rows)
    if isinstance(head, BadRow):
        raise InputError(f"the journal of the run is broken: row {head.seq} {head.reason}")
    return _replayed(terms, disk.rows)


def run_wire(terms: Terms, candles: Candles, timeframe: Timeframe) -> Run:
    """Run over sockets in lock-step with a venue of its own."""
    equities = array("q")
    recorder = Recorder(terms.desk.instrument, terms.cash, equities)
    core = one_desk(terms.desk, terms.cash)

    async def trade() -> None:
        house = WireHouse(SystemClock(), MemoryMetrics(), _Listener())
        venue = paper_venue(terms, candles, timeframe)
        async with wired_market(venue, candles, timeframe, Pace(None), house) as wired:
            await trade_over_wire(core, wired, RunObserver(recorder))

    asyncio.run(trade())
    return Run(_finished(terms, core, recorder), np.array(equities, dtype=np.int64))


class _Listener:
    """Whoever looks at the connections of a wire that must not fail."""

    def link(self, state: LinkState) -> None:
        """Take no notice: what a broken link would change, the fills show."""

    def round_trip(self, seconds: float) -> None:
        """Take no notice: nobody waits for it."""

    def accepted_otherwise(self, cid: Cid, differences: tuple[str, ...]) -> None:
        raise InputError(f"order {cid} was accepted otherwise: {', '.join(differences)}")

    def operator_must(self, cid: Cid, reason: str) -> None:
        raise InputError(f"order {cid} cannot be found out about: {reason}")


def _replayed(terms: Terms, rows: Sequence[Row]) -> Run:
    equities = array("q")
    recorder = Recorder(terms.desk.instrument, terms.cash, equities, terms.desk.margin is not None)
    core = one_desk(terms.desk, terms.cash)
    due: deque[str] = deque()
    for row in rows:
        entry = decode(row.kind, row.payload)
        if isinstance(entry, EVENTS):
            decisions = core.handle(entry)
            due.extend(encode(decision)[1] for decision in decisions)
            _take(recorder, core, entry, decisions)
        elif row.kind == DECISION and (not due or due.popleft() != row.payload):
            raise InputError(f"the journal of the run replays otherwise: row {row.seq} is {row.payload}")
    if due:
        raise InputError(f"the journal of the run ends before this decision of its replay: {due[0]}")
    return Run(_finished(terms, core, recorder), np.array(equities, dtype=np.int64))


def _take(recorder: Recorder, core: TradingCore, event: Event, decisions: Sequence[Decision]) -> None:
    if isinstance(event, CandleClosed):
        for desk in core.desks_of(event.symbol):
            recorder.close(event.candle.mts, desk.equity, desk.position)
    for decision in decisions:
        if isinstance(decision, Booked):
            recorder.fills.append(decision.fill)
        elif isinstance(decision, Alert):
            recorder.alerts.append(decision)


def _finished(terms: Terms, core: TradingCore, recorder: Recorder) -> Record:
    return recorder.finish(core.cash, core.position(terms.desk.instrument.symbol), core.refusals)


def _outcome(way: Way, run: Run) -> Outcome:
    record = run.record
    return Outcome(
        way,
        len(record.fills),
        decision_hash(record),
        hashlib.sha256(run.equity.astype("<i8").tobytes()).hexdigest(),
        format_atoms(record.final_cash),
        format_atoms(record.final_position),
        tuple(f"{alert.mts} {alert.text}" for alert in record.alerts),
        tuple(sorted((code.value, count) for code, count in record.refusals.items() if count)),
    )


def _not_by_columns(terms: Terms) -> str:
    """Return why there are no columns to run by, empty when there are."""
    if isinstance(terms.desk.strategy, ByEvents):
        return "it decides event by event, and columns need an expression"
    return ""


def _not_on_the_wire(terms: Terms) -> str:
    """Return why the local venue does not give what a backtest does, empty when it does."""
    if terms.desk.margin is not None:
        return "a session over the wire trades on the exchange wallet, without margin"
    if terms.desk.protection is not None or not isinstance(terms.desk.plan, Market):
        return "the local venue has a path of its own inside a candle, on which orders that rest fill elsewhere"
    if not terms.costs.are_fixed:
        return "the local venue has one spread and one fee: measured slippage and fee tiers are not played on it"
    if not terms.costs.slippage:
        return "a book has a spread: without slippage there is none to trade at"
    return ""
