"""Sessions end when they should, and failures are counted without locking anybody out."""

from hypothesis import given
from hypothesis import strategies as st

from genesis.adapters.http.limiter import FAILURES_MAX, OVER_S, MinuteLimiter
from genesis.adapters.http.sessions import ABSOLUTE_S, FRESH_S, IDLE_S, SESSIONS_MAX, Sessions
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.credentials import MemoryCredentials
from genesis.ports.access import Role


class Desk:
    """Sessions with a clock that is moved by hand."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.credentials = MemoryCredentials(self.clock)
        self.sessions = Sessions(self.credentials, self.clock)

    def login(self, role: Role = Role.ADMIN) -> str:
        opened = self.sessions.open(self.credentials.issue_code(role))
        assert opened is not None
        return opened[0]


async def test_a_session_ends_when_idle_and_at_the_latest_after_twelve_hours() -> None:
    desk = Desk()
    token = desk.login()
    passed = 0.0
    while passed + IDLE_S < ABSOLUTE_S:
        await desk.clock.advance(IDLE_S)
        passed += IDLE_S
        assert desk.sessions.find(token) is not None
    await desk.clock.advance(IDLE_S)
    await desk.clock.advance(1)
    assert desk.sessions.find(token) is None
    idle = desk.login()
    await desk.clock.advance(IDLE_S + 1)
    assert desk.sessions.find(idle) is None


async def test_whoever_proved_it_again_is_fresh_for_a_minute() -> None:
    desk = Desk()
    token = desk.login()
    await desk.clock.advance(FRESH_S + 1)
    found = desk.sessions.find(token)
    assert found is not None
    assert found.session is not None
    assert not found.is_fresh
    assert not desk.sessions.renew(found.session, "wrong")
    assert not desk.sessions.renew(found.session, desk.credentials.issue_code(Role.READ))  # of a lower role
    assert desk.sessions.renew(found.session, desk.credentials.issue_code(Role.ADMIN))
    again = desk.sessions.find(token)
    assert again is not None
    assert again.is_fresh


async def test_the_sixth_session_takes_the_place_of_the_idlest() -> None:
    desk = Desk()
    tokens = [desk.login() for _ in range(SESSIONS_MAX)]
    await desk.clock.advance(1)
    for token in tokens[1:]:
        desk.sessions.find(token)
    last = desk.login()
    assert [desk.sessions.find(token) is not None for token in (*tokens, last)] == [False, *[True] * SESSIONS_MAX]
    assert desk.sessions.close_all() == SESSIONS_MAX
    assert desk.sessions.find(last) is None


def test_no_token_is_kept() -> None:
    desk = Desk()
    token = desk.login()
    assert token not in repr(vars(desk.sessions))
    assert desk.sessions.find(token + "x" * 200) is None
    assert desk.sessions.find("") is None


def test_r26_ten_thousand_wrong_tokens_open_nothing_and_the_right_one_still_does() -> None:
    desk = Desk()
    token = desk.login()
    named = desk.credentials.issue_token("one", Role.READ, 1)
    for number in range(10_000):
        wrong = f"{'gen_' if number % 2 else ''}{number:043d}"
        assert desk.sessions.find(wrong) is None
    assert desk.sessions.find(token[:-1] + ("A" if token[-1] != "A" else "B")) is None
    assert desk.sessions.find(token) is not None
    assert desk.sessions.find(named) is not None


def test_only_failures_above_ten_a_minute_are_held_up() -> None:
    limiter = MinuteLimiter(FAILURES_MAX)
    assert [limiter.is_too_much("peer", number / 10) for number in range(FAILURES_MAX + 2)] == [
        *[False] * FAILURES_MAX,
        True,
        True,
    ]
    assert not limiter.is_too_much("other", 2.0)
    assert not limiter.is_too_much("peer", 3 * OVER_S)


@given(st.lists(st.tuples(st.text(max_size=3), st.floats(0, 1e6)), max_size=60))
def test_the_limiter_is_bounded_whatever_comes(failures: list[tuple[str, float]]) -> None:
    limiter = MinuteLimiter(3, names_max=4)
    for peer, now_s in failures:
        limiter.is_too_much(peer, now_s)
    assert len(limiter._times) <= 4
    assert all(len(times) <= 4 for times in limiter._times.values())
