"""From a finished sweep to its page."""

import numpy as np

from genesis.adapters.report.sweep_page import SweepReport
from genesis.app.json_output import Json
from genesis.app.sweep import describe
from genesis.app.sweep_part import parameter_column
from genesis.app.sweep_result import SweepResult, skipped_words, verdict
from genesis.domain.statistics.sweep_figures import DESCENDING
from genesis.ports.sweeps import Row, SweepTable

_SHOWN = {
    "total_return_pct": "Return (%)",
    "sharpe": "Sharpe ratio",
    "max_drawdown_pct": "Maximum drawdown (%)",
    "exposure_pct": "Exposure (%)",
    "win_rate_pct": "Win rate (%)",
    "fills": "Fills",
}


def report_of(result: SweepResult, table: SweepTable) -> SweepReport:
    """Return the report of *result*, whose runs are in *table*."""
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
        order=result.order,
        descending=DESCENDING[result.order],
        axes=[(name, columns[parameter_column(name)]) for name in varied if parameter_column(name) in columns],
        values=columns[result.order],
        luck=luck,
        headers=(*names, *_SHOWN.values()),
        best=[[*(_text(row, name) for name in (*map(parameter_column, names), *_SHOWN))] for row in result.rows],
        origin=[(name, plain(value)) for name, value in describe(plan).items()],
    )


def _text(row: Row, name: str) -> str:
    value = row[name]
    if value is None:
        return "–"
    return f"{value:.2f}" if isinstance(value, float) and name in _SHOWN else str(value)


def plain(value: Json) -> str:
    """Return a value of a description as a person reads it."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {plain(each)}" for name, each in value.items())
    if isinstance(value, list):
        shown = [str(each) for each in value[:20]]
        return (" ".join(shown) or "none") + (f" … ({len(value)})" if len(value) > 20 else "")
    return "off" if value is None else str(value)
