"""From a finished sweep to its page."""

from typing import Final

import numpy as np

from genesis.adapters.report.compare_page import Growth
from genesis.adapters.report.ledger_sections import RunsLedger
from genesis.adapters.report.sweep_page import SweepReport
from genesis.app.buy_and_hold import HELD, held_terms
from genesis.app.endings import ending_words
from genesis.app.json_output import Json
from genesis.app.optimism import optimism_ledger
from genesis.app.research_runs import SweepRun
from genesis.app.runs_ledger import growth_of, part_of, runs_ledger
from genesis.app.strategies import express
from genesis.app.sweep import SweepPlan, describe, with_expression
from genesis.app.sweep_part import parameter_column
from genesis.app.sweep_result import BestRun, skipped_words, verdict
from genesis.domain.candle import Candles
from genesis.domain.statistics.sweep_figures import DESCENDING
from genesis.ports.sweeps import Row

FIRST: Final = "The first run"
_SHOWN = {
    "total_return_pct": "Return (%)",
    "sharpe": "Sharpe ratio",
    "max_drawdown_pct": "Maximum drawdown (%)",
    "exposure_pct": "Exposure (%)",
    "win_rate_pct": "Win rate (%)",
    "fills": "Fills",
}


def report_of(run: SweepRun) -> SweepReport:
    """Return the report of *run*."""
    result, table = run.result, run.table
    plan = result.plan
    varied = [axis.name for axis in plan.space.axes if len(axis.values) > 1]
    columns = table.read([*map(parameter_column, varied), result.order]) if result.rows else {result.order: np.empty(0)}
    names = [axis.name for axis in plan.space.axes]
    luck = result.best.luck_sharpe if result.best is not None and result.order == "sharpe" else None
    return SweepReport(
        title=f"{plan.strategy.name} on {plan.data.symbol}: {result.tally.runs} runs",
        facts=f"{plan.data.rows} candles of {plan.data.timeframe}, {result.tally.runs} runs{skipped_words(result)}",
        notes=plan.data.notes,
        verdict=verdict(result),
        order=_SHOWN.get(result.order, result.order),
        descending=DESCENDING[result.order],
        axes=[(name, columns[parameter_column(name)]) for name in varied if parameter_column(name) in columns],
        values=columns[result.order],
        luck=luck,
        headers=(*names, *_SHOWN.values(), "Ended by"),
        best=[
            [*(_text(row, name) for name in (*map(parameter_column, names), *_SHOWN)), ending_words(row) or "–"]
            for row in result.rows
        ],
        curves=[] if result.best is None else _curves(result.best),
        ledger=None if result.best is None else _ledger(plan, result.best, run.candles),
        origin=[(name, plain(value)) for name, value in describe(plan).items()],
    )


def _curves(best: BestRun) -> list[Growth]:
    return [growth_of(name, run.record) for name, run in ((FIRST, best.run), (HELD, best.held))]


def _ledger(plan: SweepPlan, best: BestRun, candles: Candles) -> RunsLedger:
    terms = {FIRST: with_expression(plan.terms, express(plan.strategy, best.params)), HELD: held_terms(plan.terms)}
    parts = {
        name: [part_of(run.record, candles, optimism_ledger(terms[name], candles))]
        for name, run in ((FIRST, best.run), (HELD, best.held))
    }
    return runs_ledger(parts, plan.terms.cash, plan.terms.desk.instrument.quote)


def _text(row: Row, name: str) -> str:
    value = row[name]
    if value is None:
        return "–"
    return f"{value:.2f}" if isinstance(value, float) and name in _SHOWN else str(value)


def plain(value: Json) -> str:
    """Return a value of a description as a person reads it."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {plain(each)}" for name, each in value.items()) or "none"
    if isinstance(value, list):
        shown = [str(each) for each in value[:20]]
        return (" ".join(shown) or "none") + (f" … ({len(value)})" if len(value) > 20 else "")
    return "off" if value is None else str(value)
