"""What walk-forward found, for machines and for people."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from genesis.app.json_output import Json, JsonDocument
from genesis.app.sweep import SweepPlan, describe
from genesis.app.timing import CASH, timing_document, timing_sentences
from genesis.app.walkforward import Judged, WalkForward
from genesis.domain.statistics.record import decision_hash
from genesis.domain.statistics.summary import summarise
from genesis.domain.statistics.wording import percent
from genesis.domain.units import format_atoms

if TYPE_CHECKING:
    from rich.table import Table


ALERTS_TOLD: Final = 3


def document_of(plan: SweepPlan, found: WalkForward, order: str, seconds: float) -> JsonDocument:
    """Return the result as JSON; money as exact strings, ratios that have no meaning as null."""
    shuffled, held = found.shuffled_drawdown_pct, summarise(found.held.record)
    return {
        **describe(plan),
        "sort": order,
        "trials_a_window": found.trials,
        "trials": found.trials * len(found.judged),
        "windows": [_window(each) for each in found.judged],
        "alerts": [
            {"mts": alert.mts, "code": alert.code.value, "text": alert.text}
            for alert in found.account.run.record.alerts
        ],
        "final_equity": format_atoms(found.final_equity),
        "total_return_pct": found.total_return_pct,
        "sharpe": found.sharpe,
        "max_drawdown_pct": found.max_drawdown_pct,
        "timing": timing_document(found.timing, found.chances),
        "chances": found.chances,
        "benchmark": CASH,
        "probabilistic_sharpe": found.probabilistic_sharpe,
        "buy_and_hold_return_pct": held.total_return_pct,
        "buy_and_hold_sharpe": held.sharpe,
        "bootstrap_loss": found.bootstrap_loss,
        "shuffled_drawdown_pct": None if shuffled is None else dict(shuffled._asdict()),
        "efficiency": found.efficiency,
        "ruined": found.account.run.record.is_ruined,
        "survived": found.has_survived,
        "seconds": round(seconds, 6),
    }


def print_walk_forward(plan: SweepPlan, found: WalkForward, seconds: float) -> None:
    """Print every window, and the tests taken together."""
    from rich.console import Console

    console = Console()
    head = f"{plan.strategy.name} on {plan.data.symbol} {plan.data.timeframe}, {plan.data.rows} candles"
    count = f"{len(found.judged)} windows of {found.trials} runs, {seconds:.2f} s"
    console.print(f"{head}: {count}", highlight=False)
    for note in plan.data.notes:
        console.print(f"Note: {note}", style="yellow", highlight=False)
    console.print(_table(plan, found))
    for line in verdict(found):
        console.print(line, highlight=False)


def verdict(found: WalkForward) -> list[str]:
    """Return what to think of it, in sentences."""
    total = percent(found.total_return_pct, sign=True)
    held = summarise(found.held.record)
    holding = f"buying once and holding returned {percent(held.total_return_pct, sign=True)} with {_ratio(held.sharpe)}"
    lines = [f"Outside of training: return {total}, Sharpe ratio {_ratio(found.sharpe)}; {holding}."]
    if found.account.run.record.is_ruined:
        lines.append("It was ruined: nothing, or less, was left of the account at some close, so it has no ratios.")
    else:
        lines += timing_sentences("It", found.timing, found.chances)
    if found.probabilistic_sharpe is not None:
        lines.append(
            "The probability that its true Sharpe ratio is above that of cash, which is 0 and which a rising market"
            f" beats alone, is {100 * found.probabilistic_sharpe:.1f} %."
        )
    if found.bootstrap_loss is not None:
        lines.append(
            f"Drawn again in blocks of days, {100.0 * found.bootstrap_loss:.1f} % of such histories end with a loss."
        )
    if found.shuffled_drawdown_pct is not None:
        low, _, high = found.shuffled_drawdown_pct
        lines.append(f"In other orders, the same round trips have drawdowns of {low:.1f} to {high:.1f} %.")
    if found.efficiency is not None:
        lines.append(f"The tests kept {100.0 * found.efficiency:.0f} % of the Sharpe ratio of training.")
    for alert in found.account.run.record.alerts[:ALERTS_TOLD]:
        lines.append(
            f"{day(alert.mts)}: {alert.text}. The tests are one account, so this holds for the later ones, too."
        )
    return [*lines, _ending(found)]


def _ending(found: WalkForward) -> str:
    if found.has_survived:
        return "It survived: it earned outside of training, and its timing is significant at 5 %."
    if found.total_return_pct > 0.0:
        others = f", with {found.chances - 1} trials before it" if found.chances > 1 else ""
        return f"It did not survive: it earned outside of training, but not provably by its timing{others}."
    return "It did not survive: it earned nothing outside of training."


def _table(plan: SweepPlan, found: WalkForward) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE, padding=(0, 0))
    names = [axis.name for axis in plan.space.axes]
    ended = [ending_of_test(each) for each in found.judged]
    last = ("Ended by",) if any(ended) else ()
    for name in ("Test from", "to", *names, "Train", "Luck", "Test", "Return %", "Fills", *last):
        table.add_column(name, justify="right", no_wrap=name not in last)
    for each, ending in zip(found.judged, ended, strict=True):
        summary = summarise(each.test)
        table.add_row(
            day(each.window.test_start),
            day(each.window.test_end),
            *(str(each.params[name]) for name in names),
            *(_ratio(ratio) for ratio in (each.train_sharpe, each.luck_sharpe, summary.sharpe)),
            f"{summary.total_return_pct:.2f}",
            str(len(each.test.fills)),
            *([ending] if last else []),
        )
    table.caption = "Sharpe ratios: of training, of the best of as many without skill in a flat market, and of the test"
    return table


def ending_of_test(each: Judged) -> str:
    """Return what was breached or liquidated in a test, for a table; nothing where nothing was."""
    return ", ".join(dict.fromkeys(alert.code.value for alert in each.test.alerts))


def _window(each: Judged) -> dict[str, Json]:
    summary = summarise(each.test)
    return {
        **{name: int(value) for name, value in each.window._asdict().items()},
        "params": dict(each.params),
        "train_sharpe": each.train_sharpe,
        "train_return_pct": each.train_return_pct,
        "luck_sharpe": each.luck_sharpe,
        "test_sharpe": summary.sharpe,
        "test_return_pct": summary.total_return_pct,
        "test_max_drawdown_pct": summary.max_drawdown_pct,
        "test_alerts": [alert.code.value for alert in each.test.alerts],
        "test_fills": len(each.test.fills),
        "test_final_equity": format_atoms(each.test.final_equity),
        "test_decision_hash": decision_hash(each.test),
    }


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def day(mts: int) -> str:
    """Return a day as a person reads it."""
    return datetime.fromtimestamp(mts / 1000, UTC).strftime("%Y-%m-%d")
