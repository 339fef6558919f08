"""A series: all candles of one symbol and time frame that were gathered, and where they came from."""

import re
from typing import Final

from attrs import field, frozen

from genesis.domain.candle import Candles, Timeframe, rows_sha256
from genesis.domain.candle_merge import merge
from genesis.domain.units import Mts, Symbol

_ORDER: Final = list(Timeframe)
_SYMBOL: Final = re.compile(r"t[A-Z0-9]{2,20}(:[A-Z0-9]{2,20})?")


def series_symbol(text: str) -> Symbol:
    """Return *text* as the symbol of a series; raises `ValueError` unless it is one such as `tBTCUSD` or `tDUSK:USD`.

    Symbols become names of files: nothing but capitals, digits and one colon may be in them.
    """
    if not _SYMBOL.fullmatch(text):
        raise ValueError(f"{text!r} is not a trading symbol such as tBTCUSD or tDUSK:USD")
    return Symbol(text)


@frozen
class CandleSource:
    """Where candles came from: the name of a file, its rows, their `rows_sha256`, and what was repaired in them."""

    name: str
    rows: int
    sha256: str
    repairs: tuple[str, ...] = ()


@frozen
class CandleSeries:
    """What is known of a series besides its candles; *sha256* is the `rows_sha256` of them all."""

    symbol: Symbol = field(converter=series_symbol)
    timeframe: Timeframe
    rows: int
    first: Mts
    last: Mts
    sha256: str
    sources: tuple[CandleSource, ...]

    @property
    def rank(self) -> tuple[str, int]:
        """What series are listed by: symbol, and then time frame from the finest on."""
        return self.symbol, _ORDER.index(self.timeframe)


@frozen
class Added:
    """What adding did: the series as it is now, and how many candles were new, were there already, or were replaced."""

    series: CandleSeries
    added: int
    identical: int
    replaced: int


def begun(symbol: Symbol, timeframe: Timeframe, candles: Candles, source: CandleSource) -> Added:
    """Return a series of its first *candles*, of which there is at least one."""
    first, last = Mts(int(candles.mts[0])), Mts(int(candles.mts[-1]))
    series = CandleSeries(symbol, timeframe, len(candles), first, last, rows_sha256(candles), (source,))
    return Added(series, len(candles), 0, 0)


def extended(
    series: CandleSeries, old: Candles, new: Candles, source: CandleSource, *, newer_wins: bool
) -> tuple[Added, Candles]:
    """Return *series* with *new* candles merged into its *old* ones, and all candles; raises as `merge` does."""
    merged = merge(old, new, newer_wins=newer_wins)
    whole = begun(series.symbol, series.timeframe, merged.candles, source).series
    sources = series.sources if source in series.sources else (*series.sources, source)
    described = CandleSeries(whole.symbol, whole.timeframe, whole.rows, whole.first, whole.last, whole.sha256, sources)
    return Added(described, merged.added, merged.identical, merged.replaced), merged.candles
