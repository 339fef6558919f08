"""A paper session from its first candle to its summary: signals, state on disk, and what is printed."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import numpy as np

from genesis.adapters.atomic_file import write_whole
from genesis.app.backtest import Run
from genesis.app.backtest_result import BacktestResult, document_of
from genesis.app.backtest_view import print_result
from genesis.app.json_output import json_text
from genesis.app.live_status import LiveStatus
from genesis.app.paper import Component, run_paper
from genesis.app.paper_venue import paper_venue
from genesis.app.paper_wire import WireHouse, trade_over_wire, wired_market
from genesis.app.recording import LatchWatch, recorded_session, refuse_while_killed, session_began
from genesis.app.run_watch import People
from genesis.app.session_feeding import SessionAbout
from genesis.app.session_plan import Over, SessionPlan
from genesis.app.session_run import login_line, until_stopped
from genesis.app.session_watch import session_watch
from genesis.app.trade import Recording
from genesis.app.wiring import SessionSystem, build_session, kill_latch


def run_session(plan: SessionPlan, home: Path, people: People, *, json: bool) -> None:
    """Run *plan* until its candles end or someone asks it to stop (Ctrl-C, SIGTERM), then write and print the summary.

    Raises `GenesisError` for what ended it early; what happened until then is written all the same. *people* hear of
    what goes wrong in it.
    """
    refuse_while_killed(kill_latch(home))
    instrument, cash, told = plan.terms.desk.instrument, plan.terms.cash, about(plan)
    system = build_session(instrument, cash, told, home, plan.host, plan.port, plan.basis)
    port = system.server.bind()
    say = sys.stderr if json else sys.stdout
    for note in plan.market.notes:
        print(note, file=say)
    title = f"paper session: {plan.strategy} on {plan.market.symbol}, {plan.pace}"
    login = login_line(system, home, say)
    print(f"{title}, at {system.server.url}", file=say, flush=True)
    print(login, file=say, flush=True)
    print(f"journal: {system.journal_path}", file=say, flush=True)
    latch = LatchWatch(system.latch, system.clock, system.feed)
    beside: list[Component] = [system.server, latch, system.feeding, system.watching]
    if system.config is not None:
        beside.append(system.config)
    if not json and sys.stdout.isatty():
        beside.append(LiveStatus(system.observer, system.clock, title))
    begin = perf_counter()
    source = f"{plan.strategy} on {plan.market.symbol}, paper"
    try:
        with session_watch(people, source, system.clock, system.metrics, system.feed) as watch:
            asyncio.run(watch.around(lambda: until_stopped(_recorded(plan, system, beside), system.feed)))
    except KeyboardInterrupt:
        print("interrupted", file=say)
    finally:
        system.server.close()
        if system.observer.has_begun:
            _finish(plan, system, perf_counter() - begin, home, port, json=json)


def about(plan: SessionPlan) -> SessionAbout:
    """Return what the session of *plan* is, for those who watch it."""
    strategies = plan.account.strategies
    return SessionAbout(
        "paper",
        plan.market.symbol,
        plan.market.timeframe.value,
        {each.desk.name: each.strategy for each in strategies},
        {each.desk.name: {name: str(value) for name, value in each.params.items()} for each in strategies},
    )


async def _recorded(plan: SessionPlan, system: SessionSystem, beside: Sequence[Component]) -> None:
    recording = system.recording()
    async with recorded_session(recording, session_began(plan, "paper")):
        if plan.over is Over.WIRE:
            await _over_wire(plan, system, recording, beside)
            return
        others = (*beside, recording.journal)
        candles, observer = plan.market.candles, system.observer
        core = plan.account.core()
        await run_paper(
            core, plan.terms, candles, plan.pace, system.clock, observer, others, recording, system.operated
        )


async def _over_wire(
    plan: SessionPlan, system: SessionSystem, recording: Recording, beside: Sequence[Component]
) -> None:
    candles, timeframe = plan.market.candles, plan.market.timeframe
    venue = paper_venue(plan.terms, candles, timeframe)
    core = plan.account.core()
    system.observer.begin(core)
    house = WireHouse(system.clock, system.metrics, system.observer)
    async with wired_market(venue, candles, timeframe, plan.pace, house) as wired:
        system.observer.serving(wired.url)
        await trade_over_wire(core, wired, system.observer, beside, recording, system.operated)


def _finish(plan: SessionPlan, system: SessionSystem, seconds: float, home: Path, port: int, *, json: bool) -> None:
    run = Run(system.observer.record(), np.empty(0, dtype=np.int64))
    last = system.observer.last_mts
    played = plan.market if last is None else plan.market.until(last + 1)  # one that was stopped saw no more
    result = BacktestResult(plan.strategy, plan.params, played.description(), plan.terms, "paper", run, seconds)
    text = json_text({"port": port, **document_of(result)})
    if json:
        print(text)
    else:
        print_result(result)
    path = home / "sessions" / f"{system.clock.now()}.json"
    write_whole(path, text + "\n")  # last, so that a full disk does not take the summary from the screen, too
    if not json:
        print(f"session written to {path}")
