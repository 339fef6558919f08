"""What a sweep found: its best runs, and whether the best of them could be luck; for machines and for people."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from attrs import frozen

from genesis.app.backtest import Run, run_columnar
from genesis.app.buy_and_hold import buy_and_hold
from genesis.app.endings import ending_of, ending_words, endings_sentence, is_ruined
from genesis.app.json_output import Json, JsonDocument
from genesis.app.research_options import SearchOptions
from genesis.app.strategies import express
from genesis.app.sweep import SweepPlan, Tally, describe, with_expression
from genesis.app.sweep_part import expressions_of, parameter_column
from genesis.app.sweeper import sweeper_of
from genesis.app.timing import CASH, timing_document, timing_of_run, timing_sentences
from genesis.domain.candle import Candles
from genesis.domain.statistics.alike import Alike, alike, mean_correlation
from genesis.domain.statistics.record import decision_hash
from genesis.domain.statistics.significance import deflated_sharpe, luck_of_best, moments, probabilistic_sharpe
from genesis.domain.statistics.summary import DAYS_PER_YEAR, daily_returns, summarise
from genesis.domain.statistics.sweep_figures import DESCENDING, returns_of_days
from genesis.domain.statistics.timing import Timing
from genesis.domain.strategy.specification import Value
from genesis.domain.units import format_atoms
from genesis.ports.errors import InputError
from genesis.ports.sweeps import Row, SweepTable

if TYPE_CHECKING:
    from rich.table import Table

ALIKE_OF: Final = 200
"""Runs that say how alike all of them are."""
CORRELATION: Final = "mean_correlation"
_MONEY = ("final_equity", "final_cash", "final_position", "total_fees")


@frozen(eq=False)
class BestRun:
    """The first run of the order, made again alone: how well it was timed, and how sure its Sharpe ratio is.

    Probabilities against cash are None where returns do not vary. *luck_sharpe* is the yearly ratio to be expected of
    the best of as many trials without skill, in a market that goes nowhere.
    """

    params: Mapping[str, Value]
    run: Run
    timing: Timing | None
    probabilistic_sharpe: float | None
    luck_sharpe: float | None
    deflated_sharpe: float | None
    held: Run
    """Buying once and holding, over the same candles."""


@frozen
class SweepResult:
    """A finished sweep."""

    plan: SweepPlan
    tally: Tally
    order: str
    rows: Sequence[Row]
    best: BestRun | None
    folder: Path
    seconds: float
    trials: int
    """What the best run has to be held against, with the trials that were made before on the same candles."""
    endings: str
    """How many of all runs did not run to the end, in a sentence; empty where all did."""
    alike: Alike | None
    """How alike the runs are, and what so many *trials* are worth; luck counts each trial all the same."""


def result_of(
    plan: SweepPlan,
    tally: Tally,
    search: SearchOptions,
    top: int,
    table: SweepTable,
    candles: Candles,
    seconds: float,
    workers: int,
    choices: int | None = None,
) -> SweepResult:
    """Return what the finished sweep in *table* found: its first *top* runs in order, and how good the best is.

    What has to be run once more for that runs on as many threads as there are *workers*.
    *choices* is what the runs were chosen from by a search that learns: with a few it finds the best of many, so that
    luck had as many chances. None counts the runs themselves.
    """
    order = search.sort
    trials = search.tried + (tally.runs if choices is None else choices)
    rows = table.best(order, top, descending=DESCENDING[order])
    best = best_run(plan, rows, candles, table.folder, trials)
    correlation = _correlation(plan, candles, table, workers)
    known = None if correlation is None else alike(correlation, trials)
    return SweepResult(plan, tally, order, rows, best, table.folder, seconds, trials, endings_sentence(table), known)


def _correlation(plan: SweepPlan, candles: Candles, table: SweepTable, workers: int) -> float | None:
    """Return how alike the days of the runs in *table* are: some of them, from first to last, are run once more.

    It is noted in the table, so that reading a finished sweep runs none.
    """
    if CORRELATION in table.notes:
        return table.notes[CORRELATION]
    indices = np.sort(table.read(["index"])["index"]).astype(np.int64)
    found = None
    if len(indices) > 1:
        chosen = indices[np.unique(np.linspace(0, len(indices) - 1, ALIKE_OF).round().astype(np.int64))]
        with sweeper_of(candles, plan.terms, workers) as sweeper:
            outcomes = sweeper.run(each for _, _, each in expressions_of(plan.strategy, plan.space, (), chosen))
        if outcomes is not None:
            found = mean_correlation(returns_of_days(outcomes.day_equity, plan.terms.cash))
    table.note(CORRELATION, found)
    return found


def best_run(plan: SweepPlan, rows: Sequence[Row], candles: Candles, folder: Path, trials: int) -> BestRun | None:
    """Run the first of *rows* alone, and hold it against the market and against luck; None without rows."""
    if not rows:
        return None
    params = _params(plan, rows[0])
    terms = with_expression(plan.terms, express(plan.strategy, params))
    run = run_columnar(terms, candles)
    record = run.record
    if (record.final_equity, len(record.fills)) != (rows[0]["final_equity_atoms"], rows[0]["fills"]):
        raise InputError(
            f"{folder}: its first run, {params}, is another now: {plan.strategy.name} does not give the same each"
            " time, what its file imports has changed, or the results were touched; --anew runs all again"
        )
    known = None if record.is_ruined else moments(daily_returns(record))
    return BestRun(
        params,
        run,
        timing_of_run(run, candles),
        None if known is None else probabilistic_sharpe(known),
        None if known is None else luck_of_best(known.days, trials) * math.sqrt(DAYS_PER_YEAR),
        None if known is None else deflated_sharpe(known, trials),
        buy_and_hold(plan.terms, candles),
    )


def document_of(result: SweepResult) -> JsonDocument:
    """Return the result as JSON; money as exact strings."""
    best = result.best
    return {
        **describe(result.plan),
        "folder": str(result.folder),
        "runs": result.tally.runs,
        "trials": result.trials,
        "mean_correlation": None if result.alike is None else result.alike.correlation,
        "effective_trials": None if result.alike is None else result.alike.trials,
        "skipped": result.tally.skipped,
        "resumed": result.tally.resumed,
        "sort": result.order,
        "endings": result.endings,
        "best": None if best is None else _best_document(best, result.trials),
        "rows": [_row_document(result.plan, row) for row in result.rows],
        "seconds": round(result.seconds, 6),
    }


def _best_document(best: BestRun, trials: int) -> JsonDocument:
    held = summarise(best.held.record)
    return {
        "params": dict(best.params),
        "decision_hash": decision_hash(best.run.record),
        "timing": timing_document(best.timing, trials),
        "benchmark": CASH,
        "probabilistic_sharpe": best.probabilistic_sharpe,
        "luck_sharpe": best.luck_sharpe,
        "deflated_sharpe": best.deflated_sharpe,
        "buy_and_hold_return_pct": held.total_return_pct,
        "buy_and_hold_sharpe": held.sharpe,
    }


def print_sweep(result: SweepResult) -> None:
    """Print the first runs of the order, and what to think of the best."""
    from rich.console import Console

    console = Console()
    tally, plan = result.tally, result.plan
    resumed = f" ({tally.resumed} of them from before)" if tally.resumed else ""
    console.print(
        f"{plan.strategy.name} on {plan.data.symbol} {plan.data.timeframe}, {plan.data.rows} candles:"
        f" {tally.runs} runs{resumed}{skipped_words(result)}, {result.seconds:.2f} s",
        highlight=False,
    )
    for note in plan.data.notes:
        console.print(f"Note: {note}", style="yellow", highlight=False)
    console.print(_table(result))
    for line in verdict(result):
        console.print(line, highlight=False)
    console.print(f"All runs: {result.folder}", highlight=False, soft_wrap=True)


def skipped_words(result: SweepResult) -> str:
    """Return how many combinations were not run, and why; nothing where all were."""
    skipped, constraints = result.tally.skipped, result.plan.constraints
    if not skipped:
        return ""
    by_whom = "left out by --where or refused by the strategy" if constraints else "refused by the strategy"
    return f", {skipped} combinations {by_whom}"


def verdict(result: SweepResult) -> list[str]:
    """Return what to think of the best run, in sentences; none where nothing can be said."""
    best = result.best
    endings = [result.endings] if result.endings else []
    if best is None or best.deflated_sharpe is None or best.luck_sharpe is None:
        return endings
    held = summarise(best.held.record)
    ratio = "-" if held.sharpe is None else f"{held.sharpe:.2f}"
    cash = (
        f"Against cash, which a rising market beats alone, it is {100.0 * best.deflated_sharpe:.1f} % (deflated Sharpe"
        f" ratio); in a market that goes nowhere the best of {result.trials} would show {best.luck_sharpe:.2f}."
    )
    return [
        *endings,
        *timing_sentences("The first run", best.timing, result.trials),
        cash,
        *_alike_words(result),
        f"Buying once and holding returned {held.total_return_pct:.2f} % with a Sharpe ratio of {ratio}.",
    ]


def _alike_words(result: SweepResult) -> list[str]:
    known = result.alike
    if known is None or result.trials < 2:
        return []
    told = (
        f"Luck counts each of {result.trials} trials. They are alike: with a mean correlation of"
        f" {known.correlation:.2f} between the days of runs, they are worth {known.trials:.0f} that have nothing in"
        " common."
    )
    return [told]


def _table(result: SweepResult) -> "Table":
    from rich import box
    from rich.table import Table

    names = [axis.name for axis in result.plan.space.axes]
    table = Table(box=box.SIMPLE, padding=(0, 0), title=f"Ordered by {result.order}", title_justify="left")
    quote = result.plan.terms.desk.instrument.quote
    ended = [ending_words(row) for row in result.rows]
    last = ("Ended by",) if any(ended) else ()
    for name in (*names, "Return %", "Sharpe", "Drawdown %", "Fills", f"Fees {quote}", f"Equity {quote}", *last):
        table.add_column(name, justify="right", no_wrap=name not in last)
    for row, ending in zip(result.rows, ended, strict=True):
        figures = (row["total_return_pct"], row["sharpe"], row["max_drawdown_pct"])
        table.add_row(
            *(str(row[parameter_column(name)]) for name in names),
            *("-" if each is None else f"{each:.2f}" for each in figures),
            str(row["fills"]),
            *(f"{float(row[f'{name}_atoms'] or 0) / 1e8:.2f}" for name in ("total_fees", "final_equity")),
            *([ending] if last else []),
        )
    return table


def _row_document(plan: SweepPlan, row: Row) -> dict[str, Json]:
    figures: dict[str, Json] = {"params": dict(_params(plan, row))}
    for name in ("total_return_pct", "sharpe", "max_drawdown_pct", "profit_factor", "win_rate_pct", "exposure_pct"):
        figures[name] = row[name]
    for name in ("round_trips", "fills", "refused"):
        figures[name] = row[name]
    for name in _MONEY:
        figures[name] = format_atoms(int(row[f"{name}_atoms"] or 0))
    return {**figures, "breach": ending_of(row), "ruined": is_ruined(row), "fills_digest": row["fills_digest"]}


def _params(plan: SweepPlan, row: Row) -> dict[str, Value]:
    columns = ((axis.name, row[parameter_column(axis.name)]) for axis in plan.space.axes)
    return {name: value for name, value in columns if value is not None}
