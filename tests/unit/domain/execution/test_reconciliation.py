"""I3, D4-D7, D25, D34: a look at the exchange explains our orders, and concludes nothing from what it does not show."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import permutations

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from genesis.domain.exchange.orders import FillReport, OrderReport, ReportedStatus
from genesis.domain.execution.evidence import Accepted, AnswerLost, NothingLeft, SendBegan
from genesis.domain.execution.look import Look
from genesis.domain.execution.order_life import ContradictingEvidence, ImpossibleStep, OrderLife, Status, advance
from genesis.domain.execution.reconciliation import after_crash, facts, missing
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import Cid, OrderId, OrderRequest, OrderType, Side
from genesis.domain.units import Mts, Price, Symbol, atoms
from tests.order_reports import RESTING

BTC = Symbol("tBTCUSD")
INSTRUMENTS = {BTC: spot_instrument(BTC)}
ORDER = OrderRequest(Cid(7), BTC, Side.BUY, OrderType.LIMIT, atoms(1), Mts(0), Price(5))
UNSENT = OrderLife(ORDER)
SENDING = advance(UNSENT, SendBegan())
UNKNOWN = advance(SENDING, AnswerLost("10 s passed"))
WORKING = advance(SENDING, Accepted(OrderId(70)))


@frozen
class Found:
    """Our orders after a look, and its differences, as the core takes them one by one."""

    lives: Mapping[Cid, OrderLife]
    foreign_orders: tuple[OrderReport, ...]
    foreign_fills: tuple[FillReport, ...]
    missing: tuple[Cid, ...]
    unbooked: tuple[Cid, ...]
    contradictions: tuple[str, ...]

    @property
    def is_settled(self) -> bool:
        return not (self.missing or self.unbooked or self.contradictions)


def reconcile(lives: Mapping[Cid, OrderLife], look: Look) -> Found:
    read = facts(lives, look, INSTRUMENTS)
    found, contradictions = dict(lives), list(read.unreadable)
    for cid, evidence in read.ours:
        try:
            found[cid] = advance(found[cid], evidence)
        except (ImpossibleStep, ContradictingEvidence) as error:
            contradictions.append(str(error))
    contradictions += [life.contradiction for life in found.values() if life.contradiction]
    unbooked = tuple(cid for cid, life in found.items() if life.filled_unbooked)
    gone = missing(found, read.shown)
    return Found(found, read.foreign_orders, read.foreign_fills, gone, unbooked, tuple(contradictions))


def report(
    status: ReportedStatus = ReportedStatus.ACTIVE, remaining: str = "1", *, cid: int | None = 7, order_id: int = 70
) -> OrderReport:
    return evolve(
        RESTING,
        id=OrderId(order_id),
        cid=None if cid is None else Cid(cid),
        amount_remaining=Decimal(remaining),
        status=status,
        status_text=status.value,
        price=Decimal(5),
    )


def fill(trade_id: int, amount: str, *, order_id: int = 70, fee: str | None = "0.001") -> FillReport:
    return FillReport(
        id=trade_id,
        symbol=BTC,
        mts=Mts(trade_id),
        order_id=OrderId(order_id),
        cid=None,
        side=Side.BUY,
        amount=Decimal(amount),
        price=Decimal(5),
        is_maker=True,
        fee=None if fee is None else Decimal(fee),
        fee_currency="BTC",
    )


def test_a2_a3_a_crash_leaves_what_never_left_and_what_is_unknown() -> None:
    never, lost = after_crash(UNSENT), after_crash(SENDING)
    assert never is not None
    assert lost is not None
    assert advance(UNSENT, never).status is Status.NOT_SENT
    assert advance(SENDING, lost).status is Status.UNKNOWN
    assert [after_crash(life) for life in (WORKING, advance(UNSENT, never), advance(SENDING, lost))] == [None] * 3


EXECUTED, CANCELED = ReportedStatus.EXECUTED, ReportedStatus.CANCELED


@pytest.mark.parametrize("life", [UNKNOWN, WORKING, SENDING])
@pytest.mark.parametrize(
    ("look", "status", "filled"),
    [
        (Look((report(),)), Status.WORKING, "0"),
        (Look((report(remaining="0.6"),), (), (fill(1, "0.4"),)), Status.PARTIAL, "0.4"),
        (Look((), (report(EXECUTED, "0"),), (fill(1, "0.4"), fill(2, "0.6"))), Status.FILLED, "1"),
        (Look((), (report(CANCELED, "0.6"),), (fill(1, "0.4"),)), Status.CANCELED, "0.4"),
        (Look((report(),), (report(CANCELED),)), Status.CANCELED, "0"),  # canceled between the two reads
    ],
)
def test_i3_d4_d5_d34_an_order_that_the_look_shows_is_explained(
    life: OrderLife, look: Look, status: Status, filled: str
) -> None:
    found = reconcile({Cid(7): life}, look)
    after = found.lives[Cid(7)]
    assert (after.status, after.filled) == (status, atoms(filled))
    assert found.is_settled
    assert not found.foreign_orders
    assert not found.foreign_fills


@pytest.mark.parametrize("life", [UNKNOWN, WORKING])
def test_d6_an_order_that_the_look_does_not_show_is_missing_and_counts_as_before(life: OrderLife) -> None:
    found = reconcile({Cid(7): life}, Look())
    assert found.lives == {Cid(7): life}
    assert found.missing == (Cid(7),)
    assert found.lives[Cid(7)].at_risk == ORDER.amount
    assert not found.is_settled


@pytest.mark.parametrize("cid", [None, 8])
def test_d7_an_order_that_is_not_ours_is_foreign_and_changes_none_of_ours(cid: int | None) -> None:
    other = report(cid=cid, order_id=99)
    found = reconcile({Cid(7): WORKING}, Look((report(), other)))
    assert found.foreign_orders == (other,)
    assert found.lives == {Cid(7): WORKING}
    assert found.is_settled


def test_d7_a_foreign_order_with_our_cid_but_another_side_is_not_taken_for_ours() -> None:
    other = evolve(report(order_id=99), side=Side.SELL)
    found = reconcile({Cid(7): UNKNOWN}, Look((other,)))
    assert found.foreign_orders == (other,)
    assert found.missing == (Cid(7),)


def test_d25_a_fill_without_an_order_of_ours_is_foreign() -> None:
    found = reconcile({Cid(7): WORKING}, Look((report(),), (), (fill(5, "1", order_id=99),)))
    assert [each.id for each in found.foreign_fills] == [5]


def test_d5_an_order_filled_while_away_asks_for_the_fills_that_the_look_lacks() -> None:
    found = reconcile({Cid(7): WORKING}, Look((), (report(EXECUTED, "0"),), (fill(1, "0.4"),)))
    assert found.unbooked == (Cid(7),)
    assert not found.is_settled
    later = reconcile(found.lives, Look((), (), (fill(1, "0.4"), fill(2, "0.6"))))
    assert later.is_settled
    assert later.lives[Cid(7)].filled == ORDER.amount


def test_i2_a_second_exchange_order_with_our_cid_is_a_contradiction() -> None:
    found = reconcile({Cid(7): WORKING}, Look((report(), report(order_id=71))))
    assert not found.is_settled
    assert "sent twice" in found.contradictions[0]


def test_an_order_that_never_left_but_is_there_is_a_contradiction() -> None:
    found = reconcile({Cid(7): advance(UNSENT, NothingLeft("the session ended"))}, Look((report(),)))
    assert "not_sent" in found.contradictions[0]


def test_amounts_finer_than_an_atom_are_a_contradiction_and_not_rounded() -> None:
    found = reconcile({Cid(7): WORKING}, Look((report(remaining="0.123456789"),)))
    assert found.contradictions


FILLS = (fill(1, "0.4"), fill(1, "0.4", fee=None), fill(2, "0.6"))


@given(st.sampled_from([UNKNOWN, WORKING]), st.sampled_from(list(permutations(FILLS))), st.integers(1, 3))
def test_i25_the_same_look_again_in_any_order_changes_nothing(
    life: OrderLife, fills: tuple[FillReport, ...], times: int
) -> None:
    lives = reconcile({Cid(7): life}, Look((), (report(EXECUTED, "0"),), FILLS)).lives
    again = lives
    for _ in range(times):
        again = reconcile(again, Look((), (report(EXECUTED, "0"),), fills)).lives
    assert again == lives
