"""The tables of the page, each made of the values that the charts are made of."""

from collections.abc import Iterator, Sequence
from typing import Final

from genesis.adapters.report.backtest_report import BacktestReport
from genesis.adapters.report.markup import Content, Markup, element, table
from genesis.domain.events import AlertCode
from genesis.domain.risk.guards import OnBreach
from genesis.domain.statistics.cautions import REFUSALS
from genesis.domain.statistics.cost_words import fee_words, slippage_words
from genesis.domain.statistics.figures import figures
from genesis.domain.statistics.record import decision_hash
from genesis.domain.statistics.summary import RoundTrip, summarise
from genesis.domain.statistics.trade_costs import SideCosts, TradeCosts
from genesis.domain.statistics.trade_distribution import TradeDistribution
from genesis.domain.statistics.wording import NONE, count, counted, duration, moment, money, percent, points
from genesis.domain.units import format_atoms, format_scaled

TRIPS_SHOWN: Final = 5
"""Of the best round trips, and of the worst."""


def figures_table(report: BacktestReport) -> Markup:
    """Return every figure of the run, the same of buy and hold, and how each is made."""
    held = report.buy_and_hold.record
    pairs = zip(figures(report.record, report.summary), figures(held, summarise(held)), strict=True)
    rows = [(mine.label, mine.value, other.value, mine.meaning) for mine, other in pairs]
    return table(("Figure", report.strategy, "Buy and hold", "How it is made"), "lrrl", rows)


def optimism_table(report: BacktestReport) -> Markup:
    """Return the optimism ledger."""
    honest = money(report.record.final_equity, report.decimals)
    rows: list[Sequence[Content]] = [("As run", "the result of this page", honest, NONE, NONE)]
    for entry in report.optimism:
        if entry.final_equity is None or entry.difference is None or entry.points is None:
            rows.append((entry.name, entry.meaning, "beyond all bounds", NONE, NONE))
            continue
        gain = signed(money(entry.difference, report.decimals, sign=True), entry.difference)
        equity = money(entry.final_equity, report.decimals)
        rows.append(
            (entry.name, entry.meaning, equity, gain, signed(points(entry.points, sign=True), entry.difference))
        )
    quote = report.quote
    headers = (
        "Assumption",
        "What it pretends",
        f"Final equity ({quote})",
        f"It would add ({quote})",
        "Percentage points of return",
    )
    return table(headers, "llrrr", rows)


def costs_table(report: BacktestReport, costs: TradeCosts) -> Markup:
    """Return fees and slippage of purchases and of sales."""
    both = SideCosts(
        costs.buys.fills + costs.sells.fills,
        type(costs.fees)(costs.buys.notional + costs.sells.notional),
        costs.fees,
        costs.slippage,
        costs.limit_gains,
    )
    sides = (("Buys", costs.buys), ("Sells", costs.sells), ("Together", both))
    rows = [(name, *_cost_cells(report, side)) for name, side in sides]
    quote = report.quote
    headers = (
        "",
        "Fills",
        f"Traded ({quote})",
        f"Fees ({quote})",
        f"Slippage ({quote})",
        f"Costs ({quote})",
        "Of initial cash",
        f"Limit gains ({quote})",
    )
    return table(headers, "lrrrrrrr", rows)


def _cost_cells(report: BacktestReport, side: SideCosts) -> tuple[str, ...]:
    total, cash = side.fees + side.slippage, report.record.initial_cash
    amounts = (money(each, report.decimals) for each in (side.notional, side.fees, side.slippage, total))
    gains = money(side.limit_gains, report.decimals)
    return (count(side.fills), *amounts, percent(100.0 * total / cash if cash else None), gains)


def trades_table(distribution: TradeDistribution) -> Markup:
    """Return the figures of the round trips."""

    def share(fraction: float | None) -> str:
        return NONE if fraction is None else percent(100.0 * fraction, sign=True)

    rows = (
        ("Round trips", count(distribution.count)),
        ("With a profit", f"{count(distribution.wins)} ({percent(100.0 * distribution.wins / distribution.count)})"),
        ("Mean return", share(distribution.mean)),
        ("Median return", share(distribution.median)),
        ("Mean of the winners", share(distribution.mean_win)),
        ("Mean of the losers", share(distribution.mean_loss)),
        ("Best", share(distribution.best)),
        ("Worst", share(distribution.worst)),
        ("Most losers in a row", count(distribution.longest_losing_streak)),
        ("Held for, median", duration(distribution.held_median)),
        ("Held for, mean", duration(distribution.held_mean)),
    )
    return table(("Round trips", "Value"), "lr", rows)


def extreme_trips_table(report: BacktestReport) -> Markup:
    """Return the round trips that brought and that lost the most money."""
    ranked = sorted(report.trips, key=lambda trip: -trip.profit)
    shown = ranked if len(ranked) <= 2 * TRIPS_SHOWN else ranked[:TRIPS_SHOWN] + ranked[-TRIPS_SHOWN:]
    headers = ("Opened (UTC)", "Held for", f"Spent ({report.quote})", f"Profit ({report.quote})", "Return")
    return table(headers, "trrrr", [_trip_cells(report, trip) for trip in shown])


def _trip_cells(report: BacktestReport, trip: RoundTrip) -> tuple[Content, ...]:
    share = percent(100.0 * trip.profit / trip.spent if trip.spent else None, sign=True)
    return (
        moment(trip.opened),
        duration(trip.closed - trip.opened),
        money(trip.spent, report.decimals),
        signed(money(trip.profit, report.decimals, sign=True), trip.profit),
        signed(share, trip.profit),
    )


def guards_table(report: BacktestReport) -> Markup:
    """Return the guards with their limits, and what each of them did."""
    limits = report.limits
    codes = {alert.code: alert.mts for alert in report.record.alerts}

    def outcome(limit: int | None, code: AlertCode) -> str:
        if limit is None:
            return NONE
        follows = "flat and halted" if limits.on_breach is OnBreach.HALT else "only reducing"
        return f"breached at {moment(codes[code])} UTC: {follows}" if code in codes else "kept"

    loss = None if limits.max_daily_loss is None else f"{money(limits.max_daily_loss, report.decimals)} {report.quote}"
    rows = (
        ("Position cap", _share(limits.position_cap), NONE if limits.position_cap is None else "kept"),
        ("Maximum drawdown", _share(limits.max_drawdown), outcome(limits.max_drawdown, AlertCode.MAX_DRAWDOWN)),
        ("Maximum daily loss", loss or "off", outcome(limits.max_daily_loss, AlertCode.MAX_DAILY_LOSS)),
    )
    return table(("Guard", "Limit", "In this run"), "lrl", rows)


def refusals_table(report: BacktestReport) -> Markup:
    """Return why orders did not leave, and how often."""
    refusals = report.record.refusals
    if not refusals:
        return element("p", "No order was refused.")
    rows = [(code.value, count(times), REFUSALS[code]) for code, times in sorted(refusals.items(), key=_by_count)]
    return table(("Refusal", "Times", "Why"), "lrl", rows)


def _by_count(item: tuple[object, int]) -> int:
    return -item[1]


def origin_table(report: BacktestReport) -> Markup:
    """Return everything that made the result: who wants to have it again needs nothing else."""
    return table(("", "This run"), "ll", list(_origin(report)))


def _origin(report: BacktestReport) -> Iterator[tuple[Content, ...]]:
    data, instrument, candles = report.data, report.record.instrument, report.candles
    yield "Strategy", report.strategy
    yield "Parameters", ", ".join(f"{name} = {value}" for name, value in report.params.items()) or "none"
    yield "Target", element("code", report.expression)
    yield "Engine", report.engine
    yield "Instrument", f"{instrument.symbol}: {instrument.base} in {instrument.quote}"
    gaps = f"{count(data.missing)} missing in {counted(data.gaps, 'gap')}"
    yield "Candles", f"{count(len(candles))} of {data.timeframe}, {gaps}"
    if len(candles):
        yield "From, to", f"{moment(int(candles.mts[0]))} to {moment(int(candles.mts[-1]))} UTC"
    yield "Files", ", ".join(data.files) or "none"
    yield "Hash of the rows", element("code", data.sha256)
    yield "Initial cash", f"{format_atoms(report.record.initial_cash)} {instrument.quote}"
    yield "Size of a full target", percent(100.0 * report.size)
    yield "Fee", fee_words(report.costs)
    yield "Slippage", slippage_words(report.costs)
    yield "Besides", "; ".join(report.more_terms) or "nothing"
    yield "Minimum amount", f"{format_atoms(instrument.amount_min)} {instrument.base}"
    yield "Decision hash", element("code", decision_hash(report.record))


def _share(limit: int | None) -> str:
    return "off" if limit is None else f"{format_scaled(limit * 100, 9)} %"


def signed(text: str, value: int) -> Markup:
    """Return *text* in the colour of a gain or a loss; the sign in the text says it to those who see no colour."""
    return element("span", text, class_="gain" if value > 0 else "loss" if value < 0 else "even")
