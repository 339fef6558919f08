"""What a venue sent can be played by another one: books and trades come out as they were recorded."""

import json

from genesis.adapters.venue.markets.frames import Frame, FramesDriver
from genesis.adapters.venue.venue import Venue
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import Side
from genesis.domain.units import Mts, Price, atoms
from tests.e2e.venue_house import BTC, place, quiet_venue
from tests.unit.adapters.venue_bench import Caller, Line

INSTRUMENT = spot_instrument(BTC, atoms("0.0001"))


def recorded(precision: str) -> tuple[list[Frame], Venue]:
    """The frames of a session in which quotes move and trades happen, and the venue where they did."""
    venue = quiet_venue()
    line = Line(venue)
    frames: list[Frame] = []

    def note(messages: list[object]) -> None:
        frames.extend(Frame(venue.now * 1000, "a", json.dumps(message)) for message in messages)

    note(line.send({"event": "subscribe", "channel": "book", "symbol": BTC, "prec": precision, "len": "250"}))
    note(line.send({"event": "subscribe", "channel": "trades", "symbol": BTC}))
    caller = Caller(venue)
    for at in range(1, 30):
        venue.advance(Mts(venue.now + 700))
        place(venue, BTC, Side.BUY, f"0.{at}", f"99.{at + 10}")
        place(venue, BTC, Side.SELL, "0.3", f"101.{at + 10}")
        caller.submit("0.45" if at % 2 else "-0.35", "0", "EXCHANGE MARKET")
        note(line.frames())
    return frames, venue


def replayed(frames: list[Frame]) -> Venue:
    venue = Venue(Mts(frames[0].received_us // 1000))
    venue.list_instrument(INSTRUMENT)
    venue.add_driver(FramesDriver([INSTRUMENT], frames))
    venue.advance(Mts(frames[-1].received_us // 1000))
    return venue


def test_trades_come_out_with_their_prices_amounts_and_sides() -> None:
    frames, source = recorded("R0")
    trades = [[t.mts, t.side, t.amount, t.price] for t in source.core.public.tapes[BTC].trades][1:]
    assert [[t.mts, t.side, t.amount, t.price] for t in replayed(frames).core.public.tapes[BTC].trades] == trades


def test_the_book_ends_as_it_was() -> None:
    for precision in ("R0", "P0"):
        frames, source = recorded(precision)
        before, after = (venue.core.public.books[BTC].lines("P0", 100) for venue in (source, replayed(frames)))
        levels = [[(line.key_text, line.amount) for line in side] for side in before]
        assert [[(line.key_text, line.amount) for line in side] for side in after] == levels


def test_a_user_trades_with_the_recorded_book() -> None:
    frames, _ = recorded("R0")
    venue = Venue(Mts(frames[0].received_us // 1000))
    venue.list_instrument(INSTRUMENT)
    venue.add_demo_users()
    venue.add_driver(FramesDriver([INSTRUMENT], frames))
    venue.advance(Mts(frames[2].received_us // 1000))
    caller = Caller(venue)
    assert caller.submit("1", "0", "EXCHANGE MARKET")[6] == "SUCCESS"
    [trade] = caller.ask("auth/r/trades/hist")
    assert trade[5] * 10**8 == Price(atoms("101"))
