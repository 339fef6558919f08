"""The figures that are looked for first."""

from genesis.adapters.report.backtest_report import BacktestReport
from genesis.adapters.report.markup import Content, Markup, element
from genesis.domain.statistics.summary import summarise
from genesis.domain.statistics.wording import count, money, percent, ratio


def tiles(report: BacktestReport) -> Markup:
    """Return the headline of the page: return, equity, drawdown, Sharpe, round trips and fees."""
    record, summary = report.record, report.summary
    held = summarise(report.buy_and_hold.record)
    quote = report.quote
    profit = record.final_equity - record.initial_cash
    fees = percent(100.0 * summary.total_fees / record.initial_cash if record.initial_cash else None)
    return element(
        "section",
        _tile(
            "Total return",
            percent(summary.total_return_pct, sign=True),
            f"buy and hold {percent(held.total_return_pct, sign=True)}",
            "gain" if profit > 0 else "loss" if profit < 0 else "even",
        ),
        _tile(
            f"Final equity ({quote})",
            money(record.final_equity, report.decimals),
            f"from {money(record.initial_cash, report.decimals)}",
        ),
        _tile(
            "Maximum drawdown",
            percent(summary.max_drawdown_pct),
            f"buy and hold {percent(held.max_drawdown_pct)}",
        ),
        _tile("Sharpe", ratio(summary.sharpe), f"buy and hold {ratio(held.sharpe)}"),
        _tile("Round trips", count(summary.round_trips), f"{percent(summary.win_rate_pct)} with a profit"),
        _tile(f"Fees ({quote})", money(summary.total_fees, report.decimals), f"{fees} of the initial cash"),
        id="headline",
        aria_label="Headline figures",
        class_="tiles",
    )


def _tile(label: str, value: Content, beside: str, kind: str = "even") -> Markup:
    return element(
        "div",
        element("div", label, class_="label"),
        element("div", value, class_=f"value {kind}"),
        element("div", beside, class_="beside"),
        class_="tile",
    )
