"""Every leaky or forgetful event strategy is caught, however it hides it, and no clean one is ever accused."""

import itertools
import math
import random
import time
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest
from attrs import field, frozen

from genesis.domain.candle import Candles
from genesis.domain.events import CandleClosed, Event
from genesis.domain.simulation.synthetic import synthetic_candles
from genesis.domain.strategy.event_proof import prove_events
from genesis.domain.strategy.event_strategy import AnyEventStrategy, Target, Targets
from genesis.domain.strategy.proof import Fault
from genesis.domain.strategy.shipped_events import SHIPPED_EVENTS
from genesis.domain.units import Symbol

BTC, ETH = Symbol("tBTCUSD"), Symbol("tETHUSD")
MARKET = synthetic_candles(22, 1.0)[:900]
OTHER = synthetic_candles(23, 1.0)[:900]
CLOSES = MARKET.close.tolist()
BY_TIME = dict(zip(MARKET.mts.tolist(), CLOSES, strict=True))
MEMORY: dict[int, float] = {}
COUNTER = itertools.count()

Decide = Callable[[Any, CandleClosed], tuple[Any, float]]  # Any: a state is the strategy's own business


@frozen
class Own:
    """An event strategy of one function; *kept* is what it carries with it."""

    function: Decide
    begin: Callable[[], Any] = field(default=lambda: 0)
    kept: object = None

    def start(self) -> Any:
        return self.begin()

    def decide(self, state: Any, event: Event) -> tuple[Any, Targets]:
        if not isinstance(event, CandleClosed):
            return state, ()
        state, exposure = self.function(state, event)
        return state, (Target(event.symbol, exposure),)


def looks_up_the_next_minute(state: int, event: CandleClosed) -> tuple[int, float]:
    return state, float(BY_TIME.get(event.candle.mts + 60_000, 0.0) > event.candle.close)


def counts_to_the_next_close(state: int, event: CandleClosed) -> tuple[int, float]:
    after = CLOSES[min(state + 1, len(CLOSES) - 1)]
    return state + 1, float(after > event.candle.close)


def remembers_an_earlier_run(state: int, event: CandleClosed) -> tuple[int, float]:
    following = MEMORY.get(event.candle.mts + 60_000)
    MEMORY[event.candle.mts] = event.candle.close
    return state, 0.0 if following is None else float(following > event.candle.close)


def knows_a_good_day(state: int, event: CandleClosed) -> tuple[int, float]:
    return state, float(event.candle.mts > MARKET_MIDDLE)


def draws_a_lot(state: int, _: CandleClosed) -> tuple[int, float]:
    return state, float(random.random() > 0.5)


def asks_the_clock(state: int, _: CandleClosed) -> tuple[int, float]:
    return state, float(time.perf_counter_ns() // 1000 % 2)


def counts_its_calls(state: int, _: CandleClosed) -> tuple[int, float]:
    return state, float(next(COUNTER) // 7 % 2)


def appends_to_its_state(state: list[float], event: CandleClosed) -> tuple[list[float], float]:
    state.append(event.candle.close)
    return state, float(len(state) // 10 % 2)


def breaks_on_holes(_: int, event: CandleClosed) -> tuple[int, float]:
    return int(event.candle.close), 1.0


def bets_twice_the_farm(state: int, _: CandleClosed) -> tuple[int, float]:
    return state, 2.0


MARKET_MIDDLE = int(MARKET.mts[450])


class Hoarder:
    """It keeps closes in itself and not in its state, so a restart forgets them."""

    def __init__(self) -> None:
        self.closes: list[float] = []

    def start(self) -> int:
        return 0

    def decide(self, state: int, event: Event) -> tuple[int, Targets]:
        assert isinstance(event, CandleClosed)
        self.closes.append(event.candle.close)
        return state, (Target(event.symbol, float(event.candle.close > sum(self.closes) / len(self.closes))),)


class Learner:
    """It keeps what it saw in its class, where the next run finds it."""

    peaks: ClassVar[list[float]] = []

    def start(self) -> int:
        self.peaks.append(0.0)
        return len(self.peaks)

    def decide(self, state: int, event: Event) -> tuple[int, Targets]:
        assert isinstance(event, CandleClosed)
        self.peaks[-1] = max(self.peaks[-1], event.candle.high)
        return state, (Target(event.symbol, float(event.candle.close < 0.999 * max(self.peaks))),)


def carrying(kept: object) -> Callable[[], AnyEventStrategy]:
    def decide(state: int, _: CandleClosed) -> tuple[int, float]:
        return state + 1, float(state % 2)

    return lambda: Own(decide, kept=kept)


LEAKS: dict[str, tuple[Callable[[], AnyEventStrategy], Fault]] = {
    "looks up the next minute": (lambda: Own(looks_up_the_next_minute), Fault.CARRIES_DATA),
    "looks up the next minute in another year": (lambda: Own(looks_up_the_next_minute), Fault.KNOWS_THE_DATE),
    "counts to the next close": (lambda: Own(counts_to_the_next_close), Fault.CARRIES_DATA),
    "remembers an earlier run": (lambda: Own(remembers_an_earlier_run), Fault.DECIDES_OTHERWISE),
    "learns from an earlier run": (Learner, Fault.DECIDES_OTHERWISE),
    "knows a good day": (lambda: Own(knows_a_good_day), Fault.KNOWS_THE_DATE),
    "carries a column": (carrying(MARKET.close), Fault.CARRIES_DATA),
    "carries candles": (carrying({"data": MARKET}), Fault.CARRIES_DATA),
    "carries rows": (carrying([tuple(row) for row in MARKET[500:600]]), Fault.CARRIES_DATA),
    "carries a table": (carrying([np.column_stack((MARKET.mts, MARKET.high))]), Fault.CARRIES_DATA),
    "carries another instrument": (carrying(OTHER.close), Fault.CARRIES_DATA),
    "draws a lot": (lambda: Own(draws_a_lot), Fault.DECIDES_OTHERWISE),
    "asks the clock": (lambda: Own(asks_the_clock), Fault.DECIDES_OTHERWISE),
    "counts its calls": (lambda: Own(counts_its_calls), Fault.CHANGES_ITS_STATE),
    "appends to its state": (lambda: Own(appends_to_its_state, begin=list), Fault.CHANGES_ITS_STATE),
    "hoards": (Hoarder, Fault.HIDES_ITS_STATE),
    "breaks on holes": (lambda: Own(breaks_on_holes), Fault.BREAKS),
    "bets twice the farm": (lambda: Own(bets_twice_the_farm), Fault.BAD_TARGET),
}


@pytest.mark.parametrize("name", LEAKS)
def test_every_leak_is_caught(name: str) -> None:
    MEMORY.clear()
    Learner.peaks.clear()
    build, fault = LEAKS[name]
    proof = prove_events(name, build, BTC, MARKET, others={ETH: OTHER})
    assert fault in {each.fault for each in proof.findings}


def pair(state: dict[str, float], event: CandleClosed) -> tuple[dict[str, float], float]:
    known = {**state, event.symbol: event.candle.close}
    return known, float(known.get(ETH, 0.0) > known.get(BTC, 0.0))


def night(state: int, event: CandleClosed) -> tuple[int, float]:
    return state, float(event.candle.mts // 3_600_000 % 24 < 6)


def silent(state: int, _: CandleClosed) -> tuple[int, float]:
    return state, math.nan


WEIGHTS = np.random.default_rng(3).normal(size=(64, 1000))
LEVELS = [float(level) for level in range(1, 20_000)]


def model(state: int, event: CandleClosed) -> tuple[int, float]:
    return state, math.tanh(float(WEIGHTS[0, 0])) * float(event.candle.close > LEVELS[7_000])


CLEAN: dict[str, Callable[[], AnyEventStrategy]] = {
    **{name: each.build for name, each in SHIPPED_EVENTS.items()},
    "pair": lambda: Own(pair, begin=dict),
    "night": lambda: Own(night),
    "silent": lambda: Own(silent),
    "model": lambda: Own(model),
}


@pytest.mark.parametrize("name", CLEAN)
@pytest.mark.parametrize("others", [{}, {ETH: OTHER}], ids=["alone", "with another"])
@pytest.mark.parametrize("seed", [0, 1])
def test_clean_ones_are_never_accused(name: str, others: dict[Symbol, Candles], seed: int) -> None:
    assert prove_events(name, CLEAN[name], BTC, MARKET, seed, others).findings == ()


def test_what_is_measured_is_told() -> None:
    proof = prove_events("trailing", SHIPPED_EVENTS["trailing_breakout"].build, BTC, MARKET)
    assert proof.first_decision is not None
    assert 48 <= proof.first_decision < 200
    assert proof.warm_up is None
    assert proof.trials > 15
