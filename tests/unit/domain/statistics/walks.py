"""Random walks, and how well they were timed: what tests and the bench of timing are made of."""

import math

import numpy as np
from attrs import evolve

from genesis.domain.candle import DAY_MS, Candles, Floats
from genesis.domain.statistics.timing import Timing, timing_of
from genesis.domain.strategy.columns import evaluate
from genesis.domain.strategy.expression import Expr


def candles_of(market: Floats) -> Candles:
    """Return candles of a day, whose returns are *market*."""
    closes = 1000.0 * np.cumprod(1.0 + market)
    opens = np.concatenate(([1000.0], closes[:-1]))
    mts = np.arange(len(market), dtype=np.int64) * DAY_MS
    return Candles(mts, opens, np.maximum(opens, closes), np.minimum(opens, closes), closes, np.ones(len(market)))


def random_exposures(generator: np.random.Generator, days: int, share: float, length: float, size: float) -> Floats:
    """Return exposures of 0 and *size*, in stretches that last *length* days on average."""
    begins = generator.random(days) < 1.0 / length
    begins[0] = True
    drawn = generator.random(days) < share
    return np.where(drawn[np.maximum.accumulate(np.where(begins, np.arange(days), 0))], size, 0.0)


def judged(market: Floats, exposures: Floats, paid: float = 0.0) -> Timing | None:
    return timing_of((exposures * market - paid).tolist(), candles_of(market), exposures)


def driven_by_prices(
    generator: np.random.Generator, drift: float, rule: Expr, per_day: int, before: int = 0, days: int = 365
) -> Timing | None:
    """Judge *rule* on *days* of a random walk, in the market from the candle after its decision, at no cost.

    It knows so many days *before* those.
    """
    returns = generator.normal(drift / per_day, 0.03 / math.sqrt(per_day), (before + days) * per_day)
    wanted = evaluate(rule, candles_of(returns))
    held, returns = (
        each[before * per_day :] for each in (np.concatenate(([0.0], np.nan_to_num(wanted[:-1]))), returns)
    )
    own = np.prod((1.0 + held * returns).reshape(days, per_day), axis=1) - 1.0
    candles = candles_of(returns)
    candles = evolve(candles, mts=candles.mts // per_day)
    return timing_of(own.tolist(), candles, held)
