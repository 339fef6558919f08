"""Statistics say what users hold and borrowed, and what was traded, as a plain sum over positions and candles does."""

import pytest

from tests.e2e.venue_house import BTC, START, quiet_venue, trade
from tests.unit.adapters.venue_bench import Caller, Json, Line

MINUTE = START // 60_000 * 60_000


def test_position_sizes_are_noted_by_the_minute() -> None:
    venue = quiet_venue()
    caller = Caller(venue)
    caller.submit("2", "105", kind="LIMIT")
    Caller(venue, user=1).submit("-1", "95", kind="LIMIT")
    caller.control("advance", by=60_000)
    later = MINUTE + 60_000
    assert caller.get("stats1/pos.size:1m:tBTCUSD:long/hist") == [[later, 2], [MINUTE, 0]]
    assert caller.get("stats1/pos.size:1m:tBTCUSD:short/hist?sort=1&limit=1") == [[MINUTE, 0]]
    assert caller.get("stats1/pos.size:1m:tBTCUSD:short/last") == [later, 1]
    assert caller.get("stats1/pos.size:1m:tETHUSD:long/last") == [later, 0]


def test_longs_borrow_quote_and_shorts_borrow_base() -> None:
    venue = quiet_venue()
    caller = Caller(venue)
    caller.submit("2", "105", kind="LIMIT")  # 1 at 101 and 1 at 102
    Caller(venue, user=1).submit("-1", "95", kind="LIMIT")
    caller.control("advance", by=60_000)
    for key in ("funding.size:1m:fUSD", "credits.size:1m:fUSD", "credits.size.sym:1m:fUSD:tBTCUSD"):
        assert caller.get(f"stats1/{key}/last")[1] == 203
    assert caller.get("stats1/credits.size.sym:1m:fUSD:tETHUSD/last")[1] == 0
    assert caller.get("stats1/credits.size:1m:fBTC/last")[1] == 1
    row = caller.get("funding/stats/fUSD/hist")[0]
    assert (len(row), row[3] * 365, row[7], row[8]) == (12, pytest.approx(0.0002), 203, 203)


def test_volume_slides_and_prices_are_weighted() -> None:
    venue = quiet_venue()
    caller = Caller(venue)
    trade(venue, BTC, "100.1")
    caller.control("advance", by=23 * 3_600_000)
    trade(venue, BTC, "100.3")
    caller.control("advance", by=3_600_000)
    trade(venue, BTC, "100.7")
    day = [row[1] for row in caller.get("stats1/vol.1d:30m:BFX/hist?sort=1")]
    # 0.2 at a close of 100.1 and 0.1 at 100.5; then 0.1 at 100.3; then 0.1 at 100.7 while the first half hour leaves.
    assert day == [pytest.approx(30.07), pytest.approx(40.10), pytest.approx(20.10)]
    assert caller.get("stats1/vol.7d:30m:BFX/last")[1] > day[-1]
    prices = caller.get("stats1/vwap:1d:tBTCUSD/hist?sort=1")
    assert prices[0][1] == pytest.approx(100.1)
    assert prices[1][1] == pytest.approx((100.3 + 100.7) / 2)


@pytest.mark.parametrize(
    "key", ["pos.size:1m:tNOPE:long", "pos.size:5m:tBTCUSD:long", "vwap:1d:fUSD", "x", "vol.2d:30m:BFX"]
)
def test_an_unknown_key_is_refused(key: str) -> None:
    assert Caller(quiet_venue()).get(f"stats1/{key}/hist") == ["error", 10020, "key: invalid"]


def test_a_key_may_be_percent_encoded() -> None:
    caller = Caller(quiet_venue())
    assert caller.get("stats1/pos.size%3A1m%3AtBTCUSD%3Along/last") == [MINUTE, 0]
    assert caller.get("candles/trade%3A1m%3AtBTCUSD/last") == caller.get("candles/trade:1m:tBTCUSD/last")


def test_a_perpetual_has_a_past_and_no_market() -> None:
    caller = Caller(quiet_venue())
    [row] = caller.get("status/deriv/tBTCF0:USTF0/hist")
    assert (len(row), row[0], row[3]) == (23, MINUTE, 100.5)
    assert caller.get("status/deriv/tNOPE/hist") == ["error", 10020, "key: invalid"]
    refused = caller.ask("auth/w/order/submit", type="LIMIT", symbol="tBTCF0:USTF0", amount="1", price="90", lev=10)
    assert refused == ["error", 10001, "symbol: invalid"]


OFFER: Json = {"type": "LIMIT", "symbol": "fUSD", "amount": "750", "rate": "0.0003", "period": 30}


def test_a_funding_book_follows_its_offers() -> None:
    venue = quiet_venue()
    caller, line = Caller(venue), Line(venue)
    line.frames()
    subscribed, snapshot = line.send({"event": "subscribe", "channel": "book", "symbol": "fUSD"})
    assert (subscribed["currency"], subscribed["len"], snapshot[1]) == ("USD", "25", [])
    first = caller.ask("auth/w/funding/offer/submit", **OFFER)[4][0]
    caller.ask("auth/w/funding/offer/submit", **{**OFFER, "amount": "250"})
    caller.ask("auth/w/funding/offer/submit", **{**OFFER, "amount": "-300", "rate": "0.00021234567", "period": 2})
    bid = [0.00021234, 2, 1, -300]
    assert [frame[1] for frame in line.frames()] == [[0.0003, 30, 1, 750], [0.0003, 30, 2, 1000], bid]
    assert caller.get("book/fUSD/P0") == [bid, [0.0003, 30, 2, 1000]]
    assert caller.get("book/fUSD/R0")[1] == [first, 30, 0.0003, 750]
    caller.ask("auth/w/funding/offer/cancel/all", currency="USD")
    assert sorted(frame[1] for frame in line.frames())[-2:] == [[0.00021234, 2, 0, -1], [0.0003, 30, 0, 1]]
    assert caller.get("book/fUSD/P0") == []


def test_an_offer_that_follows_the_frr_stands_at_it() -> None:
    caller = Caller(quiet_venue())
    caller.ask("auth/w/funding/offer/submit", **{**OFFER, "type": "FRRDELTAVAR", "rate": "0"})
    caller.ask("auth/w/funding/offer/submit", **{**OFFER, "type": "FRRDELTAFIX", "rate": "-0.5"})
    assert caller.get("book/fUSD/P0") == [[0.0002, 30, 1, 750]]
    assert caller.get("ticker/fUSD")[:7] == [0.0002, None, None, 0, 0.0002, 30, 750]


def test_ticker_and_trades_of_a_currency_can_be_followed() -> None:
    venue = quiet_venue()
    line = Line(venue)
    line.frames()
    assert len(line.send({"event": "subscribe", "channel": "ticker", "symbol": "fUSD"})[1][1]) == 16
    assert line.send({"event": "subscribe", "channel": "trades", "symbol": "fUSD"})[1][1] == []
    error = line.send({"event": "subscribe", "channel": "ticker", "symbol": "fXYZ"})[0]
    assert (error["event"], error["msg"]) == ("error", "symbol: invalid")
