"""How often timing is believed with 95 %, in percent: without any skill on random walks, and with some.

Of one year, and of two. Without skill 5 is wanted, or less; with skill as much as there can be.
"""

import math
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import numpy as np

from genesis.domain.candle import Floats
from genesis.domain.statistics.timing import Timing
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.features import close, ema, lag, minimum, rolling_high, where
from tests.bench._turns import report
from tests.unit.domain.statistics.walks import candles_of, driven_by_prices, judged, random_exposures

STUDIES: Final = 1000
"""Of each of the three drifts."""
DRIFTS: Final = (-0.002, 0.0, 0.004)
DEVIATION: Final = 0.03
YEAR: Final = 365
BEFORE: Final = 300

Study: TypeAlias = Callable[[np.random.Generator, float, int], Timing | None]


def rule(expression: Expr, per_day: int = 1, before: int = 0) -> Study:
    """Return the study of a rule of prices, which knows so many days *before*."""

    def study(generator: np.random.Generator, drift: float, days: int) -> Timing | None:
        return driven_by_prices(generator, drift, expression, per_day, before, days)

    return study


def below(period: int) -> Expr:
    """Return who is in the market below its mean."""
    return where(close < ema(close, period), 1.0, 0.0)


def above(fast: int, slow: int) -> Expr:
    """Return who is in the market while the fast mean is above the slow one."""
    return where(ema(close, fast) > ema(close, slow), 1.0, 0.0)


def fall(period: int) -> Expr:
    """Return how far the close is below the highest of *period*."""
    return 1.0 - close / rolling_high(close, period)


def ladder(period: int) -> Expr:
    """Return who has a quarter more for each twentieth of a fall."""
    first, *others = (where(fall(period) > step, 0.25, 0.0) for step in (0.05, 0.1, 0.15, 0.2))
    for each in others:
        first = first + each
    return first


def at_random(length: float) -> Study:
    """Return the study of who comes and goes at random, anew every *length* days on average."""

    def study(generator: np.random.Generator, drift: float, days: int) -> Timing | None:
        return judged(generator.normal(drift, DEVIATION, days), random_exposures(generator, days, 0.5, length, 1.0))

    return study


def one_day_ahead(generator: np.random.Generator, drift: float, days: int) -> Timing | None:
    """Study who knows one day in seven, and tosses a coin on the others."""
    market = generator.normal(drift, DEVIATION, days)
    knows = generator.random(days) < 1.0 / 7.0
    return judged(market, np.where(knows, market > np.median(market), generator.random(days) < 0.5).astype(np.float64))


def dips_that_come_back(generator: np.random.Generator, drift: float, days: int) -> Timing | None:
    """Study who buys below a mean of three days, in a market that takes a third of each day back."""
    noise = generator.normal(drift, DEVIATION, days)
    market = noise - np.concatenate(([0.0], noise[:-1])) / 3.0
    closes = candles_of(market).close
    mean = closes[0]
    held: Floats = np.zeros(days)
    for day in range(days - 1):
        mean += (closes[day] - mean) / 2.0
        held[day + 1] = closes[day] < mean
    return judged(market, held)


def right_about(length: float) -> Study:
    """Return the study of who is right about every stretch of *length* days, which drift by half a percent a day."""

    def study(generator: np.random.Generator, _drift: float, days: int) -> Timing | None:
        held = random_exposures(generator, days, 0.5, length, 1.0)
        return judged(generator.normal(0.0, DEVIATION, days) + np.where(held > 0.0, 0.005, -0.005), held)

    return study


WITHOUT: Final[Mapping[str, Study]] = {
    **{f"below its mean of {each} days": rule(below(each)) for each in (30, 60, 100)},
    **{f"below its mean of {each} hours": rule(below(each), 24) for each in (30, 800)},
    **{f"mean of {a} above {b} days": rule(above(a, b)) for a, b in ((5, 20), (10, 40), (20, 100))},
    "mean of 50 above 200 hours": rule(above(50, 200), 24),
    **{f"at random, anew every {each} days": at_random(each) for each in (1, 5, 20, 60)},
    **{f"known before: below its mean of {each} days": rule(below(each), 1, BEFORE) for each in (100, 150, 200)},
    **{
        f"known before: below where it was {each} days ago": rule(where(close < lag(close, each), 1.0, 0.0), 1, BEFORE)
        for each in (60, 120)
    },
    **{f"known before: ladder of {each} days": rule(ladder(each), 1, BEFORE) for each in (50, 100, 200)},
    **{
        f"known before: as much as the fall of 100 days, all at {all_at:.0%}": rule(
            minimum(fall(100) / all_at, 1.0), 1, BEFORE
        )
        for all_at in (0.3, 0.6)
    },
}
WITH: Final[Mapping[str, Study]] = {
    "skill: knows one day in seven": one_day_ahead,
    "skill: buys dips of which a third comes back": dips_that_come_back,
    **{f"skill: right about stretches of {each} days": right_about(each) for each in (10, 30, 90)},
}


def believed(study: Study, days: int, drifts: tuple[float, ...], seed: int) -> float:
    """Return the share of studies that believe in skill, in percent; who cannot be judged is not believed."""
    generator = np.random.Generator(np.random.PCG64((seed, days)))
    found = [study(generator, drift, days) for drift in drifts for _ in range(STUDIES)]
    share = sum(each is not None and each.belief() > 0.95 for each in found) / len(found)
    return round(100.0 * share, 1)


def measure() -> Mapping[str, Mapping[str, object]]:
    """Return the figures."""
    figures: dict[str, dict[str, object]] = {}
    for seed, (name, study) in enumerate({**WITHOUT, **WITH}.items()):
        drifts = DRIFTS if name in WITHOUT else (0.0,)
        figures[name] = {f"{years} y": believed(study, years * YEAR, drifts, seed) for years in (1, 2)}
    error = 100.0 * math.sqrt(0.05 * 0.95 / (STUDIES * len(DRIFTS)))
    figures["of each figure near 5, the deviation"] = {"is": round(error, 1)}
    return figures


def main() -> None:
    """Print the figures."""
    report("timing", measure)


if __name__ == "__main__":
    main()
