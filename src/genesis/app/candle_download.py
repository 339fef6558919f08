"""Candles from the exchange into the archive: what is missing of a span, in batches that survive an interruption.

Every batch is a source of its series, named by the span that it covers, gaps included. So what was downloaded before is
known from the archive alone, and a download that was stopped goes on where it stopped.
"""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

import numpy as np
from attrs import frozen

from genesis.domain.candle import Candle, Candles, Timeframe, rows_sha256
from genesis.domain.candle_check import RawCandles, check
from genesis.domain.candle_series import CandleSeries, CandleSource
from genesis.domain.units import Mts, Symbol
from genesis.ports.candles import CandleArchive
from genesis.ports.errors import InputError
from genesis.ports.exchange import MarketDataReader

BATCH_PAGES: Final = 10
SETTLING_MS: Final = 60_000
"""The candle that has just closed can still be corrected: it is left for the next download."""

Span = tuple[int, int]
"""First and last millisecond, both inside."""

_NAME: Final = re.compile(r"Bitfinex (\d+)\.\.(\d+)")


@frozen
class Downloaded:
    """What a download did: the spans it asked for, and how many candles were new or there already."""

    symbol: Symbol
    timeframe: Timeframe
    spans: tuple[Span, ...]
    added: int
    identical: int
    replaced: int
    repairs: tuple[str, ...]


async def download(
    market: MarketDataReader,
    archive: CandleArchive,
    symbol: Symbol,
    timeframe: Timeframe,
    wanted: Span,
    now: Mts,
    show: Callable[[int, int], None],
    *,
    repair: bool = False,
) -> Downloaded:
    """Download what the archive has not been given yet of *wanted*; candles that are still forming are left out.

    Raises `InputError` where a candle is impossible or differs from the archive's, unless *repair* drops or replaces
    it.
    """
    first = wanted[0] if timeframe.start(wanted[0]) == wanted[0] else timeframe.end(wanted[0])
    last = timeframe.start(now - SETTLING_MS) - 1
    spans = missing((first, min(wanted[1], last)), covered(archive, symbol, timeframe))
    total, before = sum(end - start + 1 for start, end in spans), 0
    batches: list[_Batch] = []
    for start, end in spans:
        pages = market.candle_pages(symbol, timeframe, Mts(start), Mts(end))
        async for batch in _batches(pages, (start, end), timeframe):
            batches.append(_store(batch, archive, symbol, timeframe, repair=repair))
            show(before + batch.span[1] - start + 1, total)
        before += end - start + 1
    return Downloaded(
        symbol,
        timeframe,
        tuple(spans),
        sum(batch.added for batch in batches),
        sum(batch.identical for batch in batches),
        sum(batch.replaced for batch in batches),
        tuple(text for batch in batches for text in batch.repairs),
    )


def covered(archive: CandleArchive, symbol: Symbol, timeframe: Timeframe) -> list[Span]:
    """Return the spans that earlier downloads of a series covered, in order."""
    found = [each for each in archive.series() if (each.symbol, each.timeframe) == (symbol, timeframe)]
    return sorted(span for series in found for span in _spans(series))


def missing(wanted: Span, done: Sequence[Span]) -> list[Span]:
    """Return what is left of *wanted* without the spans in *done*, in order."""
    left: list[Span] = []
    start, end = wanted
    for first, last in sorted(done):
        if first > end:
            break
        if first > start:
            left.append((start, first - 1))
        start = max(start, last + 1)
    return [*left, (start, end)] if start <= end else left


@frozen
class _Batch:
    """Pages that are stored together, the span that they cover, and what storing them did."""

    span: Span
    candles: tuple[Candle, ...]
    added: int = 0
    identical: int = 0
    replaced: int = 0
    repairs: tuple[str, ...] = ()


async def _batches(pages: AsyncIterator[Sequence[Candle]], span: Span, timeframe: Timeframe) -> AsyncIterator[_Batch]:
    """Gather pages.

    A batch reaches from the end of the one before to the end of its last candle, the last to the end.
    """
    start, candles, count = span[0], list[Candle](), 0
    async for page in pages:
        candles += page
        count += 1
        if count % BATCH_PAGES == 0:
            end = timeframe.end(candles[-1].mts) - 1
            yield _Batch((start, end), tuple(candles))
            start, candles = end + 1, []
    if candles:
        yield _Batch((start, span[1]), tuple(candles))


def _store(batch: _Batch, archive: CandleArchive, symbol: Symbol, timeframe: Timeframe, *, repair: bool) -> _Batch:
    name = f"Bitfinex {batch.span[0]}..{batch.span[1]}"
    candles = Candles.from_rows(batch.candles)
    lines = np.arange(1, len(candles) + 1)
    raw = RawCandles(candles.mts, candles.open, candles.high, candles.low, candles.close, candles.volume, lines)
    checked = check(raw, timeframe)
    if checked.findings and not repair:
        faults = "; ".join(map(str, checked.findings))
        raise InputError(f"{name}: the exchange sent impossible candles: {faults}: --repair leaves them out")
    repairs = tuple(map(str, checked.findings))
    source = CandleSource(name, len(checked.candles), rows_sha256(checked.candles), repairs)
    done = archive.add(symbol, timeframe, checked.candles, source, newer_wins=repair)
    return _Batch(batch.span, batch.candles, done.added, done.identical, done.replaced, repairs)


def _spans(series: CandleSeries) -> list[Span]:
    found = (_NAME.fullmatch(source.name) for source in series.sources)
    return [(int(match[1]), int(match[2])) for match in found if match]
