"""A paper session: candles at a chosen speed through the trading core and the in-memory market, with HTTP in front."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final, Protocol

from attrs import frozen

from genesis.adapters.memory.candle_market import CandleMarket
from genesis.app.backtest import Terms, with_others
from genesis.app.operated_market import Operate, unoperated
from genesis.app.session_observer import SessionObserver
from genesis.app.trade import Recording, trade, trade_recorded
from genesis.domain.candle import Candle, Candles
from genesis.domain.core import TradingCore
from genesis.ports.clock import Clock

BATCH_AT_MOST: Final = 1_000
"""Candles handed on without letting others run: at full speed HTTP waits this long, some milliseconds."""


class Component(Protocol):
    """Something that runs until it is cancelled."""

    async def run(self) -> None:
        """Run."""


@frozen
class Pace:
    """Market time per wall time; None is as fast as it goes."""

    speed: float | None

    def __str__(self) -> str:
        return "as fast as it goes" if self.speed is None else f"{self.speed:g} × real time"


async def run_paper(
    core: TradingCore,
    terms: Terms,
    candles: Candles,
    pace: Pace,
    clock: Clock,
    observer: SessionObserver,
    others: Sequence[Component],
    recording: Recording | None = None,
    operate: Operate = unoperated,
) -> None:
    """Trade *candles* on paper until they end or the task is cancelled; *others* run beside it and end with it.

    *operate* puts an operator's commands into the market's stream.
    With a *recording*, what happens is in its journal before it has an effect, and its latch stops the session.
    The first failure of any part cancels the rest and is raised in an `ExceptionGroup`.
    """
    observer.begin(core)
    played = CandleMarket(terms.desk.instrument, terms.costs, paced(candles, pace, clock))
    market = operate(with_others(terms, played))
    async with asyncio.TaskGroup() as tasks:
        beside = [tasks.create_task(each.run(), name=type(each).__name__) for each in others]
        if recording is None:
            await trade(core, market, observer)
        else:
            await trade_recorded(core, market, observer, recording)
        observer.ending("its candles ended")
        for task in beside:
            task.cancel()


async def paced(candles: Candles, pace: Pace, clock: Clock) -> AsyncIterator[Sequence[Candle]]:
    """Yield candles when market time has reached them: the first at once, gaps as long as they were."""
    if pace.speed is None:
        for start in range(0, len(candles), BATCH_AT_MOST):
            yield list(candles[start : start + BATCH_AT_MOST])
            await clock.sleep(0)
        return
    begun_s = clock.monotonic_s()
    for candle in candles:
        due_s = (candle.mts - int(candles.mts[0])) / 1000 / pace.speed
        wait_s = begun_s + due_s - clock.monotonic_s()
        if wait_s > 0:
            await clock.sleep(wait_s)
        yield (candle,)
