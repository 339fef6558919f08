"""A sweep: every combination of a grid over the same candles, written part by part, resumed where it was left."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np
from attrs import asdict, evolve, field, frozen

import genesis
from genesis.app.backtest import Terms
from genesis.app.backtest_result import DataDescription, bps_text
from genesis.app.json_output import Json
from genesis.app.progress import Show
from genesis.app.sweeper import Sweeper
from genesis.domain.candle import Candles, Floats, Ints
from genesis.domain.statistics.sweep_figures import sweep_figures
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.space import Space
from genesis.domain.strategy.specification import BadStrategy, Strategy, Value
from genesis.domain.units import InexactNumber, format_atoms
from genesis.ports.errors import InputError
from genesis.ports.sweeps import SweepTable

PART: Final = 1024
"""Runs of a part: what is lost at most when a sweep is killed."""


@frozen(eq=False)
class SweepPlan:
    """What to run: the combinations *indices* of *space*, ascending."""

    strategy: Strategy
    space: Space
    indices: Ints
    terms: Terms
    data: DataDescription
    parts: int = field(init=False)

    @parts.default
    def _count_parts(self) -> int:
        return -(-len(self.indices) // PART)


class Done(NamedTuple):
    """How many runs a part made, and how many combinations the strategy refused."""

    runs: int
    skipped: int


class Tally(NamedTuple):
    """How many runs a sweep has, how many combinations were skipped, and how many runs were there from before."""

    runs: int
    skipped: int
    resumed: int


def first_expression(strategy: Strategy, space: Space, indices: Ints) -> Expr:
    """Return the expression of the first combination that *strategy* takes; raises `InputError` if it takes none."""
    refusal = "there is no combination"
    for index in indices.tolist():
        try:
            return strategy.express(space.at(index))
        except BadStrategy as error:
            refusal = str(error)
    raise InputError(f"{strategy.name} takes none of the {len(indices)} combinations: {refusal}")


def describe(plan: SweepPlan) -> Mapping[str, Json]:
    """Return what a sweep is, as JSON: equal for equal results."""
    terms = plan.terms
    limits = terms.desk.limits
    axes = {axis.name: list(axis.values) for axis in plan.space.axes}
    return {
        "version": genesis.__version__,
        "strategy": plan.strategy.name,
        "expression": str(terms.desk.strategy),
        "axes": axes,
        "combinations": plan.space.size,
        "indices_sha256": hashlib.sha256(plan.indices.astype("<i8").tobytes()).hexdigest(),
        "data": {**asdict(plan.data), "files": list(plan.data.files), "notes": list(plan.data.notes)},
        "cash": format_atoms(terms.cash),
        "size": terms.desk.size,
        "fee_bps": bps_text(terms.costs.fee),
        "slippage_bps": bps_text(terms.costs.slippage),
        "min_amount": format_atoms(terms.desk.instrument.amount_min),
        "position_cap": limits.position_cap,
        "max_drawdown": limits.max_drawdown,
        "max_daily_loss": limits.max_daily_loss,
    }


def name_of(plan: SweepPlan) -> str:
    """Return the name of the sweep's folder: the strategy, and a hash over all that makes its results."""
    description = {name: value for name, value in describe(plan).items() if name != "data"}
    text = json.dumps([description, plan.data.symbol, plan.data.timeframe, plan.data.sha256], sort_keys=True)
    return f"{plan.strategy.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def run_sweep(plan: SweepPlan, candles: Candles, table: SweepTable, workers: int, show: Show) -> Tally:
    """Run the parts that *table* lacks. Raises `InputError` where a price that is used does not fit."""
    done = table.done()
    tally = Done(0, 0)
    show(len(done), plan.parts)
    with Sweeper(candles, plan.terms, workers) as sweeper:
        for part in range(plan.parts):
            if part in done:
                continue
            made = _run_part(plan, part, sweeper, len(candles), table)
            tally = Done(tally.runs + made.runs, tally.skipped + made.skipped)
            show(part + 1, plan.parts)
    runs = len(table.read(["index"])["index"])
    return Tally(runs, len(plan.indices) - runs, runs - tally.runs)


def _run_part(plan: SweepPlan, part: int, sweeper: Sweeper, candles: int, table: SweepTable) -> Done:
    indices = plan.indices[part * PART : (part + 1) * PART]
    taken: list[tuple[int, Mapping[str, Value]]] = []
    try:
        outcomes = sweeper.run(_expressions(plan, indices, taken))
    except InexactNumber as error:
        raise InputError(f"{error}; data.check tells more about the candles") from error
    columns: dict[str, Ints | Floats] = {"index": np.array([index for index, _ in taken], dtype=np.int64)}
    for axis in plan.space.axes:
        tried = [values[axis.name] for _, values in taken]
        is_whole = isinstance(axis.values[0], int)
        columns[axis.name] = np.array(tried, dtype=np.int64) if is_whole else np.array(tried, dtype=np.float64)
    if outcomes is not None:
        columns |= sweep_figures(outcomes, plan.terms.cash, candles)
        table.write(part, columns)
    return Done(len(taken), len(indices) - len(taken))


def _expressions(plan: SweepPlan, indices: Ints, taken: list[tuple[int, Mapping[str, Value]]]) -> Iterator[Expr]:
    """Yield the expressions of the combinations that the strategy takes, and note them in *taken*."""
    for index in indices.tolist():
        values = plan.space.at(index)
        try:
            expression = plan.strategy.express(values)
        except BadStrategy:
            continue
        taken.append((index, values))
        yield expression


def with_expression(terms: Terms, expression: Expr) -> Terms:
    """Return *terms* for another strategy."""
    return evolve(terms, desk=evolve(terms.desk, strategy=expression))
