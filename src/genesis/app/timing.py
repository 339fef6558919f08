"""How well runs were timed, for machines and for people."""

import math
from typing import Final

from genesis.app.backtest import Run
from genesis.app.json_output import JsonDocument
from genesis.domain.candle import Candles
from genesis.domain.statistics.summary import DAYS_PER_YEAR, daily_returns
from genesis.domain.statistics.timing import Timing, exposures_of, timing_of

BENCHMARK: Final = "the same average exposure to buy and hold, at no cost"
CASH: Final = "cash: a Sharpe ratio of 0"
_YEARLY: Final = math.sqrt(DAYS_PER_YEAR)


def timing_of_run(run: Run, candles: Candles) -> Timing | None:
    """Return how well *run* was timed over *candles*; None where that cannot be told, and for who was ruined."""
    record = run.record
    if record.is_ruined:
        return None
    exposures = exposures_of(record.fills, candles, run.equity, on_margin=record.on_margin)
    return timing_of(daily_returns(record), candles, exposures)


def timing_document(timing: Timing | None, trials: int) -> JsonDocument | None:
    """Return *timing* of the best of *trials* as JSON, its ratios yearly; None where it cannot be told."""
    if timing is None:
        return None
    return {
        "benchmark": BENCHMARK,
        "exposure_pct": 100.0 * timing.exposure,
        "sharpe": timing.sharpe * _YEARLY,
        "luck_sharpe": timing.luck(trials) * _YEARLY,
        "probability": timing.belief(trials),
    }


def timing_sentences(who: str, timing: Timing | None, trials: int) -> list[str]:
    """Return what to think of the timing of *who*, the best of *trials*; a single one is not held against luck."""
    if timing is None:
        return [f"Nothing can be said of its timing: {who.lower()} was invested nearly always, or nearly never."]
    share, ratio = f"{100.0 * timing.exposure:.1f} %", f"{timing.sharpe * _YEARLY:.2f}"
    luck = f"; the best of {trials} without skill would show one near {timing.luck(trials) * _YEARLY:.2f}"
    beyond = (
        f"{who} was invested {share} on average. What it earned beyond holding that share of the market all the time"
        f" has a Sharpe ratio of {ratio}{luck if trials > 1 else ''}."
    )
    return [beyond, f"The probability that it was timed with skill is {100.0 * timing.belief(trials):.1f} %."]
