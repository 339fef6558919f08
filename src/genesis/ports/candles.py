"""The candle archive, as a port: what was imported once is there, whole, for every later run."""

from typing import Protocol

from genesis.domain.candle import Candles, Timeframe
from genesis.domain.candle_series import Added, CandleSeries, CandleSource
from genesis.domain.units import Symbol


class CandleArchive(Protocol):
    """Candles by symbol and time frame. A series is replaced whole or not at all, whatever interrupts."""

    def read(
        self, symbol: Symbol, timeframe: Timeframe, start: int | None = None, end: int | None = None
    ) -> tuple[CandleSeries, Candles]:
        """Return a series and its candles with start <= mts < end.

        Raises `InputError` if there is no such series, `StoreError` if it is damaged: it returns what was added.
        """

    def add(
        self, symbol: Symbol, timeframe: Timeframe, candles: Candles, source: CandleSource, *, newer_wins: bool = False
    ) -> Added:
        """Merge *candles* into their series durably: when this returns, they survive a power cut.

        Candles that are there already are counted and change nothing. One that differs from the candle there raises
        `InputError` and nothing is added; with *newer_wins* it takes its place. No candles at all raise `InputError`,
        what is no symbol raises `ValueError`.
        Concurrent calls, also of other processes, wait for each other.
        """

    def series(self) -> list[CandleSeries]:
        """Return what there is, by symbol and then from the finest time frame to the coarsest."""
