"""Funding offers hold what they lend, show themselves on the account channel, and end when they are cancelled."""

import pytest

from genesis.adapters.bitfinex.convert.funding import funding_offer_from_wire
from genesis.adapters.bitfinex.wire.codec import decode
from genesis.adapters.bitfinex.wire.funding import FundingOfferRow
from genesis.domain.order import Side
from tests.e2e.venue_house import quiet_venue
from tests.unit.adapters.venue_bench import Caller, Json, Line, kinds

OFFER = {"type": "LIMIT", "symbol": "fUSD", "amount": "750", "rate": "0.0003", "period": 30}


def test_an_offer_holds_its_amount_until_it_is_cancelled() -> None:
    caller = Caller(quiet_venue())
    placed = caller.ask("auth/w/funding/offer/submit", **OFFER)
    assert (placed[1], placed[6], placed[7]) == (
        "fon-req",
        "SUCCESS",
        "Submitting funding offer of 750 USD at 0.03000 for 30 days.",
    )
    assert caller.ask("auth/r/wallets")[4][4] == 99_250
    assert len(caller.ask("auth/r/funding/offers/fUSD")) == 1
    assert caller.ask("auth/w/funding/offer/cancel", id=placed[4][0])[6] == "SUCCESS"
    assert caller.ask("auth/r/wallets")[4][4] == 100_000
    assert caller.ask("auth/r/funding/offers") == []
    assert caller.ask("auth/r/funding/offers/hist")[0][10] == "CANCELED"


def test_an_offer_reads_as_ours() -> None:
    caller = Caller(quiet_venue())
    caller.ask("auth/w/funding/offer/submit", **{**OFFER, "amount": "-10"})
    [row] = decode(caller.post("auth/r/funding/offers").body, list[FundingOfferRow], endpoint="offers")
    offer = funding_offer_from_wire(row)
    assert (offer.side, offer.period_days, str(offer.rate)) == (Side.BUY, 30, "0.0003")


def test_offers_go_over_the_socket() -> None:
    venue = quiet_venue()
    line = Line(venue)
    line.login(Caller(venue))
    assert kinds(line.send([0, "fon", None, OFFER])) == ["fon", "n"]
    snapshot = Line(venue).login(Caller(venue, first_nonce=50))
    assert [len(frame[2]) for frame in snapshot if isinstance(frame, list) and frame[1] == "fos"] == [1]
    assert line.send([0, "foc", None, {"id": 5}])[0][2][6:] == ["ERROR", "Offer not found."]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"amount": "1000000"}, "Invalid offer: not enough funding balance for USD"),
        ({"symbol": "tBTCUSD"}, "symbol: invalid"),
        ({"period": 1}, "period: invalid"),
        ({"type": "SOON"}, "type: invalid"),
    ],
)
def test_wrong_offers_are_refused(fields: Json, text: str) -> None:
    assert Caller(quiet_venue()).ask("auth/w/funding/offer/submit", **{**OFFER, **fields})[2] == text
