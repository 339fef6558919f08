"""Paging through candles: which page comes next, and what a page may hold. Pure."""

from collections.abc import Sequence

from genesis.domain.candle import Candle, Timeframe
from genesis.domain.units import Symbol
from genesis.ports.errors import InputError, ProtocolViolation

Span = tuple[int, int]


def candle_key(symbol: Symbol, timeframe: Timeframe, period: str = "") -> str:
    """Return the exchange's name of a series: `trade:1m:tBTCUSD`, `trade:1h:fUSD:a30:p2:p30`."""
    if symbol.startswith("f") != bool(period):
        raise InputError(f"{symbol}: a funding currency's candles need a period such as p30, a pair's have none")
    return f"trade:{timeframe.value}:{symbol}" + (f":{period}" if period else "")


def page_of(candles: Sequence[Candle], span: Span, endpoint: str, *, oldest_first: bool) -> Sequence[Candle]:
    """Return a page as it came; raises `ProtocolViolation` where its times leave the span or do not run one way."""
    previous = span[0] - 1 if oldest_first else span[1] + 1
    for index, candle in enumerate(candles):
        is_in_order = previous < candle.mts if oldest_first else candle.mts < previous
        if not is_in_order or not span[0] <= candle.mts <= span[1]:
            raise ProtocolViolation(f"candle {candle.mts} follows {previous} - at `$[{index}]`", endpoint=endpoint)
        previous = candle.mts
    return candles


def next_page(page: Sequence[Candle], span: Span, timeframe: Timeframe, *, oldest_first: bool) -> Span | None:
    """Return the span that is left after a page, None when there is nothing more.

    Only an empty page, or one that reaches the end, proves that: the exchange may cut pages shorter than it was asked.
    """
    if not page:
        return None
    start, end = span
    last = page[-1].mts
    left: Span = (timeframe.end(last), end) if oldest_first else (start, timeframe.start(last) - 1)
    return left if left[0] <= left[1] else None
