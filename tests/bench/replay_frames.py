"""Recorded frames a second: from segments on disk through the production parsers, books kept, to candles and the core.

The frames are those of `tests.bench.frames`: 80 % book, 15 % trades, 3 % candles, 2 % heartbeats.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Final

from genesis.adapters.frames_file import RecordedFrame, _Segment
from genesis.adapters.memory.clock import ManualClock
from genesis.app.frame_replay import FrameReplay, replay_frames
from genesis.app.research import terms_of_options
from genesis.app.research_options import AccountOptions
from genesis.domain.candle import Timeframe
from genesis.domain.strategy.shipped import ema_cross
from genesis.domain.units import Symbol
from tests.bench._turns import in_turn, report
from tests.bench.frames import answers, synthetic_frames

FRAMES: Final = 400_000
ROUNDS: Final = 5
TERMS: Final = terms_of_options(Symbol("tBTCUSD"), ema_cross.build({"fast": 3, "slow": 8}), AccountOptions())


def measure() -> Mapping[str, Mapping[str, object]]:
    """Return the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        texts = [*answers(), *synthetic_frames(FRAMES)]
        segment = _Segment(folder, 1)
        for number, text in enumerate(texts):
            segment.write(RecordedFrame(1_700_000_000_000_000 + number * 1_000, "connection-1", text))
        segment.close()
        found: list[FrameReplay] = []
        seconds = in_turn(
            {"replay": lambda: found.append(replay_frames(folder, TERMS, Timeframe.M1, ManualClock()))}, ROUNDS
        )["replay"]
    figures = {
        "frames_s": round(len(texts) / median(seconds)),
        "most_frames_s": round(len(texts) / min(seconds)),
        "candles": found[0].counts.candles,
        "fills": len(found[0].record.fills),
        "gaps": sum(found[0].counts.gaps.values()),
    }
    return {"recorded frames": figures}


def main() -> None:
    """Print the figures."""
    report("replay_frames", measure)


if __name__ == "__main__":
    main()
