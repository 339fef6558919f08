"""I5, D6, D8, D9, B6: an order is absent after two whole looks, late enough; until then it is not."""

from datetime import UTC, date, datetime

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from genesis.domain.execution.absence import (
    AGE_MAX_S,
    BETWEEN_SEARCHES_S,
    GRACE_S,
    Lost,
    NotYet,
    OperatorMust,
    Search,
    judge_absence,
)
from genesis.domain.execution.evidence import ProvenAbsent
from genesis.domain.order import Cid
from genesis.domain.units import Mts


def mts(text: str) -> Mts:
    return Mts(round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000))


NOON = date(2024, 1, 31)
DATES = frozenset({NOON})
LOST = Lost(Cid(7), mts("2024-01-31T12:00"), sent_s=100.0, deadline_s=110.0, connection_closed_s=110.0)


def look(begun_s: float, dates: frozenset[date] = DATES) -> Search:
    return Search(begun_s, begun_s + 1.0, True, dates, dates, dates)


FIRST, SECOND = look(170.0), look(181.0)


def test_two_whole_looks_late_enough_prove_absence() -> None:
    proof = judge_absence(LOST, [FIRST, SECOND], 182.0)
    assert proof == ProvenAbsent(
        "open orders, history and trades of 2024-01-31 read whole twice, 60 s and 71 s after the deadline"
    )


@pytest.mark.parametrize(
    "searches",
    [
        [],
        [FIRST],
        [look(169.9), SECOND],
        [FIRST, look(180.9)],
        [FIRST, evolve(SECOND, platform_is_operative=False)],
        [FIRST, evolve(SECOND, open_orders_dates=frozenset())],
        [FIRST, evolve(SECOND, history_dates=frozenset())],
        [FIRST, evolve(SECOND, trades_dates=frozenset())],
    ],
)
def test_d8_whatever_lacks_one_condition_proves_nothing(searches: list[Search]) -> None:
    found = judge_absence(LOST, searches, 182.0)
    assert isinstance(found, NotYet)
    assert found.retry_at_s >= 170.0


def test_i5_time_alone_never_proves_absence() -> None:
    for now_s in (111.0, 1e4, 1e5, 1e6, 1.2e6):
        found = judge_absence(LOST, [], now_s)
        assert not isinstance(found, ProvenAbsent)


def test_an_open_connection_may_still_bring_the_answer() -> None:
    found = judge_absence(evolve(LOST, connection_closed_s=None), [FIRST, SECOND], 182.0)
    assert isinstance(found, NotYet)
    late = evolve(LOST, connection_closed_s=150.0)  # closed late: the grace begins then
    assert isinstance(judge_absence(late, [FIRST, SECOND], 182.0), NotYet)


def test_b6_an_order_sent_around_midnight_is_looked_for_on_both_dates() -> None:
    lost = evolve(LOST, sent_mts=mts("2024-01-31T23:59:59.9"))
    both = frozenset({NOON, date(2024, 2, 1)})
    assert lost.dates == both
    assert isinstance(judge_absence(lost, [FIRST, SECOND], 182.0), NotYet)
    assert isinstance(judge_absence(lost, [look(170.0, both), look(181.0, both)], 182.0), ProvenAbsent)


def test_d9_an_order_older_than_the_history_is_for_a_person() -> None:
    now_s = LOST.sent_s + AGE_MAX_S + 1
    assert isinstance(judge_absence(LOST, [look(now_s - 20), look(now_s - 5)], now_s), OperatorMust)


def test_an_order_that_was_found_is_not_absent() -> None:
    with pytest.raises(ValueError, match="found"):
        judge_absence(LOST, [FIRST, evolve(SECOND, found=True)], 182.0)


@given(st.lists(st.floats(100.0, 300.0), max_size=6))
def test_a_proof_needs_two_looks_after_the_grace_and_a_pause_apart(begins: list[float]) -> None:
    searches = [look(begun_s) for begun_s in sorted(begins)]
    late = [search for search in searches if search.begun_s >= LOST.deadline_s + GRACE_S]
    # The plain statement: some late look is followed by another one that began a pause after it had ended.
    wanted = any(b.begun_s - a.ended_s >= BETWEEN_SEARCHES_S for a in late for b in late)
    assert isinstance(judge_absence(LOST, searches, 400.0), ProvenAbsent) == wanted
