"""The candles of the other instruments that a strategy reads, beside those that it decides on."""

from collections.abc import Mapping, Sequence

from attrs import evolve

from genesis.app.market_data import DEFAULT_SEED, MarketData, Wanted, market_data
from genesis.domain.candle import Candles
from genesis.domain.units import Symbol
from genesis.ports.candles import CandleArchive
from genesis.ports.errors import InputError


def others_option(given: Sequence[str]) -> dict[Symbol, str]:
    """Return the `SYMBOL=DATA` texts as a mapping; raises `InputError` for one that is none or comes twice."""
    others: dict[Symbol, str] = {}
    for text in given:
        symbol, equals, data = text.partition("=")
        if not (equals and symbol and data) or symbol in others:
            raise InputError(f"--other {text!r}: give each instrument once, as SYMBOL=DATA")
        others[Symbol(symbol)] = data
    return others


def other_candles(
    symbols: Sequence[Symbol], given: Mapping[Symbol, str], market: MarketData, wanted: Wanted, archive: CandleArchive
) -> dict[Symbol, Candles]:
    """Return the candles of *symbols*, in the time frame and the time of *market*.

    They come from what is *given* for each; else from the archive, or, beside a synthetic market, from another one.
    Raises `InputError` for what is missing, not asked for, or of another time frame: a coarser candle that began
    earlier need not be over yet.
    """
    for symbol in given:
        if symbol not in symbols:
            read = ", ".join(symbols) or "no other instrument"
            raise InputError(f"--other {symbol}: the strategy reads {read}")
    wanted = evolve(wanted, timeframe=market.timeframe, start=int(market.candles.mts[0]))
    others = {}
    for number, symbol in enumerate([each for each in symbols if each != market.symbol], 1):
        name = given.get(symbol) or (_synthetic(market, number) if market.is_synthetic else symbol)
        other = market_data((name,), evolve(wanted, symbol=symbol), archive)
        if other.timeframe is not market.timeframe:
            raise InputError(f"{name}: its candles are of {other.timeframe.value}, not {market.timeframe.value}")
        others[symbol] = other.candles
    return others


def with_others(
    market: MarketData, symbols: Sequence[Symbol], given: Mapping[Symbol, str], wanted: Wanted, archive: CandleArchive
) -> MarketData:
    """Return *market* with the candles of *symbols* beside it; raises as `other_candles` does."""
    if not symbols and not given:
        return market
    return evolve(market, others=other_candles(symbols, given, market, wanted, archive))


def _synthetic(market: MarketData, number: int) -> str:
    _, seed, *days = f"{market.files[0]}::".split(":")[:3]
    return f"synthetic:{int(seed or DEFAULT_SEED) + number}:{days[0]}"
