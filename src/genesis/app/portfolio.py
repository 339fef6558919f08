"""Several instruments on one cash: from what the command line says to a portfolio, and its run."""

from collections.abc import Iterator, Mapping, Sequence
from time import perf_counter
from typing import Final

from attrs import evolve, field, frozen

from genesis.adapters.candles_parquet import ParquetCandles
from genesis.app.backtest import Engine, Terms
from genesis.app.bundle import Made
from genesis.app.buy_and_hold import holding
from genesis.app.home import candle_folder
from genesis.app.market_data import MarketData, Wanted, market_data
from genesis.app.options import choice_option, decimal_option, parameters_option
from genesis.app.other_markets import other_candles, others_option
from genesis.app.portfolio_core import run_core
from genesis.app.research import run_terms
from genesis.app.research_options import (
    AccountOptions,
    CostOptions,
    DeskOptions,
    MarketOptions,
    PortfolioOptions,
    TradingOptions,
)
from genesis.app.run_options import wanted_of
from genesis.app.strategies import build_deciding, find_any_strategy, origins_of
from genesis.domain.candle import Candles, rows_sha256
from genesis.domain.candle_series import series_symbol
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.simulation.portfolio import Portfolio, PortfolioRun, decision_hash, run_columns
from genesis.domain.statistics.portfolio_figures import PortfolioFigures, portfolio_figures
from genesis.domain.strategy.by_events import Deciding, NoExpression, reads_of
from genesis.domain.units import InexactNumber, Symbol
from genesis.ports.errors import InputError

PARTS_MAX: Final = 64


@frozen(eq=False)
class PortfolioPlan:
    """A portfolio that can run: *markets* are those of its desks, in their order, *labels* what each desk runs."""

    portfolio: Portfolio
    markets: tuple[MarketData, ...]
    labels: tuple[str, ...]
    others: Mapping[Symbol, Candles] = field(factory=dict)

    @property
    def candles(self) -> tuple[Candles, ...]:
        """The candles of the desks."""
        return tuple(each.candles for each in self.markets)

    def held(self) -> "PortfolioPlan":
        """Return buying each part once, and holding it: the same costs, no guards."""
        decided = holding(self.portfolio.costs)
        desks = tuple(
            DeskSettings(each.instrument, decided, 1.0 / len(self.markets), name=each.name, impact=each.impact)
            for each in self.portfolio.desks
        )
        return evolve(self, portfolio=evolve(self.portfolio, desks=desks, limits=RiskLimits()))


@frozen(eq=False)
class PortfolioMade:
    """A finished `portfolio`, and what can be made again."""

    result: "PortfolioResult"
    made: Made


@frozen(eq=False)
class PortfolioResult:
    """A finished run with its figures."""

    plan: PortfolioPlan
    engine: Engine
    run: PortfolioRun
    figures: PortfolioFigures
    seconds: float


def plan_portfolio(options: PortfolioOptions, trading: TradingOptions) -> PortfolioPlan:
    """Return what the options ask for; raises `InputError` that names the one that is wrong."""
    market, account, cost, desk = trading
    markets = tuple(_markets(market))
    symbols = [each.symbol for each in markets]
    own, shares = _by_symbol("trade", options.trade, symbols), _by_symbol("weight", options.weight, symbols)
    desks, labels, terms = [], [], []
    for each in markets:
        name, *params = (own[each.symbol].split() or [""]) if each.symbol in own else (options.strategy, *options.param)
        deciding = build_deciding(find_any_strategy(name), parameters_option(params))[1]
        size = shares.get(each.symbol) or str(decimal_option("size", account.size) / len(markets))
        terms.append(_terms(each, deciding, account._replace(size=size), cost, desk))
        desks.append(terms[-1].desk)
        labels.append(str(deciding))
    together = evolve(desks[0].limits, position_cap=None, cool_down_losses=None)
    each_alone = [evolve(each, limits=evolve(each.limits, max_drawdown=None, max_daily_loss=None)) for each in desks]
    try:
        portfolio = Portfolio(tuple(each_alone), terms[0].costs, terms[0].cash, together)
    except ValueError as error:
        raise InputError(str(error)) from error
    return PortfolioPlan(portfolio, markets, tuple(labels), _others(portfolio, markets, market))


def make_portfolio(options: PortfolioOptions, trading: TradingOptions) -> PortfolioMade:
    """Run a portfolio; raises `InputError`."""
    own = [text.partition("=")[2] for text in options.trade]
    origins = origins_of(options.strategy, trading.desk.regime, *(text.split()[0] for text in own if text.split()))
    plan = plan_portfolio(options, trading)
    result = run_portfolio(plan, options.engine)
    first, *rest = plan.markets
    hashes = {str(each.symbol): rows_sha256(each.candles) for each in rest}
    hashes |= {str(symbol): rows_sha256(candles) for symbol, candles in plan.others.items()}
    data = evolve(first.description(), others=hashes)
    return PortfolioMade(result, Made(data, origins, decision_hash(result.run, plan.portfolio)))


def run_portfolio(plan: PortfolioPlan, engine: str) -> PortfolioResult:
    """Run *plan*; raises `InputError`."""
    way = choice_option("engine", engine, Engine)
    begin = perf_counter()
    try:
        run = (run_columns if way is Engine.COLUMNAR else run_core)(plan.portfolio, plan.candles, plan.others)
    except (InexactNumber, NoExpression) as error:
        raise InputError(str(error)) from error
    seconds = perf_counter() - begin
    return PortfolioResult(plan, way, run, portfolio_figures(plan.portfolio, run, plan.candles), seconds)


def _markets(market: MarketOptions) -> Iterator[MarketData]:
    """Yield the candles of each of the `DATA` and `SYMBOL=DATA` texts, all of one time frame."""
    if market.symbol:
        raise InputError("--symbol is for one instrument: give SYMBOL=DATA where the data does not say")
    if not 2 <= len(market.data) <= PARTS_MAX:
        raise InputError(f"give the candles of 2 to {PARTS_MAX} instruments, each as DATA or SYMBOL=DATA")
    archive, seen = ParquetCandles(candle_folder()), dict[Symbol, MarketData]()
    for text in market.data:
        symbol, equals, name = text.partition("=")
        said, data = (symbol, name) if equals else ("", text)
        found = market_data((data,), _wanted(said, market), archive)
        if found.symbol in seen:
            raise InputError(f"{text}: {found.symbol} is there already; give SYMBOL=DATA where the data does not say")
        first = next(iter(seen.values()), found)
        if found.timeframe is not first.timeframe:
            raise InputError(
                f"{text}: its candles are of {found.timeframe.value}, those of {first.symbol} of"
                f" {first.timeframe.value}: give --timeframe"
            )
        seen[found.symbol] = found
        yield found


def _wanted(symbol: str, market: MarketOptions) -> Wanted:
    return wanted_of(symbol, market.timeframe, market.from_, market.to, market.repair)


def _by_symbol(option: str, texts: Sequence[str], symbols: Sequence[Symbol]) -> dict[Symbol, str]:
    """Return the `SYMBOL=VALUE` texts as a mapping; raises `InputError` for what is none, or of no instrument here."""
    found: dict[Symbol, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (equals and value) or Symbol(name) in found or Symbol(name) not in symbols:
            raise InputError(f"--{option} {text!r}: give each instrument once, as SYMBOL=…, of {', '.join(symbols)}")
        found[series_symbol(name)] = value
    return found


def _terms(
    market: MarketData, deciding: Deciding, account: AccountOptions, cost: CostOptions, desk: DeskOptions
) -> Terms:
    terms = run_terms(market, deciding, account, cost, desk)
    return evolve(terms, desk=evolve(terms.desk, name=market.symbol))


def _others(portfolio: Portfolio, markets: Sequence[MarketData], market: MarketOptions) -> dict[Symbol, Candles]:
    """Return the candles of what strategies read and the portfolio does not trade, from its first candle on."""
    traded = [each.symbol for each in markets]
    read = {symbol for desk in portfolio.desks for symbol in reads_of(desk.strategy)}
    first = min(markets, key=lambda each: int(each.candles.mts[0]))
    archive = ParquetCandles(candle_folder())
    wanted, given = _wanted("", market), others_option(market.other)
    return other_candles(sorted(read.difference(traded)), given, first, wanted, archive)
