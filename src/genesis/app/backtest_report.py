"""From a finished backtest to its page: what the report needs besides the result is computed here."""

from genesis.adapters.report.backtest_report import BacktestReport, Outcome
from genesis.app.backtest import Run
from genesis.app.backtest_result import BacktestResult
from genesis.app.buy_and_hold import buy_and_hold
from genesis.app.optimism import optimism_ledger
from genesis.domain.candle import Candles


def report_of(result: BacktestResult, candles: Candles) -> BacktestReport:
    """Return the report of *result*, whose run kept its equity, over the *candles* that it ran on.

    Runs buy and hold and the optimism ledger by columns. Raises `ValueError` if the equity was not kept.
    """
    core = result.terms.core
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
        buy_and_hold=_outcome(buy_and_hold(result.terms, candles)),
        optimism=optimism_ledger(result.terms, candles),
    )


def _outcome(run: Run) -> Outcome:
    return Outcome(run.record, run.equity)
