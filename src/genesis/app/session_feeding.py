"""What a session tells its read model: the one place that turns events of the core into what the page shows.

Candles, fills and orders go on as they happen. The overview (account, positions, limits, strategies) is made anew at
most twenty times a second, for at full speed nobody could read more.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, assert_never

from attrs import frozen

from genesis.app.session_figures import DeskFigures, EquityFigures, exact, limit_uses, node_values
from genesis.domain.candle import Candle, Timeframe
from genesis.domain.core import TradingCore
from genesis.domain.events import CandleClosed, Event, OrderRefused, Reasons, Submit
from genesis.domain.events import OrderReported as Reported
from genesis.domain.execution.evidence import (
    Accepted,
    AnswerLost,
    Closed,
    Evidence,
    NothingLeft,
    ProvenAbsent,
    Refused,
    SendBegan,
    Traded,
    Vouched,
)
from genesis.domain.execution.order_life import OrderLife
from genesis.domain.fill import Fill
from genesis.domain.instrument import Instrument
from genesis.domain.link import LinkState
from genesis.domain.order import Cid, Side
from genesis.domain.risk.refusal import RefusalCode
from genesis.domain.strategy.by_events import evaluator_of
from genesis.domain.units import PPB, Atoms, Mts, Price, Symbol, format_atoms, format_scaled
from genesis.ports.clock import Clock
from genesis.ports.session_view import (
    CandleRow,
    EquityPoint,
    ExactText,
    FillRow,
    Guard,
    LinkView,
    Order,
    OrderReasons,
    OrderStep,
    Overview,
    Portfolio,
    SessionFeed,
)

EVERY_S: Final = 0.05


@frozen
class SessionAbout:
    """What a session is called by people; *symbol* is the chart's, *labels* and *params* are by strategy."""

    mode: str
    symbol: Symbol
    timeframe: str
    labels: Mapping[str, str]
    params: Mapping[str, Mapping[str, str]]


def empty_overview(about: SessionAbout) -> Overview:
    """Return what there is to show before the first event."""
    return Overview(0, about.mode, about.symbol, about.timeframe, None)


class SessionFeeding:
    """Takes what happens in a session and tells *feed*; `begin` comes before the first event."""

    def __init__(self, feed: SessionFeed, about: SessionAbout, clock: Clock) -> None:
        self._feed = feed
        self._about = about
        self._clock = clock
        self._core: TradingCore | None = None
        self._account = EquityFigures(0)
        self._cash_start = 0
        self._desks: dict[str, DeskFigures] = {}
        self._links: dict[str, LinkView] = {}
        self._mts = Mts(0)
        self._refused: dict[RefusalCode, OrderRefused] = {}
        self._is_changed = False
        self._candle_s = clock.monotonic_s()

    @property
    def period_s(self) -> float:
        """The time frame of the candles, in seconds."""
        return Timeframe(self._about.timeframe).span_ms / 1000

    def quiet_s(self) -> float:
        """Return for how long no candle has come, by a clock that nobody sets; any thread may ask."""
        return self._clock.monotonic_s() - self._candle_s

    def begin(self, core: TradingCore) -> None:
        """Take the core that is about to run."""
        self._core = core
        self._cash_start = core.cash
        self._account = EquityFigures(core.cash)
        for name, desk in core.desks.items():
            params = dict(self._about.params.get(name, {}))
            cash, evaluator = desk.ledger.cash, evaluator_of(desk.symbol, desk.settings.strategy)
            label = self._about.labels.get(name, name)
            self._desks[name] = DeskFigures(desk, label, self._about.timeframe, params, cash, evaluator)
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
        """Tell the overview now, where it changed."""
        if self._is_changed and self._core is not None:
            self._is_changed = False
            self._feed.show(self._overview(self._core))

    def saw(self, event: Event) -> None:
        """Take an event that the core has handled."""
        match event:
            case CandleClosed(symbol, candle):
                self._closed(symbol, candle)
            case Reported(mts, _, cid, evidence):
                self._mts = max(self._mts, mts)
                self._order(cid, OrderStep(mts, *_told(evidence, self._instrument_of(cid))))
        self._is_changed = True

    def submit(self, submit: Submit) -> None:
        """Take an order that is about to leave, with its reasons."""
        order, reasons = submit.order.order, submit.reasons
        candle = datetime.fromtimestamp(reasons.mts / 1000, UTC)
        said = f"target {reasons.target:g} decided on the candle of {candle:%Y-%m-%d %H:%M}; passed the risk gate"
        self._order(order.cid, OrderStep(order.mts, "approved", said), _reasons(reasons))

    def fill(self, strategy: str, fill: Fill) -> None:
        """Take a fill that the core has booked."""
        figures = self._desks[strategy]
        figures.fill(fill)
        instrument = figures.desk.settings.instrument
        is_buy = fill.side is Side.BUY
        price = ExactText(format_scaled(fill.price, instrument.price_decimals))
        self._feed.fill(
            FillRow(
                0,
                fill.mts,
                fill.cid,
                fill.symbol,
                "buy" if is_buy else "sell",
                exact(fill.amount),
                price,
                exact(fill.fee),
                instrument.base if is_buy else instrument.quote,
                strategy,
            )
        )
        self._is_changed = True

    def refused(self, refused: OrderRefused) -> None:
        """Take a wish that did not leave, and why."""
        self._refused[refused.code] = refused
        self._is_changed = True

    def link(self, state: LinkState) -> None:
        """Take the new state of a connection."""
        self._links[state.name] = LinkView(state.name, state.link.value, state.mts, state.reason)
        self._is_changed = True

    def _closed(self, symbol: Symbol, candle: Candle) -> None:
        assert self._core is not None
        self._candle_s = self._clock.monotonic_s()
        self._mts = max(self._mts, candle.mts)
        for figures in self._desks.values():
            if symbol in figures.desk.reads:
                figures.evaluator.observe(symbol, candle)
            if figures.desk.symbol == symbol:
                figures.close(candle)
        drawdown = self._account.close(candle.mts, self._core.equity)
        if symbol == self._about.symbol:
            self._feed.candle(CandleRow(*candle))
            self._feed.equity(EquityPoint(candle.mts, self._core.equity / 10**8, drawdown))

    def _instrument_of(self, cid: Cid) -> Instrument | None:
        assert self._core is not None
        own = self._core.books.orders.by_cid.get(cid)
        return None if own is None else self._core.settings.instruments[own.life.order.symbol]

    def _order(self, cid: Cid, step: OrderStep, reasons: OrderReasons | None = None) -> None:
        """Tell how an order stands now, after *step*."""
        assert self._core is not None
        own = self._core.books.orders.by_cid.get(cid)
        if own is not None:
            instrument = self._core.settings.instruments[own.life.order.symbol]
            self._feed.order(_order_row(own.life, own.strategy, instrument, max(self._mts, step.mts)), step, reasons)

    def _overview(self, core: TradingCore) -> Overview:
        about, account, figures = self._about, self._account, list(self._desks.values())
        equity = core.equity
        portfolio = Portfolio(
            self._mts,
            core.settings.quote,
            exact(equity),
            exact(core.cash),
            exact(self._cash_start),
            exact(account.peak),
            exact(equity - self._cash_start),
            exact(equity - account.day_equity),
            exact(sum(each.fees for each in figures)),
            account.drawdown(equity),
            account.drawdown_max,
        )
        return Overview(
            0,
            about.mode,
            about.symbol,
            about.timeframe,
            portfolio,
            [position for each in figures if (position := each.position(equity)) is not None],
            list(limit_uses(core, figures)),
            self._guards(core),
            [each.state() for each in figures],
            list(self._links.values()),
            all(each.desk.halted is not None for each in figures),
            any(each.desk.only_reduce for each in figures),
        )

    def _guards(self, core: TradingCore) -> list[Guard]:
        refusals = core.refusals
        return [_guard(code, refusals.get(code, 0), self._refused.get(code)) for code in RefusalCode]


def _guard(code: RefusalCode, count: int, last: OrderRefused | None) -> Guard:
    if last is None:
        return Guard(code.value, count)
    amount = "" if last.amount is None else f"{format_atoms(last.amount)} "
    what = f"{last.strategy}: {last.side.value} {amount}{last.symbol}"
    return Guard(code.value, count, what, last.mts, last.observed, last.allowed)


def _order_row(life: OrderLife, strategy: str, instrument: Instrument, updated: Mts) -> Order:
    order = life.order
    amount = Atoms(max(life.filled, life.filled_reported))
    value = sum(trade.amount * trade.price for trade in life.trades)
    average = format_scaled(value // life.filled, instrument.price_decimals) if life.filled else ""

    def told(price: Price | None) -> ExactText:
        return ExactText("" if price is None else format_scaled(price, instrument.price_decimals))

    return Order(
        order.cid,
        order.symbol,
        "buy" if order.side is Side.BUY else "sell",
        order.type.value,
        exact(order.amount),
        exact(amount),
        told(order.price),
        ExactText(average),
        life.status.value,
        not life.status.is_terminal,
        strategy,
        order.mts,
        updated,
        life.contradiction or life.reason,
        told(order.stop_price or order.oco_stop),
        told(order.trail),
    )


def _reasons(reasons: Reasons) -> OrderReasons:
    nodes = node_values(reasons.nodes, reasons.values)
    last = reasons.sizes[-1].weight if reasons.sizes else reasons.weight
    return OrderReasons(reasons.mts, reasons.target, reasons.weight / PPB, last / PPB, nodes)


def _told(evidence: Evidence, instrument: Instrument | None) -> tuple[str, str]:
    """Return what a fact means for an order, and the fact, in words."""
    match evidence:
        case SendBegan():
            return "sending", "from here on it may have left"
        case NothingLeft(reason):
            return "not sent", f"no byte of it left: {reason}"
        case AnswerLost(reason):
            return "unknown", f"it may or may not have arrived: {reason}"
        case Accepted(id):
            return "accepted", f"the exchange has it as {id}"
        case Refused(reason):
            return "refused", f"the exchange says: {reason}"
        case Traded(trade_id, _, _, amount, price, fee, fee_currency):
            decimals = 0 if instrument is None else instrument.price_decimals
            paid = "fee not told yet" if fee is None else f"fee {format_atoms(fee)} {fee_currency}"
            return "traded", f"{format_atoms(amount)} at {format_scaled(price, decimals)}, {paid} (trade {trade_id})"
        case Closed(id, filled, status):
            return "closed", f"the exchange ended {id} with {format_atoms(filled)} filled: {status}"
        case ProvenAbsent(searched):
            return "absent", f"the exchange never had it: {searched}"
        case Vouched(reason, filled):
            return "vouched for", f"a person says that it ended with {format_atoms(filled)} filled: {reason}"
        case _:
            assert_never(evidence)
