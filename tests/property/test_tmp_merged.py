"""Other time frames and other instruments inside an expression: no future, any order of arrival, one set of bits."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.domain.candle import Candle, Candles, Floats, Timeframe, resample
from genesis.domain.strategy.columns import MissingInstrument, evaluate, evaluate_all
from genesis.domain.strategy.expression import Expr, nodes
from genesis.domain.strategy.features import close, correlation, ema, high, lag, mts, of, on, rsi, sma, volume
from genesis.domain.strategy.merged import symbols_of
from genesis.domain.strategy.streaming import Evaluator
from genesis.domain.units import Mts, Symbol

MINUTE = 60_000
ETH, LTC = Symbol("tETHUSD"), Symbol("tLTCUSD")
numbers = st.floats(0.01, 1e6) | st.sampled_from([math.nan, math.inf])


@st.composite
def series(draw: st.DrawFn, most: int = 80) -> Candles:
    """Minutes of which any may be missing, and numbers of which some are none."""
    steps = draw(st.lists(st.sampled_from([1, 1, 1, 2, 3, 7, 61]), max_size=most))
    begun = draw(st.integers(0, 3 * 24 * 60))
    times = (begun + np.cumsum(steps, dtype=np.int64)) * MINUTE if steps else np.empty(0, dtype=np.int64)
    rows = draw(st.lists(st.tuples(*[numbers] * 5), min_size=len(steps), max_size=len(steps)))
    return Candles.from_rows(Candle(Mts(int(at)), *row) for at, row in zip(times, rows, strict=True))


plain = st.sampled_from([close, high, volume, mts, ema(close, 3), rsi(close, 2), lag(close, 2), sma(high, 2) / close])
frames = st.sampled_from(["5m", "15m", "1h"])
merged = (
    plain
    | st.builds(on, frames, plain)
    | st.builds(lambda x: on("1h", on("1D", x)), plain)
    | st.builds(lambda frame, x, y: on(frame, x / of(ETH, y)), frames, plain, plain)
    | st.builds(lambda frame, x, y: on(frame, correlation(x, of(LTC, of(ETH, y)), 3)), frames, plain, plain)
)
grown = st.recursive(
    merged,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from([ETH, LTC]), inner).map(lambda t: of(*t)),
        st.tuples(inner, inner).map(lambda t: t[0] / t[1]),
        st.tuples(inner, inner).map(lambda t: correlation(t[0], t[1], 3)),
    ),
    max_leaves=4,
)


def bits(values: Floats) -> list[int]:
    canonical = np.where(np.isnan(values), np.nan, values)
    return [int(each) for each in np.ascontiguousarray(canonical).view(np.int64)]


def streamed(root: Expr, candles: Candles, others: dict[Symbol, Candles], late: bool) -> Floats:
    """Show the others' candles as late as is allowed, or as early: before any candle of a later start."""
    evaluator = Evaluator(root)
    queues = {symbol: list(each) for symbol, each in others.items()}
    values = []
    for candle in candles:
        for symbol, queue in queues.items():
            while queue and (queue[0].mts < candle.mts or (not late and queue[0].mts == candle.mts)):
                evaluator.observe(symbol, queue.pop(0))
        values.append(evaluator.step(candle))
    return np.array(values, dtype=np.float64)


@settings(max_examples=1500)
@given(grown, series(), series(), series(), st.booleans())
def test_streaming_and_columns_agree_to_the_bit_in_any_order_of_arrival(
    root: Expr, candles: Candles, eth: Candles, ltc: Candles, late: bool
) -> None:
    others = {ETH: eth, LTC: ltc}
    assert bits(streamed(root, candles, others, late)) == bits(evaluate(root, candles, others))


@settings(max_examples=1500)
@given(grown, series(), series(), series(), st.integers(0, 80))
def test_no_future_of_any_instrument_changes_the_past(
    root: Expr, candles: Candles, eth: Candles, ltc: Candles, cut: int
) -> None:
    if cut >= len(candles):
        return
    now = int(candles.mts[cut])
    others = {ETH: eth.between(None, now), LTC: ltc.between(None, now)}
    whole = evaluate(root, candles, {ETH: eth, LTC: ltc})
    assert bits(whole[: cut + 1]) == bits(evaluate(root, candles[: cut + 1], others))


def whole_hours(candles: Candles, at: int) -> Candles:
    """The hours that are over when candle *at* begins."""
    return resample(candles.between(None, Timeframe.H1.start(int(candles.mts[at]))), Timeframe.H1)


@given(series().filter(len))
def test_an_hour_is_seen_from_the_first_candle_that_begins_at_its_end_or_later(candles: Candles) -> None:
    kept = [row for row in candles if all(map(math.isfinite, row))]
    if not kept:
        return
    candles = Candles.from_rows(kept)
    hourly = evaluate_all([on("1h", close), on("1h", volume), on("1h", high), on("1h", mts)], candles)
    for at in range(len(candles)):
        hours = whole_hours(candles, at)
        expected = [
            float(c[-1]) if len(hours) else math.nan for c in (hours.close, hours.volume, hours.high, hours.mts)
        ]
        assert bits(np.array(expected)) == bits(np.array([column[at] for column in hourly]))


@given(series(), series())
def test_the_other_instrument_is_seen_up_to_the_candle_before(candles: Candles, eth: Candles) -> None:
    column = evaluate(of(ETH, mts), candles, {ETH: eth})
    for at, seen in zip(candles.mts.tolist(), column.tolist(), strict=True):
        before = eth.mts[eth.mts < at]
        assert bits(np.array([seen])) == bits(np.array([float(before[-1]) if len(before) else math.nan]))


def test_what_is_shown_twice_or_not_read_changes_nothing() -> None:
    evaluator = Evaluator(of(ETH, sma(close, 2)))
    first, second = Candle(Mts(0), 1.0, 1.0, 1.0, 1.0, 1.0), Candle(Mts(MINUTE), 3.0, 3.0, 3.0, 3.0, 1.0)
    for candle in (first, first, second, first, second):
        evaluator.observe(ETH, candle)
        evaluator.observe(LTC, candle)
    assert evaluator.step(Candle(Mts(2 * MINUTE), 9.0, 9.0, 9.0, 9.0, 1.0)) == 2.0


def test_the_others_are_named_and_have_to_be_there() -> None:
    root = on("1h", close / of(ETH, of(LTC, close))) + of(ETH, ema(close, 3))
    assert symbols_of(root) == (ETH, LTC)
    assert Evaluator(root).symbols == (ETH, LTC)
    candles = Candles.from_rows([Candle(Mts(0), 1.0, 1.0, 1.0, 1.0, 1.0)])
    with pytest.raises(MissingInstrument, match="tETHUSD"):
        evaluate(of(ETH, close), candles)


def test_text_and_graph_show_what_is_read() -> None:
    root = on("1h", ema(close, 20)) > of(ETH, close)
    assert str(root) == "(on('1h', ema(close, 20)) > of('tETHUSD', close))"
    assert mts in nodes(root)
    assert on("1h", ema(close, 20)).warm_up == 20


@pytest.mark.parametrize(
    ("frame", "inner", "said"),
    [("1x", close, "not a time frame"), ("1h", on("1h", close), "put it outside"), ("1D", on("1h", close), "1h")],
)
def test_frames_that_make_no_sense_are_refused(frame: str, inner: Expr, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        on(frame, inner)


def test_a_symbol_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="trading symbol"):
        of("ETH/USD", close)
