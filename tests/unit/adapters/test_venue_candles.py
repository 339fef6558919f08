"""Candles that are played come out again, whatever users do meanwhile."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.adapters.venue.markets.candles import CandleDriver
from genesis.adapters.venue.tape import Bar
from genesis.adapters.venue.venue import Venue
from genesis.domain.candle import Candle, Candles, Timeframe
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import OrderType, Side
from genesis.domain.simulation.exchange_orders import OrderTicket, Refusal
from genesis.domain.simulation.margin_position import MarginTerms
from genesis.domain.units import Atoms, Mts, Price, Symbol, atoms

BTC = Symbol("tBTCUSD")
INSTRUMENT = spot_instrument(BTC, atoms("0.0001"))
START = 1_700_000_040_000 // 60_000 * 60_000
NAME = "tBTCUSD-1m-2017.csv.gz"
REAL = next((path for up in Path(__file__).parents if (path := up / "shared" / "data" / NAME).exists()), None)


def columns(rows: list[Candle]) -> Candles:
    mts = np.array([row.mts for row in rows], np.int64)
    return Candles(mts, *(np.array([row[at] for row in rows], np.float64) for at in range(1, 6)))


def played(rows: list[Candle]) -> Venue:
    venue = Venue(Mts(rows[0].mts), limited=False)
    venue.list_instrument(INSTRUMENT, MarginTerms())
    venue.add_demo_users()
    venue.add_driver(CandleDriver(INSTRUMENT, columns(rows)))
    return venue


def candle_of(bar: Bar) -> Candle:
    scale = INSTRUMENT.price_scale
    prices = (bar.open / scale, bar.high / scale, bar.low / scale, bar.close / scale)
    return Candle(Mts(bar.mts), *prices, bar.volume / 10**8)


@st.composite
def bars(draw: st.DrawFn) -> list[Candle]:
    rows: list[Candle] = []
    mts = START
    for _ in range(draw(st.integers(1, 12))):
        prices = sorted(draw(st.integers(90_000, 110_000)) / 100 for _ in range(4))
        inner = draw(st.permutations(prices[1:3]))
        open_, close = draw(st.sampled_from([(inner[0], inner[1]), (prices[0], prices[3]), (prices[3], prices[0])]))
        volume = draw(st.integers(1, 10**11)) / 10**8
        rows.append(Candle(Mts(mts), open_, prices[3], prices[0], close, volume))
        mts += 60_000 * draw(st.integers(1, 3))
    return rows


@settings(max_examples=60, deadline=None)
@given(rows=bars(), data=st.data())
def test_every_bar_comes_out_exactly_while_users_trade(rows: list[Candle], data: st.DataObject) -> None:
    venue = played(rows)
    user = next(user for user in venue.core.exchange.accounts.by_user if user > 10_000)
    while venue.next_mts is not None:
        venue.advance(venue.next_mts)
        mark = venue.core.exchange.markets[BTC].mark()
        price = Price(mark // 100 * data.draw(st.integers(90, 110)))
        kind = data.draw(st.sampled_from([OrderType.LIMIT, OrderType.MARKET, OrderType.STOP]))
        side = data.draw(st.sampled_from(list(Side)))
        result = venue.core.exchange.submit(
            user, OrderTicket(BTC, side, kind, Atoms(atoms("0.5")), price, price), venue.now
        )
        if not isinstance(result, Refusal):
            venue.core.apply(result.events)
    assert [candle_of(bar) for bar in venue.core.public.tapes[BTC].candles[Timeframe.M1]] == rows
    assert venue.core.exchange.accounts.imbalance() == {}


def test_a_real_day_comes_out_exactly() -> None:
    if REAL is None:
        pytest.skip("the shared candles are not there")
    with gzip.open(REAL, "rt") as lines:
        next(lines)
        rows = [next(lines).split(",") for _ in range(1_440)]
    candles = [Candle(Mts(int(row[0])), *(float(row[at]) for at in (1, 3, 4, 2, 5))) for row in rows]

    venue = played(candles)
    venue.advance(Mts(candles[-1].mts + 60_000))
    assert [candle_of(bar) for bar in venue.core.public.tapes[BTC].candles[Timeframe.M1]] == candles


def test_a_resting_order_trades_when_the_candles_reach_it() -> None:
    flat = Candle(Mts(START), 100.0, 100.0, 100.0, 100.0, 5.0)
    dip = Candle(Mts(START + 60_000), 100.0, 100.0, 95.0, 99.0, 5.0)
    venue = played([flat, dip])
    user = next(user for user in venue.core.exchange.accounts.by_user if user > 10_000)
    ticket = OrderTicket(BTC, Side.BUY, OrderType.LIMIT, Atoms(atoms("2")), Price(atoms("97")))
    result = venue.core.exchange.submit(user, ticket, venue.now)
    assert not isinstance(result, Refusal)
    venue.core.apply(result.events)
    venue.advance(Mts(START + 120_000))
    [trade] = venue.core.histories.of[user].trades
    assert (trade.price, trade.amount, trade.is_maker) == (Price(atoms("97")), atoms("2"), True)
