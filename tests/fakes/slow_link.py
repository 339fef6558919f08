"""A link between a client and a server on this machine that is as slow as one asks for: delay, rate, and pauses."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from attrs import frozen

CHUNK_BYTES = 256


@frozen
class Link:
    """*delay_s* each way, *bytes_per_s*, and with the chance *loss* a pause of *pause_s* before a piece.

    Below TCP a lost packet is just that to whoever reads: a pause until it was sent again.
    """

    delay_s: float
    bytes_per_s: float
    loss: float = 0.0
    pause_s: float = 0.2


@asynccontextmanager
async def slow_link(target_url: str, link: Link, seed: int = 1) -> AsyncIterator[str]:
    """Give the URL under which *target_url* is reached through *link*."""
    host, port = target_url.removeprefix("http://").partition("/")[0].split(":")
    rng, writers = random.Random(seed), set[asyncio.StreamWriter]()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(CHUNK_BYTES):
            pause_s = link.pause_s if rng.random() < link.loss else 0.0
            await asyncio.sleep(len(piece) / link.bytes_per_s + pause_s)
            writer.write(piece)
            await writer.drain()
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        await asyncio.sleep(2 * link.delay_s)
        there, back = await asyncio.open_connection(host, int(port))
        writers.add(back)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(copy(reader, back))
                tasks.create_task(copy(there, writer))
        except* (ConnectionError, OSError):
            writer.transport.abort()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v2/"
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await server.wait_closed()
