"""I34: whoever does not take events makes the streams wait, and their own queues are bounded."""

import pytest

from genesis.adapters.bitfinex import trading_market
from genesis.domain.events import CandleClosed
from tests.e2e.venue_house import BTC, trade
from tests.fakes.traded_world import traded_world

MINUTES = 10


async def test_i34_events_that_nobody_takes_do_not_pile_up_and_are_told_when_somebody_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trading_market, "PENDING_MAX", 2)
    async with traded_world() as world:
        market = world.market
        assert isinstance(market, trading_market.TradingMarket)
        world.listening.cancel()
        for minute in range(MINUTES):
            trade(world.venue, BTC, str(100 + minute))
            await world.clock.advance(60)
        assert market.waiting <= 2 + MINUTES  # a look at the account each minute comes beside the streams
        taken = 0
        async for event in market.events():
            taken += isinstance(event, CandleClosed) and event.symbol == BTC
            if taken == MINUTES - 1:
                break
