"""Fee tiers by what an account traded in thirty days.

Source: Bitfinex, "Fees schedule", section "Order execution"; its announcement "New commission structure" says that
tiers are determined once an hour."""

from collections import defaultdict, deque
from typing import Final

from genesis.domain.candle import MINUTE_MS
from genesis.domain.simulation.accounts import FeeTier
from genesis.domain.simulation.matching_order import UserId
from genesis.domain.units import ATOMS_PER_UNIT, PPB, Mts, Ppb

HOUR_MS: Final = 60 * MINUTE_MS
HOURS: Final = 30 * 24
TENTH_OF_BASIS_POINT: Final = PPB // 100_000

TIERS: Final = tuple(
    (units * ATOMS_PER_UNIT, FeeTier(Ppb(maker * TENTH_OF_BASIS_POINT), Ppb(taker * TENTH_OF_BASIS_POINT)))
    for units, maker, taker in (
        (0, 100, 200),
        (500_000, 80, 200),
        (1_000_000, 60, 200),
        (2_500_000, 40, 200),
        (5_000_000, 20, 200),
        (7_500_000, 0, 200),
        (10_000_000, 0, 180),
        (15_000_000, 0, 160),
        (20_000_000, 0, 140),
        (25_000_000, 0, 120),
        (30_000_000, 0, 100),
        (300_000_000, 0, 90),
        (1_000_000_000, 0, 85),
        (3_000_000_000, 0, 75),
        (10_000_000_000, 0, 60),
        (30_000_000_000, 0, 55),
    )
)
"""Volume in atoms of USD from which a tier holds, and the tier."""


def tier_of(volume: int) -> FeeTier:
    """Return the tier of an account that traded *volume* atoms of USD in thirty days."""
    return [tier for since, tier in TIERS if since <= volume][-1]


class TradedVolumes:
    """What each user traded, by the hour, in atoms of USD."""

    def __init__(self) -> None:
        self._hours: defaultdict[UserId, deque[tuple[int, int]]] = defaultdict(deque)

    def add(self, user: UserId, volume: int, mts: Mts) -> None:
        """Count a trade."""
        hours, hour = self._hours[user], mts // HOUR_MS
        if hours and hours[-1][0] == hour:
            hours[-1] = (hour, hours[-1][1] + volume)
        else:
            hours.append((hour, volume))

    def of(self, user: UserId, mts: Mts) -> int:
        """Return what *user* traded in this hour and those of the thirty days before it."""
        hours = self._hours[user]
        while hours and hours[0][0] < mts // HOUR_MS - HOURS:
            hours.popleft()
        return sum(volume for _, volume in hours)

    def users(self) -> list[UserId]:
        """Return who ever traded."""
        return list(self._hours)
