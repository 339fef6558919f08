"""A9: what signals do to a session, in a process of its own."""

import select
import signal
import subprocess
import sys

import pytest

PROGRAM = """
import asyncio
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.app.session_run import until_stopped

monitor = MemoryMonitor(SystemClock(), MemoryMetrics(), version="0", mode="paper")

async def session():
    print("runs", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        print("stops", flush=True)
        {end}

asyncio.run(until_stopped(session(), monitor))
print("ended in order:", monitor.health().status, monitor.health().reason, flush=True)
"""
IN_ORDER, NEVER = "pass", "await asyncio.Event().wait()"


def session(end: str) -> "subprocess.Popen[str]":
    program = [sys.executable, "-c", PROGRAM.replace("{end}", end)]
    return subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a9_the_first_signal_stops_in_order(number: signal.Signals) -> None:
    with session(IN_ORDER) as process:
        assert said(process) == "runs"
        process.send_signal(number)
        assert said(process) == "stops"
        assert said(process) == f"ended in order: stopping it was asked to stop ({number.name})"
        assert process.wait(30) == 0


def test_a9_a_second_signal_ends_what_does_not_stop() -> None:
    with session(NEVER) as process:
        assert said(process) == "runs"
        process.send_signal(signal.SIGTERM)
        assert said(process) == "stops"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 128 + signal.SIGINT
        assert process.stderr is not None
        assert process.stderr.read().startswith("asked twice")


def test_a9_a_reader_of_its_output_that_goes_away_does_not_end_a_session() -> None:
    with session(IN_ORDER) as process:
        assert said(process) == "runs"
        process.send_signal(signal.SIGPIPE)
        process.send_signal(signal.SIGTERM)
        assert said(process) == "stops"
        assert said(process) == "ended in order: stopping it was asked to stop (SIGTERM)"


BEATING = """
import asyncio
from genesis.adapters.bitfinex import pulse
from genesis.adapters.clock_system import SystemClock

pulse.LATE_S, pulse.LONG_S = 0.5, 1.0

async def beat():
    heart = pulse.Pulse(SystemClock(), lambda _: print("stood still", flush=True), lambda: print("steady", flush=True))
    print("runs", flush=True)
    await heart.run()

asyncio.run(beat())
"""


def test_a9_a_process_that_was_stopped_and_goes_on_knows_it() -> None:
    with subprocess.Popen([sys.executable, "-c", BEATING], stdout=subprocess.PIPE, text=True) as process:
        assert said(process) == "runs"
        assert process.stdout is not None
        process.send_signal(signal.SIGSTOP)
        select.select([process.stdout], [], [], 1.5)  # while it is stopped it says nothing
        process.send_signal(signal.SIGCONT)
        assert said(process) == "stood still"
        process.kill()
