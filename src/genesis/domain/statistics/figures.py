"""The table of figures: one line each with its name, its value as people read it, and how it is made.

The terminal and the page print the same lines.
"""

from attrs import frozen

from genesis.domain.statistics import wording
from genesis.domain.statistics.record import Record
from genesis.domain.statistics.summary import Summary
from genesis.domain.units import format_atoms


@frozen
class Figure:
    """One figure of a run; *meaning* says how it is made."""

    label: str
    value: str
    meaning: str


def figures(record: Record, summary: Summary) -> tuple[Figure, ...]:
    """Return the figures of a run in the order in which they are read."""
    return (*_money_figures(record, summary), *_ratio_figures(summary), *_trade_figures(record, summary))


def _money_figures(record: Record, summary: Summary) -> tuple[Figure, ...]:
    base, quote = record.instrument.base, record.instrument.quote
    decimals = wording.money_decimals(record.initial_cash)

    def money(amount: int, sign: bool = False) -> str:
        return f"{wording.money(amount, decimals, sign)} {quote}"

    return (
        Figure("Initial cash", money(record.initial_cash), "what the account began with"),
        Figure("Final equity", money(record.final_equity), "cash, and position at the last close"),
        Figure("Profit", money(record.final_equity - record.initial_cash, sign=True), "final equity less initial cash"),
        Figure("Total return", wording.percent(summary.total_return_pct, sign=True), "profit ÷ initial cash"),
        Figure("Final cash", money(record.final_cash), "nothing is closed at the end"),
        Figure("Final position", f"{format_atoms(record.final_position)} {base}", "what is still held at the end"),
    )


def _ratio_figures(summary: Summary) -> tuple[Figure, ...]:
    return (
        Figure(
            "Maximum drawdown",
            wording.percent(summary.max_drawdown_pct),
            "largest loss from a peak, at closes",
        ),
        Figure("Sharpe", wording.ratio(summary.sharpe), "daily mean ÷ deviation × √365; risk-free 0"),
        Figure("Sortino", wording.ratio(summary.sortino), "the same, but the deviation of losses alone"),
        Figure("Calmar", wording.ratio(summary.calmar), "yearly growth ÷ maximum drawdown"),
    )


def _trade_figures(record: Record, summary: Summary) -> tuple[Figure, ...]:
    fees = wording.money(summary.total_fees, wording.money_decimals(record.initial_cash))
    return (
        Figure("Fills", wording.count(len(record.fills)), "orders that traded"),
        Figure("Round trips", wording.count(summary.round_trips), "from flat to flat; an open one is none"),
        Figure("Win rate", wording.percent(summary.win_rate_pct), "round trips with a profit after fees"),
        Figure("Profit factor", wording.ratio(summary.profit_factor), "what winners brought ÷ what losers took"),
        Figure("Exposure", wording.percent(summary.exposure_pct), "share of candles that end with a position"),
        Figure("Turnover", f"{summary.turnover:,.1f} ×", "all that was traded ÷ initial cash"),
        Figure("Fees", f"{fees} {record.instrument.quote}", "those paid in base at their fill's price"),
    )
