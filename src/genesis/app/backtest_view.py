"""A finished backtest as lines for people: the figures of the page, in the terminal."""

import codecs
import sys
from io import TextIOWrapper
from typing import TYPE_CHECKING, Final

from genesis.app.backtest_result import BacktestResult, desk_words
from genesis.domain.statistics.cautions import DataQuality, Severity, cautions
from genesis.domain.statistics.cost_words import fee_words, slippage_words
from genesis.domain.statistics.figures import figures
from genesis.domain.statistics.record import decision_hash
from genesis.domain.statistics.wording import counted, moment, percent
from genesis.domain.units import format_atoms

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_PLAIN: Final = {"−": "-", "–": "-", "÷": "/", "×": "x", "√": "sqrt ", "\N{NO-BREAK SPACE}": " "}
_STYLES: Final = {Severity.STOP: "bold red", Severity.WARN: "yellow", Severity.NOTE: "cyan"}


def print_result(result: BacktestResult, console: "Console | None" = None) -> None:
    """Print what was run, its figures, and what speaks against believing them; on stdout unless *console* is given."""
    from rich.padding import Padding

    out = _standard_output() if console is None else console
    out.print(_title(result))
    out.print(_terms(result))
    out.print(Padding(_figures(result), (1, 0)))
    for line in _cautions(result):
        out.print(line)
    out.print(_line("Decision hash", decision_hash(result.run.record)))


def _standard_output() -> "Console":
    from rich.console import Console

    if isinstance(sys.stdout, TextIOWrapper):
        codecs.register_error("genesis.plain", _plainly)
        sys.stdout.reconfigure(errors="genesis.plain")
    return Console(highlight=False)


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """Say in ASCII what an old code page has no sign for, so that a result is readable everywhere."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_PLAIN.get(sign, "?") for sign in error.object[error.start : error.end]), error.end


def _title(result: BacktestResult) -> "Text":
    from rich.text import Text

    params = ", ".join(f"{name}={value}" for name, value in result.params.items())
    data = result.data
    span = ""
    if data.first_mts is not None and data.last_mts is not None:
        span = f", {moment(data.first_mts)} to {moment(data.last_mts)} UTC"
    kind = "synthetic candle" if data.is_synthetic else "candle"
    title = Text(f"{result.strategy}({params})", style="bold")
    title.append(f" on {data.symbol}, {counted(data.rows, kind)} of {data.timeframe}{span}", style="not bold")
    return title


def _terms(result: BacktestResult) -> "Text":
    core, costs = result.terms.desk, result.terms.costs
    quote = core.instrument.quote
    terms = [
        f"cash {format_atoms(result.terms.cash)} {quote}",
        f"size {core.size:g}",
        f"fee {fee_words(costs)}",
        f"slippage {slippage_words(costs)}",
        f"minimum amount {format_atoms(core.instrument.amount_min)} {core.instrument.base}",
        *_guards(result),
        f"{result.engine} engine",
        f"{result.seconds:.2f} s",
    ]
    return _line("Terms", ", ".join(terms))


def _guards(result: BacktestResult) -> list[str]:
    limits = result.terms.desk.limits
    found = []
    if limits.position_cap is not None:
        found.append(f"position cap {percent(limits.position_cap / 1e7)}")
    if limits.max_drawdown is not None:
        found.append(f"maximum drawdown {percent(limits.max_drawdown / 1e7)}")
    if limits.max_daily_loss is not None:
        found.append(f"maximum daily loss {format_atoms(limits.max_daily_loss)}")
    return [*found, *desk_words(result.terms.desk)]


def _figures(result: BacktestResult) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("Figure", no_wrap=True)
    table.add_column("Value", justify="right", no_wrap=True)
    table.add_column("How it is made", style="dim")
    for figure in figures(result.run.record, result.summary):
        table.add_row(figure.label, figure.value, figure.meaning)
    return table


def _cautions(result: BacktestResult) -> list["Text"]:
    data = result.data
    quality = DataQuality(data.is_synthetic, data.gaps, data.missing, data.notes)
    found = cautions(result.run.record, result.summary, result.terms.costs, quality)
    return [_line(each.title, each.text, _STYLES[each.severity]) for each in found]


def _line(label: str, text: str, style: str = "bold") -> "Text":
    from rich.text import Text

    return Text.assemble((f"{label}: ", style), text)
