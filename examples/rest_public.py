"""Read public market data: `python examples/rest_public.py [URL]`, where URL is the base of another REST interface."""

import asyncio
import sys

from genesis.adapters.bitfinex.rest_market import BitfinexMarket
from genesis.app.bitfinex_rest import public_client
from genesis.app.home import home
from genesis.domain.candle import Timeframe
from genesis.domain.order import Side
from genesis.domain.units import Symbol


async def main(url: str = "") -> None:
    """Print the state of a market."""
    symbol = Symbol("tBTCUSD")
    async with public_client(home(), url) as client:
        market = BitfinexMarket(client)
        print("platform:", (await market.platform_status()).value)
        ticker = await market.ticker(symbol)
        print(f"{symbol}: bid {ticker.bid}, ask {ticker.ask}, last {ticker.last_price}")
        book = await market.book(symbol, depth=25)
        bids = [level for level in book if level.side is Side.BUY]
        print(f"book: {len(bids)} bids, {len(book) - len(bids)} asks")
        for candle in await market.candles(symbol, Timeframe.M1, limit=5):
            print(candle)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:2]))
