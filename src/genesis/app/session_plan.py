"""What a paper session will do: the command line wins over the configuration file, and that over the settings."""

from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path

from attrs import evolve, frozen

from genesis.adapters.candles_parquet import ParquetCandles
from genesis.app.account_plan import AccountPlan, PlannedStrategy, account_plan
from genesis.app.backtest import Terms
from genesis.app.config import Config, StrategyConfig
from genesis.app.config_basis import ConfigBasis, config_basis
from genesis.app.home import candle_folder
from genesis.app.market_data import MarketData, Wanted, market_data
from genesis.app.options import (
    choice_option,
    decimal_option,
    parameters_option,
    port_option,
    seconds_option,
    symbol_option,
    timeframe_option,
)
from genesis.app.other_markets import others_option, with_others
from genesis.app.paper import Pace
from genesis.app.settings import Settings
from genesis.app.strategies import build_deciding, find_any_strategy
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.instrument import spot_instrument
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.strategy.specification import Value
from genesis.domain.units import Mts, Symbol
from genesis.ports.errors import InputError


class Mode(Enum):
    """What a session trades on."""

    PAPER = "paper"
    LIVE = "live"


class Over(Enum):
    """What carries a paper session's orders: sockets to a local venue, or a call in memory."""

    WIRE = "wire"
    MEMORY = "memory"


@frozen
class SessionOptions:
    """What was written on the command line; an empty text leaves the choice to the configuration and the settings."""

    data: tuple[str, ...] = ()
    mode: str = Mode.PAPER.value
    config: str = ""
    strategy: str = ""
    param: tuple[str, ...] = ()
    symbol: str = ""
    timeframe: str = ""
    speed: str = ""
    until: str = ""
    host: str = ""
    port: str = ""
    over: str = Over.WIRE.value
    other: tuple[str, ...] = ()


@frozen(eq=False)
class SessionPlan:
    """A session that can begin; *terms* are those of its first strategy, with the cash of all."""

    account: AccountPlan
    terms: Terms
    market: MarketData
    pace: Pace
    host: str
    port: int
    over: Over
    basis: ConfigBasis

    @property
    def strategy(self) -> str:
        """What the session is called by: its strategies."""
        return " + ".join(each.strategy for each in self.account.strategies)

    @property
    def params(self) -> Mapping[str, Value]:
        """The parameters of the first strategy."""
        return self.account.strategies[0].params


def plan_session(options: SessionOptions, settings: Settings) -> SessionPlan:
    """Return the plan; raises `InputError` that says which option, file or variable is wrong."""
    choice_option("mode", options.mode, Mode)
    over = choice_option("over", options.over, Over)
    path = Path(options.config) if options.config else settings.config
    basis = config_basis(settings.home, path)
    config = _merged(basis.config, options)
    chosen = config.strategy or StrategyConfig("ema_cross")
    params, deciding = build_deciding(find_any_strategy(chosen.name), chosen.params)
    market = _market(config, chosen, options)
    if not config.dry_run:
        note = "dry_run is false, but this is a paper session: no order leaves this machine"
        market = evolve(market, notes=(*market.notes, note))
    try:
        core = DeskSettings(spot_instrument(market.symbol), deciding, float(chosen.size), config.limits)
        only = PlannedStrategy(chosen.name, params, core, config.data.cash)
        account = account_plan(config, core.instrument, only, market.timeframe)
        market = _with_others(market, account.settings().reads, config, options)
        costs = Costs(config.fees.fee, config.fees.slippage)
        terms = Terms(account.strategies[0].desk, costs, account.cash, market.others)
    except ValueError as error:
        raise InputError(str(error)) from error
    pace = _pace(options.speed or settings.speed)
    host, port = options.host or settings.host, port_option(options.port, settings.port)
    return SessionPlan(account, terms, market, pace, host, port, over, basis)


def _merged(config: Config, options: SessionOptions) -> Config:
    strategy = config.strategy or StrategyConfig("ema_cross")
    if options.strategy:
        same = options.strategy == strategy.name
        strategy = evolve(strategy, name=options.strategy, params=strategy.params if same else {})
    strategy = evolve(
        strategy,
        params={**strategy.params, **parameters_option(options.param)},
        symbol=symbol_option("symbol", options.symbol) or strategy.symbol,
        timeframe=options.timeframe or strategy.timeframe,
    )
    return evolve(config, strategy=strategy, data=evolve(config.data, paths=options.data or config.data.paths))


def _market(config: Config, chosen: StrategyConfig, options: SessionOptions) -> MarketData:
    timeframe = timeframe_option("timeframe", chosen.timeframe or "")
    wanted = Wanted(chosen.symbol, timeframe, config.data.start, config.data.end)
    market = market_data(config.data.paths, wanted, ParquetCandles(candle_folder()))
    until_s = seconds_option("until", options.until)
    if until_s is None:
        return market
    end = Mts(int(market.candles.mts[0]) + round(until_s * 1000))
    return market.until(end)


def _with_others(market: MarketData, reads: Sequence[Symbol], config: Config, options: SessionOptions) -> MarketData:
    wanted = Wanted(None, None, config.data.start, config.data.end)
    return with_others(market, reads, others_option(options.other), wanted, ParquetCandles(candle_folder()))


def _pace(text: str) -> Pace:
    if text == "max":
        return Pace(None)
    speed = float(decimal_option("speed", text))
    if not 0.001 <= speed <= 1e9:
        raise InputError(f"--speed {text!r}: give a number from 0.001 on, or max")
    return Pace(speed)
