"""Which candle of a channel is complete, against a plain reading of the whole history."""

from hypothesis import given
from hypothesis import strategies as st

from genesis.adapters.bitfinex.closed_candles import ClosedCandles
from genesis.domain.candle import Candle
from genesis.domain.units import Mts


def candle(minute: int, close: float = 1.0) -> Candle:
    return Candle(Mts(60_000 * minute), 1.0, 9.0, 0.5, close, 2.0)


rising = st.lists(st.tuples(st.integers(0, 2), st.floats(1, 9)), max_size=30)


@given(rising)
def test_each_interval_closes_once_with_its_last_state_when_a_later_one_comes(steps: list[tuple[int, float]]) -> None:
    minute, shown = 0, []
    for step, close in steps:
        minute += step
        shown.append(candle(minute, close))
    candles = ClosedCandles()
    closed = [each for state in shown for each in candles.take(state)] + candles.close()
    assert closed == list({state.mts: state for state in shown}.values())


@given(rising, st.integers(0, 30), st.integers(0, 30))
def test_a_snapshot_in_between_tells_what_was_missed_and_nothing_twice(
    steps: list[tuple[int, float]], lost_from: int, lost_to: int
) -> None:
    minutes = sorted({sum(step for step, _ in steps[: at + 1]) for at in range(len(steps))})
    history = [candle(minute) for minute in minutes]
    candles = ClosedCandles()
    closed = candles.take_all(history[:lost_from])
    closed += candles.take_all(history[: max(lost_from, lost_to)])
    closed += candles.take_all(history)
    assert closed + candles.close() == history


def test_a_correction_of_what_was_decided_on_is_not_used() -> None:
    candles = ClosedCandles()
    candles.take(candle(1))
    assert candles.take(candle(2)) == [candle(1)]
    assert candles.take(candle(1, 5.0)) == []
    assert candles.running == candle(2)
