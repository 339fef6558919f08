"""`replay` of recorded frames: what the options ask for, and what is printed."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from genesis.app.invoking import Exit
from genesis.app.research_options import AccountOptions
from genesis.ports.errors import InputError


class FramesOptions(NamedTuple):
    """What `replay` takes for frames besides the account."""

    strategy: str
    param: Sequence[str]
    symbol: str
    timeframe: str
    speed: str
    expect: str
    json: bool


def replay_frames(path: Path, options: FramesOptions, account: AccountOptions) -> None:
    """Replay the recording *path* and print what came of it; exits 1 where the decisions are not those expected."""
    from genesis.adapters.clock_system import SystemClock
    from genesis.app.frame_replay import replay_frames as play
    from genesis.app.json_output import print_json
    from genesis.app.options import decimal_option, parameters_option, symbol_option, timeframe_option
    from genesis.app.research import terms_of_options
    from genesis.app.strategies import build_strategy, find_lone_strategy
    from genesis.domain.statistics.record import decision_hash
    from genesis.domain.units import format_atoms

    strategy = find_lone_strategy(options.strategy, "a replay of frames")
    _, expression = build_strategy(strategy, parameters_option(options.param))
    symbol, timeframe = symbol_option("symbol", options.symbol), timeframe_option("timeframe", options.timeframe)
    speed = float(decimal_option("speed", options.speed))
    if symbol is None or timeframe is None or speed < 0:
        raise InputError("frames need a --symbol, a --timeframe, and a --speed of 0 or more")
    terms = terms_of_options(symbol, expression, account)
    found = play(path, terms, timeframe, SystemClock(), speed or None)
    counts, record = found.counts, found.record
    made = decision_hash(record)
    if options.json:
        print_json(
            {
                "path": str(path),
                "frames": counts.frames,
                "connections": found.connections,
                "channels": list(found.channels),
                "events": dict(counts.events),
                "gaps": dict(counts.gaps),
                "candles": counts.candles,
                "candles_made_of": found.made_of,
                "fills": len(record.fills),
                "final_equity": format_atoms(record.final_equity),
                "decision_hash": made,
                "same": made == options.expect if options.expect else None,
                "frames_per_s": round(counts.frames / found.seconds),
                "seconds": round(found.seconds, 6),
            }
        )
    else:
        said = ", ".join(f"{count} {name}" for name, count in sorted(counts.events.items()))
        print(f"{path}: {counts.frames} frames of {found.connections} connections, {found.seconds:.2f} s")
        print(f"channels: {', '.join(found.channels)}")
        print(f"events: {said}" + "".join(f"; missing, for {name}: {count}" for name, count in counts.gaps.items()))
        quote = terms.desk.instrument.quote
        print(
            f"{counts.candles} candles of {timeframe.value} (from {found.made_of}), {len(record.fills)} fills,"
            f" equity {format_atoms(record.final_equity)} {quote}, decision hash {made}"
        )
    if options.expect and made != options.expect:
        if not options.json:
            print(f"these are not the decisions expected: their hash is {options.expect}")
        raise Exit(code=1)
