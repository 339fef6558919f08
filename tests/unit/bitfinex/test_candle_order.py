"""Live tells the candles of instruments that are read in such an order that decisions are those of a backtest."""

from genesis.adapters.bitfinex.candle_line import CandleLine, ReadInstrument
from genesis.adapters.bitfinex.candle_order import CandleOrder
from genesis.adapters.bitfinex.socket_aiohttp import AiohttpConnector
from genesis.adapters.bitfinex.streams import PublicStreams
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.domain.candle import Candle, Timeframe
from genesis.domain.market import CandleSnapshot, Gap, GapReason, MarketEvent
from genesis.domain.units import Mts, Symbol

BTC, ETH = Symbol("tBTCUSD"), Symbol("tETHUSD")
LOST = Gap(GapReason.LINK, 0)


def candle(minute: int) -> Candle:
    return Candle(Mts(60_000 * minute), 1.0, 1.0, 1.0, 1.0, 1.0)


def snapshot(*minutes: int) -> CandleSnapshot:
    return CandleSnapshot(tuple(map(candle, minutes)))


class Told:
    """Two lines, of which BTC's strategies read ETH, or both each other; what is told, as symbol and minute."""

    def __init__(self, *, both_read: bool = False) -> None:
        stream = PublicStreams(AiohttpConnector(), SystemClock(), MemoryMetrics())
        self.lines = {each: CandleLine(ReadInstrument(each, Timeframe.M1), stream) for each in (ETH, BTC)}
        self.order = CandleOrder(self.lines, {BTC: (ETH,), ETH: (BTC,) if both_read else ()})

    async def hear(self, symbol: Symbol, event: MarketEvent) -> list[tuple[Symbol, int]]:
        told = self.order.take(await self.lines[symbol].hear(event))
        return [(each.symbol, each.candle.mts // 60_000) for each in told]


async def test_what_runs_elsewhere_is_closed_once_it_is_over_for_a_whole_interval() -> None:
    market = Told()
    await market.hear(ETH, snapshot(1))
    await market.hear(BTC, snapshot(1))
    assert await market.hear(BTC, candle(2)) == [(BTC, 1)]  # ETH's candle of the same start is not needed
    assert await market.hear(BTC, candle(3)) == [(ETH, 1), (BTC, 2)]  # ETH had no trade since
    assert await market.hear(ETH, candle(1)) == []  # a correction of what was decided on
    assert await market.hear(ETH, candle(3)) == []
    assert await market.hear(ETH, candle(4)) == [(ETH, 3)]


async def test_what_reads_a_channel_that_is_down_waits_for_all_that_was_missed() -> None:
    market = Told()
    await market.hear(BTC, snapshot(1))
    assert await market.hear(BTC, candle(2)) == []  # ETH was not heard yet
    assert await market.hear(ETH, snapshot(0, 1, 2)) == [(ETH, 0), (BTC, 1), (ETH, 1)]
    await market.hear(ETH, LOST)
    assert await market.hear(BTC, candle(3)) == []
    assert await market.hear(BTC, candle(4)) == []
    assert await market.hear(ETH, snapshot(2, 3, 4)) == [(BTC, 2), (ETH, 2), (BTC, 3), (ETH, 3)]


async def test_what_is_read_waits_for_nobody() -> None:
    market = Told()
    await market.hear(ETH, snapshot(1))
    await market.hear(BTC, LOST)
    assert await market.hear(ETH, candle(2)) == [(ETH, 1)]


async def test_two_that_read_each_other_go_on_in_the_order_of_time() -> None:
    market = Told(both_read=True)
    await market.hear(BTC, snapshot(1, 2))
    assert await market.hear(ETH, snapshot(1, 2, 3)) == [(BTC, 1), (ETH, 1), (ETH, 2)]
    assert await market.hear(ETH, candle(4)) == [(BTC, 2), (ETH, 3)]
