"""The limits of the account and the strategies on it, as a configuration writes them."""

from collections.abc import Mapping
from decimal import Decimal

from attrs import Factory, frozen

from genesis.domain.candle import Timeframe
from genesis.domain.execution.plans import Iceberg, LimitEntry, Market, Plan, PostOnly, Twap
from genesis.domain.execution.protection import Bracket, Protection, Trailing
from genesis.domain.journal.entries import BudgetBegan
from genesis.domain.risk.guards import OnBreach, RiskLimits
from genesis.domain.risk.limits import DAY_MS, MINUTE_MS, SECOND_MS, AccountLimits, InstrumentLimits, RateLimit
from genesis.domain.units import PPB, Atoms, Ppb, Symbol, ppb
from genesis.ports.errors import InputError


def share(percent: Decimal | None) -> Ppb | None:
    """Return a percentage in parts per billion."""
    return None if percent is None else ppb(percent, per=100)


@frozen
class InstrumentRiskConfig:
    """Limits of one instrument; None is off."""

    symbol: Symbol
    max_order_amount: Atoms | None = None
    max_order_notional: Atoms | None = None
    max_exposure: Atoms | None = None


@frozen
class RiskConfig:
    """Limits of the account; None is off."""

    max_order_notional: Atoms | None = None
    max_exposure: Atoms | None = None
    max_positions: int | None = None
    price_collar_pct: Decimal | None = None
    max_orders_per_second: int | None = None
    max_orders_per_minute: int | None = None
    max_orders_per_day: int | None = None
    max_repeats: int | None = None
    max_data_age_s: int | None = None
    instruments: tuple[InstrumentRiskConfig, ...] = ()

    @property
    def limits(self) -> AccountLimits:
        """The limits as the gate takes them."""
        rates = (
            (self.max_orders_per_second, SECOND_MS),
            (self.max_orders_per_minute, MINUTE_MS),
            (self.max_orders_per_day, DAY_MS),
        )
        return AccountLimits(
            instruments=tuple(
                InstrumentLimits(each.symbol, each.max_order_amount, each.max_order_notional, each.max_exposure)
                for each in self.instruments
            ),
            max_order_notional=self.max_order_notional,
            max_exposure=self.max_exposure,
            max_positions=self.max_positions,
            price_collar=share(self.price_collar_pct),
            rates=tuple(RateLimit(orders, window_ms) for orders, window_ms in rates if orders is not None),
            max_repeats=self.max_repeats,
            max_data_age_ms=None if self.max_data_age_s is None else self.max_data_age_s * SECOND_MS,
        )


@frozen
class PlanConfig:
    """How orders are carried out; which other fields count depends on the kind."""

    kind: str
    slices: int | None = None
    every_s: int | None = None
    reprice_s: int | None = None
    patience_s: int | None = None
    visible: Atoms | None = None
    offset_bps: Decimal | None = None

    def plan(self, where: str) -> Plan:
        """Return the plan; raises `InputError` that names a field that is missing or too much."""
        wanted: Mapping[str, tuple[str, ...]] = {
            "market": (),
            "twap": ("slices", "every_s"),
            "post_only": ("reprice_s", "patience_s"),
            "iceberg": ("visible", "reprice_s", "patience_s"),
            "limit_entry": ("offset_bps", "patience_s"),
        }
        names = wanted[self.kind]
        for name in ("slices", "every_s", "reprice_s", "patience_s", "visible", "offset_bps"):
            if (getattr(self, name) is not None) != (name in names):
                said = "is missing" if name in names else "means nothing"
                raise InputError(f"{where}.{name}: {said} in a plan of kind {self.kind}")
        every, reprice, patience = ((each or 0) * SECOND_MS for each in (self.every_s, self.reprice_s, self.patience_s))
        try:
            match self.kind:
                case "twap":
                    return Twap(self.slices or 0, every)
                case "post_only":
                    return PostOnly(reprice, patience)
                case "iceberg":
                    return Iceberg(self.visible or Atoms(0), reprice, patience)
                case "limit_entry":
                    return LimitEntry(ppb(self.offset_bps or 0, per=10_000), patience)
                case _:
                    return Market()
        except ValueError as error:
            raise InputError(f"{where}: {error}") from error


@frozen
class ProtectionConfig:
    """What guards a position at the exchange."""

    stop_pct: Decimal | None = None
    take_pct: Decimal | None = None
    trailing_pct: Decimal | None = None

    def protection(self, where: str) -> Protection:
        """Return the protection; raises `InputError` for a choice that is none, or two."""
        if (self.stop_pct is None) == (self.trailing_pct is None):
            raise InputError(f"{where}: give either stop_pct or trailing_pct")
        trailing, stop = share(self.trailing_pct), share(self.stop_pct)
        if trailing is not None:
            if self.take_pct is not None:
                raise InputError(f"{where}.take_pct: goes with stop_pct, not with trailing_pct")
            return Trailing(trailing)
        assert stop is not None, "one of the two is there"
        return Bracket(stop, share(self.take_pct))


@frozen
class VolatilityConfig:
    """The volatility that a position aims for, in percent a year, measured over *window* candles.

    Sizes are scaled by *cap* at most.
    """

    target_pct: Decimal
    window: int
    cap: Decimal = Decimal(1)


@frozen
class RegimeShareConfig:
    """The part of the size that may be used in one regime."""

    regime: int
    share: Decimal


@frozen
class RegimeConfig:
    """What tells the regime, and the share of each."""

    strategy: str
    shares: tuple[RegimeShareConfig, ...]


ParameterValue = Decimal | int | bool | str


@frozen
class AccountStrategyConfig:
    """One strategy of an account, with the part of the money that it trades."""

    name: str
    strategy: str
    cash: Atoms
    symbol: Symbol | None = None
    params: Mapping[str, ParameterValue] = Factory(dict)
    size: Decimal = Decimal(1)
    enabled: bool = True
    position_cap_pct: Decimal | None = None
    max_drawdown_pct: Decimal | None = None
    max_daily_loss: Atoms | None = None
    on_breach: str = OnBreach.HALT.value
    cool_down_losses: int | None = None
    cool_down_s: int = DAY_MS // SECOND_MS
    volatility: VolatilityConfig | None = None
    regime: RegimeConfig | None = None
    plan: PlanConfig = PlanConfig("market")
    protection: ProtectionConfig | None = None

    @property
    def limits(self) -> RiskLimits:
        """The limits of the strategy alone."""
        return RiskLimits(
            share(self.position_cap_pct),
            share(self.max_drawdown_pct),
            self.max_daily_loss,
            OnBreach(self.on_breach),
            self.cool_down_losses,
            self.cool_down_s * SECOND_MS,
        )

    def budget(self, timeframe: Timeframe) -> BudgetBegan | None:
        """Return the budget in words, None where there is none; volatility is measured on candles of *timeframe*."""
        if self.volatility is None and self.regime is None:
            return None
        volatility, regime = self.volatility, self.regime
        return BudgetBegan(
            timeframe.value,
            Ppb(0) if volatility is None else ppb(volatility.target_pct, per=100),
            0 if volatility is None else volatility.window,
            "" if regime is None else regime.strategy,
            () if regime is None else tuple((float(each.regime), ppb(each.share)) for each in regime.shares),
            Ppb(PPB) if volatility is None else ppb(volatility.cap),
        )
