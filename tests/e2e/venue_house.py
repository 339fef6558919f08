"""A venue with two quiet markets and the demo users, for tests that bring their own client."""

from genesis.adapters.venue.core import MAKER
from genesis.adapters.venue.faults import Script
from genesis.adapters.venue.venue import Venue
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import OrderType, Side
from genesis.domain.simulation.exchange_orders import OrderTicket, Refusal
from genesis.domain.simulation.margin_position import MarginTerms
from genesis.domain.simulation.matching_order import UserId
from genesis.domain.units import Mts, Price, Symbol, atoms

START = Mts(1_700_000_000_000)
BTC = Symbol("tBTCUSD")
ETH = Symbol("tETHUSD")


def quiet_venue(script: Script | None = None, *, limited: bool = False) -> Venue:
    """Bids 100, 99, … and asks 101, 102, … of one unit each, and one trade at 100.5, in both markets."""
    venue = Venue(START, seed=1, script=script, limited=limited)
    for symbol in (BTC, ETH):
        venue.list_instrument(spot_instrument(symbol, atoms("0.0001")), MarginTerms())
        trade(venue, symbol, "100.5")
        for level in range(30):
            place(venue, symbol, Side.BUY, "1", str(100 - level))
            place(venue, symbol, Side.SELL, "1", str(101 + level))
    venue.add_demo_users()
    venue.advance(START)
    return venue


def place(venue: Venue, symbol: Symbol, side: Side, amount: str, price: str, user: UserId = MAKER) -> None:
    """Place a limit order of the market."""
    ticket = OrderTicket(symbol, side, OrderType.LIMIT, atoms(amount), Price(atoms(price)))
    result = venue.core.exchange.submit(user, ticket, venue.now)
    assert not isinstance(result, Refusal)
    venue.core.apply(result.events)
    venue.core.flush()


def trade(venue: Venue, symbol: Symbol, price: str) -> None:
    """Let the market trade a little with itself, at a price inside the spread."""
    place(venue, symbol, Side.SELL, "0.1", price)
    place(venue, symbol, Side.BUY, "0.1", price)
