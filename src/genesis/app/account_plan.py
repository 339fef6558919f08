"""Which strategies a session runs on its account, with what money, and within which limits."""

from collections.abc import Mapping

from attrs import frozen

from genesis.app.budget_words import budget_of
from genesis.app.config import Config
from genesis.app.config_risk import AccountStrategyConfig
from genesis.app.strategies import build_deciding, find_any_strategy
from genesis.domain.candle import Timeframe
from genesis.domain.core import FIRST_CID, TradingCore
from genesis.domain.core_settings import CoreSettings
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.exchange.orders import Account
from genesis.domain.instrument import Instrument
from genesis.domain.journal.entries import BudgetBegan, StrategyBegan
from genesis.domain.ledger import Ledger
from genesis.domain.risk.limits import AccountLimits
from genesis.domain.strategy.by_events import Deciding
from genesis.domain.strategy.specification import Value
from genesis.domain.units import Atoms
from genesis.ports.errors import InputError


@frozen(eq=False)
class PlannedStrategy:
    """One strategy: *strategy* is its registered name, *cash* the part of the account that it trades with."""

    strategy: str
    params: Mapping[str, Value]
    desk: DeskSettings
    cash: Atoms
    budget: BudgetBegan | None = None

    def began(self) -> StrategyBegan:
        """Return what a journal says of it at the start."""
        desk = self.desk
        return StrategyBegan(
            name=desk.name,
            strategy=self.strategy,
            params=tuple((name, repr(value)) for name, value in self.params.items()),
            expression=str(desk.strategy),
            instrument=desk.instrument,
            size=desk.size,
            limits=desk.limits,
            cash=self.cash,
            plan=desk.plan,
            protection=desk.protection,
            enabled=desk.enabled,
            budget=self.budget,
        )


@frozen(eq=False)
class AccountPlan:
    """The strategies of one account, and its limits."""

    strategies: tuple[PlannedStrategy, ...]
    limits: AccountLimits

    @property
    def cash(self) -> Atoms:
        """What all strategies have together."""
        return Atoms(sum(each.cash for each in self.strategies))

    def settings(self, *, needs_account: bool = False, is_dry: bool = False) -> CoreSettings:
        """Return what the core trades; raises `ValueError` where the strategies do not fit together."""
        desks = tuple(each.desk for each in self.strategies)
        return CoreSettings(desks, self.limits, Account.EXCHANGE, needs_account, is_dry)

    def core(self, *, needs_account: bool = False, is_dry: bool = False) -> TradingCore:
        """Return a core that begins with this plan; see `settings`."""
        ledgers = {each.desk.name: Ledger(each.cash) for each in self.strategies}
        return TradingCore(self.settings(needs_account=needs_account, is_dry=is_dry), ledgers, FIRST_CID)


def account_plan(config: Config, instrument: Instrument, only: PlannedStrategy, timeframe: Timeframe) -> AccountPlan:
    """Return the plan of a configuration: its `strategies`, or *only* where it has none.

    Raises `InputError` for a strategy that cannot be built, or that trades another instrument than the session has.
    """
    limits = config.risk.limits
    if not config.strategies:
        return AccountPlan((only,), limits)
    planned = (_planned(each, place, instrument, timeframe) for place, each in enumerate(config.strategies))
    return AccountPlan(tuple(planned), limits)


def account_desk(
    config: AccountStrategyConfig, deciding: Deciding, instrument: Instrument, timeframe: Timeframe, where: str
) -> DeskSettings:
    """Return how a configured strategy trades *instrument* on candles of *timeframe*; *where* it stands, for errors.

    Raises `InputError` that names the field.
    """
    try:
        return DeskSettings(
            instrument,
            deciding,
            float(config.size),
            config.limits,
            config.name,
            plan=config.plan.plan(f"{where}.plan"),
            protection=None if config.protection is None else config.protection.protection(f"{where}.protection"),
            budget=budget_of(config.budget(timeframe)),
            enabled=config.enabled,
        )
    except ValueError as error:
        raise InputError(f"{where}: {error}") from error


def _planned(
    config: AccountStrategyConfig, place: int, instrument: Instrument, timeframe: Timeframe
) -> PlannedStrategy:
    where = f"strategies[{place}]"
    if config.symbol not in (None, instrument.symbol):
        raise InputError(f"{where}.symbol: is {config.symbol}, but this session has candles of {instrument.symbol}")
    params, deciding = build_deciding(find_any_strategy(config.strategy), config.params)
    desk = account_desk(config, deciding, instrument, timeframe, where)
    return PlannedStrategy(config.strategy, params, desk, config.cash, config.budget(timeframe))
