"""The figures behind what a session shows: what each strategy paid and made, and how far the account fell."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

from attrs import define, evolve, field

from genesis.domain.candle import DAY_MS, Candle
from genesis.domain.core import TradingCore
from genesis.domain.desk import Desk
from genesis.domain.fill import Fill
from genesis.domain.ledger import cost_of, value_of
from genesis.domain.order import Side
from genesis.domain.risk.guards import NEVER
from genesis.domain.strategy.by_events import EventEvaluator
from genesis.domain.strategy.streaming import Evaluator
from genesis.domain.units import PPB, Mts, floor_mul_div, format_atoms, format_scaled
from genesis.ports.session_view import ExactText, GuardState, LimitUse, NodeValue, Position, StrategyState

NEAR: Final = 0.8
_PERCENT_DECIMALS: Final = 7  # of parts per billion


@define
class EquityFigures:
    """What an account or a strategy was worth over time, close by close."""

    peak: int
    last_equity: int = field(init=False)
    day_equity: int = field(init=False)
    day_end: int = 0
    drawdown_max: float = 0.0

    def __attrs_post_init__(self) -> None:
        self.last_equity = self.day_equity = self.peak

    def close(self, mts: Mts, equity: int) -> float:
        """Take the equity at a close; return the drawdown."""
        self.peak = max(self.peak, equity)
        if mts >= self.day_end:
            self.day_end = (mts // DAY_MS + 1) * DAY_MS
            self.day_equity = self.last_equity
        self.last_equity = equity
        drawdown = self.drawdown(equity)
        self.drawdown_max = max(self.drawdown_max, drawdown)
        return drawdown

    def drawdown(self, equity: int) -> float:
        """Return how far *equity* is below the peak, as a fraction."""
        return (self.peak - equity) / self.peak if self.peak > 0 else 0.0


@define
class DeskFigures:
    """One strategy: what it holds cost, what its fills took in fees, and its nodes at the last close."""

    desk: Desk
    label: str
    timeframe: str
    params: dict[str, str]
    cash_start: int
    evaluator: Evaluator | EventEvaluator
    target: float | None = None
    decided_mts: Mts | None = None
    mark: int = 0
    cost: int = 0
    held: int = 0
    fees: int = 0
    fills: int = 0
    equity: EquityFigures = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.equity = EquityFigures(self.desk.equity)

    def close(self, candle: Candle) -> None:
        """Take a close of its instrument."""
        self.equity.close(candle.mts, self.desk.equity)
        target = self.evaluator.step(candle)
        self.target = None if math.isnan(target) else target
        self.decided_mts = candle.mts
        self.mark = round(candle.close * self.desk.settings.instrument.price_scale)

    def fill(self, fill: Fill) -> None:
        """Take one of its fills."""
        scale = self.desk.settings.instrument.price_scale
        self.fills += 1
        if fill.side is Side.BUY:
            self.cost += cost_of(fill.amount, fill.price, scale)
            self.held += fill.amount - fill.fee
            self.fees += value_of(fill.fee, fill.price, scale)
        else:
            self.cost -= floor_mul_div(self.cost, min(fill.amount, self.held), max(1, self.held))
            self.held = max(0, self.held - fill.amount)
            self.fees += fill.fee

    def state(self) -> StrategyState:
        """Return what to show of it."""
        desk = self.desk
        is_on = desk.is_on and desk.halted is None
        return StrategyState(
            desk.name,
            self.label,
            desk.symbol,
            self.timeframe,
            is_on,
            self.target,
            exact(desk.equity - self.cash_start),
            self.fills,
            self.params,
            node_values(self.evaluator.names, self.evaluator.values()),
            self.decided_mts,
        )

    def position(self, equity: int) -> Position | None:
        """Return what it holds, None when nothing; *equity* is the account's."""
        held, instrument = self.desk.position, self.desk.settings.instrument
        if not held:
            return None
        scale, decimals = instrument.price_scale, instrument.price_decimals
        notional = value_of(held, self.mark, scale)
        average = floor_mul_div(self.cost, scale, max(1, self.held))
        return Position(
            self.desk.symbol,
            exact(held),
            ExactText(format_scaled(average, decimals)),
            ExactText(format_scaled(self.mark, decimals)),
            exact(notional),
            exact(notional - self.cost),
            notional / equity if equity > 0 else 0.0,
        )


def limit_uses(core: TradingCore, figures: Sequence[DeskFigures]) -> Iterator[LimitUse]:
    """Yield every limit of the account and of its strategies, with what of it is used."""
    quote, limits = core.settings.quote, core.dispatch.limits
    for each in figures:
        notional = value_of(each.desk.position, each.mark, each.desk.settings.instrument.price_scale)
        weight = notional * PPB // each.desk.equity if each.desk.equity > 0 else 0
        yield _drawdown(each)
        yield _share("position_cap", each.desk.name, weight, each.desk.settings.limits.position_cap)
        yield _daily_loss(each, quote)
    exposures = core.books.exposures()
    if limits.max_exposure is not None:
        yield _limit_use("max_exposure", "account", quote, sum(exposures.values()), limits.max_exposure, 8)
    for instrument in limits.instruments:
        if instrument.max_exposure is not None:
            worst = exposures.get(instrument.symbol, 0)
            yield _limit_use("max_exposure", instrument.symbol, quote, worst, instrument.max_exposure, 8)
    if limits.max_positions is not None:
        count = sum(map(core.books.is_position, exposures))
        yield _limit_use("max_positions", "account", "positions", count, limits.max_positions, 0)


def node_values(names: Sequence[str], values: Sequence[float]) -> Sequence[NodeValue]:
    """Return the nodes of an expression with their values, null where there is none yet."""
    return [NodeValue(name, value if math.isfinite(value) else None) for name, value in zip(names, values, strict=True)]


def exact(amount: int) -> ExactText:
    """Return atoms as text."""
    return ExactText(format_atoms(amount))


def _drawdown(figures: DeskFigures) -> LimitUse:
    """Return how far the strategy's guard sees it below its peak."""
    guards, equity = figures.desk.purse.guards, figures.desk.equity
    fallen = max(0, guards.peak - equity) * PPB // guards.peak if guards.peak > 0 else 0
    use = _share("max_drawdown", figures.desk.name, fallen, guards.limits.max_drawdown)
    return _as_guarded(use, is_breached=equity <= guards.drawdown_floor)


def _daily_loss(figures: DeskFigures, quote: str) -> LimitUse:
    """Return what the strategy lost of the day, from where its guard counts; from the day's start where it has none."""
    guards, equity = figures.desk.purse.guards, figures.desk.equity
    limit, start = guards.limits.max_daily_loss, figures.equity.day_equity
    if limit is not None:  # the guard of a strategy that was resumed counts from its next close on
        start = equity if guards.day_floor == NEVER else guards.day_floor + limit
    use = _limit_use("max_daily_loss", figures.desk.name, quote, max(0, start - equity), limit, 8)
    return _as_guarded(use, is_breached=equity < guards.day_floor)


def _as_guarded(use: LimitUse, *, is_breached: bool) -> LimitUse:
    """Return *use* as the guard judges it: a loss equal to its limit is within, a drawdown equal to it is not."""
    if use.state == "off":
        return use
    return evolve(use, state="breached" if is_breached else "near" if use.used >= NEAR else "clear")


def _share(name: str, scope: str, observed: int, allowed: int | None) -> LimitUse:
    return _limit_use(name, scope, "%", observed, allowed, _PERCENT_DECIMALS)


def _limit_use(name: str, scope: str, unit: str, observed: int, allowed: int | None, decimals: int) -> LimitUse:
    shown = ExactText(format_scaled(observed, decimals))
    if allowed is None:
        return LimitUse(name, scope, unit, shown, ExactText(""), ExactText(""), 0.0, "off")
    used = observed / allowed if allowed else float(observed > 0)
    state: GuardState = "breached" if used >= 1 else "near" if used >= NEAR else "clear"
    left = ExactText(format_scaled(allowed - observed, decimals))
    return LimitUse(name, scope, unit, shown, ExactText(format_scaled(allowed, decimals)), left, used, state)
