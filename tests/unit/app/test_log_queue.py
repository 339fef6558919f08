"""A33: nobody waits for a log, and what is lost is counted."""

import json
import logging
import os
import threading
from collections.abc import Iterator

import pytest
from attrs import field, frozen

from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.app.event_log import EventLog, SamplingFilter
from genesis.app.event_sampling import RATES, Sampler
from genesis.app.log_lines import JsonLine
from genesis.app.log_queue import QueuedLog, unbuffered
from genesis.domain.json_value import JsonObject
from genesis.domain.units import Mts
from genesis.ports.monitor import Category, Severity, Status

LOGGER = logging.getLogger("genesis.session")


@frozen
class Reader:
    """Takes lines once its gate is open."""

    gate: threading.Event = field(factory=threading.Event)
    lines: list[str] = field(factory=list)

    def write(self, data: bytes) -> None:
        self.gate.wait()
        self.lines.append(data.decode())

    def events(self) -> list[str]:
        return [json.loads(line)["event"] for line in self.lines]


@pytest.fixture
def quiet() -> Iterator[None]:
    """Log to this test's handlers alone, and leave logging as it was."""
    level, propagate = LOGGER.level, LOGGER.propagate
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
    yield
    LOGGER.propagate = propagate
    for handler in list(LOGGER.handlers):
        LOGGER.removeHandler(handler)
    LOGGER.setLevel(level)


def log_to(reader: Reader, lines_max: int, lost: list[int]) -> QueuedLog:
    handler = QueuedLog(JsonLine(), logging.Filter(), lambda: lost.append(1), reader.write, lines_max)
    LOGGER.addHandler(handler)
    return handler


@pytest.mark.usefixtures("quiet")
def test_a33_a_reader_that_stands_still_stops_nobody_and_the_loss_is_told() -> None:
    reader, lost = Reader(), list[int]()
    handler = log_to(reader, 8, lost)
    for number in range(50):
        LOGGER.info("market.seen", extra={"fields": {"n": number}})
    LOGGER.warning("risk.max_drawdown")
    LOGGER.info("order.filled")
    assert 40 <= len(lost) <= 44  # six stand in the queue, and perhaps one at the reader
    reader.gate.set()
    handler.stop(20.0)
    events = reader.events()
    assert {"risk.max_drawdown", "order.filled", "system.log_lines_dropped"} <= set(events)
    told = next(json.loads(line) for line in reader.lines if "log_lines_dropped" in line)
    assert told["fields"]["lines"] == len(lost)
    assert events.count("market.seen") == 50 - len(lost)


@pytest.mark.usefixtures("quiet")
def test_a33_a_full_pipe_holds_up_neither_the_logging_thread_nor_the_end() -> None:
    read_end, write_end = os.pipe()
    lost = list[int]()

    pipe = os.fdopen(write_end, "w")
    handler = QueuedLog(JsonLine(), logging.Filter(), lambda: lost.append(1), unbuffered(pipe), 64)
    LOGGER.addHandler(handler)
    for _ in range(300):
        LOGGER.warning("link.reconnect", extra={"fields": {"reason": "x" * 4_000}})
    assert lost  # the pipe holds 64 KiB, the queue 64 lines
    handler.stop(0.05)
    LOGGER.warning("link.reconnect")
    os.close(read_end)  # its thread ends with an error that nobody sees
    handler.stop(20.0)
    pipe.close()


@pytest.mark.usefixtures("quiet")
def test_a_value_without_a_text_does_not_end_the_log() -> None:
    class Silent:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    reader = Reader()
    reader.gate.set()
    handler = log_to(reader, 8, [])
    LOGGER.warning("risk.odd", extra={"fields": {"value": Silent()}})
    handler.handle(logging.LogRecord("genesis.session", logging.WARNING, "", 0, "risk.%d", ("no number",), None))
    LOGGER.warning("risk.next")
    handler.stop(20.0)
    assert "cannot be written" in reader.lines[0]
    assert "cannot be written" in reader.lines[1]  # without the mask, which would show what does not fit
    assert json.loads(reader.lines[-1])["event"] == "risk.next"


class Feed:
    """A monitor's feed that remembers."""

    def __init__(self) -> None:
        self.notes: list[tuple[Category, str, Severity]] = []
        self.statuses: list[tuple[Status, str]] = []

    def set_status(self, status: Status, reason: str = "") -> None:
        self.statuses.append((status, reason))

    def saw_event(self, mts: Mts) -> None:
        del mts

    def note(
        self, category: Category, name: str, fields: JsonObject | None = None, severity: Severity = "info"
    ) -> None:
        del fields
        self.notes.append((category, name, severity))


@pytest.mark.usefixtures("quiet")
def test_events_are_shown_whole_and_written_by_sample() -> None:
    feed, metrics, clock, reader = Feed(), MemoryMetrics(), ManualClock(), Reader()
    reader.gate.set()
    handler = log_to(reader, 1_000, [])
    handler.addFilter(SamplingFilter(Sampler(RATES), clock, metrics))
    events = EventLog(feed, metrics)
    for number in range(100):
        events.note("market", "market.seen", {"n": number})
        events.note("order", "order.filled", {"n": number})
    events.note("market", "market.stale", {}, "warning")
    clock.move(1.0)
    events.note("market", "market.seen", {"n": 100})
    handler.stop(20.0)
    assert len(feed.notes) == 202
    written = reader.events()
    assert (written.count("order.filled"), written.count("market.stale")) == (100, 1)
    assert written.count("market.seen") == RATES["market"] + 1
    assert '"sampled_out_before": 98' in next(line for line in reader.lines if "market.stale" in line)
    counters = metrics.snapshot().counters
    assert counters['events_sampled_out_total{category="market"}'] == 98
    assert counters['events_total{category="market",severity="info"}'] == 101


def test_a_change_of_status_is_an_event_once() -> None:
    feed = Feed()
    events = EventLog(feed, MemoryMetrics())
    for _ in range(3):
        events.set_status("halted", "max drawdown")
    events.set_status("running")
    assert feed.notes == [("system", "system.halted", "error"), ("system", "system.running", "info")]
    assert len(feed.statuses) == 4


def test_what_stops_is_nothing_else_any_more_and_for_its_first_reason() -> None:
    feed = Feed()
    events = EventLog(feed, MemoryMetrics())
    events.set_status("stopping", "the kill latch is set (enough)")
    events.set_status("degraded", "no connection: account")
    events.set_status("stopping", "its candles ended")
    assert len(feed.statuses) == 1
    assert feed.notes == [("system", "system.stopping", "info")]
