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
from genesis.domain.core import TradingCore, one_desk
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.instrument import spot_instrument
from genesis.domain.link import Link, LinkState
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.simulation.market_orders import costs_from_bps
from genesis.domain.simulation.synthetic import synthetic_candles
from genesis.domain.statistics.record import Recorder
from genesis.domain.strategy.shipped import SHIPPED
from genesis.domain.units import Mts, Symbol, atoms, decimal_from_text, format_atoms, ppb
from genesis.ports.session_view import Span

INSTRUMENT = spot_instrument(Symbol("tBTCUSD"))
CASH = atoms(10_000)
LIMITS = RiskLimits(ppb("0.9"), ppb("0.5"), atoms(5_000))


async def traded(
    candles: Sequence[Candle], limits: RiskLimits = LIMITS
) -> tuple[TradingCore, MemorySessionView, SessionFeeding]:
    """Trade *candles* with a view on it."""
    clock, metrics = ManualClock(), MemoryMetrics()
    about = SessionAbout("paper", INSTRUMENT.symbol, "1m", {"main": "ema_cross"}, {"main": {"fast": "12"}})
    view = MemorySessionView(empty_overview(about))
    feeding = SessionFeeding(view, about, clock)
    monitor = MemoryMonitor(clock, metrics, version="0", mode="paper")
    observer = SessionObserver(Recorder(INSTRUMENT, CASH), metrics, monitor, feeding)
    core = one_desk(DeskSettings(INSTRUMENT, SHIPPED["ema_cross"].build(), limits=limits), CASH)
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


async def test_links_are_shown_with_their_reason() -> None:
    _, view, feeding = await traded(list(synthetic_candles(3, 1.0))[:30])
    feeding.link(LinkState(Mts(5), "account", Link.RECONNECT, "the line went dead"))
    feeding.flush()
    (link,) = view.overview().links
    assert (link.name, link.state, link.since_mts, link.reason) == ("account", "reconnect", 5, "the line went dead")
