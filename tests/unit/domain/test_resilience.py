"""Back-off, breaker and budget: laws over arbitrary times, and the corners where such machines get stuck."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.domain.resilience import Backoff, Breaker, BreakerRules, BreakerState, Priority, RequestBudget

RULES = BreakerRules(window_s=60, calls_min=4, error_rate_max=0.5, open_s=10, probes=2)


@given(failures=st.integers(1, 10_000), random=st.floats(0, 1, exclude_max=True))
def test_a_delay_stays_between_nothing_and_its_doubling_bound(failures: int, random: float) -> None:
    delay = Backoff(0.5, 30).delay_s(failures, random)
    assert 0 <= delay <= min(30, 0.5 * 2 ** min(failures, 20))


def test_full_jitter_reaches_down_to_nothing_and_up_to_the_bound() -> None:
    backoff = Backoff(1, 30)
    assert backoff.delay_s(5, 0.0) == 0.0
    assert backoff.delay_s(5, 0.999) == pytest.approx(15.984)


@pytest.mark.parametrize(("base", "limit"), [(0, 1), (-1, 1), (2, 1)])
def test_a_senseless_back_off_is_refused(base: float, limit: float) -> None:
    with pytest.raises(ValueError, match="back-off"):
        Backoff(base, limit)


def state(breaker: Breaker) -> BreakerState:
    """Read the state anew: a type checker takes an attribute for unchanged after a call."""
    return breaker.state


def failing(breaker: Breaker, times: int, now_s: float) -> None:
    for _ in range(times):
        breaker.start(now_s)
        breaker.finish(now_s, is_failure=True)


def test_a_breaker_stays_closed_until_it_has_seen_enough() -> None:
    breaker = Breaker(RULES)
    failing(breaker, 3, 0)
    assert state(breaker) is BreakerState.CLOSED
    failing(breaker, 1, 0)
    assert state(breaker) is BreakerState.OPEN
    assert breaker.wait_s(4) == 6


def test_failures_outside_the_window_do_not_count() -> None:
    breaker = Breaker(RULES)
    failing(breaker, 3, 0)
    failing(breaker, 3, 60)
    assert state(breaker) is BreakerState.CLOSED


def test_half_the_calls_may_fail() -> None:
    breaker = Breaker(RULES)
    for index in range(40):
        breaker.finish(index, is_failure=index % 2 == 0 and index > 0)
    assert state(breaker) is BreakerState.CLOSED


def test_probes_close_it_again() -> None:
    breaker = Breaker(RULES)
    failing(breaker, 4, 0)
    assert breaker.wait_s(10) == 0
    breaker.start(10)
    breaker.start(10)
    assert breaker.wait_s(10) > 0, "no third call beside the two probes"
    breaker.finish(11, is_failure=False)
    assert breaker.wait_s(11) > 0, "a finished probe makes no room for another"
    breaker.finish(11, is_failure=False)
    assert state(breaker) is BreakerState.CLOSED


def test_a_failed_probe_opens_it_for_the_whole_time() -> None:
    breaker = Breaker(RULES)
    failing(breaker, 4, 0)
    failing(breaker, 1, 10)
    assert state(breaker) is BreakerState.OPEN
    assert breaker.wait_s(12) == 8


def test_probes_that_never_report_do_not_keep_it_half_open() -> None:
    breaker = Breaker(RULES)
    failing(breaker, 4, 0)
    breaker.start(10)
    breaker.start(10)
    assert breaker.wait_s(20) == 0
    breaker.start(20)
    breaker.finish(20, is_failure=False)
    breaker.start(20)
    breaker.finish(20, is_failure=False)
    assert state(breaker) is BreakerState.CLOSED


Step = tuple[float, bool, bool]


@given(st.lists(st.tuples(st.floats(0, 5), st.booleans(), st.booleans()), max_size=200))
def test_whatever_happens_an_unused_breaker_lets_a_call_through_soon(steps: list[Step]) -> None:
    breaker, now = Breaker(RULES), 0.0
    for gap, is_failure, reports in steps:
        now += gap
        if breaker.wait_s(now) == 0:
            breaker.start(now)
            if reports:
                breaker.finish(now, is_failure=is_failure)
    assert breaker.wait_s(now + RULES.open_s) == 0


@pytest.mark.parametrize(
    "rules", [{"window_s": 0}, {"calls_min": 0}, {"probes": 0}, {"error_rate_max": 1}, {"open_s": -1}]
)
def test_senseless_rules_are_refused(rules: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="cannot work"):
        BreakerRules(**rules)  # type: ignore[arg-type]  # mixed numbers on purpose


Asking = list[tuple[float, Priority]]
ASKING = st.lists(st.tuples(st.floats(0, 30), st.sampled_from(Priority)), max_size=120)


def run(budget: RequestBudget, asking: Asking) -> list[tuple[float, Priority]]:
    """Let each request start when the budget says so; later ones queue behind."""
    now, started = 0.0, []
    for gap, priority in asking:
        now += gap
        while wait := budget.start(now, priority):
            now += wait
        started.append((now, priority))
    return started


@given(limit=st.integers(1, 20), asking=ASKING)
def test_no_window_sees_more_than_the_limit(limit: int, asking: Asking) -> None:
    starts = [at for at, _ in run(RequestBudget(limit, 60), asking)]
    assert all(later - earlier >= 60 - 1e-6 for earlier, later in zip(starts, starts[limit:], strict=False))


@given(limit=st.integers(10, 90), downloads=st.integers(0, 200))
def test_downloads_leave_room_for_cancels(limit: int, downloads: int) -> None:
    budget = RequestBudget(limit, 60)
    for _ in range(downloads):
        budget.start(0, Priority.HISTORY)
    cancels = 0
    while budget.start(0, Priority.CANCEL) == 0:
        cancels += 1
    assert cancels >= limit // 2


def test_every_priority_above_keeps_its_share() -> None:
    budget = RequestBudget(90, 60)
    assert [budget.allowed(priority) for priority in Priority] == [90, 81, 67, 45]


def test_a_block_holds_for_all_and_is_never_shortened() -> None:
    budget = RequestBudget(10, 60)
    budget.block(0, 60)
    budget.block(0, 5)
    assert [budget.start(50, priority) for priority in Priority] == [10, 10, 10, 10]
    assert budget.start(60, Priority.HISTORY) == 0


@pytest.mark.parametrize(("limit", "window"), [(0, 60), (1, 0)])
def test_a_budget_of_nothing_is_refused(limit: int, window: float) -> None:
    with pytest.raises(ValueError, match="budget"):
        RequestBudget(limit, window)
