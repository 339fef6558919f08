"""What a session tells its read model: the one place that turns events of the core into what the page shows.

Candles, fills and orders go on as they happen. The overview (account, positions, limits, strategies) is made anew at
most twenty times a second, for at full speed nobody could read more.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from attrs import evolve, frozen

from genesis.domain.candle import DAY_MS, Candle
from genesis.domain.core import TradingCore
from genesis.domain.events import CandleClosed, Event, OrderClosed, OrderRejected, Reasons, Submit
from genesis.domain.fill import Fill
from genesis.domain.instrument import Instrument
from genesis.domain.ledger import cost_of, value_of
from genesis.domain.link import LinkState
from genesis.domain.order import Cid, Side
from genesis.domain.risk.gate import RefusalCode
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.streaming import Evaluator
from genesis.domain.units import PPB, Atoms, Mts, Symbol, floor_mul_div, format_atoms, format_scaled
from genesis.ports.clock import Clock
from genesis.ports.session_view import (
    CandleRow,
    EquityPoint,
    ExactText,
    FillRow,
    Guard,
    GuardState,
    LimitUse,
    LinkView,
    NodeValue,
    Order,
    OrderReasons,
    OrderStep,
    Overview,
    Portfolio,
    Position,
    SessionFeed,
    StrategyState,
)

EVERY_S: Final = 0.05
NEAR: Final = 0.8
PERCENT_PPB_DECIMALS: Final = 7


@frozen
class SessionAbout:
    """What a session trades, as people call it."""

    mode: str
    strategy: str
    params: Mapping[str, str]
    expression: Expr
    instrument: Instrument
    timeframe: str
    limits: RiskLimits
    cash: Atoms


def empty_overview(about: SessionAbout) -> Overview:
    """Return what there is to show before the first event."""
    return Overview(0, about.mode, about.instrument.symbol, about.timeframe, None)


class SessionFeeding:
    """Takes what happens in a session and tells *feed*; `begin` comes before the first event."""

    def __init__(self, feed: SessionFeed, about: SessionAbout, clock: Clock) -> None:
        self._feed = feed
        self._about = about
        self._clock = clock
        self._core: TradingCore | None = None
        self._evaluator = Evaluator(about.expression)
        self._target: float | None = None
        self._orders: dict[Cid, Order] = {}
        self._got: dict[Cid, tuple[int, int]] = {}
        self._links: dict[str, LinkView] = {}
        self._mts = Mts(0)
        self._mark = 0
        self._peak = self._last_equity = self._day_equity = int(about.cash)
        self._day_end = 0
        self._drawdown_max = 0.0
        self._cost = 0
        self._held = 0
        self._fees = 0
        self._fills = 0
        self._refused: dict[str, tuple[int, Mts]] = {}
        self._is_changed = False

    def begin(self, core: TradingCore) -> None:
        """Take the core that is about to run."""
        self._core = core
        self._is_changed = True

    @property
    def market_mts(self) -> Mts:
        """The time of the last event."""
        return self._mts

    async def run(self) -> None:
        """Tell the overview where it changed, until cancelled."""
        while True:
            await self._clock.sleep(EVERY_S)
            self.flush()

    def flush(self) -> None:
        """Tell the overview now, if it changed."""
        if self._is_changed and self._core is not None:
            self._is_changed = False
            self._feed.show(self._overview(self._core))

    def saw(self, event: Event) -> None:
        """Take an event that the core has handled."""
        match event:
            case CandleClosed(_, candle):
                self._closed(candle)
            case OrderClosed(mts, _, cid, left):
                self._ended(mts, cid, "canceled" if left else "filled", f"{format_atoms(left)} of it were not filled")
            case OrderRejected(mts, _, cid, reason):
                self._ended(mts, cid, "rejected", reason)
        self._is_changed = True

    def submit(self, submit: Submit) -> None:
        """Take an order that is about to leave, with its reasons."""
        request, reasons = submit.order.order, submit.reasons
        price = "" if request.price is None else self._price(request.price)
        order = Order(
            request.cid,
            request.symbol,
            "buy" if request.side is Side.BUY else "sell",
            request.type.value,
            _text(request.amount),
            ExactText("0"),
            ExactText(price),
            ExactText(""),
            "sending",
            True,
            self._about.strategy,
            request.mts,
            request.mts,
        )
        said = f"target {reasons.target:g} decided on the candle of {reasons.mts}; passed the risk gate"
        self._tell(order, OrderStep(request.mts, "approved", said), _reasons(reasons))

    def sent(self, cid: Cid) -> None:
        """Take that an order was taken by whoever carries orders."""
        order = self._orders.get(cid)
        if order is not None and order.is_open:
            self._tell(evolve(order, status="working"), OrderStep(self._mts, "taken", "the gateway answered"))

    def fill(self, fill: Fill) -> None:
        """Take a fill that the core has booked."""
        is_buy, scale = fill.side is Side.BUY, self._about.instrument.price_scale
        if is_buy:
            self._cost += cost_of(fill.amount, fill.price, scale)
            self._held += fill.amount - fill.fee
            self._fees += value_of(fill.fee, fill.price, scale)
        else:
            self._cost -= floor_mul_div(self._cost, min(fill.amount, self._held), max(1, self._held))
            self._held = max(0, self._held - fill.amount)
            self._fees += fill.fee
        self._fills += 1
        self._mts, self._is_changed = max(self._mts, fill.mts), True
        currency = self._about.instrument.base if is_buy else self._about.instrument.quote
        price, amount, fee = self._price(fill.price), _text(fill.amount), _text(fill.fee)
        side = "buy" if is_buy else "sell"
        strategy = self._about.strategy
        self._feed.fill(
            FillRow(0, fill.mts, fill.cid, fill.symbol, side, amount, price, fee, currency, strategy)  # type: ignore[arg-type]  # one of the two
        )
        order = self._orders.get(fill.cid)
        if order is None:
            return
        known, value = self._got.get(fill.cid, (0, 0))
        filled, value = known + fill.amount, value + fill.amount * fill.price
        self._got[fill.cid] = (filled, value)
        average = self._price(value // filled)
        step = OrderStep(fill.mts, "filled", f"{amount} at {price}, fee {fee} {currency}")
        self._tell(evolve(order, filled=_text(filled), price_average=average, updated_mts=fill.mts), step)

    def link(self, state: LinkState) -> None:
        """Take the new state of a connection."""
        self._links[state.name] = LinkView(state.name, state.link.value, state.mts, state.reason)
        self._is_changed = True

    def _closed(self, candle: Candle) -> None:
        assert self._core is not None
        mts, equity = candle.mts, self._core.equity
        self._mts = mts
        self._mark = round(candle.close * self._about.instrument.price_scale)
        self._target = self._evaluator.step(candle)
        self._peak = max(self._peak, equity)
        if mts >= self._day_end:
            self._day_end = (mts // DAY_MS + 1) * DAY_MS
            self._day_equity = self._last_equity
        self._last_equity = equity
        drawdown = (self._peak - equity) / self._peak if self._peak > 0 else 0.0
        self._drawdown_max = max(self._drawdown_max, drawdown)
        self._feed.candle(CandleRow(*candle))
        self._feed.equity(EquityPoint(mts, equity / 10**8, drawdown))

    def _ended(self, mts: Mts, cid: Cid, status: str, note: str) -> None:
        order = self._orders.pop(cid, None)
        self._got.pop(cid, None)
        if order is None:
            return
        note = "" if status == "filled" else note
        ended = evolve(order, status=status, is_open=False, updated_mts=mts, note=note)
        evidence = note or "the exchange closed it, whole"
        self._feed.order(ended, OrderStep(mts, status, evidence))

    def _tell(self, order: Order, step: OrderStep, reasons: OrderReasons | None = None) -> None:
        self._orders[Cid(order.cid)] = order
        self._is_changed = True
        self._feed.order(order, step, reasons)

    def _overview(self, core: TradingCore) -> Overview:
        about = self._about
        equity, position = core.equity, core.position
        drawdown = (self._peak - equity) / self._peak if self._peak > 0 else 0.0
        portfolio = Portfolio(
            self._mts,
            about.instrument.quote,
            _text(equity),
            _text(core.ledger.cash),
            _text(about.cash),
            _text(self._peak),
            _text(equity - about.cash),
            _text(equity - self._day_equity),
            _text(self._fees),
            drawdown,
            self._drawdown_max,
        )
        nodes = _nodes(self._evaluator.names, self._evaluator.values())
        strategy = StrategyState(
            about.strategy,
            about.instrument.symbol,
            about.timeframe,
            core.halted is None,
            None if self._target is None or math.isnan(self._target) else self._target,
            _text(equity - about.cash),
            self._fills,
            about.params,
            nodes,
            self._mts or None,
        )
        return Overview(
            0,
            about.mode,
            about.instrument.symbol,
            about.timeframe,
            portfolio,
            self._positions(equity, position),
            self._limits(equity, position, drawdown),
            self._guards(core),
            (strategy,),
            tuple(self._links.values()),
            core.halted is not None,
            core.halted is not None,
        )

    def _positions(self, equity: int, position: int) -> Sequence[Position]:
        if not position:
            return ()
        scale = self._about.instrument.price_scale
        notional = value_of(position, self._mark, scale)
        average = floor_mul_div(self._cost, scale, max(1, self._held))
        return (
            Position(
                Symbol(self._about.instrument.symbol),
                _text(position),
                self._price(average),
                self._price(self._mark),
                _text(notional),
                _text(notional - self._cost),
                notional / equity if equity > 0 else 0.0,
            ),
        )

    def _limits(self, equity: int, position: int, drawdown: float) -> Sequence[LimitUse]:
        limits, quote = self._about.limits, self._about.instrument.quote
        notional = value_of(position, self._mark, self._about.instrument.price_scale) if position else 0
        weight = notional * PPB // equity if equity > 0 else 0
        loss = max(0, self._day_equity - equity)
        return (
            _share("max_drawdown", "account", round(drawdown * PPB), limits.max_drawdown),
            _share("position_cap", self._about.instrument.symbol, weight, limits.position_cap),
            _limit_use("max_daily_loss", "account", quote, loss, limits.max_daily_loss, 8),
        )

    def _guards(self, core: TradingCore) -> Sequence[Guard]:
        found = []
        for code in RefusalCode:
            count = core.refusals.get(code, 0)
            known, mts = self._refused.get(code.value, (0, Mts(0)))
            if count > known:
                mts = self._mts
                self._refused[code.value] = (count, mts)
            found.append(Guard(code.value, count, "", mts if count else None))
        return tuple(found)

    def _price(self, price: int) -> ExactText:
        return ExactText(format_scaled(price, self._about.instrument.price_decimals))


def _share(name: str, scope: str, observed: int, allowed: int | None) -> LimitUse:
    """Return the use of a limit in parts per billion, as percent."""
    return _limit_use(name, scope, "%", observed, allowed, PERCENT_PPB_DECIMALS)


def _limit_use(name: str, scope: str, unit: str, observed: int, allowed: int | None, decimals: int) -> LimitUse:
    shown = ExactText(format_scaled(observed, decimals))
    if allowed is None:
        return LimitUse(name, scope, unit, shown, ExactText(""), ExactText(""), 0.0, "off")
    used = observed / allowed if allowed else float(observed > 0)
    state: GuardState = "breached" if used >= 1 else "near" if used >= NEAR else "clear"
    left = ExactText(format_scaled(allowed - observed, decimals))
    return LimitUse(name, scope, unit, shown, ExactText(format_scaled(allowed, decimals)), left, used, state)


def _reasons(reasons: Reasons) -> OrderReasons:
    nodes = _nodes(reasons.nodes, reasons.values)
    return OrderReasons(reasons.mts, reasons.target, reasons.weight / PPB, reasons.weight_capped / PPB, nodes)


def _nodes(names: Sequence[str], values: Sequence[float]) -> Sequence[NodeValue]:
    return [NodeValue(name, value if math.isfinite(value) else None) for name, value in zip(names, values, strict=True)]


def _text(amount: int) -> ExactText:
    return ExactText(format_atoms(amount))
