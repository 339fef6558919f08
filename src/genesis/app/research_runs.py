"""The research commands as functions of their options: what each command calls, and `reproduce` calls again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from genesis.adapters.sweeps_parquet import ParquetSweep
from genesis.app.backtest import Engine, Run, Terms, run_columnar, run_event
from genesis.app.backtest_result import BacktestResult
from genesis.app.bundle import Made, comparison_sha256, walk_forward_sha256
from genesis.app.compare import Compared, compare, wanted_runs
from genesis.app.home import home
from genesis.app.options import choice_option, parameters_option, seconds_option
from genesis.app.progress import Show
from genesis.app.research import (
    Research,
    checked_order,
    checked_top,
    market_of_options,
    own_threads,
    research_of,
    run_terms,
    runner_of,
    threads_option,
)
from genesis.app.research_options import (
    BacktestOptions,
    CompareOptions,
    OptimizeOptions,
    SearchOptions,
    SweepOptions,
    TradingOptions,
    WalkOptions,
)
from genesis.app.search_folder import Start, check_damaged, check_kin, check_unfinished, held
from genesis.app.strategies import build_deciding, find_any_strategy, origins_of
from genesis.app.sweep import SweepPlan, ThreadRunner, describe, name_of, run_sweep
from genesis.app.sweep_result import SweepResult, result_of
from genesis.app.sweeper import takes
from genesis.app.walkforward import WalkForward, walk_forward
from genesis.domain.candle import Candles
from genesis.domain.events import AlertCode
from genesis.domain.statistics.record import decision_hash
from genesis.domain.statistics.walk_forward import Schedule, Window, windows_of
from genesis.domain.strategy.by_events import NoExpression, reads_of
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.merged import symbols_of
from genesis.domain.units import InexactNumber
from genesis.ports.errors import InputError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

Progress = Callable[[str], "AbstractContextManager[Show]"]
"""Shows the progress of something, under a text."""


@frozen(eq=False)
class BacktestRun:
    """A finished `backtest`."""

    result: BacktestResult
    candles: Candles
    made: Made


@frozen(eq=False)
class CompareRun:
    """A finished `compare`."""

    wanted: Sequence[tuple[str, Expr]]
    compared: Compared
    terms: Terms
    candles: Candles
    made: Made


@frozen(eq=False)
class SweepRun:
    """A finished `sweep` or `optimize`."""

    result: SweepResult
    table: ParquetSweep
    candles: Candles
    libraries: Mapping[str, str] = field(factory=dict)

    @property
    def made(self) -> Made:
        """What can be made again."""
        plan = self.result.plan
        return Made(plan.data, plan.origins, self.table.sha256(), self.libraries)


@frozen(eq=False)
class WalkRun:
    """A finished `walkforward`."""

    plan: SweepPlan
    candles: Candles
    found: WalkForward
    made: Made
    seconds: float


def make_backtest(
    options: BacktestOptions, trading: TradingOptions, progress: Progress, *, keep_equity: bool = False
) -> BacktestRun:
    """Run a backtest; raises `InputError`."""
    market, account, cost, desk = trading
    engine, origins = choice_option("engine", options.engine, Engine), origins_of(options.strategy, desk.regime)
    chosen = find_any_strategy(options.strategy)
    params, deciding = build_deciding(chosen, parameters_option(options.param))
    found = market_of_options(market, reads_of(deciding))
    terms = run_terms(found, deciding, account, cost, desk)
    begin = perf_counter()
    run = _run(terms, found.candles, engine, progress, keep_equity=keep_equity)
    seconds = perf_counter() - begin
    data = found.description()
    result = BacktestResult(chosen.name, params, data, terms, engine.value, run, seconds)
    made = Made(data, origins, decision_hash(run.record))
    return BacktestRun(result, found.candles, made)


def make_comparison(options: CompareOptions, trading: TradingOptions) -> CompareRun:
    """Run strategies on the same candles under the same terms; raises `InputError`."""
    market, account, cost, desk = trading
    origins = origins_of(*(text.split()[0] for text in options.run if text.split()), desk.regime)
    wanted = wanted_runs(options.run)
    found = market_of_options(market, sorted({symbol for _, each in wanted for symbol in symbols_of(each)}))
    terms = run_terms(found, wanted[0][1], account, cost, desk)
    compared = compare(wanted, terms, found.candles)
    made = Made(found.description(), origins, comparison_sha256(compared))
    return CompareRun(wanted, compared, terms, found.candles, made)


@contextmanager
def _told() -> Iterator[None]:
    """Say in one sentence that a number of the candles does not fit."""
    try:
        yield
    except InexactNumber as error:
        raise InputError(f"{error}; data.check tells more about the candles") from error


def make_sweep(
    options: SweepOptions,
    search: SearchOptions,
    trading: TradingOptions,
    progress: Progress,
    *,
    start: Start = Start.PLAIN,
    folder: Path | None = None,
) -> SweepRun:
    """Run a sweep, with its results in *folder*, or else in the data directory; raises `InputError`."""
    checked_order(search.sort)
    checked_top(options.top)
    research = research_of(search, trading, options.random, options.seed)
    runner = runner_of(research, search.workers)
    plan, description = research.plan, describe(research.plan)
    place = (folder or home() / "sweeps") / name_of(plan)
    check_kin(place, start, description)
    with held(place), _told():
        table = ParquetSweep(place, description, keep=start is not Start.ANEW)
        if table.damage:
            check_damaged(place, start, table.damage)
            table.repair()
        elif not table.is_finished:
            check_unfinished(place, start, len(table.done()), plan.parts, "parts")
        begin = perf_counter()
        with progress("sweeping" if takes(plan.terms) else "sweeping, each run by itself") as show:
            tally = run_sweep(plan, table, runner, show)
        seconds = perf_counter() - begin
        threads = own_threads(search.workers)
        result = result_of(plan, tally, search, options.top, table, research.candles, seconds, threads)
    return SweepRun(result, table, research.candles)


def make_optimization(
    options: OptimizeOptions,
    search: SearchOptions,
    trading: TradingOptions,
    progress: Progress,
    *,
    start: Start = Start.PLAIN,
    folder: Path | None = None,
) -> SweepRun:
    """Search with Optuna, with its trials in *folder*, or else in the data directory; raises `InputError`."""
    from genesis.app.optimize import optimize, optuna_version

    trials, seed, order = options.trials, options.seed, search.sort
    checked_order(order)
    checked_top(options.top)
    if not 1 <= trials <= 1_000_000:
        raise InputError(f"--trials {trials}: give 1 to 1000000")
    if not 0 <= seed < 2**31:
        raise InputError(f"--seed {seed}: must be from 0 to {2**31 - 1}")
    threads = threads_option(search.workers)
    research = research_of(search, trading, is_searched=True)
    plan, candles = research.plan, research.candles
    libraries = {"optuna": optuna_version()}
    place = (folder or home() / "optimizations") / f"{name_of(plan)}-optuna-{libraries['optuna']}-{order}-{seed}"
    description = {**describe(plan), "sort": order, "seed": seed, **libraries}
    check_kin(place, start, description)
    with held(place), _told():
        ParquetSweep(place, description, keep=True)
        begin = perf_counter()
        with progress("searching" if takes(plan.terms) else "searching, each run by itself") as show:
            tried = optimize(plan, candles, place / "trials.log", order, trials, seed, threads, start, show)
        plan = evolve(plan, indices=tried)
        table = ParquetSweep(place, description, keep=False)
        tally = run_sweep(plan, table, ThreadRunner(plan, candles, threads), lambda _done, _total: None)
        seconds = perf_counter() - begin
        result = result_of(plan, tally, search, options.top, table, candles, seconds, threads, plan.space.size)
    return SweepRun(result, table, candles, libraries)


def make_walk_forward(
    options: WalkOptions, search: SearchOptions, trading: TradingOptions, progress: Progress
) -> WalkRun:
    """Walk forward; raises `InputError`."""
    checked_order(search.sort)
    spans = [_span(name, getattr(options, name)) for name in ("train", "test", "purge", "embargo")]
    schedule = Schedule(spans[0], spans[1], spans[2], spans[3], options.anchored)
    threads = threads_option(search.workers)
    research = research_of(search, trading, options.random, options.seed)
    windows = _windows(research, schedule, f"--train {options.train} --test {options.test}")
    plan, candles = research.plan, research.candles
    begin = perf_counter()
    with _told(), progress("walking forward") as show:
        found = walk_forward(plan, candles, windows, search.sort, threads, show, search.tried)
    made = Made(plan.data, plan.origins, walk_forward_sha256(found))
    return WalkRun(plan, candles, found, made, perf_counter() - begin)


def _windows(research: Research, schedule: Schedule, told: str) -> list[Window]:
    mts = research.candles.mts
    try:
        windows = windows_of(int(mts[0]), int(mts[-1]), schedule)
    except ValueError as error:
        raise InputError(f"{told}: {error}") from error
    if not windows:
        raise InputError(f"{told}: the candles are not long enough for one window")
    return windows


def _run(terms: Terms, candles: Candles, engine: Engine, progress: Progress, *, keep_equity: bool) -> Run:
    try:
        if engine is Engine.COLUMNAR:
            return run_columnar(terms, candles)
        with progress("running") as show:
            run = run_event(terms, candles, show, keep_equity=keep_equity)
    except (InexactNumber, NoExpression) as error:
        raise InputError(str(error)) from error
    failed = [alert for alert in run.record.alerts if alert.code is AlertCode.STRATEGY_FAILED]
    if failed:
        raise InputError(f"{terms.desk.strategy}, at the candle of {failed[0].mts}: {failed[0].text}")
    return run


def _span(option: str, text: str) -> int:
    if text.rstrip("dhms").strip("0") == "":
        return 0
    return round((seconds_option(option, text) or 0.0) * 1000)
