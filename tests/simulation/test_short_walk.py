"""The short walk of one spot instrument against the general one, every limit on and off, in markets made from seeds."""

import math
from collections.abc import Callable
from random import Random

import numpy as np
import pytest

from genesis.app.backtest import Terms, run_columnar
from genesis.domain.candle import DAY_MS, Candles
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.instrument import spot_instrument
from genesis.domain.risk.guards import OnBreach, RiskLimits
from genesis.domain.simulation.desks import walk_desk
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.statistics.record import record_of_walk
from genesis.domain.strategy import columns
from genesis.domain.strategy.features import close, lag, where
from genesis.domain.units import PPB, Atoms, Ppb, Symbol, atoms

CASH = atoms(10_000)
RETURN = close / lag(close) - 1.0
TARGET = where(
    RETURN > 0.02, 0.0, where(RETURN > 0.0, math.nan, where(RETURN > -0.01, 0.5, where(close > 95, 1.5, -1)))
)


def market(random: Random) -> Candles:
    rows = random.randint(1, 300)
    closes = 100 * np.exp(np.cumsum([random.gauss(0, 0.03) for _ in range(rows)]))
    opens = closes * np.exp([random.gauss(0, 0.01) for _ in range(rows)])
    mts = np.cumsum([random.choice([60_000, 3_600_000, DAY_MS // 3]) for _ in range(rows)])
    return Candles(mts, opens, np.maximum(opens, closes), np.minimum(opens, closes), closes, closes)


def limits(random: Random) -> RiskLimits:
    def maybe(draw: Callable[[], int]) -> int | None:
        return None if random.random() < 0.3 else draw()

    cap, drawdown = maybe(lambda: random.randint(1, PPB)), maybe(lambda: random.randint(1, PPB // 3))
    loss = maybe(lambda: random.randint(0, 10**11))
    return RiskLimits(
        None if cap is None else Ppb(cap),
        None if drawdown is None else Ppb(drawdown),
        None if loss is None else Atoms(loss),
        random.choice(list(OnBreach)),
        maybe(lambda: random.randint(1, 3)),
        random.randint(1, 5 * DAY_MS),
    )


@pytest.mark.parametrize("seed", range(200))
def test_the_short_walk_finds_what_the_general_one_does(seed: int) -> None:
    random = Random(seed)
    candles, guarded = market(random), limits(random)
    desk = DeskSettings(spot_instrument(Symbol("tBTCUSD")), TARGET, random.choice([0.1, 0.5, 1.0]), guarded)
    terms = Terms(desk, Costs(), CASH)
    assert terms.are_plain
    short = run_columnar(terms, candles)
    walk, alerts = walk_desk(desk, Costs(), CASH, candles, targets=columns.evaluate(TARGET, candles))
    assert short.record == record_of_walk(walk, candles, desk.instrument, CASH, alerts)
    assert np.array_equal(short.equity, walk.equity)
