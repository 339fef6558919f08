"""Several runs on the same candles and terms, side by side: their figures, and how alike their days are."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from attrs import evolve, frozen

from genesis.adapters.report.compare_page import CompareReport
from genesis.adapters.report.ledger_sections import RunsLedger
from genesis.app.backtest import Terms, run_columnar
from genesis.app.backtest_result import DataDescription, desk_words
from genesis.app.buy_and_hold import HELD, buy_and_hold, held_terms
from genesis.app.json_output import Json, JsonDocument
from genesis.app.optimism import optimism_ledger
from genesis.app.options import parameters_option
from genesis.app.runs_ledger import growth_of, part_of, runs_ledger
from genesis.app.strategies import build_strategy, find_strategy
from genesis.app.timing import timing_document, timing_of_run
from genesis.domain.candle import Candles
from genesis.domain.statistics.cost_words import fee_words, slippage_words
from genesis.domain.statistics.record import Record, decision_hash
from genesis.domain.statistics.summary import daily_returns, summarise
from genesis.domain.statistics.timing import Timing
from genesis.domain.strategy.expression import Expr
from genesis.domain.units import InexactNumber, format_atoms
from genesis.ports.errors import InputError

RUNS_MAX: Final = 8
"""More lines than that cannot be told apart."""


@frozen(eq=False)
class Compared:
    """The runs by name, buy and hold last, and the correlations of their daily returns (NaN where one never moves).

    *timings* are those of the runs, None where nothing can be said.
    """

    runs: Sequence[tuple[str, Record]]
    timings: Sequence[Timing | None]
    correlations: Sequence[Sequence[float]]


def wanted_runs(texts: Sequence[str]) -> list[tuple[str, Expr]]:
    """Return names and expressions of runs such as `ema_cross fast=40 slow=700`; raises `InputError`."""
    if not 1 <= len(texts) <= RUNS_MAX:
        raise InputError(f"give 1 to {RUNS_MAX} runs, each as --run 'STRATEGY NAME=VALUE…'; {len(texts)} were given")
    runs = []
    for text in texts:
        name, *params = text.split() or [""]
        try:
            runs.append((text, build_strategy(find_strategy(name), parameters_option(params))[1]))
        except InputError as error:
            raise InputError(f"--run {text!r}: {error}") from error
    names = _told_apart([text for text, _ in runs])
    return [(name, expression) for name, (_, expression) in zip(names, runs, strict=True)]


def _told_apart(names: Sequence[str]) -> list[str]:
    """Return *names* with a number after those that came before: whatever goes by name takes each once."""
    told: list[str] = []
    for name in names:
        numbered = (name, *(f"{name} ({number})" for number in range(2, RUNS_MAX + 1)))
        told.append(next(each for each in numbered if each not in told))
    return told


def compare(wanted: Sequence[tuple[str, Expr]], terms: Terms, candles: Candles) -> Compared:
    """Run all of *wanted*, and buy and hold; raises `InputError` where a price that is used does not fit."""
    try:
        made = [
            (name, run_columnar(evolve(terms, desk=evolve(terms.desk, strategy=expression)), candles))
            for name, expression in wanted
        ]
        made.append((HELD, buy_and_hold(terms, candles)))
    except InexactNumber as error:
        raise InputError(f"{error}; data.check tells more about the candles") from error
    runs = [(name, run.record) for name, run in made]
    timings = [timing_of_run(run, candles) for _, run in made]
    days = np.array([daily_returns(record) for _, record in runs])
    with np.errstate(divide="ignore", invalid="ignore"):
        alike = np.corrcoef(days) if days.shape[1] > 1 else np.full((len(runs), len(runs)), np.nan)
    return Compared(runs, timings, alike.tolist())


def document_of(found: Compared, data: DataDescription, terms: Terms) -> JsonDocument:
    """Return the comparison under *terms* as JSON."""
    runs: list[Json] = []
    for (name, record), timing in zip(found.runs, found.timings, strict=True):
        summary = summarise(record)
        runs.append(
            {
                "run": name,
                "total_return_pct": summary.total_return_pct,
                "sharpe": summary.sharpe,
                "timing": timing_document(timing, len(found.runs) - 1),
                "max_drawdown_pct": summary.max_drawdown_pct,
                "exposure_pct": summary.exposure_pct,
                "fills": len(record.fills),
                "total_fees": format_atoms(summary.total_fees),
                "final_equity": format_atoms(record.final_equity),
                "decision_hash": decision_hash(record),
            }
        )
    return {
        "symbol": data.symbol,
        "data_sha256": data.sha256,
        "costs": f"fee {fee_words(terms.costs)}, slippage {slippage_words(terms.costs)}",
        "more_terms": desk_words(terms.desk),
        "runs": runs,
        "correlations": found.correlations,
    }


def rows_of(found: Compared) -> list[list[str]]:
    """Return the figures of each run as a person reads them."""
    rows = []
    for (name, record), timing in zip(found.runs, found.timings, strict=True):
        summary = summarise(record)
        skill = "–" if timing is None else f"{100.0 * timing.belief(len(found.runs) - 1):.1f}"
        sharpe = "–" if summary.sharpe is None else f"{summary.sharpe:.2f}"
        figures = (summary.total_return_pct, summary.max_drawdown_pct, summary.exposure_pct)
        told = [f"{each:.2f}" for each in figures]
        fees = f"{summary.total_fees / 1e8:.2f}"
        rows.append([name, told[0], sharpe, skill, *told[1:], str(len(record.fills)), fees])
    return rows


HEADERS: Final = ("Run", "Return %", "Sharpe", "Timing %", "Drawdown %", "Exposure %", "Fills", "Fees")


def report_of(
    wanted: Sequence[tuple[str, Expr]], found: Compared, data: DataDescription, terms: Terms, candles: Candles
) -> CompareReport:
    """Return the report of a comparison of *wanted* on *candles*; raises `InputError` as `compare` does."""
    names = [name for name, _ in found.runs]
    costs = f"fee {fee_words(terms.costs)}, slippage {slippage_words(terms.costs)}"
    return CompareReport(
        title=f"{len(names) - 1} runs on {data.symbol}",
        facts="; ".join((f"{data.rows} candles of {data.timeframe}", costs, *desk_words(terms.desk))),
        notes=data.notes,
        curves=[growth_of(name, record) for name, record in found.runs],
        headers=HEADERS,
        figures=rows_of(found),
        correlations=[
            [name, *("–" if each != each else f"{each:.2f}" for each in row)]
            for name, row in zip(names, found.correlations, strict=True)
        ],
        ledger=_ledger(wanted, found, terms, candles),
        origin=[
            ("candles", f"{', '.join(data.files)}, hash {data.sha256}"),
            ("cash", format_atoms(terms.cash)),
            *((f"decision hash of {name}", decision_hash(record)) for name, record in found.runs),
        ],
    )


def _ledger(wanted: Sequence[tuple[str, Expr]], found: Compared, terms: Terms, candles: Candles) -> RunsLedger:
    each = [evolve(terms, desk=evolve(terms.desk, strategy=expression)) for _, expression in wanted]
    parts = {
        name: [part_of(record, candles, optimism_ledger(settings, candles))]
        for (name, record), settings in zip(found.runs, [*each, held_terms(terms)], strict=True)
    }
    return runs_ledger(parts, terms.cash, terms.desk.instrument.quote)
