"""What a session tells its view is what the core has: to the last digit, at the end of any session."""

from collections.abc import AsyncIterator, Sequence

import pytest

from genesis.adapters.memory.candle_market import CandleMarket
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.adapters.memory.session_view import MemorySessionView
from genesis.app.loop_pulse import LoopPulse
from genesis.app.operated_market import OperatedMarket, OperatorInbox
from genesis.app.session_feeding import SessionAbout, SessionFeeding, empty_overview
from genesis.app.session_observer import SessionObserver
from genesis.app.trade import trade
from genesis.domain.candle import Candle
from genesis.domain.core import FIRST_CID, TradingCore, one_desk
from genesis.domain.core_settings import CoreSettings
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import StrategyLimitsApplied
from genesis.domain.instrument import spot_instrument
from genesis.domain.ledger import Ledger
from genesis.domain.link import Link, LinkState
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.simulation.market_orders import costs_from_bps
from genesis.domain.simulation.synthetic import synthetic_candles
from genesis.domain.statistics.record import Recorder
from genesis.domain.strategy.features import close, where
from genesis.domain.strategy.shipped import SHIPPED
from genesis.domain.units import Atoms, Mts, Symbol, atoms, decimal_from_text, format_atoms, ppb
from genesis.ports.session_view import Span

INSTRUMENT = spot_instrument(Symbol("tBTCUSD"))
CASH = atoms(10_000)
LIMITS = RiskLimits(ppb("0.9"), ppb("0.5"), atoms(5_000))


async def traded(
    candles: Sequence[Candle], limits: RiskLimits = LIMITS, core: TradingCore | None = None
) -> tuple[TradingCore, MemorySessionView, SessionFeeding]:
    """Trade *candles* with a view on it."""
    clock, metrics = ManualClock(), MemoryMetrics()
    labels = {"main": "ema_cross", "waits": "a person's own"}
    about = SessionAbout("paper", INSTRUMENT.symbol, "1m", labels, {"main": {"fast": "12"}, "waits": {}})
    view = MemorySessionView(empty_overview(about))
    feeding = SessionFeeding(view, about, clock)
    monitor = MemoryMonitor(clock, metrics, version="0", mode="paper")
    observer = SessionObserver(Recorder(INSTRUMENT, CASH), metrics, monitor, feeding)
    core = core or one_desk(DeskSettings(INSTRUMENT, SHIPPED["ema_cross"].build(), limits=limits), CASH)
    observer.begin(core)

    async def feed() -> AsyncIterator[Sequence[Candle]]:
        yield candles

    market = CandleMarket(INSTRUMENT, costs_from_bps(decimal_from_text("20"), decimal_from_text("1")), feed())
    await trade(core, OperatedMarket(market, OperatorInbox(), feeding, LoopPulse(clock)), observer)
    feeding.flush()
    return core, view, feeding


@pytest.mark.parametrize("minutes", [60, 500, 777])
async def test_the_view_ends_where_the_core_does(minutes: int) -> None:
    candles = list(synthetic_candles(3, 1.0))[:minutes]
    core, view, _ = await traded(candles)
    shown = view.overview()
    assert shown.portfolio is not None
    assert shown.portfolio.equity == format_atoms(core.equity)
    assert shown.portfolio.cash == format_atoms(core.cash)
    assert shown.portfolio.pnl == format_atoms(core.equity - CASH)
    held = core.position(INSTRUMENT.symbol)
    assert [each.net_amount for each in shown.positions] == ([format_atoms(held)] if held else [])
    assert [each.mts for each in view.candles(Span(10_000))] == [candle.mts for candle in candles]
    assert shown.strategies[0].decided_mts == candles[-1].mts
    assert (shown.strategies[0].label, shown.strategies[0].params) == ("ema_cross", {"fast": "12"})


async def test_orders_end_filled_with_a_life_reasons_and_fills() -> None:
    _, view, _ = await traded(list(synthetic_candles(3, 1.0)))
    orders = view.orders(Span(500)).items
    assert orders
    for order in orders:
        detail = view.order_detail(order.cid)
        assert detail is not None
        assert (order.status, order.is_open, order.filled) == ("filled", False, order.amount)
        assert detail.life[0].what == "approved"
        assert detail.life[-1].what == "traded"
        assert detail.reasons is not None
        assert detail.reasons.nodes
        assert sum(decimal_from_text(fill.amount) for fill in detail.fills) == decimal_from_text(order.amount)
    fills = view.fills(Span(500)).items
    assert [fill.seq for fill in fills] == list(range(len(fills), 0, -1))


async def test_limits_say_what_is_used_and_what_is_left() -> None:
    core, view, _ = await traded(list(synthetic_candles(3, 1.0)), RiskLimits(ppb("0.9"), ppb("0.01"), None))
    drawdown, cap, loss = view.overview().limits
    assert core.halted is not None
    assert view.overview().is_halted
    assert (drawdown.state, drawdown.allowed) == ("breached", "1")
    assert decimal_from_text(drawdown.observed) + decimal_from_text(drawdown.headroom) == 1
    assert (cap.observed, cap.state) == ("0", "clear")
    assert (loss.state, loss.allowed) == ("off", "")


async def test_a_loss_limit_that_came_during_the_day_counts_from_then_on_the_page_as_in_the_core() -> None:
    core, view, feeding = await traded(list(synthetic_candles(3, 1.0))[:700], RiskLimits())
    (desk,) = core.desks.values()
    lost = CASH - core.equity
    assert lost > atoms(1)
    event = StrategyLimitsApplied(Mts(desk.purse.guards.day_end - 1), "main", RiskLimits(max_daily_loss=atoms(1)))
    core.handle(event)
    feeding.saw(event)
    feeding.flush()
    loss = view.overview().limits[2]
    assert core.halted is None
    assert (loss.observed, loss.headroom, loss.state) == ("0", "1", "clear")


@pytest.mark.parametrize(("limit", "state"), [(0, "near"), (-1, "breached"), (1, "near")])
async def test_a_loss_is_a_breach_on_the_page_when_it_is_one_in_the_core(limit: int, state: str) -> None:
    candles = list(synthetic_candles(3, 1.0))[:700]
    core, view, _ = await traded(candles, RiskLimits(max_daily_loss=atoms(5_000)))
    lost = decimal_from_text(view.overview().limits[2].observed)
    assert lost > 1
    limits = RiskLimits(max_daily_loss=Atoms(atoms(lost) + limit))
    core, view, feeding = await traded(candles, RiskLimits(max_daily_loss=atoms(5_000)))
    event = StrategyLimitsApplied(candles[-1].mts, "main", limits)
    core.handle(event)
    feeding.saw(event)
    feeding.flush()
    assert view.overview().limits[2].state == state
    assert (core.halted is not None) is (state == "breached")


async def test_what_one_strategy_lost_is_not_on_the_limits_of_another() -> None:
    limits = RiskLimits(max_drawdown=ppb("0.5"), max_daily_loss=atoms(5_000))
    trades, waits = (
        DeskSettings(INSTRUMENT, deciding, limits=limits, name=name)
        for name, deciding in (("main", SHIPPED["ema_cross"].build()), ("waits", where(close < 0.0, 1.0, 0.0)))
    )
    ledgers = {"main": Ledger(CASH), "waits": Ledger(CASH)}
    core = TradingCore(CoreSettings((trades, waits)), ledgers, FIRST_CID)
    _, view, _ = await traded(list(synthetic_candles(3, 1.0))[:700], core=core)
    shown = {(each.scope, each.name): each for each in view.overview().limits}
    assert decimal_from_text(shown["main", "max_daily_loss"].observed) > 1
    for name in ("max_daily_loss", "max_drawdown"):
        assert (shown["waits", name].observed, shown["waits", name].state) == ("0", "clear")


async def test_links_are_shown_with_their_reason() -> None:
    _, view, feeding = await traded(list(synthetic_candles(3, 1.0))[:30])
    feeding.link(LinkState(Mts(5), "account", Link.RECONNECT, "the line went dead"))
    feeding.flush()
    (link,) = view.overview().links
    assert (link.name, link.state, link.since_mts, link.reason) == ("account", "reconnect", 5, "the line went dead")
