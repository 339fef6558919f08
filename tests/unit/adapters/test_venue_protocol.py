"""The venue's doors: signatures, nonces, rights, limits, flags, sequences and the order of frames."""

import json

import pytest

from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.venue.public_book import BookView, PublicBook, checksum
from genesis.adapters.venue.public_book import Line as BookLine
from genesis.adapters.venue.sockets import Close
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import OrderId, Side
from genesis.domain.simulation.exchange_events import BookMoved
from genesis.domain.units import Atoms, Mts, Price, atoms
from genesis.ports.secrets import Secret
from tests.e2e.venue_house import BTC, START, quiet_venue
from tests.unit.adapters.venue_bench import Caller, Json, Line, kinds


def test_a_signature_is_checked_over_the_bytes_that_came() -> None:
    caller = Caller(quiet_venue())
    body = b'{ "limit" :5 }'
    headers = caller.signer.rest_headers("auth/r/trades/hist", 5, body)
    assert caller.send("POST", "/v2/auth/r/trades/hist", body, headers).status == 200
    headers = caller.signer.rest_headers("auth/r/trades/hist", 6, body)
    response = caller.send("POST", "/v2/auth/r/trades/hist", body.replace(b" ", b""), headers)
    assert (response.status, json.loads(response.body)[1]) == (500, 10112)


def test_nonces_rise_for_ever_over_rest_and_sockets_together() -> None:
    venue = quiet_venue()
    caller, line = Caller(venue, first_nonce=100), Line(venue)
    assert line.login(caller)[1]["status"] == "OK"
    caller.nonce = 50
    assert caller.ask("auth/r/wallets") == ["error", 10114, "nonce: small"]
    caller.nonce = 2**53 - 1
    assert caller.ask("auth/r/wallets")[0] == "error"


def test_an_unknown_key_and_a_missing_right_are_refused() -> None:
    venue = quiet_venue()
    reader = Caller(venue, user=2)
    assert len(reader.ask("auth/r/wallets")) == 5
    assert reader.submit("1", "90")[:2] == ["error", 10001]
    reader.signer = Signer(Secret("nobody"), Secret("nothing"))
    assert reader.ask("auth/r/wallets") == ["error", 10100, "apikey: invalid"]


def test_an_unknown_endpoint_is_answered_as_such() -> None:
    caller = Caller(quiet_venue())
    assert caller.send("GET", "/v2/nothing/here").status == 404
    assert caller.post("auth/r/nothing").status == 404
    assert caller.send("GET", "/elsewhere").status == 404


def test_limits_block_an_endpoint_for_a_minute_and_no_other() -> None:
    caller = Caller(quiet_venue(limited=True))
    answers = [caller.send("GET", "/v2/platform/status").status for _ in range(31)]
    assert answers == [200] * 30 + [429]
    assert caller.send("GET", "/v2/ticker/tBTCUSD").status == 200
    caller.at_ms = 59_000
    assert caller.send("GET", "/v2/platform/status").status == 429
    caller.at_ms = 61_000
    assert caller.send("GET", "/v2/platform/status").status == 200


def test_too_many_connections_and_channels_are_refused() -> None:
    venue = quiet_venue(limited=True)
    line = Line(venue)
    channels: list[Json] = [
        {"channel": "candles", "key": f"trade:{frame}:tBTCUSD"} for frame in ("1m", "5m", "15m", "30m", "1h")
    ]
    channels += [
        {"channel": "book", "symbol": s, "prec": p} for s in ("tBTCUSD", "tETHUSD") for p in ("P0", "P1", "P2", "R0")
    ]
    channels += [
        {"channel": "book", "symbol": s, "len": 1, "prec": p}
        for s in ("tBTCUSD", "tETHUSD")
        for p in ("P0", "P1", "P2", "P3", "P4", "R0")
    ]
    replies = [line.send({"event": "subscribe", **channel})[-2 if at else -1] for at, channel in enumerate(channels)]
    assert len(channels) == 25
    again = line.send({"event": "subscribe", "channel": "ticker", "symbol": "tBTCUSD"})
    assert (again[0]["event"], again[0]["code"]) == ("error", 10305)
    assert replies[0] is not None
    assert [venue.connect("127.0.0.1", 0) is None for _ in range(20)] == [False] * 19 + [True]


def test_subscription_errors_echo_the_request() -> None:
    line = Line(quiet_venue())
    line.frames()
    wrong = line.send({"event": "subscribe", "channel": "ticker", "symbol": "tNONE", "subId": "x"})[0]
    assert (wrong["code"], wrong["msg"], wrong["subId"]) == (10300, "symbol: invalid", "x")
    line.send({"event": "subscribe", "channel": "ticker", "symbol": "tBTCUSD"})
    assert line.send({"event": "subscribe", "channel": "ticker", "symbol": "tBTCUSD"})[0]["code"] == 10301
    assert line.send({"event": "subscribe", "channel": "nonsense"})[0]["code"] == 10302
    assert line.send({"event": "unsubscribe", "chanId": 5})[0]["code"] == 10400
    assert line.send({"event": "conf", "flags": 7})[0]["code"] == 10050
    assert line.send({"event": "ping", "cid": 12})[0] == {"event": "pong", "ts": START, "cid": 12}


def test_inputs_need_a_login_and_a_second_login_is_refused() -> None:
    venue = quiet_venue()
    line, caller = Line(venue), Caller(venue)
    line.frames()
    assert line.order(amount="1", price="90")[0]["msg"] == "auth: invalid"
    line.login(caller)
    assert line.login(caller) == [{"event": "error", "msg": "auth: dup", "code": 10100}]


def test_login_sends_the_snapshots_in_order_and_honours_the_filter() -> None:
    venue = quiet_venue()
    caller = Caller(venue)
    assert kinds(Line(venue).login(caller)) == ["ps", "ws", "os", "fos", "fcs", "fls", "ats", "bu", "miu"]
    assert kinds(Line(venue).login(caller, filter=["trading"])) == ["ps", "os", "ats", "miu"]


def test_an_immediately_filled_order_is_notified_traded_paid_closed_and_settled() -> None:
    venue = quiet_venue()
    line = Line(venue)
    line.login(Caller(venue))
    assert kinds(line.order(amount="0.5", price="101")) == ["n", "te", "wu", "wu", "wu", "oc", "tu"]


def test_sequence_numbers_count_every_frame_and_answers_have_none_of_their_own() -> None:
    venue = quiet_venue()
    line = Line(venue)
    line.send({"event": "conf", "flags": 65536 | 32768})
    frames = line.login(Caller(venue)) + line.order(amount="0.5", price="101")
    frames += line.send({"event": "subscribe", "channel": "ticker", "symbol": "tBTCUSD"})
    venue.beat()
    frames += line.frames()
    rows = [frame for frame in frames if isinstance(frame, list)]
    notes = [frame for frame in rows if frame[1] == "n"]
    with_account = [frame for frame in rows if frame[0] == 0 and frame[1] not in ("n", "hb")]
    counted = [frame[3] if frame in with_account else frame[-2] for frame in rows if frame not in notes]
    assert counted == list(range(1, len(counted) + 1))
    assert [len(frame) for frame in notes] == [5]
    assert all(frame[-1] == START for frame in rows)
    account = [frame[4] for frame in with_account]
    assert account == sorted(account)


def test_the_dead_man_switch_cancels_what_is_open() -> None:
    venue = quiet_venue()
    caller, line, watcher = Caller(venue), Line(venue), Line(venue)
    line.login(caller, dms=4)
    watcher.login(caller)
    line.order(amount="1", price="90")
    watcher.frames()
    venue.disconnect(line.connection)
    assert kinds(watcher.frames()) == ["oc"]
    assert caller.ask("auth/r/orders") == []


def test_orders_are_found_by_id_group_and_client_id_of_their_day() -> None:
    venue = quiet_venue()
    caller = Caller(venue)
    caller.submit("1", "90", cid=5, gid=7)
    caller.submit("1", "91", cid=6, gid=7)
    assert len(caller.ask("auth/r/orders", gid=7)) == 2
    assert caller.ask("auth/w/order/cancel", cid=5, cid_date="2001-01-01")[2] == "Order not found."
    assert caller.ask("auth/w/order/cancel", cid=5) == ["error", 10001, "cid_date: invalid"]
    assert caller.ask("auth/w/order/cancel", cid=5, cid_date="2023-11-14")[6] == "SUCCESS"
    assert len(caller.ask("auth/w/order/cancel/multi", gid=[[7]])[4]) == 1
    assert [row[13] for row in caller.ask("auth/r/orders/hist")] == ["CANCELED", "CANCELED"]


def test_several_operations_have_an_answer_each() -> None:
    caller = Caller(quiet_venue())
    order = {"type": "EXCHANGE LIMIT", "symbol": "tBTCUSD", "amount": "1", "price": "90"}
    answer = caller.ask("auth/w/order/multi", ops=[["on", order], ["oc", {"id": 1}], ["oc_multi", {"all": True}]])
    assert (answer[1], [inner[6] for inner in answer[4]]) == ("ox_multi-req", ["SUCCESS", "ERROR", "SUCCESS"])


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"type": "EXCHANGE_LIMIT"}, "type: invalid"),
        ({"amount": "0"}, "amount: invalid"),
        ({"amount": "NaN"}, "amount: invalid"),
        ({"price": "-1"}, "price: invalid"),
        ({"price": None}, "price: invalid"),
        ({"price": "1e400"}, "price: invalid"),
        ({"cid": 2**45}, "cid: invalid"),
        ({"symbol": "BTCUSD"}, "symbol: invalid"),
        ({"tif": "soon"}, "tif: invalid"),
        ({"flags": "many"}, "flags: invalid"),
        ({"amount": 1e30}, "amount: invalid"),
    ],
)
def test_wrong_orders_are_refused_by_name(fields: Json, text: str) -> None:
    caller = Caller(quiet_venue())
    wanted = {"type": "EXCHANGE LIMIT", "symbol": "tBTCUSD", "amount": "1", "price": "90", **fields}
    assert caller.ask("auth/w/order/submit", **wanted)[2] == text


def test_prices_are_cut_to_five_digits_and_amounts_rounded_to_eight_decimals() -> None:
    row = Caller(quiet_venue()).submit("1.000000005", "90.123456")[4][0]
    assert (row[7], row[16]) == (1.00000001, 90.123)


def test_a_stop_limit_shows_its_types_and_prices_before_and_after() -> None:
    venue = quiet_venue()
    caller, line = Caller(venue), Line(venue)
    line.login(caller)
    caller.submit("1", "101", "EXCHANGE STOP LIMIT", price_aux_limit="99")
    line.frames()
    changed = next(frame for frame in line.order(amount="0.1", price="101") if frame[1] == "ou")
    assert (changed[2][8], changed[2][9], changed[2][16]) == ("EXCHANGE LIMIT", "EXCHANGE STOP LIMIT", 99)


def test_history_pages_newest_first_unless_sorted_and_within_its_limit() -> None:
    venue = quiet_venue()
    caller = Caller(venue)
    for amount in ("0.1", "0.2", "0.3"):
        venue.advance(Mts(venue.now + 1_000))
        caller.submit(amount, "101")
    amounts = [row[4] for row in caller.ask("auth/r/trades/tBTCUSD/hist", limit=2)]
    assert amounts == [0.3, 0.2]
    assert [row[4] for row in caller.ask("auth/r/trades/hist", limit=2, sort=1)] == [0.1, 0.2]
    bounded = caller.ask("auth/r/trades/hist", start=START + 2_000, end=START + 2_000)
    assert [row[4] for row in bounded] == [0.2]
    assert caller.ask("auth/r/trades/hist", limit=5_000) == ["error", 10020, "limit: invalid"]


def test_garbage_is_answered_and_never_raises() -> None:
    venue = quiet_venue()
    line = Line(venue)
    line.login(Caller(venue))
    for text in (
        "",
        "{",
        "[]",
        "[0]",
        "7",
        '"x"',
        "[" * 100_000,
        '{"event":5}',
        '[0,"on",null,5]',
        '[0,"ox_multi",null,[[1]]]',
    ):
        venue.receive(line.connection, text, 0)
    for message in ([0, "calc", None, [[]]], [0, "n", 5, {"type": "ucm-x", "info": 1}], [0, "oc", None, {"id": "x"}]):
        line.send(message)
    caller = Caller(venue, user=1)
    body = b"[" * 100_000
    assert (
        caller.send("POST", "/v2/auth/r/wallets", body, caller.signer.rest_headers("auth/r/wallets", 9, body)).status
        == 500
    )


def test_checksums_agree_with_the_published_examples() -> None:
    def lines(*rows: tuple[str, str]) -> list[BookLine]:
        return [BookLine(0, key, "", amount) for key, amount in rows]

    bids, asks = lines(("100.5", "1.25"), ("100", "3"), ("99.5", "0.5")), lines(("101", "-0.75"), ("101.5", "-2"))
    assert checksum(bids, asks) == 560372563
    tiny_bids, tiny_asks = (
        lines(("6.4e-7", "1500000"), ("6.3e-7", "5e-7")),
        lines(("6.5e-7", "-250000.5"), ("0.000001", "-1e-8")),
    )
    assert checksum(tiny_bids, tiny_asks) == 1983646498


def test_a_window_deletes_before_it_inserts_and_never_shows_more_than_its_length() -> None:
    book = PublicBook(spot_instrument(BTC, atoms("0.0001")))
    view = BookView(book, "P0", 2)
    held: dict[float, float] = {}
    for at, price in enumerate((100, 101, 102, 99, 103), start=1):
        book.apply(BookMoved(BTC, OrderId(at), Side.BUY, Price(atoms(price)), Atoms(10**8)))
        for row in map(json.loads, view.update()):
            if row[1]:
                held[row[0]] = row[2]
            else:
                assert row[2] == 1
                del held[row[0]]
            assert len(held) <= 2
    assert sorted(held) == [102, 103]


def test_time_stands_until_it_is_told_to_move_and_candles_follow() -> None:
    venue = quiet_venue()
    caller = Caller(venue)
    caller.submit("1", "90", tif="2023-11-14 22:14:00")
    assert caller.control("advance", by=10_000)["now"] == START + 10_000
    assert len(caller.ask("auth/r/orders")) == 1
    caller.control("advance", to=START + 60_000)
    assert caller.ask("auth/r/orders") == []
    assert caller.ask("auth/r/orders/hist")[0][13] == "CANCELED"
    response = caller.send("POST", "/sim/advance", b'{"to":1}')
    assert response.status == 400


def test_a_deposit_arrives_and_the_books_stay_balanced() -> None:
    caller = Caller(quiet_venue())
    caller.control("deposit", key=caller.key, currency="USD", amount="5")
    assert caller.ask("auth/r/wallets")[0][2] == 1_000_005
    assert json.loads(caller.send("GET", "/sim/state").body)["imbalance"] == {}


def test_fees_follow_the_tier_of_the_account() -> None:
    caller = Caller(quiet_venue())
    caller.control("fees", key=caller.key, maker="0", taker="0.0005")
    caller.submit("1", "101")
    assert caller.ask("auth/r/trades/hist")[0][9:11] == [-0.0005, "BTC"]
    assert caller.ask("auth/r/summary")[4][0][0] == 0


def test_a_restart_tells_everyone_and_closes() -> None:
    venue = quiet_venue()
    line = Line(venue)
    line.frames()
    Caller(venue).control("restart")
    told, closed = line.frames()
    assert (told["code"], closed) == (20051, Close(1012))


def test_too_many_logins_are_refused_for_a_minute() -> None:
    venue = quiet_venue(limited=True)
    caller, line = Caller(venue), Line(venue)
    line.frames()
    wrong = {"event": "auth", "apiKey": caller.key, "authNonce": 5, "authPayload": "AUTH5", "authSig": "00"}
    codes = [line.send(wrong)[0]["code"] for _ in range(21)]
    assert codes == [10112] * 20 + [11010]
    refused = line.login(caller)[0]
    assert (refused["status"], refused["msg"]) == ("FAILED", "rate: limit")
    line.at_ms = 60_000
    assert line.login(caller)[0]["status"] == "OK"


def with_token(caller: Caller, token: str, path: str, body: bytes = b"{}") -> Json:
    return json.loads(caller.send("POST", f"/v2/{path}", body, {"bfx-token": token, "bfx-nonce": "1"}).body)


def test_a_token_reads_for_its_time_and_writes_where_it_was_asked_to() -> None:
    caller = Caller(quiet_venue())
    order = b'{"type":"EXCHANGE LIMIT","symbol":"tBTCUSD","amount":"0.5","price":"90"}'
    [reader] = caller.ask("auth/w/token", scope="api", ttl=60)
    [writer] = caller.ask("auth/w/token", scope="api", writePermission=True)
    assert len(with_token(caller, reader, "auth/r/wallets")) == 5
    assert with_token(caller, reader, "auth/w/order/submit", order)[:2] == ["error", 10001]
    assert with_token(caller, writer, "auth/w/order/submit", order)[6] == "SUCCESS"
    caller.control("advance", by=60_000)
    assert with_token(caller, reader, "auth/r/wallets") == ["error", 10100, "token: invalid"]
    assert len(with_token(caller, writer, "auth/r/wallets")) == 5
    caller.control("advance", by=60_000)
    assert with_token(caller, writer, "auth/r/wallets") == ["error", 10100, "token: invalid"]


def test_a_token_of_a_reader_writes_nothing() -> None:
    reader = Caller(quiet_venue(), user=2)
    [token] = reader.ask("auth/w/token", writePermission=1)
    order = b'{"type":"EXCHANGE LIMIT","symbol":"tBTCUSD","amount":"0.5","price":"90"}'
    assert with_token(reader, token, "auth/w/order/submit", order)[:2] == ["error", 10001]


def test_a_signature_seen_once_does_not_open_the_account_under_another_nonce() -> None:
    venue = quiet_venue()
    caller, line = Caller(venue), Line(venue)
    line.frames()
    payload, signature = caller.signer.socket_payload(5)
    message = {"event": "auth", "apiKey": caller.key, "authPayload": payload, "authSig": signature}
    refused = line.send({**message, "authNonce": 6})[0]
    assert (refused["status"], refused["code"], refused["msg"]) == ("FAILED", 10111, "payload: invalid")
    assert line.send({**message, "authNonce": 5})[0]["status"] == "OK"
