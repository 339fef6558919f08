"""Seeded traders make a market that is the same twice, and looks like one."""

from itertools import pairwise
from statistics import fmean

import pytest

from genesis.adapters.venue.markets.synthetic import SyntheticDriver
from genesis.adapters.venue.venue import Venue
from genesis.domain.candle import Timeframe
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import Side
from genesis.domain.simulation.margin_position import MarginTerms
from genesis.domain.units import Mts, Price, Symbol, atoms

BTC = Symbol("tBTCUSD")
START = Mts(1_700_000_040_000)
MINUTES = 60


def played(seed: int, minutes: int) -> Venue:
    venue = Venue(START, seed=seed)
    instrument = spot_instrument(BTC, atoms("0.0001"))
    venue.list_instrument(instrument, MarginTerms())
    venue.add_driver(SyntheticDriver(instrument, START, Price(atoms("30000")), seed))
    venue.advance(Mts(START + minutes * 60_000))
    return venue


@pytest.fixture(scope="module")
def market() -> Venue:
    return played(7, MINUTES)


def prices(venue: Venue) -> list[int]:
    """Last prices every ten seconds."""
    by_slot = {trade.mts // 10_000: trade.price for trade in venue.core.public.tapes[BTC].trades}
    return [by_slot[slot] for slot in sorted(by_slot)]


def test_the_same_seed_is_the_same_market() -> None:
    first, again, other = (list(played(seed, 3).core.public.tapes[BTC].trades) for seed in (1, 1, 2))
    assert first == again != other


def test_a_synthetic_market_has_trades_in_every_minute_and_a_book_that_is_open(market: Venue) -> None:
    bars = market.core.public.tapes[BTC].candles[Timeframe.M1]
    assert len(bars) >= MINUTES
    book = market.core.public.books[BTC]
    bid, ask = book.best(Side.BUY), book.best(Side.SELL)
    assert bid is not None
    assert ask is not None
    assert 0 < ask - bid < bid // 50
    assert market.core.exchange.accounts.imbalance() == {}


def test_returns_have_fat_tails_and_clustered_volatility(market: Venue) -> None:
    seen = prices(market)
    returns = [after / before - 1 for before, after in pairwise(seen)]
    mean = fmean(returns)
    variance = fmean((value - mean) ** 2 for value in returns)
    kurtosis = fmean((value - mean) ** 4 for value in returns) / variance**2
    sizes = [abs(value) for value in returns]
    level = fmean(sizes)
    together = fmean((a - level) * (b - level) for a, b in zip(sizes, sizes[5:], strict=False))
    assert kurtosis > 3.5
    assert together / fmean((size - level) ** 2 for size in sizes) > 0.05
