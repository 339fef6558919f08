"""The rules of nonces and client order ids at their edges."""

import pytest

from genesis.domain.nonce import AHEAD_US_MAX, CID_MAX, NONCE_MAX, NumberRefused, cid_after, nonce_after, nonce_limit

NOW = 1_700_000_000_000_000


def test_a_nonce_is_the_clock_when_the_clock_is_ahead_of_the_counter() -> None:
    assert nonce_after(NOW - 1, NOW, NOW) == NOW


@pytest.mark.parametrize("last", [NOW, NOW + 5])
def test_a_nonce_is_one_more_when_the_clock_stands_or_steps_back(last: int) -> None:
    assert nonce_after(last, NOW, NOW) == last + 1


def test_a_nonce_may_be_sixty_seconds_ahead_of_the_exchange_and_no_more() -> None:
    assert nonce_after(NOW + AHEAD_US_MAX - 1, NOW, NOW) == NOW + AHEAD_US_MAX
    with pytest.raises(NumberRefused, match="ahead of the exchange"):
        nonce_after(NOW + AHEAD_US_MAX, NOW, NOW)


def test_a_clock_ahead_of_the_exchange_is_refused_by_name() -> None:
    with pytest.raises(NumberRefused, match="clock of this machine is 61 s ahead"):
        nonce_after(0, NOW + 61_000_000, NOW)
    with pytest.raises(NumberRefused, match="clock of this machine is 61 s ahead"):
        cid_after(0, NOW + 61_000_000, NOW)


def test_a_clock_set_back_an_hour_keeps_rising_while_the_exchange_time_is_known() -> None:
    assert nonce_after(NOW, NOW - 3_600_000_000, NOW) == NOW + 1


def test_the_nonce_never_passes_what_javascript_counts() -> None:
    assert nonce_limit(NONCE_MAX) == NONCE_MAX
    with pytest.raises(NumberRefused):
        nonce_after(NONCE_MAX, NONCE_MAX, NONCE_MAX)


def test_a_cid_is_sixteen_a_millisecond_and_rises_past_them() -> None:
    first = cid_after(0, NOW, NOW)
    assert first == NOW // 1000 * 16
    assert cid_after(first + 15, NOW, NOW) == first + 16


def test_cids_end_in_september_2039_with_a_clear_refusal() -> None:
    last_us = (CID_MAX // 16) * 1000
    assert last_us // 1_000_000 == 2_199_023_255
    assert cid_after(0, last_us, last_us) <= CID_MAX
    with pytest.raises(NumberRefused, match="45 bits"):
        cid_after(CID_MAX, last_us, last_us)
