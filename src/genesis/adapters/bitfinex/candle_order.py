"""In which order closed candles of several instruments are told, so that live decides what a backtest does.

A strategy that reads another instrument knows, at its own candle that began at T, all candles of the other that began
before T. So an own candle is told only after those: while the other's channel is without its snapshot it waits, and
what still runs there is closed, for when the own candle of T is complete, all that began before T has been over for a
whole interval. What the exchange tells later than that is told as it comes, and counts from the next candle on.
"""

from collections.abc import Mapping

from genesis.adapters.bitfinex.candle_line import CandleLine
from genesis.domain.events import CandleClosed
from genesis.domain.units import Mts, Symbol


class CandleOrder:
    """Holds closed candles back until those that have to be told before are there; *reads* is by reading instrument."""

    def __init__(self, lines: Mapping[Symbol, CandleLine], reads: Mapping[Symbol, tuple[Symbol, ...]]) -> None:
        self._read = {
            symbol: [lines[each] for each in read if each != symbol] for symbol, read in reads.items() if read
        }
        self._waiting: list[CandleClosed] = []

    def take(self, closed: list[CandleClosed]) -> list[CandleClosed]:
        """Take candles as they are proven complete; return what may be told now, in order."""
        if not self._read:
            return closed
        told: list[CandleClosed] = []
        held: list[CandleClosed] = []
        holding: set[Symbol] = set()
        for event in sorted([*self._waiting, *closed], key=_when):
            read = self._read.get(event.symbol, [])
            if event.symbol in holding or not all(line.is_current for line in read):
                holding.add(event.symbol)
                held.append(event)
                continue
            for line in read:
                over = line.over(event.candle.mts)
                (held if line.read.symbol in holding else told).extend(over)
            told.append(event)
        self._waiting = held
        return told


def _when(event: CandleClosed) -> Mts:
    return event.candle.mts
