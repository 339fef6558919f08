"""B1, I33: what a plan does next comes when its time is over, whatever people do to the clock of this machine."""

import asyncio
from collections.abc import Iterable
from email.utils import formatdate

import pytest

from genesis.adapters.bitfinex.exchange_time import ExchangeTime
from genesis.adapters.bitfinex.market_time import LiveTime
from genesis.adapters.bitfinex.market_timers import MarketTimers
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.domain.events import Decision, Event, Quote, Submit, TimePassed, WakeAt
from genesis.domain.execution.plans import Twap
from genesis.domain.units import Mts, Symbol
from tests.unit.domain.accounts import INSTRUMENT, World

HOUR_S = 3600.0


class Paced(World):
    """A strategy that buys in slices, half a minute apart, by the timers and the time of a live market."""

    def __init__(self, clock: ManualClock, time: LiveTime, slices: int) -> None:
        super().__init__("one", plan=Twap(slices=slices, every_ms=30_000))
        self._clock = clock
        self._time = time
        self.timers = MarketTimers(time, clock, self._pass)
        self.left_s: list[float] = []

    def _pass(self, events: Iterable[TimePassed]) -> None:
        for each in events:
            self.handle(each)

    def handle(self, event: Event) -> list[Decision]:
        decisions = super().handle(event)
        for each in decisions:
            match each:
                case WakeAt(mts):
                    self.timers.set(mts)
                case Submit():
                    self.left_s.append(self._clock.monotonic_s())
                case _:
                    pass
        return decisions

    def quote(self, symbol: Symbol, orders: int) -> Quote:
        del orders
        price = INSTRUMENT.price(self.price)
        return Quote(symbol, self._time.now(), price, price)


def answered(time: ExchangeTime, clock: ManualClock, behind_s: float = 0.0) -> None:
    """Let an answer of the exchange come; this machine's clock is behind its by so much."""
    theirs = clock.now() / 1000 + behind_s
    time.note(formatdate(theirs, usegmt=True), clock.now_us())


@pytest.mark.parametrize("steps", [(0, 0), (-HOUR_S, 0), (HOUR_S, 0), (-HOUR_S, HOUR_S), (HOUR_S, -HOUR_S), (50, -50)])
async def test_i33_slices_neither_bunch_up_nor_wait_when_somebody_sets_the_clock(steps: tuple[float, float]) -> None:
    clock = ManualClock()
    told = ExchangeTime(clock, MemoryMetrics())
    answered(told, clock)
    world = Paced(clock, LiveTime(clock, told), slices=6)
    timing = asyncio.create_task(world.timers.run())
    world.close(1.0)
    behind_s = 0.0
    for step_s in steps:
        await clock.advance(40)
        clock.step_wall(step_s)
        behind_s -= step_s
        await clock.advance(3)
        answered(told, clock, behind_s)
    await clock.advance(200)
    timing.cancel()
    assert len(world.left_s) == 6
    apart_s = [after - before for before, after in zip(world.left_s, world.left_s[1:], strict=False)]
    assert all(27 <= each <= 33 for each in apart_s), apart_s


async def test_i33_time_never_goes_back() -> None:
    clock = ManualClock()
    told = ExchangeTime(clock, MemoryMetrics())
    time = LiveTime(clock, told)
    answered(told, clock)
    seen = [time.now()]
    for behind_s in (0.4, -0.4, 30.0, -30.0, HOUR_S):
        clock.move(0.1)
        answered(told, clock, behind_s)
        clock.step_wall(-100.0)
        seen.append(time.now())
    assert seen == sorted(seen)


@pytest.mark.parametrize("behind_s", [HOUR_S, -HOUR_S])
def test_i33_one_strange_answer_moves_no_time_and_two_that_agree_do(behind_s: float) -> None:
    clock = ManualClock()
    told = ExchangeTime(clock, MemoryMetrics())
    for wrong in (0.0, behind_s, 0.0, behind_s):  # never two strange ones in a row
        answered(told, clock, wrong)
        steady_us = told.steady_us()
        assert steady_us is not None
        assert abs(steady_us - clock.now_us()) < 2_000_000
    answered(told, clock, behind_s)
    assert told.steady_us() == pytest.approx(clock.now_us() + behind_s * 1_000_000, abs=2_000_000)


def test_before_the_exchange_said_what_time_it_is_this_machine_is_taken_at_its_word() -> None:
    clock = ManualClock()
    time = LiveTime(clock, ExchangeTime(clock, MemoryMetrics()))
    assert time.now() == clock.now()
    clock.step_wall(-HOUR_S)
    assert time.now() == clock.now()


@pytest.mark.parametrize(("ahead_ms", "taken_ms"), [(-86_400_000, -86_400_000), (60_000, 60_000), (60_001, 0)])
def test_i33_what_is_dated_further_ahead_than_can_be_is_of_now(ahead_ms: int, taken_ms: int) -> None:
    clock = ManualClock()
    time = LiveTime(clock, ExchangeTime(clock, MemoryMetrics()))
    assert time.bounded(Mts(clock.now() + ahead_ms)) == clock.now() + taken_ms
