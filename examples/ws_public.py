"""Live market data: tops of two books and the trades of one pair, until interrupted.

python examples/ws_public.py [--url ws://127.0.0.1:8080/ws/2] [--seconds 30]
"""

import argparse
import asyncio

from genesis.adapters.bitfinex.session import PUBLIC_URL
from genesis.adapters.bitfinex.socket_aiohttp import AiohttpConnector
from genesis.adapters.bitfinex.streams import PublicStreams
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.domain.book import BookTop
from genesis.domain.channel import BookChannel, TradesChannel, channel_name
from genesis.domain.link import LinkState
from genesis.domain.market import Gap, PrintedTrade
from genesis.domain.units import Symbol

CHANNELS = (BookChannel(Symbol("tBTCUSD")), BookChannel(Symbol("tETHUSD")), TradesChannel(Symbol("tBTCUSD")))


async def show(streams: PublicStreams) -> None:
    """Print what happens."""
    while True:
        match await streams.next():
            case LinkState(_, name, link, reason):
                print(f"{name} is {link.name}: {reason}")
            case channel, BookTop(bid, bid_amount, ask, ask_amount):
                print(f"{channel_name(channel)}: {bid} ({bid_amount}) / {ask} ({ask_amount})")
            case channel, PrintedTrade(print_, trade):
                print(f"{channel_name(channel)}: {trade.side.value} {trade.amount} ({print_.name.lower()} {trade.id})")
            case channel, Gap(reason=gap):
                print(f"{channel_name(channel)}: something may be missing ({gap.value})")


async def main(url: str, seconds: float) -> None:
    """Subscribe and show."""
    async with AiohttpConnector() as connector:
        streams = PublicStreams(connector, SystemClock(), MemoryMetrics(), url=url)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(job) for job in (streams.run(), show(streams))]
            for channel in CHANNELS:
                await streams.subscribe(channel)  # raises with the exchange's words if it is refused
            await asyncio.sleep(seconds)
            for task in running:
                task.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default=PUBLIC_URL)
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args()
    asyncio.run(main(options.url, options.seconds))
