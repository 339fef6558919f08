"""B8: the loss of a day, with fills that are told after midnight."""

import pytest

from genesis.domain.events import Alert, AlertCode
from genesis.domain.execution.evidence import Traded
from genesis.domain.order import OrderId, OrderRequest
from genesis.domain.risk.guards import OnBreach, RiskLimits
from genesis.domain.units import Mts, atoms
from tests.unit.domain.accounts import INSTRUMENT, World

MINUTES_A_DAY = 1_440
MIDNIGHT = MINUTES_A_DAY * 60_000


def world_at_the_end_of_a_day(on_breach: OnBreach = OnBreach.HALT) -> tuple[World, OrderRequest]:
    """A strategy that may lose 30 a day and holds 5 coins; its next order is under way when the last candle closes."""
    world = World("one", guards=RiskLimits(max_daily_loss=atoms(30), on_breach=on_breach))
    world.minute = MINUTES_A_DAY - 4
    world.close(0.5)
    world.fills = False
    world.close(1.0)
    world.minute = MINUTES_A_DAY - 2
    world.close(1.0)
    return world, world.sent[-1]


def told(world: World, order: OrderRequest, mts: int, fee: str) -> None:
    """Tell that an order was filled at *mts*."""
    fee_coins, price = atoms(fee), INSTRUMENT.price(100)
    world.report(order, Traded(9, OrderId(order.cid), Mts(mts), order.amount, price, fee_coins))


def daily_losses(world: World) -> list[AlertCode]:
    return [each.code for each in world.decisions if isinstance(each, Alert) and each.code is LOSS]


LOSS = AlertCode.MAX_DAILY_LOSS


def test_b8_a_loss_of_before_midnight_that_is_told_after_it_leaves_the_new_day_its_limit() -> None:
    world, order = world_at_the_end_of_a_day()
    told(world, order, MIDNIGHT - 100, "0.2")  # worth 20
    world.minute = MINUTES_A_DAY - 1
    world.close(1.0)  # the first candle of the new day
    assert world.core.desks["one"].purse.guards.day_floor == world.core.equity - atoms(30)
    assert daily_losses(world) == []


def test_b8_one_that_is_told_after_the_first_candle_of_the_new_day_does_too() -> None:
    world, order = world_at_the_end_of_a_day()
    world.minute = MINUTES_A_DAY - 1
    world.close(1.0)
    told(world, order, MIDNIGHT - 100, "0.2")
    assert world.core.desks["one"].purse.guards.day_floor == world.core.equity - atoms(30)


def test_b8_one_of_the_new_day_counts_in_it() -> None:
    world, order = world_at_the_end_of_a_day()
    told(world, order, MIDNIGHT + 100, "0.2")
    world.minute = MINUTES_A_DAY - 1
    world.close(1.0)
    assert world.core.desks["one"].purse.guards.day_floor == world.core.equity - atoms(10)


@pytest.mark.parametrize(("on_breach", "alerts"), [(OnBreach.HALT, 1), (OnBreach.REDUCE_ONLY, 0)])
def test_b8_midnight_forgives_no_loss_that_is_told_after_it(on_breach: OnBreach, alerts: int) -> None:
    world, order = world_at_the_end_of_a_day(on_breach)
    told(world, order, MIDNIGHT - 100, "0.4")  # worth 40
    world.minute = MINUTES_A_DAY - 1
    world.close(1.0)
    assert len(daily_losses(world)) == alerts  # until the end of a day that is over nothing can be reduced
    assert (world.core.halted is not None) is bool(alerts)
