"""What else could have happened: trades in another order, days drawn again in blocks. Seeded, and pure."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genesis.domain.candle import Floats


class Spread(NamedTuple):
    """Where the middle and the ends of a distribution lie."""

    low: float
    median: float
    high: float


def shuffled_drawdowns(returns: npt.ArrayLike, draws: int, seed: int) -> Floats:
    """Return the maximum drawdown of each of *draws* random orders of the *returns* of trades, as shares of 0 to 1.

    Returns are of the whole account (`summary.trip_returns`), so that a small position loses little of it. The final
    equity is the same in all of them: what varies is luck with the order. Raises `ValueError` without trades or draws.
    """
    factors = 1.0 + _column(returns, draws)
    generator = np.random.Generator(np.random.PCG64(seed))
    worst = np.empty(draws)
    for draw in range(draws):
        equity = np.concatenate(([1.0], np.cumprod(generator.permutation(factors))))
        peaks = np.maximum.accumulate(equity)
        worst[draw] = np.max(1.0 - equity / peaks)
    return worst


def bootstrapped_growths(returns: npt.ArrayLike, draws: int, mean_block: float, seed: int) -> Floats:
    """Return what one unit became in each of *draws* stationary bootstraps: blocks of random length, round the end.

    Returns compound, as they do in an account. Block lengths are geometric with mean *mean_block*, so that what
    follows one another stays together. Source: D. Politis and J. Romano, "The Stationary Bootstrap" (1994). Raises
    `ValueError` without returns or draws, or for blocks shorter than 1.
    """
    factors = 1.0 + _column(returns, draws)
    if not mean_block >= 1.0:
        raise ValueError(f"blocks must be at least 1 long on average, were {mean_block}")
    generator = np.random.Generator(np.random.PCG64(seed))
    growths = np.empty(draws)
    for draw in range(draws):
        growths[draw] = factors[_blocks(len(factors), mean_block, generator)].prod()
    return growths


def spread(values: Floats, coverage: float = 0.9) -> Spread:
    """Return median and the ends between which *coverage* of *values* lie."""
    low, median, high = np.quantile(values, [(1.0 - coverage) / 2.0, 0.5, (1.0 + coverage) / 2.0])
    return Spread(float(low), float(median), float(high))


def _blocks(count: int, mean_block: float, generator: np.random.Generator) -> npt.NDArray[np.int64]:
    begins = generator.random(count) < 1.0 / mean_block
    begins[0] = True
    starts = generator.integers(0, count, count)
    rows = np.arange(count)
    first = np.maximum.accumulate(np.where(begins, rows, 0))
    chosen: npt.NDArray[np.int64] = (starts[first] + rows - first) % count
    return chosen


def _column(returns: npt.ArrayLike, draws: int) -> Floats:
    column = np.asarray(returns, dtype=np.float64)
    if column.ndim != 1 or not len(column) or not np.isfinite(column).all():
        raise ValueError("give at least one return, all of them finite")
    if draws < 1:
        raise ValueError(f"draws must be at least 1, were {draws}")
    return column
