"""I2-I6, D1-D9: an order moves along its table alone, UNKNOWN ends by evidence, and every match is booked once."""

from collections.abc import Sequence
from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from genesis.domain.execution.order_life import (
    TRANSITIONS,
    ContradictingEvidence,
    ImpossibleStep,
    OrderLife,
    Status,
    Step,
    advance,
    knows,
)
from genesis.domain.execution.orders import Orders
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import Cid, OrderId, OrderRequest, OrderType, Side
from genesis.domain.units import Atoms, Mts, Price, Symbol

ID = OrderId(120_000_000_001)
ORDER = OrderRequest(Cid(7), Symbol("tBTCUSD"), Side.BUY, OrderType.LIMIT, Atoms(100), Mts(0), Price(5))


def life_after(*evidence: Evidence) -> OrderLife:
    life = OrderLife(ORDER)
    for each in (SendBegan(), *evidence):
        life = advance(life, each)
    return life


def te(trade_id: int, amount: int) -> Traded:
    return Traded(trade_id, ID, Mts(trade_id), Atoms(amount), Price(5))


def tu(trade_id: int, amount: int) -> Traded:
    return te(trade_id, amount)._replace(fee=Atoms(1), fee_currency="BTC")


ACK = ON = Accepted(ID)
LOST = AnswerLost("10 s passed")


def ou(filled: int) -> Accepted:
    return Accepted(ID, Atoms(filled))


def oc(status: str, filled: int) -> Closed:
    return Closed(ID, Atoms(filled), status)


SCENARIOS: dict[str, tuple[Sequence[Evidence], Status]] = {
    "rests": ([ACK, ON], Status.WORKING),
    "rests after its answer was lost (D1, D2)": ([LOST, ACK, ON], Status.WORKING),
    "filled at once": ([ACK, te(1, 100), oc("EXECUTED", 100), tu(1, 100)], Status.FILLED),
    "filled in two": ([ACK, te(1, 40), te(2, 60), oc("EXECUTED", 100), tu(1, 40), tu(2, 60)], Status.FILLED),
    "filled in part, rest resting": ([ACK, ON, te(1, 40), ou(40), tu(1, 40), tu(1, 40)], Status.PARTIAL),
    "canceled untouched": ([ACK, ON, oc("CANCELED", 0)], Status.CANCELED),
    "canceled after a part": ([ACK, ON, te(1, 40), ou(40), oc("CANCELED", 40), tu(1, 40)], Status.CANCELED),
    "cancel and fill race, the fill wins (D4)": ([ACK, ON, ou(0), te(1, 100), oc("EXECUTED", 100)], Status.FILLED),
    "lost answer, filled meanwhile (D1, D5)": ([LOST, te(1, 40), tu(1, 40), te(2, 60), tu(2, 60)], Status.FILLED),
    "lost answer, canceled after a part": ([LOST, ON, ou(40), tu(1, 40), oc("CANCELED", 40)], Status.CANCELED),
    "post-only would cross": ([ACK, ON, oc("POSTONLY CANCELED", 0)], Status.CANCELED),
    "trades without an acknowledgement": ([te(1, 30), te(2, 30), tu(2, 30), tu(1, 30)], Status.PARTIAL),
    "refused": ([Refused("not enough balance"), LOST], Status.REJECTED),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_d3_i6_every_order_of_the_frames_ends_in_the_same_life(name: str) -> None:
    frames, status = SCENARIOS[name]
    assert len(frames) <= 6
    ends = [life_after(*order) for order in permutations(frames)]
    assert all(end == ends[0] for end in ends)
    end = ends[0]
    assert end.status is status
    # A plain second count of what was filled: each trade id once.
    assert end.filled == sum({frame.trade_id: frame.amount for frame in frames if isinstance(frame, Traded)}.values())
    assert end.contradiction == ""


@given(st.data())
def test_d3_repeated_frames_change_nothing(data: st.DataObject) -> None:
    frames, _ = SCENARIOS[data.draw(st.sampled_from(sorted(SCENARIOS)))]
    order = data.draw(st.permutations(frames))
    repeated = [frame for frame in order for _ in range(data.draw(st.integers(1, 3)))]
    extra = data.draw(st.lists(st.sampled_from(frames), max_size=5))
    assert life_after(*repeated, *extra) == life_after(*order)


EVIDENCE: dict[Step, Evidence] = {
    Step.SEND_BEGAN: SendBegan(),
    Step.NOTHING_LEFT: NothingLeft("no connection"),
    Step.ANSWER_LOST: LOST,
    Step.ACCEPTED: ACK,
    Step.REFUSED: Refused("no"),
    Step.PART_FILLED: te(9, 1),
    Step.WHOLE_FILLED: te(9, 100),
    Step.CANCELED: oc("CANCELED", 0),
    Step.PROVEN_ABSENT: ProvenAbsent("twice"),
    Step.VOUCHED_ABSENT: Vouched("asked them"),
    Step.VOUCHED_FILLED: Vouched("asked them", Atoms(100), Price(5)),
    Step.VOUCHED_ENDED: Vouched("asked them", Atoms(30), Price(5)),
}


@pytest.mark.parametrize(("status", "step"), list(product(Status, Step)))
def test_i4_a_pair_that_is_not_in_the_table_raises_and_one_in_it_leads_where_it_says(
    status: Status, step: Step
) -> None:
    life = OrderLife(ORDER, status)
    wanted = TRANSITIONS.get((status, step))
    if wanted is None:
        with pytest.raises(ImpossibleStep, match=f"order 7 is {status.value}"):
            advance(life, EVIDENCE[step])
    else:
        assert advance(life, EVIDENCE[step]).status is wanted


def test_i4_terminal_states_never_change() -> None:
    assert {status for status in Status if status.is_terminal} == {
        Status.FILLED,
        Status.CANCELED,
        Status.REJECTED,
        Status.NOT_SENT,
        Status.ABSENT,
    }
    assert all(after is before for (before, _), after in TRANSITIONS.items() if before.is_terminal)


def test_i4_a_state_that_ended_has_its_evidence() -> None:
    assert life_after(oc("CANCELED", 0)).closing == oc("CANCELED", 0)
    assert life_after(Refused("not enough balance")).reason == "not enough balance"
    assert life_after(LOST, ProvenAbsent("read twice")).reason == "read twice"
    assert life_after(te(1, 100)).id == ID
    assert advance(OrderLife(ORDER), NothingLeft("killed before sending")).reason == "killed before sending"


def test_i5_unknown_is_left_by_evidence_alone() -> None:
    leaving = {
        step for (status, step), after in TRANSITIONS.items() if status is Status.UNKNOWN and after is not status
    }
    assert leaving == {
        Step.ACCEPTED,
        Step.REFUSED,
        Step.PART_FILLED,
        Step.WHOLE_FILLED,
        Step.CANCELED,
        Step.PROVEN_ABSENT,
        Step.VOUCHED_ABSENT,
        Step.VOUCHED_FILLED,
        Step.VOUCHED_ENDED,
    }


def test_d9_a_person_says_how_an_order_ended_that_nothing_can_prove() -> None:
    absent = life_after(LOST, Vouched("the exchange wrote that it never was"))
    assert (absent.status, absent.to_book) == (Status.ABSENT, 0)
    assert absent.reason == "the exchange wrote that it never was"
    part = life_after(LOST, Vouched("the ledger has it", Atoms(40), Price(5), Atoms(1)))
    assert (part.status, part.filled, part.to_book, part.contradiction) == (Status.CANCELED, 40, 0, "")
    rest = life_after(ACK, tu(1, 40), te(2, 10), Vouched("the ledger has it", Atoms(100), Price(6)))
    assert rest.status is Status.FILLED
    assert [(each.amount, each.price, each.fee) for each in rest.trades] == [(60, 5 + 1, 0), (40, 5, 1)]
    assert rest.to_book == 0


@pytest.mark.parametrize(
    "word",
    [Vouched("more than was ordered", Atoms(101), Price(5)), Vouched("less than is booked", Atoms(39))],
)
def test_d9_nobody_can_vouch_for_what_cannot_be(word: Vouched) -> None:
    with pytest.raises(ContradictingEvidence):
        advance(life_after(ACK, tu(1, 40)), word)
    with pytest.raises(ContradictingEvidence):
        advance(life_after(LOST), Vouched("filled at no price", Atoms(10)))


def test_d9_what_the_exchange_shows_after_all_speaks_against_a_person() -> None:
    life = life_after(LOST, Vouched("the ledger has it", Atoms(40), Price(5)))
    with pytest.raises(ContradictingEvidence, match="a person vouched: the ledger has it"):
        advance(life, ACK)
    more = advance(advance(life, tu(1, 40)), tu(2, 5))
    assert more.contradiction == "filled 0.00000045, but ended as VOUCHED with 0.0000004"
    assert advance(life, oc("CANCELED", 40)).closing == oc("CANCELED", 40)


WORD = Vouched("the ledger has it", Atoms(100), Price(6), Atoms(2))


@pytest.mark.parametrize(
    ("frames", "status", "matches"),
    [
        ([WORD, te(1, 40), tu(1, 40), te(2, 60), tu(2, 60), oc("EXECUTED", 100)], Status.FILLED, [40, 60]),
        ([WORD, tu(1, 40), tu(2, 30)], Status.FILLED, [30, 40, 30]),
        ([WORD._replace(filled=Atoms(40)), te(1, 40), tu(1, 40), oc("CANCELED", 40)], Status.CANCELED, [40]),
        ([WORD._replace(filled=Atoms(40)), te(1, 10), tu(1, 10)], Status.CANCELED, [30, 10]),
    ],
)
def test_d9_a_match_of_what_a_person_vouched_for_takes_the_place_of_their_word(
    frames: Sequence[Evidence], status: Status, matches: Sequence[int]
) -> None:
    """Whatever came first, the life is the same, nothing contradicts it, and no atom is booked a second time."""
    ends = []
    for told in permutations(frames):
        orders = Orders(1)
        orders.intend(ORDER, "main", 0)
        fills = [
            orders.report(orders.by_cid[ORDER.cid], each, spot_instrument(ORDER.symbol)).fill
            for each in (SendBegan(), LOST, *told, *told)
        ]
        assert sum(fill.amount for fill in fills if fill is not None) == sum(matches)
        ends.append(orders.by_cid[ORDER.cid].life)
    assert all(end == ends[0] for end in ends)
    end = ends[0]
    assert (end.status, end.contradiction, end.to_book) == (status, "", 0)
    assert [trade.amount for trade in end.trades] == matches


def test_d9_of_a_match_that_is_more_than_a_person_vouched_for_the_rest_is_booked() -> None:
    orders = Orders(1)
    orders.intend(ORDER, "main", 0)
    for each in (SendBegan(), LOST, WORD._replace(filled=Atoms(40))):
        orders.report(orders.by_cid[ORDER.cid], each, spot_instrument(ORDER.symbol))
    more = tu(1, 100)._replace(fee=Atoms(10))
    fill = orders.report(orders.by_cid[ORDER.cid], more, spot_instrument(ORDER.symbol)).fill
    assert fill is not None
    assert (fill.amount, fill.fee, fill.price) == (60, 6, 5)
    assert orders.by_cid[ORDER.cid].life.contradiction


def test_i2_nothing_is_sent_twice() -> None:
    sendable = {status for status, step in TRANSITIONS if step is Step.SEND_BEGAN}
    assert sendable == {Status.INTENT}


def test_i2_a_second_exchange_order_for_one_intent_raises() -> None:
    with pytest.raises(ContradictingEvidence, match="sent twice"):
        life_after(ACK, Accepted(OrderId(2)))


@pytest.mark.parametrize("ended", [oc("CANCELED", 0), Refused("no")])
def test_i6_a_late_fill_is_booked_whatever_the_status_and_shows_as_a_contradiction(ended: Evidence) -> None:
    life = life_after(ended, te(1, 40), tu(1, 40))
    assert (life.filled, life.status) == (40, life_after(ended).status)
    assert "filled 0.0000004" in life.contradiction


def test_i6_more_than_was_ordered_is_booked_and_shows_as_a_contradiction() -> None:
    life = life_after(te(1, 100), te(2, 20))
    assert life.filled == 120
    assert life.contradiction == "filled 0.0000012 of 0.000001 ordered"


def test_d3_the_fee_comes_later_and_a_frame_without_it_takes_it_not_away() -> None:
    assert not life_after(te(1, 40)).fee_is_known
    assert life_after(te(1, 40), tu(1, 40)).fee_is_known
    assert life_after(tu(1, 40), te(1, 40)).fee_is_known


@pytest.mark.parametrize("other", [te(1, 41), tu(1, 40)._replace(fee=Atoms(2)), te(1, 40)._replace(price=Price(6))])
def test_one_trade_id_with_two_contents_raises(other: Traded) -> None:
    with pytest.raises(ContradictingEvidence, match="trade 1"):
        life_after(tu(1, 40), other)


def test_two_ends_of_one_order_raise() -> None:
    with pytest.raises(ContradictingEvidence, match="ended as"):
        life_after(oc("CANCELED", 0), oc("CANCELED", 10))


def test_i14_what_is_at_risk_counts_the_unanswered_whole_and_ends_with_the_last_booked_match() -> None:
    assert OrderLife(ORDER).at_risk == 100
    assert life_after(LOST).at_risk == 100
    assert life_after(LOST, te(1, 40)).at_risk == 60
    assert life_after(oc("EXECUTED", 100)).at_risk == 100  # its matches have not come: they will
    assert life_after(oc("EXECUTED", 100), te(1, 40)).at_risk == 60
    assert life_after(oc("CANCELED", 40), te(1, 40)).at_risk == 0
    assert life_after(Refused("no")).at_risk == 0


def test_i25_what_is_known_changes_nothing_when_it_is_told_again() -> None:
    frames: list[Evidence] = [ACK, ou(40), te(1, 40), tu(1, 40), oc("CANCELED", 40), LOST]
    for told in permutations(frames, 4):
        life = life_after(*told)
        for again in frames:
            if knows(life, again):
                assert advance(life, again) == life
        assert all(knows(life, each) for each in told if isinstance(each, Closed) or each == tu(1, 40))
    assert not knows(life_after(LOST), ACK)
    assert not knows(OrderLife(ORDER), ACK)
