"""Fees follow the volume of thirty days, hour by hour, unless a control call fixed them."""

from itertools import pairwise

import pytest

from genesis.adapters.venue.venue import Venue
from genesis.domain.simulation.accounts import FeeTier
from genesis.domain.simulation.fee_tiers import TIERS, TradedVolumes, tier_of
from genesis.domain.simulation.matching_order import UserId
from genesis.domain.units import ATOMS_PER_UNIT, Mts
from tests.e2e.venue_house import quiet_venue
from tests.unit.adapters.venue_bench import Caller

HOUR = 3_600_000
DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("units", "maker", "taker"),
    [
        (0, 0.001, 0.002),
        (499_999, 0.001, 0.002),
        (500_000, 0.0008, 0.002),
        (7_500_000, 0, 0.002),
        (29_999_999, 0, 0.0012),
        (1_000_000_000, 0, 0.00085),
        (10**12, 0, 0.00055),
    ],
)
def test_a_tier_begins_at_its_volume(units: int, maker: float, taker: float) -> None:
    tier = tier_of(units * ATOMS_PER_UNIT)
    assert (tier.maker / 10**9, tier.taker / 10**9) == (maker, taker)


def test_more_volume_never_costs_more() -> None:
    assert TIERS[0] == (0, FeeTier())
    for (less, dearer), (more, cheaper) in pairwise(TIERS):
        assert less < more
        assert dearer.maker >= cheaper.maker
        assert dearer.taker >= cheaper.taker


def test_volume_is_forgotten_after_thirty_days() -> None:
    volumes, user = TradedVolumes(), UserId(7)
    volumes.add(user, 5, Mts(0))
    volumes.add(user, 6, Mts(DAY))
    assert [volumes.of(user, Mts(DAY * days)) for days in (1, 30, 31, 32)] == [11, 11, 6, 0]


def rich(venue: Venue) -> Caller:
    """Alice and Bob trade a million with each other; the venue has twice as many coins as they need."""
    alice, bob = Caller(venue), Caller(venue, user=1)
    for caller in (alice, bob):
        caller.control("deposit", key=caller.key, currency="BTC", amount="20000")
        caller.control("deposit", key=caller.key, currency="USD", amount="20000000")
    assert alice.submit("-10000", "100.6")[6] == "SUCCESS"
    assert bob.submit("10000", "100.6")[6] == "SUCCESS"
    return alice


def rates(caller: Caller) -> tuple[float, float]:
    makers, takers = caller.ask("auth/r/summary")[4]
    return makers[0], takers[0]


def test_what_an_account_traded_makes_its_fees() -> None:
    venue = quiet_venue()
    alice = rich(venue)
    assert rates(alice) == (0.001, 0.002)
    assert alice.ask("auth/r/summary")[5][0][0]["vol"] == 1_006_000
    alice.control("advance", by=HOUR)
    assert rates(alice) == rates(Caller(venue, user=1, first_nonce=500)) == (0.0006, 0.002)
    alice.submit("-1", "100.7")
    Caller(venue, user=1, first_nonce=600).submit("1", "100.7")
    assert alice.ask("auth/r/trades/hist")[0][9] == pytest.approx(-100.7 * 0.0006)
    alice.control("advance", by=31 * DAY)
    assert rates(alice) == (0.001, 0.002)


def test_fees_that_a_control_call_set_stay() -> None:
    alice = rich(quiet_venue())
    alice.control("fees", key=alice.key, maker="-0.0001", taker="0.0003")
    alice.control("advance", by=2 * HOUR)
    assert rates(alice) == (-0.0001, 0.0003)
