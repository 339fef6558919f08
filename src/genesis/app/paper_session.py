"""A paper session from its first candle to its summary: signals, state on disk, and what is printed."""

import asyncio
import contextlib
import signal
import sys
from pathlib import Path
from time import perf_counter

from genesis.app.backtest import Engine, Run
from genesis.app.backtest_result import BacktestResult, document_of
from genesis.app.backtest_view import print_result
from genesis.app.json_output import json_text
from genesis.app.live_status import LiveStatus
from genesis.app.paper import Component, run_paper
from genesis.app.session_plan import SessionPlan
from genesis.app.wiring import PaperSystem, build_paper
from genesis.ports.errors import GenesisError


def run_session(plan: SessionPlan, home: Path, *, json: bool) -> None:
    """Run *plan* until its candles end or someone asks it to stop (Ctrl-C, SIGTERM); raises what ended it early.

    The summary is written to `sessions/` of the data directory before it is printed.
    """
    system = build_paper(plan.terms, home, plan.host, plan.port)
    port = system.server.bind()
    say = sys.stderr if json else sys.stdout
    for note in plan.market.notes:
        print(note, file=say)
    print(f"paper session: {plan.strategy} on {plan.market.symbol}, {plan.pace}; {system.server.url}", file=say, flush=True)
    assert port
    begin = perf_counter()
    try:
        asyncio.run(_until_stopped(plan, system, is_drawn=not json and sys.stdout.isatty()))
    except* GenesisError as group:
        raise _first(group) from None
    finally:
        system.server.close()
    result = _result(plan, system, perf_counter() - begin)
    text = json_text(document_of(result))
    path = write_session(home, result, text)
    if json:
        print(text)
    else:
        print_result(result)
        print(f"session written to {path}")
