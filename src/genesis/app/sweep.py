"""A sweep: every combination of a grid over the same candles, written part by part, resumed where it was left."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Final, NamedTuple, Protocol

from attrs import asdict, evolve, field, frozen

import genesis
from genesis.app.backtest import Terms
from genesis.app.backtest_result import DataDescription, desk_words, more_costs
from genesis.app.code_version import code_sha256
from genesis.app.json_output import Json
from genesis.app.progress import Show
from genesis.app.strategies import StrategyOrigin
from genesis.app.sweep_part import MadePart, PartMaker
from genesis.app.sweeper import takes
from genesis.app.terms_hash import terms_sha256
from genesis.domain.candle import Candles, Ints
from genesis.domain.statistics.cost_words import bps_text
from genesis.domain.strategy.constraint import Constraint
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.space import Space
from genesis.domain.strategy.specification import Strategy
from genesis.domain.units import format_atoms
from genesis.ports.sweeps import SweepTable

PART: Final = 1024
"""Runs of a part: what is lost at most when a sweep is killed."""
PART_ALONE: Final = 256
"""The same where each run is walked by itself, which takes many times longer."""


@frozen(eq=False)
class SweepPlan:
    """What to run: the combinations *indices* of *space*, ascending, for which all *constraints* hold.

    *regimes* is where the regime of a budget comes from, where the terms have one.
    """

    strategy: Strategy
    origin: StrategyOrigin
    space: Space
    constraints: Sequence[Constraint]
    indices: Ints
    terms: Terms
    data: DataDescription
    regimes: tuple[StrategyOrigin, ...] = ()
    runs_of_part: int = field(init=False)

    @runs_of_part.default
    def _size_parts(self) -> int:
        return PART if takes(self.terms) else PART_ALONE

    @property
    def parts(self) -> int:
        """How many parts there are."""
        return -(-len(self.indices) // self.runs_of_part)

    @property
    def origins(self) -> tuple[StrategyOrigin, ...]:
        """Where all that decides comes from."""
        return (self.origin, *self.regimes)

    def part(self, number: int) -> Ints:
        """Return the combinations of one part."""
        return self.indices[number * self.runs_of_part : (number + 1) * self.runs_of_part]


class Tally(NamedTuple):
    """How many runs a sweep has, how many combinations were skipped, and how many runs were there from before."""

    runs: int
    skipped: int
    resumed: int


def describe(plan: SweepPlan) -> Mapping[str, Json]:
    """Return what a sweep is, as JSON: equal for equal results."""
    terms = plan.terms
    limits = terms.desk.limits
    axes = {axis.name: list(axis.values) for axis in plan.space.axes}
    return {
        "version": genesis.__version__,
        "code_sha256": code_sha256(),
        "strategy": plan.strategy.name,
        "strategy_sha256": plan.origin.sha256,
        "regime_sha256": next((each.sha256 for each in plan.regimes), None),
        "expression": str(terms.desk.strategy),
        "axes": axes,
        "constraints": [each.text for each in plan.constraints],
        "combinations": plan.space.size,
        "indices_sha256": hashlib.sha256(plan.indices.astype("<i8").tobytes()).hexdigest(),
        "data": {**asdict(plan.data), "files": list(plan.data.files), "notes": list(plan.data.notes)},
        "cash": format_atoms(terms.cash),
        "size": terms.desk.size,
        "fee_bps": bps_text(terms.costs.fee),
        "slippage_bps": bps_text(terms.costs.slippage),
        **more_costs(terms.costs),
        "more_terms": list(desk_words(terms.desk)),
        "terms_sha256": terms_sha256(terms),
        "min_amount": format_atoms(terms.desk.instrument.amount_min),
        "position_cap": limits.position_cap,
        "max_drawdown": limits.max_drawdown,
        "max_daily_loss": limits.max_daily_loss,
    }


def name_of(plan: SweepPlan) -> str:
    """Return the name of the sweep's folder: the strategy, and a hash over all that makes its results."""
    description = {name: value for name, value in describe(plan).items() if name != "data"}
    data = [plan.data.symbol, plan.data.timeframe, plan.data.sha256, *sorted(plan.data.others.items())]
    text = json.dumps([description, *data], sort_keys=True)
    return f"{plan.strategy.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


class PartRunner(Protocol):
    """Runs parts of a plan, somewhere. A context manager: leaving it gives back what it took."""

    def run(self, parts: Sequence[int]) -> Iterator[tuple[int, MadePart]]:
        """Yield every part with its number, in any order. Raises `InputError` where a price that is used is none."""

    def __enter__(self) -> "PartRunner":
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End."""


class ThreadRunner:
    """Runs parts on the threads of this process."""

    def __init__(self, plan: SweepPlan, candles: Candles, workers: int) -> None:
        self._maker = PartMaker(plan.strategy, plan.space, plan.constraints, plan.terms, candles, workers)
        self._plan = plan

    def __enter__(self) -> "ThreadRunner":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._maker.close()

    def run(self, parts: Sequence[int]) -> Iterator[tuple[int, MadePart]]:
        for part in parts:
            yield part, self._maker.make(self._plan.part(part))


def run_sweep(plan: SweepPlan, table: SweepTable, runner: PartRunner, show: Show) -> Tally:
    """Run the parts that *table* lacks, and write each as it comes."""
    done = len(table.done())
    missing = [] if table.is_finished else sorted(set(range(plan.parts)) - table.done())
    runs = 0
    show(done, plan.parts)
    if missing:
        with runner:
            for part, made in runner.run(missing):
                if made.runs:
                    table.write(part, made.columns)
                done, runs = done + 1, runs + made.runs
                show(done, plan.parts)
    if not table.is_finished:
        table.finish()
    every = len(table.read(["index"])["index"])
    return Tally(every, len(plan.indices) - every, every - runs)


def with_expression(terms: Terms, expression: Expr) -> Terms:
    """Return *terms* for another strategy."""
    return evolve(terms, desk=evolve(terms.desk, strategy=expression))
