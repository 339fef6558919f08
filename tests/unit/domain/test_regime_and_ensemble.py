"""Regimes and ensembles against plain loops, and what makes no sense of them."""

import math

import numpy as np
import pytest

from genesis.domain.candle import Candles, Floats
from genesis.domain.simulation.synthetic import synthetic_candles
from genesis.domain.strategy.columns import evaluate, evaluate_all
from genesis.domain.strategy.ensemble import gated, inverse_volatility, paper_return, rolling_performance, weighted
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.features import (
    KEEP,
    adx,
    atr,
    close,
    ema,
    hysteresis,
    lag,
    rank,
    realised_volatility,
    rsi,
    where,
)
from genesis.domain.strategy.regime import (
    Regime,
    Slope,
    Strength,
    Volatility,
    slope_regime,
    strength_regime,
    three_states,
    volatility_regime,
)
from genesis.domain.strategy.streaming import Evaluator

CANDLES = synthetic_candles(31, 2.0)[:2500]
TREND = where(ema(close, 5) > ema(close, 20), 1.0, 0.0)
REVERSION = where(rsi(close, 7) < 30.0, 1.0, where(rsi(close, 7) > 70.0, -0.5, KEEP))
IDLE = where(close > 0.0, 0.0, KEEP)


def three(x: Floats, low: float, high: float, margin: float) -> list[int]:
    """The states of a regime of three by a plain loop, -1 where nothing is known."""
    state, states = 1, []
    for value in x.tolist():
        if math.isnan(value):
            states.append(-1)
            continue
        if (state == 0 and value > low + margin) or (state == 2 and value < high - margin):
            state = 1
        if value < low:
            state = 0
        elif value > high:
            state = 2
        states.append(state)
    return states


def shown(regime_number: Expr, candles: Candles = CANDLES) -> list[int]:
    return [-1 if math.isnan(each) else int(each) for each in evaluate(regime_number, candles).tolist()]


def test_the_strength_of_a_trend_has_two_marks() -> None:
    strength = evaluate(adx(14).adx, CANDLES)
    state, expected = 0, []
    for value in strength.tolist():
        state = 1 if value > 25 else 0 if value < 20 else state
        expected.append(-1 if math.isnan(value) else state)
    regime = strength_regime(14, 25.0, 20.0)
    assert shown(regime.number) == expected
    assert {0, 1} < set(expected)
    between = (strength > 20) & (strength < 25)
    assert {expected[at] for at in np.flatnonzero(between)} == {0, 1}


def test_volatility_and_slope_have_three_states() -> None:
    place = evaluate(rank(realised_volatility(close, 24), 200), CANDLES)
    expected = three(place, 0.25, 0.75, 0.05)
    assert shown(volatility_regime(24, 200).number) == expected
    assert set(expected) == {-1, 0, 1, 2}
    change = evaluate((ema(close, 50) - lag(ema(close, 50), 10)) / atr(50), CANDLES)
    expected = three(change, -0.5, 0.5, 0.2)
    assert shown(slope_regime(50, 10, 0.5, 0.2).number) == expected
    assert set(expected) == {-1, 0, 1, 2}


@pytest.mark.parametrize("regime", [strength_regime(), volatility_regime(24, 200), slope_regime()])
def test_one_state_holds_or_none_is_known(regime: Regime[Strength] | Regime[Volatility] | Regime[Slope]) -> None:
    holding = np.array(evaluate_all(list(regime.conditions.values()), CANDLES))
    known = ~np.isnan(holding).any(axis=0)
    assert (np.isnan(holding).all(axis=0) == ~known).all()
    assert (holding[:, known].sum(axis=0) == 1.0).all()


def test_a_choice_takes_the_case_of_the_state() -> None:
    regime = slope_regime(20, 5, 0.3, 0.1)
    chosen = evaluate(regime.choose({Slope.FALLING: -1.0, Slope.FLAT: close, Slope.RISING: 0.5}), CANDLES)
    cases = {-1: math.nan, 0: -1.0, 2: 0.5}
    for value, state, price in zip(chosen.tolist(), shown(regime.number), CANDLES.close.tolist(), strict=True):
        np.testing.assert_equal(value, cases.get(state, price))


def test_a_regime_switches_once_where_a_mark_alone_would_flicker() -> None:
    strength = adx(14).adx
    flickering = np.abs(np.diff(np.nan_to_num(evaluate(strength > 22.5, CANDLES)))).sum()
    steady = np.abs(np.diff(np.nan_to_num(evaluate(hysteresis(strength, 25.0, 20.0), CANDLES)))).sum()
    assert steady < 0.7 * flickering


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="flat"):
        slope_regime().choose({Slope.RISING: 1.0, Slope.FALLING: 0.0})
    with pytest.raises(ValueError, match="wild"):
        Regime({Volatility.CALM: close, Volatility.NORMAL: close})
    with pytest.raises(ValueError, match="margin"):
        three_states((Slope.FALLING, Slope.FLAT, Slope.RISING), close, 0.0, 1.0, 0.5)
    with pytest.raises(ValueError, match="leave"):
        strength_regime(14, 20.0, 25.0)
    for members in ([], [(-1.0, TREND)], [(0.0, TREND)], [(math.nan, TREND)]):
        with pytest.raises(ValueError, match="weights"):
            weighted(members)
    with pytest.raises(ValueError, match="member"):
        inverse_volatility([])


def members_of(candles: Candles) -> tuple[list[Floats], list[Floats]]:
    """Held targets and paper returns by plain loops."""
    targets, returns = [], []
    for member in (TREND, REVERSION, IDLE):
        held, last = [], math.nan
        for value in evaluate(member, candles).tolist():
            last = last if math.isnan(value) else value
            held.append(last)
        targets.append(np.array(held))
        change = np.concatenate(([math.nan], candles.close[1:] / candles.close[:-1] - 1.0))
        returns.append(np.concatenate(([math.nan], held[:-1])) * change)
    return targets, returns


def test_a_paper_return_is_what_the_target_before_earned() -> None:
    _, returns = members_of(CANDLES)
    for member, plain in zip((TREND, REVERSION, IDLE), returns, strict=True):
        np.testing.assert_allclose(evaluate(paper_return(member), CANDLES), plain, rtol=1e-12, atol=1e-18)


def test_fixed_weights_are_a_mean() -> None:
    targets, _ = members_of(CANDLES)
    mixed = evaluate(weighted([(3, TREND), (1, REVERSION)]), CANDLES)
    np.testing.assert_allclose(mixed, 0.75 * targets[0] + 0.25 * targets[1], rtol=1e-12)


@pytest.mark.parametrize("period", [10, 60])
def test_weights_follow_calm_and_success(period: int) -> None:
    targets, returns = members_of(CANDLES)
    calm = evaluate(inverse_volatility([TREND, REVERSION, IDLE], period), CANDLES)
    best = evaluate(rolling_performance([TREND, REVERSION, IDLE], period), CANDLES)
    known = 0
    for at in range(200, len(CANDLES)):
        windows = []
        for each in returns:
            seen = each[: at + 1][~np.isnan(each[: at + 1])]
            windows.append(seen[-period:])
        if min(map(len, windows)) < period:
            continue
        known += 1
        spreads = np.array([window.std() if np.ptp(window) else 0.0 for window in windows])
        means = np.array([window.mean() for window in windows])
        wishes = np.array([target[at] for target in targets])
        inverse = np.array([1 / spread if spread > 0 else 0.0 for spread in spreads])
        expected = float(inverse @ wishes / inverse.sum()) if inverse.sum() else float(wishes.mean())
        assert calm[at] == pytest.approx(expected, rel=1e-6, abs=1e-9)
        scores = np.array([max(m / s, 0.0) if s > 0 else 0.0 for m, s in zip(means, spreads, strict=True)])
        expected = float(scores @ wishes / scores.sum()) if scores.sum() else 0.0
        assert best[at] == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert known > 1000


def test_gates_take_the_first_that_holds() -> None:
    strong = adx(14).adx > 25.0
    mixed = evaluate(gated([(strong, TREND), (close > ema(close, 50), 0.25)], 0.0), CANDLES)
    first, trend, second = evaluate_all([strong, TREND, close > ema(close, 50)], CANDLES)
    expected = np.where(first > 0, trend, np.where(second > 0, 0.25, 0.0))
    known = ~(np.isnan(first) | np.isnan(second))
    np.testing.assert_array_equal(mixed[known], expected[known])


@pytest.mark.parametrize(
    "root",
    [
        inverse_volatility([TREND, REVERSION, IDLE], 30),
        rolling_performance([TREND, REVERSION, IDLE], 30),
        weighted([(1, TREND), (2, REVERSION)]),
        slope_regime().choose({Slope.FALLING: 0.0, Slope.FLAT: KEEP, Slope.RISING: TREND}),
    ],
)
def test_streaming_gives_the_same_bits(root: Expr) -> None:
    evaluator = Evaluator(root)
    streamed = np.array([evaluator.step(candle) for candle in CANDLES])
    np.testing.assert_array_equal(streamed, evaluate(root, CANDLES))
