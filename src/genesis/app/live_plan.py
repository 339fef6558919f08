"""What a live session will trade: the command line wins over the configuration file, and that over the settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from attrs import evolve, frozen

from genesis.app.account_plan import AccountPlan, PlannedStrategy, account_desk
from genesis.app.config import Config, StrategyConfig
from genesis.app.config_basis import ConfigBasis, config_basis
from genesis.app.config_risk import AccountStrategyConfig
from genesis.app.options import parameters_option, port_option, symbol_option, timeframe_option
from genesis.app.session_plan import SessionOptions
from genesis.app.settings import Settings
from genesis.app.strategies import build_deciding, find_any_strategy
from genesis.domain.candle import Timeframe
from genesis.domain.instrument import Instrument
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.strategy.by_events import Deciding, history_of, reads_of
from genesis.domain.strategy.specification import Value
from genesis.domain.units import Atoms, Symbol
from genesis.ports.errors import InputError

_FOR_PAPER: Final = {"data": (), "speed": "", "until": "", "other": ()}
"""Options that mean nothing where the exchange gives data and time."""


@frozen(eq=False)
class LiveStrategy:
    """One strategy with its money; its instrument's rules are the exchange's to tell."""

    config: AccountStrategyConfig
    params: Mapping[str, Value]
    deciding: Deciding
    symbol: Symbol

    @property
    def cash(self) -> Atoms:
        """What it may trade with, of the quote currency."""
        return self.config.cash

    def planned(self, instrument: Instrument, timeframe: Timeframe) -> PlannedStrategy:
        """Return it as it trades *instrument*."""
        config, where = self.config, f"strategies.{self.config.name}"
        desk = account_desk(config, self.deciding, instrument, timeframe, where)
        return PlannedStrategy(config.strategy, self.params, desk, config.cash, config.budget(timeframe))


@frozen(eq=False)
class LivePlan:
    """A live session that can begin once the exchange was asked about its key and instruments."""

    strategies: tuple[LiveStrategy, ...]
    timeframe: Timeframe
    basis: ConfigBasis
    host: str
    port: int

    @property
    def config(self) -> Config:
        """What it begins with."""
        return self.basis.config

    @property
    def is_dry(self) -> bool:
        """Whether orders are decided and written down, and not sent."""
        return self.config.dry_run

    @property
    def costs(self) -> Costs:
        """What trading is expected to cost."""
        return Costs(self.config.fees.fee, self.config.fees.slippage)

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """What is traded, each once."""
        return tuple(dict.fromkeys(each.symbol for each in self.strategies))

    @property
    def reads(self) -> tuple[Symbol, ...]:
        """What strategies read beside their own instruments."""
        return tuple(sorted({symbol for each in self.strategies for symbol in reads_of(each.deciding)}))

    @property
    def cash(self) -> Atoms:
        """What all strategies trade with together."""
        return Atoms(sum(each.cash for each in self.strategies))

    @property
    def warm_up(self) -> int:
        """Candles that the longest of the strategies needs before its first decision, of all that it reads."""
        return max(history_of(each.deciding) for each in self.strategies)

    def account(self, instruments: Mapping[Symbol, Instrument]) -> AccountPlan:
        """Return the account as the core trades it; raises `InputError` for strategies that do not fit together."""
        try:
            planned = tuple(each.planned(instruments[each.symbol], self.timeframe) for each in self.strategies)
            account = AccountPlan(planned, self.config.risk.limits)
            account.settings(needs_account=True)
        except ValueError as error:
            raise InputError(str(error)) from error
        return account


def plan_live(options: SessionOptions, settings: Settings) -> LivePlan:
    """Return the plan; raises `InputError` that says which option, file or variable is wrong."""
    for name, nothing in _FOR_PAPER.items():
        if getattr(options, name) != nothing:
            raise InputError(f"--{name} is for paper: live, the exchange gives data and time")
    path = Path(options.config) if options.config else settings.config
    basis = config_basis(settings.home, path)
    config = basis.config
    chosen = config.strategy or StrategyConfig("ema_cross")
    timeframe = timeframe_option("timeframe", options.timeframe or chosen.timeframe or "")
    if timeframe is None:
        raise InputError("--timeframe is missing: say on which candles to decide, such as 1m or 1h")
    wanted = config.strategies or (_single(config, chosen),)
    if options.strategy or options.param:
        if config.strategies:
            raise InputError("--strategy and --param are for one strategy, and the configuration has several")
        wanted = (_overridden(wanted[0], options),)
    symbol = symbol_option("symbol", options.symbol) or chosen.symbol
    strategies = tuple(_strategy(each, symbol) for each in wanted)
    if not any(each.enabled for each in wanted):
        raise InputError("no strategy is enabled in the configuration")
    host, port = options.host or settings.host, port_option(options.port, settings.port)
    return LivePlan(strategies, timeframe, basis, host, port)


def _single(config: Config, chosen: StrategyConfig) -> AccountStrategyConfig:
    return AccountStrategyConfig(
        "main",
        chosen.name,
        config.data.cash,
        chosen.symbol,
        chosen.params,
        chosen.size,
        position_cap_pct=config.position_cap_pct,
        max_drawdown_pct=config.max_drawdown_pct,
        max_daily_loss=config.max_daily_loss,
    )


def _overridden(config: AccountStrategyConfig, options: SessionOptions) -> AccountStrategyConfig:
    name = options.strategy or config.strategy
    params = config.params if name == config.strategy else {}
    return evolve(config, strategy=name, params={**params, **parameters_option(options.param)})


def _strategy(config: AccountStrategyConfig, symbol: Symbol | None) -> LiveStrategy:
    params, deciding = build_deciding(find_any_strategy(config.strategy), config.params)
    traded = config.symbol or symbol
    if traded is None:
        raise InputError(f"strategy {config.name} has no symbol: give --symbol, such as tBTCUSD")
    return LiveStrategy(config, params, deciding, traded)
