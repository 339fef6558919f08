"""The candle archive in memory."""

from genesis.domain.candle import Candles, Timeframe
from genesis.domain.candle_merge import ConflictingCandles
from genesis.domain.candle_series import Added, CandleSeries, CandleSource, begun, extended
from genesis.domain.units import Symbol
from genesis.ports.errors import InputError, NoCandles


class MemoryCandles:
    """The `CandleArchive` for as long as the process lives."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Symbol, Timeframe], tuple[CandleSeries, Candles]] = {}

    def read(
        self, symbol: Symbol, timeframe: Timeframe, start: int | None = None, end: int | None = None
    ) -> tuple[CandleSeries, Candles]:
        if (symbol, timeframe) not in self._kept:
            raise NoCandles(f"{symbol}-{timeframe.value} is not in the candle archive")
        series, candles = self._kept[symbol, timeframe]
        return series, candles.between(start, end)

    def add(
        self,
        symbol: Symbol,
        timeframe: Timeframe,
        candles: Candles,
        source: CandleSource,
        *,
        newer_wins: bool = False,
    ) -> Added:
        if not len(candles):
            raise InputError(f"{source.name}: has no candles")
        known = self._kept.get((symbol, timeframe))
        try:
            if known is None:
                outcome, whole = begun(symbol, timeframe, candles, source), candles
            else:
                outcome, whole = extended(*known, candles, source, newer_wins=newer_wins)
        except ConflictingCandles as error:
            raise InputError(f"{source.name}: {symbol}-{timeframe.value}: {error}") from error
        self._kept[symbol, timeframe] = outcome.series, whole
        return outcome

    def series(self) -> list[CandleSeries]:
        return sorted((series for series, _ in self._kept.values()), key=lambda each: each.rank)
