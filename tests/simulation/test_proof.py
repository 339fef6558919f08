"""Every leak is caught, however it hides, and no clean strategy is ever accused."""

import datetime as dt
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.domain.candle import Candles, Floats
from genesis.domain.indicators.catalog import INDICATORS
from genesis.domain.indicators.indicator import Indicator
from genesis.domain.simulation.synthetic import synthetic_candles
from genesis.domain.strategy.columns import evaluate
from genesis.domain.strategy.expression import FIELDS, Computation, Constant, Expr, Field, Indicated
from genesis.domain.strategy.features import (
    KEEP,
    close,
    correlation,
    crosses_above,
    ema,
    held,
    high,
    hour,
    lag,
    low,
    mts,
    of,
    on,
    open_,
    rsi,
    sma,
    volume,
    weekday,
    where,
)
from genesis.domain.strategy.proof import Fault, prove
from genesis.domain.strategy.shipped import PAIRED, SHIPPED
from genesis.domain.strategy.streaming import Evaluator
from genesis.domain.units import Symbol

CANDLES = synthetic_candles(21, 2.0)[:1800]

Loop = Callable[[tuple[object, ...], Floats, Floats], None]


def node(loop: Loop, x: Expr = close, warm_up: int = 0) -> Expr:
    """An indicator of a person's own, whose batch form is *loop*."""
    indicator = Indicator(
        name=getattr(loop, "__name__", "own"),
        inputs=("x",),
        outputs=("value",),
        parameters=(),
        defaults=(),
        start=lambda: (),
        step=lambda state, value: (state, value),
        loop=loop,
        warm_up=lambda: (warm_up,),
    )
    return Indicated(Computation(indicator, (x,), ()))


def next_value(_: tuple[object, ...], x: Floats, out: Floats) -> None:
    out[:-1], out[-1:] = x[1:], x[-1:]


def value_of_tomorrow(_: tuple[object, ...], x: Floats, out: Floats) -> None:
    out[:] = x
    out[:-700] = x[700:]


def centred_mean(_: tuple[object, ...], x: Floats, out: Floats) -> None:
    out[:] = np.convolve(x, np.ones(5) / 5.0, mode="same")


def score_over_everything(_: tuple[object, ...], x: Floats, out: Floats) -> None:
    out[:] = (x - x.mean()) / x.std()


def rank_over_everything(_: tuple[object, ...], x: Floats, out: Floats) -> None:
    out[:] = np.argsort(np.argsort(x))


def filled_from_behind(_: tuple[object, ...], x: Floats, out: Floats) -> None:
    out[:] = x
    for i in range(len(x) - 2, -1, -1):
        if i % 7:
            out[i] = out[i + 1]


def peak_to_come(_: tuple[object, ...], x: Floats, out: Floats) -> None:
    out[:] = np.maximum.accumulate(x[::-1])[::-1]


def end_of_the_day(_: tuple[object, ...], x: Floats, out: Floats) -> None:
    for i in range(0, len(x), 390):
        out[i : i + 390] = x[i : i + 390][-1]


def smoothed_both_ways(_: tuple[object, ...], x: Floats, out: Floats) -> None:
    out[:] = x
    for i in range(1, len(x)):
        out[i] += 0.5 * (out[i - 1] - out[i])
    for i in range(len(x) - 2, -1, -1):
        out[i] += 0.5 * (out[i + 1] - out[i])


def how_long_the_data_is(_: tuple[object, ...], x: Floats, out: Floats) -> None:
    out[:] = x + len(x) * 1e-9


LEAKS = [
    *(next_value, value_of_tomorrow, centred_mean, score_over_everything, rank_over_everything, filled_from_behind),
    *(peak_to_come, end_of_the_day, smoothed_both_ways, how_long_the_data_is),
]


FUTURE = CANDLES.close.copy()
BY_TIME = dict(zip(CANDLES.mts.tolist(), np.roll(CANDLES.close, -1).tolist(), strict=True))


def looks_into_a_table(_: tuple[object, ...], x: Floats, out: Floats) -> None:
    out[:] = x
    out[: len(x) - 1] = FUTURE[1 : len(x)]


def looks_up_the_time(_: tuple[object, ...], x: Floats, out: Floats) -> None:
    out[:] = [BY_TIME.get(int(each), 0.0) for each in x]


@pytest.mark.parametrize("leak", [looks_into_a_table, looks_up_the_time])
def test_prices_that_code_carries_are_found(leak: Loop) -> None:
    carrying = node(leak, close if leak is looks_into_a_table else Field("mts"))
    found = {(each.fault, each.node) for each in prove(where(carrying > close, 1.0, KEEP), CANDLES).findings}
    assert (Fault.CARRIES_DATA, str(carrying)) in found


def test_who_knows_the_date_is_caught_even_without_its_prices() -> None:
    middle = float(CANDLES.mts[900])

    def since_then(_: tuple[object, ...], x: Floats, out: Floats) -> None:
        out[:] = x > middle

    dated = where(node(since_then, Field("mts")) > 0.5, 1.0, 0.0)
    assert Fault.KNOWS_THE_DATE in {each.fault for each in prove(dated, CANDLES).findings}


def known_turns() -> Expr:
    """What hindsight knows of every tenth of the data, as dates."""
    x: Expr = Constant(0.0)
    for at in range(0, len(CANDLES) - 10, 10):
        x = where(mts >= float(CANDLES.mts[at]), float(CANDLES.close[at + 10] > CANDLES.open[at]), x)
    return x


@pytest.mark.parametrize(
    "dated",
    [
        known_turns(),
        where(mts >= float(CANDLES.mts[900]), 1.0, 0.0),
        where((mts > float(CANDLES.mts[700])) & (mts < float(CANDLES.mts[720])) & (hour() >= 0.0), 1.0, KEEP),
        (mts - float(CANDLES.mts[0])) / 1e12,
        on("1h", where(mts >= float(CANDLES.mts[900]), 1.0, 0.0)),
    ],
    ids=["turns", "a date", "between dates", "a ramp", "in another timeframe"],
)
def test_dates_in_an_expression_are_caught(dated: Expr) -> None:
    assert Fault.KNOWS_THE_DATE in {each.fault for each in prove(dated, CANDLES).findings}


def part_of_the_day(_: tuple[object, ...], x: Floats, out: Floats) -> None:
    for i in range(len(x)):
        out[i] = float(x[i] / 86_400_000.0 % 1.0 >= 1.0 / 3.0)


def summer(_: tuple[object, ...], x: Floats, out: Floats) -> None:
    for i in range(len(x)):
        out[i] = float(4 <= dt.datetime.fromtimestamp(x[i] / 1000, dt.UTC).month <= 9)


def taken_alone(loop: Loop) -> Expr:
    """An indicator of the time, whose step is its loop over one value."""

    def step(state: tuple[object, ...], value: float) -> tuple[tuple[object, ...], float]:
        out = np.empty(1)
        loop(state, np.array([value]), out)
        return state, float(out[0])

    indicator = Indicator(loop.__name__, ("x",), ("value",), (), (), lambda: (), step, loop, lambda: (0,))
    return Indicated(Computation(indicator, (mts,), ()))


@pytest.mark.parametrize(
    "periodic",
    [
        where((hour() >= 8.0) & (hour() < 16.0), 1.0, 0.0),
        where(weekday() >= 5.0, 0.0, where(hour() < 12.0, 1.0, 0.5)),
        where(mts - lag(mts, 1) > 60_000.0, 0.0, 1.0),
        taken_alone(part_of_the_day),
        taken_alone(summer),
    ],
    ids=["hours", "weekdays", "gaps", "part of the day", "season"],
)
def test_calendars_that_come_again_are_never_accused(periodic: Expr) -> None:
    hourly = synthetic_candles(22, 30.0)[::60]
    for candles in (CANDLES, hourly, CANDLES[::15]):
        assert [each for each in prove(periodic, candles).findings if each.fault is Fault.KNOWS_THE_DATE] == []


OTHERS = {Symbol("tETHUSD"): synthetic_candles(24, 2.0)[:1800], Symbol("tLTCUSD"): synthetic_candles(25, 2.0)[::3]}


@pytest.mark.parametrize("leak", [next_value, centred_mean, peak_to_come, looks_into_a_table])
@pytest.mark.parametrize(
    "place",
    [lambda x: on("5m", x), lambda x: of("tETHUSD", x), lambda x: on("1h", x / of("tLTCUSD", x)), held],
)
def test_a_leak_is_caught_over_other_candles_too(leak: Loop, place: Callable[[Expr], Expr]) -> None:
    root = where(place(node(leak)) > place(close), 1.0, 0.0)
    assert {each.fault for each in prove(root, CANDLES, others=OTHERS).findings} & {
        Fault.LOOKS_AHEAD,
        Fault.CARRIES_DATA,
    }


@pytest.mark.parametrize(
    "root",
    [
        where(on("1h", ema(close, 3)) > on("1h", ema(close, 9)), 1.0, 0.0),
        where(on("15m", on("1D", close)) > close, 1.0, KEEP),
        where(of("tETHUSD", rsi(close, 9)) > 50.0, 1.0, 0.0),
        where(on("1h", correlation(close, of("tETHUSD", close), 5)) > of("tLTCUSD", on("5m", sma(close, 2))), 1.0, 0.0),
        where((hour() >= 8.0) & (hour() < 20.0), 1.0, 0.0),
        held(where(close > lag(close), close, KEEP)),
    ],
    ids=str,
)
@pytest.mark.parametrize("seed", [0, 1])
def test_other_candles_are_never_accused(root: Expr, seed: int) -> None:
    assert prove(root, CANDLES, seed, OTHERS).findings == ()


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("hidden", [False, True])
def test_every_leak_is_caught_and_named(leak: Loop, hidden: bool) -> None:
    leaky = node(leak)
    # Hidden under other nodes, the leak turns only some of the decisions.
    root = where((sma(leaky, 3) > ema(close, 20)) & (volume > 0.2), 1.0, KEEP) if hidden else leaky
    proof = prove(root, CANDLES)
    caught = {each.node for each in proof.findings if each.fault is Fault.LOOKS_AHEAD}
    assert str(leaky) in caught


def test_columns_that_are_not_the_steps_are_caught() -> None:
    def doubled(_: tuple[object, ...], x: Floats, out: Floats) -> None:
        out[:] = x * 2.0

    assert {each.fault for each in prove(node(doubled), CANDLES).findings} == {Fault.SPEEDS_DIFFER}


def test_a_warm_up_that_does_not_suffice_is_caught() -> None:
    def late(_: tuple[object, ...], x: Floats, out: Floats) -> None:
        out[:] = x
        out[:9] = math.nan

    assert Fault.WARM_UP_TOO_SHORT in {each.fault for each in prove(node(late, warm_up=5), CANDLES).findings}


def test_a_node_that_breaks_on_holes_is_reported() -> None:
    def fragile(_: tuple[object, ...], x: Floats, out: Floats) -> None:
        if np.isnan(x).any():
            raise ValueError("no holes, please")
        out[:] = x

    finding, *_ = prove(node(fragile), CANDLES).findings
    assert finding.fault is Fault.BREAKS
    assert "no holes, please" in finding.trial


def test_lots_and_what_survives_a_restart_are_caught() -> None:
    lots = np.random.default_rng()
    kept: list[float] = []

    def drawn(_: tuple[object, ...], x: Floats, out: Floats) -> None:
        out[:] = lots.random(len(x))

    def kept_over(state: tuple[object, ...], value: float) -> tuple[tuple[object, ...], float]:
        kept.append(value)
        return state, float(len(kept))

    def counted(_: tuple[object, ...], x: Floats, out: Floats) -> None:
        out[:] = np.arange(len(x)) + 1.0

    assert Fault.DECIDES_OTHERWISE in {each.fault for each in prove(node(drawn), CANDLES).findings}
    hiding = Indicator("hiding", ("x",), ("value",), (), (), lambda: (), kept_over, counted, lambda: (0,))
    root = Indicated(Computation(hiding, (close,), ()))
    assert Fault.HIDES_ITS_STATE in {each.fault for each in prove(root, CANDLES).findings}


@pytest.mark.parametrize("name", [*SHIPPED, *PAIRED])
def test_strategies_that_ship_are_clean(name: str) -> None:
    root = {**SHIPPED, **PAIRED}[name].build()
    assert prove(root, CANDLES, others={Symbol("tBTCUSD"): CANDLES[::2]}).findings == ()


@pytest.mark.parametrize("name", PAIRED)
def test_strategies_of_pairs_decide_by_columns_as_they_do_live(name: str) -> None:
    """Gaps on both sides, and the leader's candles as late as they may come."""
    root = PAIRED[name].build({"least": 0.1})
    own, leader = CANDLES[7:], synthetic_candles(21, 2.0)
    followed = Candles(
        leader.mts, *(getattr(leader, each) * 3.0 for each in ("open", "high", "low", "close", "volume"))
    )
    columns = evaluate(root, own, {Symbol("tBTCUSD"): followed})
    evaluator, queue = Evaluator(root), list(followed)
    streamed = []
    for candle in own:
        while queue and queue[0].mts < candle.mts:
            evaluator.observe(Symbol("tBTCUSD"), queue.pop(0))
        streamed.append(evaluator.step(candle))
    np.testing.assert_array_equal(np.array(streamed), columns)
    assert {0.0, 1.0} <= set(columns.tolist())


@pytest.mark.parametrize("indicator", INDICATORS, ids=lambda each: each.name)
def test_no_indicator_is_ever_accused(indicator: Indicator) -> None:
    fields = {name: Field(name) for name in FIELDS} | {"x": close, "y": open_}
    inputs = tuple(fields[name] for name in indicator.inputs)
    computation = Computation(indicator, inputs, indicator.defaults)
    for output in range(len(indicator.outputs)):
        assert prove(Indicated(computation, output), CANDLES[:800]).findings == ()


sources = st.sampled_from([close, high, volume, high - low, lag(close, 3)])
averages = st.builds(ema, sources, st.integers(1, 60)) | st.builds(rsi, sources, st.integers(2, 30)) | sources
clean = st.recursive(
    averages,
    lambda inner: (
        st.builds(lambda a, b: where(a > b, a, b), inner, inner)
        | st.builds(lambda a: sma(a, 7), inner)
        | st.builds(crosses_above, inner, inner)
        | st.builds(lambda a, b: a / b, inner, inner)
    ),
    max_leaves=4,
)


@settings(max_examples=15)
@given(clean, st.integers(0, 10**6))
def test_clean_expressions_are_never_accused(root: Expr, seed: int) -> None:
    assert [
        each for each in prove(root, CANDLES[:700], seed).findings if each.fault is not Fault.WARM_UP_TOO_SHORT
    ] == []


def test_the_measured_warm_up_is_told() -> None:
    proof = prove(where(ema(close, 5) > ema(close, 20), 1.0, 0.0), CANDLES)
    assert (proof.warm_up, proof.first_decision) == (19, 19)
    assert proof.agrees_after is not None
    assert 19 <= proof.agrees_after < 500
