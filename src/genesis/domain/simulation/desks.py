"""The columnar engine of desks: strategies over columns, walked together, equal to desks event by event."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar, assert_never

import numpy as np
from attrs import frozen

from genesis.domain.candle import Candles, Floats, Ints
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import Alert, breach_alert, liquidation_alert
from genesis.domain.execution.plans import LimitEntry, Market
from genesis.domain.execution.protection import Bracket, Protection, Trailing
from genesis.domain.instrument import Instrument
from genesis.domain.risk.budget import budget_column
from genesis.domain.risk.guards import Breach, OnBreach, RiskLimits
from genesis.domain.simulation import walk_state
from genesis.domain.simulation.columnar import OFF, Walk, unfit_candle
from genesis.domain.simulation.desks_walk import walk_desks
from genesis.domain.simulation.fee_tiers import TIERS
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.simulation.slippage import slippage_column, volume_column
from genesis.domain.simulation.walk_state import Breaches, Columns, Fills, Rules
from genesis.domain.strategy import columns
from genesis.domain.strategy.by_events import expression_of
from genesis.domain.units import ATOMS_PER_UNIT, PPB, Atoms, InexactNumber, Mts, Symbol

_KINDS: Final = {walk_state.DRAWDOWN: Breach.MAX_DRAWDOWN, walk_state.DAILY_LOSS: Breach.MAX_DAILY_LOSS}
Column = TypeVar("Column", Floats, Ints)


def is_plain(desk: DeskSettings) -> bool:
    """Tell whether the short walk of `columnar` does: spot, sizes as they are, and no stops."""
    return desk.budget.is_off and desk.margin is None and desk.protection is None and isinstance(desk.plan, Market)


@frozen(eq=False)
class Measures:
    """What a walk knows at each candle besides its prices, in columns as `walk_state.Columns` has them."""

    budgets: Ints
    slippages: Ints
    volumes: Floats

    def since(self, first: int) -> "Measures":
        """Return what is known at the candles from row *first* on, from those before, too."""
        slippages = self.slippages[first:] if len(self.slippages) > 1 else self.slippages
        return Measures(self.budgets[first:], slippages, self.volumes[first:])


def measures_of(desk: DeskSettings, costs: Costs, candles: Candles) -> Measures:
    """Return what a walk of *desk* at *costs* knows at each of *candles*; the strategy does not matter."""
    budget, volatility, impact = desk.budget, costs.volatility, costs.impact
    return Measures(
        budgets=np.empty(0, dtype=np.int64) if budget.is_off else budget_column(budget, candles),
        slippages=(
            np.array([costs.slippage], dtype=np.int64)
            if volatility is None
            else slippage_column(costs.slippage, volatility, candles)
        ),
        volumes=np.empty(0) if impact is None else volume_column(impact, candles),
    )


@frozen(eq=False)
class Trader:
    """One instrument of a walk: the desk, its candles, and those of the instruments that its strategy reads as well.

    *targets* are those of the strategy, and *measures* those of the candles, unless they are given.
    """

    desk: DeskSettings
    candles: Candles
    others: Mapping[Symbol, Candles] = columns.NO_OTHERS
    targets: Floats | None = None
    measures: Measures | None = None


@frozen(eq=False)
class Walked:
    """What came of traders on one cash: the walk of each, and *turns*: which of all fills in order were its own.

    *equity* is what all is worth after each close, in the order of time and of the traders.
    """

    walks: tuple[Walk, ...]
    turns: tuple[Ints, ...]
    alerts: tuple[Alert, ...]
    equity: Ints


def walk_desk(
    desk: DeskSettings,
    costs: Costs,
    cash: Atoms,
    candles: Candles,
    others: Mapping[Symbol, Candles] = columns.NO_OTHERS,
    targets: Floats | None = None,
    measures: Measures | None = None,
) -> tuple[Walk, tuple[Alert, ...]]:
    """Walk one desk; raises `InexactNumber` as `columnar.walk` does."""
    walked = walk_together((Trader(desk, candles, others, targets, measures),), desk.limits, costs, cash)
    return walked.walks[0], walked.alerts


def walk_together(traders: Sequence[Trader], limits: RiskLimits, costs: Costs, cash: Atoms) -> Walked:
    """Walk *traders* on one *cash*, guarded together by *limits*.

    Raises `InexactNumber` for a price or an equity that does not fit.
    """
    counts = [len(trader.candles) for trader in traders]
    ends = np.cumsum(counts, dtype=np.int64)
    total = int(ends[-1])
    wholes = np.zeros((len(traders), walk_state.WHOLES), dtype=np.int64)
    wholes[:, walk_state.END] = ends
    wholes[1:, walk_state.CURSOR] = ends[:-1]
    wholes[:, walk_state.BUDGET] = PPB
    reals = np.zeros((len(traders), walk_state.REALS))
    reals[:, walk_state.SIZE] = [trader.desk.size for trader in traders]
    equities = np.empty(total, dtype=np.int64)
    room = [np.empty(2 * total + 2, dtype=np.int64) for _ in range(10)]
    fills, breaches = Fills(*room[:6]), Breaches(*room[6:])
    left, filled, breached, bad = walk_desks(
        _rules(traders, limits, costs, cash),
        _columns(traders, costs),
        _settings(traders),
        wholes,
        reals,
        _fees(costs),
        _tiers(costs),
        equities,
        fills,
        breaches,
    )
    if bad >= 0:
        at = int(np.searchsorted(ends, bad, side="right"))
        raise unfit_candle(traders[at].desk.instrument, traders[at].candles, bad - int(ends[at]) + counts[at])
    starts = ends - counts
    rows = fills.rows[:filled]
    turns = tuple(np.flatnonzero((rows >= first) & (rows < last)) for first, last in zip(starts, ends, strict=True))
    walks = tuple(
        _walk_of(fills, own, int(first), equities, Atoms(left), whole)
        for own, first, whole in zip(turns, starts, wholes, strict=True)
    )
    mts = np.concatenate([trader.candles.mts for trader in traders])
    return Walked(walks, turns, _alerts(breaches, breached, mts, limits), equities)


def _rules(traders: Sequence[Trader], limits: RiskLimits, costs: Costs, cash: Atoms) -> Rules:
    margin = traders[0].desk.margin
    if len(traders) > 1 and any(trader.desk.margin is not None for trader in traders):
        raise ValueError("several instruments on one cash trade spot: margin is for one instrument")
    return Rules(
        cash=cash,
        max_drawdown=OFF if limits.max_drawdown is None else limits.max_drawdown,
        max_daily_loss=OFF if limits.max_daily_loss is None else limits.max_daily_loss,
        only_reduces=limits.on_breach is OnBreach.REDUCE_ONLY,
        leverage=0 if margin is None else margin.leverage,
        maintenance=0 if margin is None else margin.maintenance,
        funding_a_day=0 if margin is None else margin.funding_a_day,
        margin_fee=0 if margin is None else margin.fee,
        impact=0 if costs.impact is None else costs.impact.coefficient,
        impact_cap=0 if costs.impact is None else costs.impact.cap,
    )


def _fees(costs: Costs) -> Ints:
    fees = np.zeros(walk_state.FEES, dtype=np.int64)
    fees[[walk_state.MAKER, walk_state.TAKER, walk_state.HOUR]] = costs.resting_fee, costs.fee, -1
    return fees


def _tiers(costs: Costs) -> Ints:
    rows = [(since // ATOMS_PER_UNIT, tier.maker, tier.taker) for since, tier in TIERS] if costs.has_tiers else []
    return np.array(rows, dtype=np.int64).reshape(len(rows), 3)


def _columns(traders: Sequence[Trader], costs: Costs) -> Columns:
    known = [each.measures or measures_of(each.desk, costs, each.candles) for each in traders]
    has_budgets = not all(trader.desk.budget.is_off for trader in traders)
    budgets = [_budgets(trader, each) for trader, each in zip(traders, known, strict=True)] if has_budgets else []
    slippages = [each.slippages for each in known]
    return Columns(
        mts=_joined([trader.candles.mts for trader in traders]),
        opens=_joined([trader.candles.open for trader in traders]),
        highs=_joined([trader.candles.high for trader in traders]),
        lows=_joined([trader.candles.low for trader in traders]),
        closes=_joined([trader.candles.close for trader in traders]),
        targets=_joined([_targets(trader) for trader in traders]),
        budgets=_joined(budgets) if budgets else np.empty(0, dtype=np.int64),
        slippages=slippages[0] if costs.volatility is None else _joined(slippages),
        volumes=_joined([each.volumes for each in known]),
    )


def _budgets(trader: Trader, known: Measures) -> Ints:
    """Return a column for every trader where one of them has a budget: all of its size for one that has none."""
    return np.full(len(trader.candles), PPB, dtype=np.int64) if trader.desk.budget.is_off else known.budgets


def _targets(trader: Trader) -> Floats:
    if trader.targets is not None:
        return trader.targets
    return columns.evaluate(expression_of(trader.desk.strategy), trader.candles, trader.others)


def _joined(parts: Sequence[Column]) -> Column:
    return np.ascontiguousarray(parts[0]) if len(parts) == 1 else np.concatenate(parts)


def _settings(traders: Sequence[Trader]) -> Ints:
    return np.array([_setting(trader.desk, trader.desk.instrument) for trader in traders], dtype=np.int64)


def _setting(desk: DeskSettings, instrument: Instrument) -> tuple[int, ...]:
    if instrument.price_decimals > 9:
        raise InexactNumber(
            f"{instrument.symbol}: the columnar engine takes up to 9 price decimals; use --engine event"
        )
    limits = desk.limits
    cap = PPB if limits.position_cap is None else limits.position_cap
    losses = limits.cool_down_losses or 0
    own = instrument.amount_min, instrument.price_scale, cap, desk.budget.band, losses, limits.cool_down_ms
    match desk.plan:
        case LimitEntry(offset, patience_ms):
            entry: tuple[int, int] = (offset, patience_ms)
        case Market():
            entry = (OFF, 0)
        case _:
            raise ValueError("the columnar engine enters at the market or by one limit order, and knows no other plan")
    return *own, *_guards(desk.protection), *entry, desk.margin is not None


def _guards(protection: Protection | None) -> tuple[int, int, int]:
    """Return how far stop, target and trail are away, 0 for none."""
    match protection:
        case None:
            return 0, 0, 0
        case Bracket(stop, take):
            return stop, take or 0, 0
        case Trailing(distance):
            return 0, 0, distance
        case _:
            assert_never(protection)


def _walk_of(fills: Fills, own: Ints, first: int, equities: Ints, cash: Atoms, whole: Ints) -> Walk:
    return Walk(
        equity=equities,
        row=fills.rows[own] - first,
        net_amount=fills.net_amounts[own],
        price=fills.prices[own],
        fee=fills.fees[own],
        cash=cash,
        position=Atoms(int(whole[walk_state.POSITION])),
        refused=int(whole[walk_state.REFUSED]),
        halted_at=-1,
        breach=None,
        reduced=int(whole[walk_state.REDUCED]),
        paused=int(whole[walk_state.PAUSED]),
        rested=fills.rested[own],
    )


def _alerts(breaches: Breaches, breached: int, mts: Ints, limits: RiskLimits) -> tuple[Alert, ...]:
    alerts = []
    for row, kind, equity, peak in zip(*(column[:breached].tolist() for column in breaches), strict=True):
        at = Mts(int(mts[row]))
        if kind == walk_state.LIQUIDATED:
            alerts.append(liquidation_alert(at, equity))
        else:
            alerts.append(breach_alert(at, _KINDS[kind], equity, peak, limits.on_breach))
    return tuple(alerts)
