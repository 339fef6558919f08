"""D20: an instrument that is paused, or no longer traded."""

import pytest

from genesis.domain.candle import Candle
from genesis.domain.events import Alert, AlertCode, Asked, CandleClosed, OperatorAsked
from genesis.domain.execution.evidence import Closed, Evidence, Refused
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import OrderId, Side
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.risk.refusal import RefusalCode
from genesis.domain.units import PPB, Atoms, Mts, Ppb, Symbol, atoms
from tests.unit.domain.accounts import BTC, World

ETH = Symbol("tETHUSD")
CODE = AlertCode.SYMBOL_PAUSED
PAUSED = Closed(OrderId(1), Atoms(0), "RSN_PAUSE")


@pytest.mark.parametrize("evidence", [PAUSED, Refused("10020: symbol: invalid")], ids=["paused", "gone"])
def test_d20_the_strategies_of_a_paused_instrument_stop_and_the_others_go_on(evidence: Evidence) -> None:
    world = World("one", "two", "other", instruments={"other": spot_instrument(ETH)})
    world.fills = False
    world.close(1.0, 0.0)
    (alert,) = [each for each in world.report(world.sent[0], evidence) if isinstance(each, Alert) and each.code is CODE]
    assert alert.text.startswith(BTC)
    world.fills = True
    world.close(1.0, 1.0)
    assert [order.symbol for order in world.sent] == [BTC]
    world.close(1.0, 1.0, ETH)
    assert [order.symbol for order in world.sent] == [BTC, ETH]


def test_d20_not_even_a_way_out_is_tried_until_an_operator_resumes() -> None:
    world = World("one")
    world.close(1.0)
    world.fills = False
    world.close(0.0)
    world.report(world.sent[-1], PAUSED)
    world.close(0.0)
    assert len(world.sent) == 2
    assert world.core.refusals[RefusalCode.SYMBOL_PAUSED] == 1
    world.handle(OperatorAsked(Mts(1), Asked.RESUME, "", "it is traded again"))
    world.close(0.0)
    assert len(world.sent) == 3


def test_d20_who_stands_paused_trades_with_no_other_strategy_either() -> None:
    world = World("one", "two")
    world.close(0.5)
    world.fills = False
    world.close(0.5, 0.3)
    world.report(world.sent[-1], PAUSED)
    world.handle(OperatorAsked(Mts(1), Asked.RESUME, "two", "only this one"))
    world.close(0.5, 0.3)
    assert world.core.desks["one"].position == atoms(5)
    assert world.core.refusals[RefusalCode.SYMBOL_PAUSED] == 1
    assert world.sides()[-1] is Side.BUY  # the other one finds all that it wants at the exchange
    assert len(world.sent) == 3


def test_a_pause_that_ends_lifts_only_the_pause() -> None:
    world = World("one", guards=RiskLimits(max_drawdown=Ppb(PPB // 10)))
    world.close(1.0)
    world.fills = False
    closed_at(world, 80)
    world.report(world.sent[-1], PAUSED)
    assert halted_for(world) is CODE
    world.fills = True
    world.handle(OperatorAsked(Mts(1), Asked.RESUME, "", "it is traded again"))
    assert halted_for(world) is AlertCode.MAX_DRAWDOWN
    peak = world.core.desks["one"].purse.guards.peak
    closed_at(world, 75)
    assert world.core.position(BTC) == 0
    assert world.core.desks["one"].purse.guards.peak == peak
    world.handle(OperatorAsked(Mts(1), Asked.RESUME, "", "and the loss was looked at"))
    closed_at(world, 75)
    assert (world.core.halted, world.sides()[-1]) == (None, Side.BUY)


def test_a_guard_that_is_breached_during_a_pause_halts_after_it() -> None:
    world = World("one", guards=RiskLimits(max_drawdown=Ppb(PPB // 10)))
    world.close(1.0)
    world.fills = False
    closed_at(world, 99, 0.0)
    world.report(world.sent[-1], PAUSED)
    closed_at(world, 80)
    closed_at(world, 100)
    world.handle(OperatorAsked(Mts(1), Asked.RESUME, "", "it is traded again"))
    assert halted_for(world) is AlertCode.MAX_DRAWDOWN


def closed_at(world: World, price: int, target: float = 1.0) -> None:
    world.price = price
    world.minute += 1
    flat = float(price)
    world.handle(CandleClosed(BTC, Candle(Mts(60_000 * world.minute), flat, flat, flat, flat, target)))


def halted_for(world: World) -> AlertCode | None:
    return None if world.core.halted is None else world.core.halted.code
