"""What a portfolio's run says: one JSON object for machines, lines for people, and what its page is made of."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from genesis.adapters.report.compare_page import Growth
from genesis.adapters.report.ledger_sections import RunsLedger
from genesis.adapters.report.portfolio_page import PortfolioReport, Rows
from genesis.app.backtest import Engine
from genesis.app.backtest_result import desk_words
from genesis.app.buy_and_hold import HELD
from genesis.app.json_output import Json, JsonDocument
from genesis.app.portfolio import PortfolioResult, run_portfolio
from genesis.app.portfolio_optimism import portfolio_optimism
from genesis.app.runs_ledger import Part, runs_ledger
from genesis.domain.candle import DAY_MS, Candles
from genesis.domain.simulation.portfolio import decision_hash
from genesis.domain.statistics.cost_words import bps_text, fee_words, slippage_words
from genesis.domain.statistics.drawdowns import deepest_drawdowns
from genesis.domain.statistics.months import monthly_returns, yearly_returns
from genesis.domain.statistics.portfolio_figures import PortfolioFigures
from genesis.domain.statistics.trade_costs import costs_of
from genesis.domain.statistics.wording import money, money_decimals, percent, ratio
from genesis.domain.units import InexactNumber, format_atoms, format_scaled
from genesis.ports.errors import InputError

PART_HEADERS: Final = ("Instrument", "Weight", "Fills", "Fees", "Held", "Worth", "Profit")
TOGETHER: Final = ("Return", "Maximum drawdown", "Sharpe", "Sortino", "Turnover (× cash)", "Fees", "Final equity")


def document_of(result: PortfolioResult) -> JsonDocument:
    """Return the result as JSON; money as exact strings, ratios that have no meaning as null."""
    plan, figures, portfolio = result.plan, result.figures, result.plan.portfolio
    parts: list[Json] = []
    for market, label, desk, part in zip(plan.markets, plan.labels, portfolio.desks, figures.parts, strict=True):
        described = market.description()
        parts.append(
            {
                "symbol": part.symbol,
                "strategy": label,
                "size": desk.size,
                "more_terms": desk_words(desk),
                "files": list(described.files),
                "candles": part.candles,
                "data_sha256": described.sha256,
                "fills": part.fills,
                "traded": format_atoms(part.traded),
                "fees": format_atoms(part.fees),
                "position": format_atoms(part.position),
                "value": format_atoms(part.value),
                "profit": format_atoms(part.profit),
            }
        )
    return {
        "timeframe": plan.markets[0].timeframe.value,
        "instruments": parts,
        "others": sorted(plan.others),
        "cash": format_atoms(portfolio.cash),
        "fee_bps": bps_text(portfolio.costs.fee),
        "slippage_bps": bps_text(portfolio.costs.slippage),
        "costs": f"fee {fee_words(portfolio.costs)}, slippage {slippage_words(portfolio.costs)}",
        "fills": len(result.run.fills),
        "final_cash": format_atoms(result.run.cash),
        "final_equity": format_atoms(figures.final_equity),
        "total_return_pct": figures.total_return_pct,
        "max_drawdown_pct": figures.max_drawdown_pct,
        "sharpe": figures.sharpe,
        "sortino": figures.sortino,
        "turnover": figures.turnover,
        "total_fees": format_atoms(figures.fees),
        "buy_and_hold_return_pct": held_figures(result).total_return_pct,
        "refusals": {code.value: count for code, count in result.run.refusals.items()},
        "alerts": [{"mts": alert.mts, "code": alert.code.value, "text": alert.text} for alert in result.run.alerts],
        "decision_hash": decision_hash(result.run, portfolio),
        "engine": result.engine.value,
        "seconds": round(result.seconds, 6),
    }


def held_figures(result: PortfolioResult) -> PortfolioFigures:
    """Return the figures of holding every part instead; raises `InputError` where the columns cannot count so far."""
    return run_portfolio(result.plan.held(), Engine.COLUMNAR.value).figures


def together_of(figures: PortfolioFigures, cash: int) -> list[str]:
    """Return the figures of all together as a person reads them, in the order of `TOGETHER`."""
    decimals = money_decimals(cash)
    return [
        percent(figures.total_return_pct, sign=True),
        percent(figures.max_drawdown_pct),
        ratio(figures.sharpe),
        ratio(figures.sortino),
        ratio(figures.turnover),
        money(figures.fees, decimals),
        money(figures.final_equity, decimals),
    ]


def parts_of(result: PortfolioResult) -> list[list[str]]:
    """Return a row for each instrument, in the order of `PART_HEADERS`."""
    decimals = money_decimals(result.plan.portfolio.cash)
    return [
        [
            part.symbol,
            percent(100.0 * desk.size),
            str(part.fills),
            money(part.fees, decimals),
            format_atoms(part.position),
            money(part.value, decimals),
            money(part.profit, decimals, sign=True),
        ]
        for desk, part in zip(result.plan.portfolio.desks, result.figures.parts, strict=True)
    ]


def facts_of(result: PortfolioResult) -> str:
    """Return in one line what ran."""
    portfolio = result.plan.portfolio
    quote, limits = portfolio.desks[0].instrument.quote, portfolio.limits
    words = [
        f"{format_atoms(portfolio.cash)} {quote} for {len(portfolio.desks)} instruments",
        f"candles of {result.plan.markets[0].timeframe.value}",
        f"fee {fee_words(portfolio.costs)}, slippage {slippage_words(portfolio.costs)}",
    ]
    if limits.max_drawdown is not None:
        words.append(f"maximum drawdown {format_scaled(limits.max_drawdown * 100, 9)} % of all together")
    if limits.max_daily_loss is not None:
        words.append(f"maximum daily loss {format_atoms(limits.max_daily_loss)} {quote} of all together")
    words += dict.fromkeys(word for desk in portfolio.desks for word in desk_words(desk))
    return "; ".join([*words, f"{result.engine.value} engine, {result.seconds:.2f} s"])


def notes_of(result: PortfolioResult) -> list[str]:
    """Return what speaks against believing it: notes of the data, and alerts."""
    notes = [f"{each.symbol}: {note}" for each in result.plan.markets for note in each.description().notes]
    return [*notes, *(each.text for each in result.run.alerts)]


def report_of(result: PortfolioResult) -> PortfolioReport:
    """Return what the page of *result* is made of."""
    plan, cash = result.plan, result.plan.portfolio.cash
    held = run_portfolio(plan.held(), Engine.COLUMNAR.value)
    columns = [together_of(figures, cash) for figures in (result.figures, held.figures)]
    times = np.sort(np.concatenate([each.mts for each in plan.candles]))
    symbols = [each.symbol for each in plan.markets]
    return PortfolioReport(
        title=f"Portfolio of {', '.join(symbols)}",
        facts=facts_of(result),
        notes=notes_of(result),
        curves=[_growth("Portfolio", result.figures, cash), _growth(HELD, held.figures, cash)],
        together=Rows(("Figure", "Portfolio", HELD), [list(row) for row in zip(TOGETHER, *columns, strict=True)]),
        parts=Rows(PART_HEADERS, parts_of(result)),
        alike=Rows(("", *symbols), _alike(symbols, plan.candles)),
        drawdowns=deepest_drawdowns(times, result.run.equity, cash),
        last=int(times[-1]),
        months=monthly_returns(cash, result.figures.days),
        years=yearly_returns(cash, result.figures.days),
        ledger=_ledger(result, held),
        origin=[*_origins(result), ("decision hash", decision_hash(result.run, plan.portfolio))],
    )


def _ledger(result: PortfolioResult, held: PortfolioResult) -> RunsLedger:
    try:
        runs = {name: [_part(each)] for name, each in (("Portfolio", result), (HELD, held))}
    except InexactNumber as error:
        raise InputError(f"no report, for it compares with runs by columns: {error}") from error
    portfolio = result.plan.portfolio
    return runs_ledger(runs, portfolio.cash, portfolio.desks[0].instrument.quote)


def _part(result: PortfolioResult) -> Part:
    run, instruments = result.run, [desk.instrument for desk in result.plan.portfolio.desks]
    costs = [
        costs_of([fill for fill in run.fills if fill.symbol == each.symbol], each, candles, run.rested)
        for each, candles in zip(instruments, result.plan.candles, strict=True)
    ]
    return Part(costs, result.run.refusals, portfolio_optimism(result.plan))


def _origins(result: PortfolioResult) -> list[tuple[str, str]]:
    found = []
    for market, label in zip(result.plan.markets, result.plan.labels, strict=True):
        described = market.description()
        rows = f"{', '.join(described.files)}: {described.rows} candles, hash {described.sha256}"
        found.append((f"{market.symbol}: {label}", rows))
    return found


def _growth(name: str, figures: PortfolioFigures, cash: int) -> Growth:
    return Growth(name, [int(mts) for mts, _ in figures.days], [equity / (cash or 1) for _, equity in figures.days])


def _alike(symbols: Sequence[str], candles: Sequence[Candles]) -> list[list[str]]:
    """Return the correlations of the daily returns of the instruments, over the days that all have."""
    closes = [_closes(each) for each in candles]
    days = sorted(set(closes[0]).intersection(*closes[1:]))
    table = np.array([[each[day] for day in days] for each in closes])
    if len(days) < 3:
        return [[symbol, *("–" for _ in symbols)] for symbol in symbols]
    with np.errstate(divide="ignore", invalid="ignore"):
        alike = np.corrcoef(table[:, 1:] / table[:, :-1] - 1.0)
    rows = zip(symbols, alike.tolist(), strict=True)
    return [[symbol, *("–" if each != each else f"{each:.2f}" for each in row)] for symbol, row in rows]


def _closes(candles: Candles) -> dict[int, float]:
    """Return the last close of each UTC day."""
    return dict(zip((candles.mts // DAY_MS).tolist(), candles.close.tolist(), strict=True))
