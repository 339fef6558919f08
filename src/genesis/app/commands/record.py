"""Raw frames of chosen channels to disk: `record`."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from genesis.app.commands import command
from genesis.app.invoking import Context
from genesis.ports.errors import GenesisError, InputError

if TYPE_CHECKING:
    from genesis.adapters.frames_file import FrameRecorder
    from genesis.domain.channel import Channel

SECONDS_MAX: Final = 1e9


@command(
    "record",
    words="channels",
    help={
        "channels": "What to listen to: trades:tBTCUSD book:tBTCUSD:P0:25 candles:1m:tBTCUSD ticker:tBTCUSD …",
        "out": "The folder for the segments (default: frames/ in the data directory).",
        "seconds": "How long; without it until interrupted.",
        "url": "The exchange's WebSocket (default: the public one of Bitfinex).",
        "json": "Print one JSON object at the end.",
    },
)
def record(
    _: Context,
    channels: Sequence[str] = (),
    out: str = "",
    seconds: float = 0.0,
    url: str = "",
    json: bool = False,
) -> None:
    """Write raw frames with the times at which they came.

    Segments are zstd-compressed JSON lines, [RECEIVED_US, CONNECTION, FRAME]; each appears whole under its name.
    """
    import asyncio
    import json as json_

    from genesis.app.home import home
    from genesis.domain.channel import channel_from_text

    if not channels:
        raise InputError("no channel is named: write record trades:tBTCUSD book:tBTCUSD")
    if not 0 <= seconds <= SECONDS_MAX:  # no comparison holds for nan
        raise InputError(f"--seconds {seconds:g}: give 0 to {SECONDS_MAX:g}; without it until interrupted")
    try:
        wanted = [channel_from_text(text) for text in channels]
    except ValueError as problem:
        raise InputError(str(problem)) from problem
    folder = Path(out) if out else home() / "frames"
    try:
        recorder = asyncio.run(_record(wanted, folder, seconds, url))
    except ExceptionGroup as several:  # one sentence for a person, whichever task failed first
        first = several.exceptions[0]
        raise (first if isinstance(first, GenesisError) else several) from None
    if json:
        print(json_.dumps({"frames": recorder.frames, "dropped": recorder.dropped, "folder": str(folder)}))
    else:
        print(f"{recorder.frames} frames in {folder}, {recorder.dropped} dropped")


async def _record(channels: "Sequence[Channel]", folder: Path, seconds: float, url: str) -> "FrameRecorder":
    """Record until *seconds* have passed or the person interrupts; the segment is closed in either case."""
    import asyncio

    from genesis.adapters.bitfinex.session import PUBLIC_CONNECTIONS, PUBLIC_URL
    from genesis.adapters.bitfinex.socket_aiohttp import AiohttpConnector
    from genesis.adapters.bitfinex.streams import PublicStreams
    from genesis.adapters.clock_system import SystemClock
    from genesis.adapters.frames_file import FrameRecorder, RecordingConnector
    from genesis.adapters.memory.metrics import MemoryMetrics
    from genesis.app.exchange_budgets import exchange_budgets
    from genesis.app.home import home

    clock = SystemClock()
    recorder = FrameRecorder(folder, clock)

    async def consume(streams: PublicStreams) -> None:
        while True:
            await streams.next()  # the frames were recorded as they came; what they say is not needed

    async with AiohttpConnector() as connector:
        url = url or PUBLIC_URL
        budget = exchange_budgets(home(), url).of(PUBLIC_CONNECTIONS)
        streams = PublicStreams(RecordingConnector(connector, recorder), clock, MemoryMetrics(), url=url, budget=budget)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(job) for job in (recorder.run(), streams.run(), consume(streams))]
            for channel in channels:
                await streams.subscribe(channel)
            print(f"recording {len(channels)} channels to {folder}", file=sys.stderr)
            try:
                await (clock.sleep(seconds) if seconds > 0 else asyncio.Event().wait())
            except asyncio.CancelledError:
                print("interrupted", file=sys.stderr)
            for task in running:
                task.cancel()
    return recorder
