"""Whatever a client sends, the venue answers in JSON, keeps its books balanced and goes on."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.adapters.venue.http import Request
from tests.e2e.venue_house import quiet_venue
from tests.unit.adapters.venue_bench import Caller, Json, Line

ODD = st.sampled_from(
    [None, True, -1, 2**53, 10**30, -(10**30), 1.5, 1e300, "", "-", "--5", "²", "٣", "1e400", "NaN", "0x10", "tBTCUSD"]
)
VALUES = st.recursive(
    ODD, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner), max_leaves=4
)
USUAL: Json = {
    "symbol": "tBTCUSD",
    "type": "EXCHANGE LIMIT",
    "amount": "0.5",
    "price": "90",
    "currency": "USD",
    "from": "exchange",
    "to": "margin",
    "dir": 1,
    "rate": "90",
    "channel": "book",
    "event": "subscribe",
}
NAMES = (
    *USUAL,
    *("id", "gid", "cid", "cid_date", "start", "end", "limit", "sort", "flags", "tif", "meta", "lev", "delta", "all"),
    *("ops", "period", "category", "wallet", "len", "prec", "freq", "key", "chanId", "self", "dms", "filter", "caps"),
    *("price_trailing", "price_aux_limit", "price_oco_stop", "ttl", "token", "apiKey", "authPayload", "symbols"),
)
FIELDS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3).map(lambda odd: {**USUAL, **odd})
PARTS = st.sampled_from(["²", "--5", "tBTCUSD", "fUSD", "", "hist", "0", "base", "%20", "1m"])
INPUTS = st.sampled_from(["on", "ou", "oc_multi", "ox_multi", "calc", "n", "fon"])
BODIES = st.sampled_from([b"", b"[", b"\xff", b"[1]"])
SIGNED = st.sampled_from(
    [
        *(f"auth/w/order/{name}" for name in ("submit", "update", "cancel", "cancel/multi", "multi")),
        *("auth/w/transfer", "auth/w/token", "auth/calc/order/avail", "auth/w/funding/offer/submit"),
        *("auth/r/orders/hist", "auth/r/trades/hist", "auth/r/ledgers/hist", "auth/r/wallets/hist"),
    ]
)
PUBLIC = st.sampled_from(["book/tBTCUSD/P0", "trades/tBTCUSD/hist", "tickers", "calc/trade/avg", "calc/fx"])


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(SIGNED, FIELDS), min_size=1, max_size=4))
def test_signed_requests_with_odd_fields_are_answered(requests: list[tuple[str, Json]]) -> None:
    caller = Caller(quiet_venue())
    for path, fields in requests:
        body = json.dumps(fields).encode()
        caller.nonce += 1
        headers = caller.signer.rest_headers(path, caller.nonce, body)
        json.loads(caller.send("POST", f"/v2/{path}", body, headers).body)
    assert caller.venue.core.exchange.accounts.imbalance() == {}


@settings(max_examples=80, deadline=None)
@given(
    PUBLIC | st.builds("{}/{}/{}".format, PARTS, PARTS, PARTS), FIELDS, st.sampled_from([b"", b"[", b"\xff", b"[1]"])
)
def test_public_requests_with_odd_fields_are_answered(path: str, fields: Json, body: bytes) -> None:
    venue = quiet_venue()
    query = {name: str(value) for name, value in fields.items()}
    for method in ("GET", "POST"):
        json.loads(venue.request(f"/v2/{path}", Request(method, path, query, {}, body, "peer", 0)).body)


@settings(max_examples=80, deadline=None)
@given(st.lists(FIELDS | st.tuples(st.just(0), INPUTS, VALUES, FIELDS) | VALUES, min_size=1, max_size=4))
def test_frames_with_odd_fields_leave_the_connection_alive(messages: list[Json]) -> None:
    venue = quiet_venue()
    line = Line(venue)
    line.login(Caller(venue))
    for message in messages:
        line.send(message)
    assert line.send({"event": "ping", "cid": 5})[-1] == {"event": "pong", "ts": venue.now, "cid": 5}
    assert venue.core.exchange.accounts.imbalance() == {}


@pytest.mark.parametrize("digits", ["²", "--5", "٣", "1_000", " 1"])
def test_only_plain_digits_are_a_number(digits: str) -> None:
    caller = Caller(quiet_venue())
    assert caller.ask("auth/r/trades/hist", limit=digits) == ["error", 10020, "limit: invalid"]
    assert caller.get(f"book/tBTCUSD/P0?len={digits}") == ["error", 10020, "len: invalid"]


def test_an_echoed_field_may_have_any_name() -> None:
    line = Line(quiet_venue())
    line.frames()
    reply = line.send({"event": "subscribe", "channel": "ticker", "symbol": "tBTCUSD", "self": 1})[0]
    assert (reply["event"], reply["self"]) == ("subscribed", 1)


def test_an_expiry_with_an_offset_from_utc_means_what_it_says() -> None:
    caller = Caller(quiet_venue())
    plain = caller.submit("0.5", "90", tif="2023-11-15 00:00:00")[4][0][10]
    assert caller.submit("0.5", "90", tif="2023-11-15 02:00:00+02:00")[4][0][10] == plain
