"""A25: a journal that is older than the account it is for, as after a backup was restored."""

from decimal import Decimal

import pytest
from attrs import evolve

from genesis.domain.events import Alert, AlertCode, Asked, OperatorAsked
from genesis.domain.exchange.orders import FillReport, OrderReport
from genesis.domain.execution.look import Look
from genesis.domain.nonce import CIDS_PER_MS
from genesis.domain.order import Cid, OrderId, Side
from genesis.domain.risk.refusal import RefusalCode
from genesis.domain.risk.scene import Standing
from genesis.domain.saved import restore, saved
from genesis.domain.units import Mts
from tests.order_reports import RESTING
from tests.unit.domain.accounts import BTC, World, wallet

NOW = Mts(1_790_000_000_000)
HOUR_MS = 3_600_000


def cid_of(mts: int) -> Cid:
    """A client order id as ours are made."""
    return Cid(mts * CIDS_PER_MS)


def resting(cid: Cid, created: int) -> OrderReport:
    return evolve(RESTING, cid=cid, mts_created=Mts(created), mts_updated=Mts(created), price=Decimal(90))


def match(cid: Cid, mts: int) -> FillReport:
    return FillReport(5, BTC, Mts(mts), OrderId(50), cid, Side.BUY, Decimal(1), Decimal(100), False, Decimal(0), "BTC")


def looked(world: World, *, order: OrderReport | None = None, fill: FillReport | None = None) -> list[AlertCode]:
    """Show the account with an order or a fill in it; return what a person is told."""
    look = Look(
        () if order is None else (order,),
        (),
        () if fill is None else (fill,),
        (wallet("USD", Decimal(5_000)),),
    )
    return [each.code for each in world.show(look) if isinstance(each, Alert)]


ORDER = resting(cid_of(NOW - HOUR_MS), NOW - HOUR_MS)
FILL = match(cid_of(NOW - 50 * HOUR_MS), NOW - HOUR_MS)


@pytest.mark.parametrize(("order", "fill"), [(ORDER, None), (None, FILL)], ids=["an open order", "a fill"])
def test_a25_what_no_journal_knows_stops_everything_until_an_operator_resumes(
    order: OrderReport | None, fill: FillReport | None
) -> None:
    world = World("one", needs_account=True)
    assert AlertCode.JOURNAL_BEHIND in looked(world, order=order, fill=fill)
    assert world.core.books.standings.now is Standing.FROZEN
    world.close(1.0)
    assert (world.sent, world.canceled) == ([], [])
    world.handle(OperatorAsked(Mts(1), Asked.RESUME, "", "the backup was restored on purpose"))
    assert AlertCode.JOURNAL_BEHIND not in looked(world, order=order, fill=fill)
    world.close(1.0)
    assert len(world.sent) == 1


def test_a25_it_stays_so_after_a_restart() -> None:
    world = World("one", needs_account=True)
    looked(world, fill=FILL)
    again = World("one", needs_account=True).core
    restore(again, saved(world.core))
    assert again.books.standings.now is Standing.FROZEN


def test_orders_that_are_known_or_older_or_of_other_programs_stop_nothing() -> None:
    world = World("one", needs_account=True)
    world.core.books.orders.next_cid = cid_of(NOW - 2 * HOUR_MS)
    for order, fill in (
        (resting(cid_of(NOW - 3 * HOUR_MS), NOW - 3 * HOUR_MS), None),
        (resting(Cid(NOW), NOW), None),
        (None, match(Cid(NOW), NOW)),
        (None, match(cid_of(NOW - 20 * 24 * HOUR_MS), NOW)),
    ):
        assert AlertCode.JOURNAL_BEHIND not in looked(world, order=order, fill=fill)
    world.close(1.0)
    assert len(world.sent) == 1


def test_a_dry_run_beside_the_orders_of_a_live_session_goes_on() -> None:
    world = World("one", needs_account=True, is_dry=True)
    assert looked(world, order=ORDER) == [AlertCode.FOREIGN_ORDER]
    world.close(1.0)
    assert world.core.refusals[RefusalCode.FROZEN] == 0
    assert len(world.sent) == 1
