"""From a finished backtest to its page: what the report needs besides the result is computed here."""

from genesis.adapters.report.backtest_report import BacktestReport, Outcome
from genesis.app.backtest import Run
from genesis.app.backtest_result import BacktestResult, desk_words
from genesis.app.buy_and_hold import buy_and_hold
from genesis.app.optimism import optimism_ledger
from genesis.domain.candle import Candles
from genesis.domain.execution.plans import Market
from genesis.domain.units import InexactNumber
from genesis.ports.errors import InputError


def report_of(result: BacktestResult, candles: Candles) -> BacktestReport:
    """Return the report of *result*, whose run kept its equity, over the *candles* that it ran on.

    Runs buy and hold and the optimism ledger by columns. Raises `ValueError` if the equity was not kept, and
    `InputError` if the columns cannot count that far.
    """
    core = result.terms.desk
    try:
        held, ledger = buy_and_hold(result.terms, candles), optimism_ledger(result.terms, candles)
    except InexactNumber as error:
        raise InputError(f"no report, for it compares with runs by columns: {error}") from error
    return BacktestReport(
        strategy=result.strategy,
        params=result.params,
        expression=str(core.strategy),
        engine=result.engine,
        data=result.data,
        candles=candles,
        costs=result.terms.costs,
        limits=core.limits,
        size=core.size,
        outcome=_outcome(result.run),
        buy_and_hold=_outcome(held),
        optimism=ledger,
        more_terms=tuple(desk_words(core)),
        fills_inside=core.protection is not None or not isinstance(core.plan, Market),
    )


def _outcome(run: Run) -> Outcome:
    return Outcome(run.record, run.equity)
