"""From a finished walk-forward to its page."""

from typing import Final

from genesis.adapters.report.walk_page import Curve, WalkReport, WindowBar
from genesis.app.optimism import priced_anew
from genesis.app.research_runs import WalkRun
from genesis.app.runs_ledger import Part, part_of, runs_ledger
from genesis.app.sweep import describe
from genesis.app.sweep_report import plain
from genesis.app.walkforward_result import day, ending_of_test, verdict
from genesis.domain.statistics.summary import summarise

_RATIOS: Final = ("Sharpe, training", "Sharpe by luck", "Sharpe, test")


def report_of(run: WalkRun, order: str) -> WalkReport:
    """Return the report of *run*, whose training chose by *order*."""
    plan, found = run.plan, run.found
    names = [axis.name for axis in plan.space.axes]
    varied = [axis.name for axis in plan.space.axes if len(axis.values) > 1]
    summaries = [summarise(each.test) for each in found.judged]
    rows = [
        [
            f"{day(each.window.test_start)} to {day(each.window.test_end)}",
            *(str(each.params[name]) for name in names),
            *(_ratio(value) for value in (each.train_sharpe, each.luck_sharpe, summary.sharpe)),
            f"{summary.total_return_pct:.2f}",
            f"{summary.max_drawdown_pct:.2f}",
            str(len(each.test.fills)),
            ending_of_test(each) or "–",
        ]
        for each, summary in zip(found.judged, summaries, strict=True)
    ]
    facts = f"{plan.data.rows} candles of {plan.data.timeframe}, {len(found.judged)} windows of {found.trials} runs"
    quote = plan.terms.desk.instrument.quote
    return WalkReport(
        title=f"{plan.strategy.name} on {plan.data.symbol}: walk-forward",
        facts=f"{facts}, chosen by {order}",
        notes=plan.data.notes,
        verdict=verdict(found),
        account=_account(run),
        held=_held(run),
        windows=[
            WindowBar(int(each.window.test_start), each.train_sharpe, each.luck_sharpe, summary.sharpe)
            for each, summary in zip(found.judged, summaries, strict=True)
        ],
        choices=[(name, [float(each.params[name]) for each in found.judged]) for name in varied],
        headers=("Test", *names, *_RATIOS, "Return (%)", "Drawdown (%)", "Fills", "Ended by"),
        rows=rows,
        ledger=runs_ledger({"All tests": [_part(run)]}, plan.terms.cash, quote),
        origin=[(name, plain(value)) for name, value in describe(plan).items()],
    )


def _account(run: WalkRun) -> Curve:
    days = [pair for each in run.found.judged for pair in each.test.days]
    cash = run.plan.terms.cash
    return Curve("The strategy", [int(mts) for mts, _ in days], [equity / cash if cash else 1.0 for _, equity in days])


def _part(run: WalkRun) -> Part:
    """Return the account of all tests with its optimism ledger."""
    account = run.found.account
    return part_of(account.run.record, account.candles, priced_anew(run.plan.terms, account.candles, account.targets))


def _held(run: WalkRun) -> Curve:
    record = run.found.held.record
    cash = record.initial_cash
    growth = [equity / cash if cash else 1.0 for _, equity in record.days]
    return Curve("Buy and hold", [int(mts) for mts, _ in record.days], growth)


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
