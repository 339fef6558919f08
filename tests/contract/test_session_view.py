"""The contract of a session's view: what was told is shown, in pages, in bounds, and with every change in order."""

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from genesis.adapters.memory.session_view import POINTS_MAX, MemorySessionView
from genesis.domain.units import Mts, Symbol
from genesis.ports.session_view import CandleRow, EquityPoint, Overview, Span
from tests.e2e.api_house import STEP, fill, order, overview, reasons

EMPTY = Overview(0, "paper", Symbol("tBTCUSD"), "1m", None)


def test_the_changes_since_a_number_are_what_happened_after_it() -> None:
    view = MemorySessionView(EMPTY)
    view.order(order(1, is_open=True), STEP, reasons())
    before = view.overview().seq
    view.order(order(1), STEP)
    view.fill(fill(1))
    view.show(overview())
    found = view.changes(before)
    assert found.is_whole
    assert [each.is_open for each in found.orders] == [False]
    assert [each.seq for each in found.fills] == [1]
    assert found.overview is not None
    assert found.overview.portfolio == overview().portfolio
    nothing = view.changes(found.seq)
    assert (nothing.overview, nothing.orders, nothing.seq) == (None, (), found.seq) or not nothing.orders


def test_whoever_was_away_too_long_starts_anew() -> None:
    view = MemorySessionView(EMPTY, changes_max=4)
    for cid in range(6):
        view.fill(fill(cid))
    assert not view.changes(0).is_whole
    assert not view.changes(99).is_whole
    assert view.changes(2).is_whole
    assert len(view.changes(2).fills) == 4


def test_an_order_keeps_its_life_and_its_first_reasons() -> None:
    view = MemorySessionView(EMPTY)
    view.order(order(1, is_open=True), STEP, reasons())
    view.order(order(1), evolve(STEP, what="traded"), evolve(reasons(), target=0.0))
    view.fill(fill(1))
    found = view.order_detail(1)
    assert found is not None
    assert [step.what for step in found.life] == ["approved", "traded"]
    assert found.reasons == reasons()
    assert [each.cid for each in found.fills] == [1]
    assert view.order_detail(2) is None


def test_the_oldest_ended_orders_leave_first_and_open_ones_stay() -> None:
    view = MemorySessionView(EMPTY, kept_max=3)
    view.order(order(1, is_open=True), STEP)
    for cid in range(2, 8):
        view.order(order(cid), STEP)
    assert [each.cid for each in view.orders(Span(10)).items] == [7, 6, 1]
    assert [each.cid for each in view.orders(Span(10), only_open=True).items] == [1]


@given(count=st.integers(0, 40), limit=st.integers(1, 7))
def test_the_pages_of_a_history_are_the_history(count: int, limit: int) -> None:
    view = MemorySessionView(EMPTY)
    for cid in range(count):
        view.fill(fill(cid))
        view.order(order(cid), STEP)
    for ask in (view.fills, view.orders):
        seen, before = [], None
        while True:
            page = ask(Span(limit, before))
            assert len(page.items) <= limit
            seen += [each.cid for each in page.items]
            before = page.next
            if before is None:
                break
        assert seen == list(reversed(range(count)))


@given(count=st.integers(1, 200), limit=st.integers(1, 50))
def test_a_thinned_chart_keeps_its_end_and_its_deepest_drawdown(count: int, limit: int) -> None:
    view = MemorySessionView(EMPTY)
    for number in range(count):
        view.equity(EquityPoint(Mts(number), 1.0, (number * 37 % 101) / 101))
    found = view.equity_points(Span(limit))
    assert 1 <= len(found) <= limit
    assert found[-1].mts == count - 1
    assert [each.mts for each in found] == sorted({each.mts for each in found})
    if limit > 1 and count > 1:
        deepest = max((number * 37 % 101) / 101 for number in range(count))
        assert max(each.drawdown for each in found) == deepest


def test_charts_are_bounded_however_long_a_session_runs() -> None:
    view = MemorySessionView(EMPTY)
    for number in range(3 * POINTS_MAX):
        view.equity(EquityPoint(Mts(number), 1.0, 0.0))
        view.candle(CandleRow(Mts(number // 2), 1.0, 1.0, 1.0, 1.0, 1.0))
    assert len(view.equity_points(Span(10 * POINTS_MAX))) <= POINTS_MAX
    candles = view.candles(Span(10 * POINTS_MAX))
    assert len(candles) <= POINTS_MAX
    assert len({each.mts for each in candles}) == len(candles)
