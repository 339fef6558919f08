"""What a page says of the account's limits is what the gate counts: all at its worst, orders of others included."""

from decimal import Decimal

from attrs import evolve

from genesis.app.session_figures import limit_uses
from genesis.domain.execution.look import Look
from genesis.domain.order import OrderId
from genesis.domain.risk.limits import AccountLimits, InstrumentLimits
from genesis.domain.risk.refusal import RefusalCode
from genesis.domain.units import atoms
from tests.unit.domain.accounts import BTC, World
from tests.unit.domain.test_foreign_orders import MUCH

LIMITS = AccountLimits((InstrumentLimits(BTC, max_exposure=atoms(5_000)),), max_exposure=atoms(1_500), max_positions=3)


def observed(world: World) -> dict[tuple[str, str], tuple[str, str]]:
    return {(each.name, each.scope): (each.observed, each.state) for each in limit_uses(world.core, ())}


def test_i11_an_order_that_may_still_fill_is_shown_as_exposure() -> None:
    world = World("one", limits=LIMITS)
    world.fills = False
    world.close(1.0)
    shown = observed(world)
    assert shown["max_exposure", "account"][0] == shown["max_exposure", BTC][0] == "1000"
    assert shown["max_positions", "account"][0] == "1"


def test_i11_what_a_refusal_counts_is_what_the_page_shows() -> None:
    world = World("one", limits=LIMITS, needs_account=True)
    world.show(
        Look(
            (MUCH, evolve(MUCH, id=OrderId(78), symbol=BTC, amount_remaining=Decimal(5))),
        )
    )
    world.close(0.5)
    shown = observed(world)
    assert shown["max_exposure", BTC][0] == "500"
    assert shown["max_exposure", "account"][0] == "1100"
    assert shown["max_positions", "account"][0] == "2"
    world.close(1.0)
    assert world.core.refusals[RefusalCode.EXPOSURE_TOTAL] == 2
