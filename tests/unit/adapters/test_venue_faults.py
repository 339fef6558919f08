"""Every fault of a script fires where it should, does what it says, and is logged with its id."""

import json
from itertools import pairwise

import pytest

from genesis.adapters.venue.faults import Fault, Faults, Rule, Script, script_from_toml
from genesis.adapters.venue.sockets import Close
from genesis.adapters.venue.venue import Venue
from genesis.domain.order import Side
from genesis.domain.units import Mts
from genesis.ports.errors import InputError
from tests.e2e.venue_house import BTC, place, quiet_venue
from tests.unit.adapters.venue_bench import Caller, Json, Line, kinds

SUBMIT = "auth/w/order/submit"
ORDER = {"type": "EXCHANGE LIMIT", "symbol": "tBTCUSD", "amount": "1", "price": "90"}


def with_fault(kind: Fault, at: str = SUBMIT, **more: Json) -> tuple[Venue, Caller]:
    venue = quiet_venue(Script((Rule("f1", kind, at, **more),)))
    return venue, Caller(venue)


def fired(caller: Caller) -> list[str]:
    return [entry["id"] for entry in json.loads(caller.send("GET", "/sim/faults").body)]


@pytest.mark.parametrize(
    ("kind", "status", "is_carried_out"),
    [
        (Fault.REFUSE, 0, False),
        (Fault.STALL, 200, False),
        (Fault.HTML, 502, False),
        (Fault.RATE_LIMIT, 429, False),
        (Fault.NONCE_SMALL, 500, False),
        (Fault.AUTH_FAILURE, 500, False),
        (Fault.ERROR, 500, False),
        (Fault.RESET, 200, True),
        (Fault.DROP_ACK, 200, True),
        (Fault.ACCEPT_THEN_5XX, 502, True),
        (Fault.DRIP, 200, True),
        (Fault.LATE_ACK, 200, True),
    ],
)
def test_a_faulty_submit_is_carried_out_or_not_as_its_kind_says(kind: Fault, status: int, is_carried_out: bool) -> None:
    _, caller = with_fault(kind)
    assert caller.post(SUBMIT, **ORDER).status == status
    assert len(caller.ask("auth/r/orders")) == is_carried_out
    assert fired(caller) == ["f1"]


def test_how_an_answer_is_delivered_goes_with_it() -> None:
    assert with_fault(Fault.RESET, value=7)[1].post(SUBMIT, **ORDER).delivery.cut_at == 7
    assert with_fault(Fault.LATE_ACK, value=900)[1].post(SUBMIT, **ORDER).delivery.delay_ms == 900
    assert with_fault(Fault.DRIP, value=3)[1].post(SUBMIT, **ORDER).delivery.drip_ms == 3
    assert with_fault(Fault.STALL)[1].post(SUBMIT, **ORDER).delivery.stalls


def test_a_refused_nonce_had_no_effect_and_the_same_one_may_be_used() -> None:
    _, caller = with_fault(Fault.NONCE_SMALL, times=1)
    assert json.loads(caller.post(SUBMIT, **ORDER).body) == ["error", 10114, "nonce: small"]
    caller.nonce -= 1
    assert caller.ask(SUBMIT, **ORDER)[6] == "SUCCESS"


def test_the_nth_and_only_so_many_times() -> None:
    _, second = with_fault(Fault.HTML, nth=2)
    assert [second.post(SUBMIT, **ORDER).status for _ in range(4)] == [200, 502, 200, 200]
    _, twice = with_fault(Fault.HTML, times=2)
    assert [twice.post(SUBMIT, **ORDER).status for _ in range(4)] == [502, 502, 200, 200]


def test_chance_comes_from_the_seed() -> None:
    def picks(seed: int) -> list[bool]:
        faults = Faults(Script((Rule("f", Fault.DROP, probability=0.3),), seed))
        return [faults.pick(frozenset({Fault.DROP}), "book", Mts(0)) is not None for _ in range(200)]

    assert picks(1) == picks(1) != picks(2)
    assert 30 < sum(picks(1)) < 90


def test_a_rule_for_one_key_or_connection_leaves_the_others_alone() -> None:
    venue, _ = with_fault(Fault.HTML, key=Caller(quiet_venue(), user=1).key)
    assert Caller(venue, user=0).post(SUBMIT, **ORDER).status == 200
    assert Caller(venue, user=1).post(SUBMIT, **ORDER).status == 502


def line_with(kind: Fault, at: str, **more: Json) -> tuple[Line, list[Json]]:
    """Log in, subscribe to the raw book, place an order: return all frames from the login on."""
    venue, caller = with_fault(kind, at, **more)
    line = Line(venue)
    line.send({"event": "conf", "flags": 65536 | 131072})
    frames = line.login(caller)
    frames += line.send({"event": "subscribe", "channel": "book", "symbol": "tBTCUSD", "prec": "R0"})
    frames += line.order(amount="1", price="90.5")
    return line, frames


def test_a_lost_acknowledgement_leaves_an_order_that_works() -> None:
    _, frames = line_with(Fault.DROP_ACK, "on")
    assert "n" not in kinds(frames)
    assert "on" in kinds(frames)


def test_a_late_acknowledgement_comes_when_its_time_has_come() -> None:
    line, frames = line_with(Fault.LATE_ACK, "on", value=30_000)
    assert "n" not in kinds(frames)
    line.venue.advance(Mts(line.venue.now + 29_999))
    assert "n" not in kinds(line.frames())
    line.venue.advance(Mts(line.venue.now + 1))
    assert kinds(line.frames()) == ["n"]


def test_frames_are_duplicated_dropped_and_reordered() -> None:
    assert kinds(line_with(Fault.DUPLICATE, "on")[1]).count("on") == 2
    assert "on" not in kinds(line_with(Fault.DROP, "on")[1])
    plain, swapped = line_with(Fault.DROP, "never")[1], line_with(Fault.REORDER, "n", times=1)[1]
    assert kinds(plain)[-2:] == ["n", "on"]
    assert kinds(swapped)[-2:] == ["on", "n"]


def test_a_gap_skips_one_number() -> None:
    frames = [frame for frame in line_with(Fault.GAP, "ats")[1] if isinstance(frame, list)]
    numbers = [frame[3] for frame in frames if frame[0] == 0 and frame[1] != "n"]
    assert 2 in [after - before for before, after in pairwise(numbers)]


def test_a_bad_checksum_is_bad() -> None:
    good = [frame[2] for frame in line_with(Fault.DROP, "never")[1] if isinstance(frame, list) and frame[1] == "cs"]
    bad = [frame[2] for frame in line_with(Fault.BAD_CHECKSUM, "cs")[1] if isinstance(frame, list) and frame[1] == "cs"]
    assert len(good) == len(bad) == 2
    assert all(a != b for a, b in zip(good, bad, strict=True))


def test_a_silent_socket_stays_open_and_says_nothing() -> None:
    line, _ = line_with(Fault.SILENCE, "cs")
    place(line.venue, BTC, Side.BUY, "1", "90.7")
    line.venue.beat()
    assert line.frames() == []
    assert line.connection in line.venue.sockets.sessions


def test_a_disconnect_comes_after_its_frame() -> None:
    assert Close(1006) in line_with(Fault.DISCONNECT, "ats")[1]


def test_a_failed_login_says_so() -> None:
    venue, caller = with_fault(Fault.NONCE_SMALL, "auth", times=1)
    line = Line(venue)
    line.frames()
    assert line.login(caller)[0] == {
        "event": "auth",
        "status": "FAILED",
        "chanId": 0,
        "userId": 0,
        "code": 10114,
        "msg": "nonce: small",
    }
    assert line.login(caller)[0]["status"] == "OK"


def test_maintenance_stops_writes_and_says_when_it_ends() -> None:
    venue = quiet_venue()
    caller, line = Caller(venue), Line(venue)
    line.login(caller)
    caller.control("maintenance", on=True)
    assert line.frames()[-1]["code"] == 20060
    assert caller.get("platform/status") == [0]
    assert caller.submit("1", "90") == ["error", 20060, "maintenance"]
    assert line.order(amount="1", price="90")[0][2][6:8] == ["ERROR", "maintenance"]
    caller.control("maintenance", on=False)
    assert line.frames()[-1]["code"] == 20061
    assert caller.submit("1", "90")[6] == "SUCCESS"


def test_reads_that_lag_know_neither_the_order_nor_its_end() -> None:
    venue = quiet_venue()
    caller = Caller(venue)
    caller.control("lag", ms=5_000)
    caller.submit("1", "90")
    caller.submit("1", "101")
    assert [caller.ask(path) for path in ("auth/r/orders", "auth/r/orders/hist", "auth/r/trades/hist")] == [[], [], []]
    venue.advance(Mts(venue.now + 5_000))
    assert [len(caller.ask(path)) for path in ("auth/r/orders", "auth/r/orders/hist", "auth/r/trades/hist")] == [
        1,
        1,
        1,
    ]


def test_rights_change_while_running() -> None:
    venue = quiet_venue()
    caller = Caller(venue)
    caller.control("permissions", key=caller.key, scope="orders", read=True, write=False)
    assert caller.submit("1", "90")[:2] == ["error", 10001]
    assert ["orders", 1, 0] in caller.ask("auth/r/permissions")


def test_rules_come_and_go_by_control_calls() -> None:
    venue = quiet_venue()
    caller = Caller(venue)
    caller.control("faults", add={"id": "x", "kind": "html", "at": "ticker"})
    assert caller.send("GET", "/v2/ticker/tBTCUSD").status == 502
    caller.control("faults", remove="x")
    assert caller.send("GET", "/v2/ticker/tBTCUSD").status == 200
    assert fired(caller) == ["x"]


def test_a_script_is_toml_and_a_wrong_one_says_what_is_wrong() -> None:
    script = script_from_toml(
        'seed = 3\n[[fault]]\nid = "a"\nkind = "drop"\nat = "book"\nprobability = 0.5\n', "x.toml"
    )
    assert script == Script((Rule("a", Fault.DROP, "book", probability=0.5),), 3)
    for text in (
        "[[fault]",
        '[[fault]]\nid = "a"\nkind = "explode"',
        '[[fault]]\nid = "a"\nkind = "drop"\nprobability = 2.0',
    ):
        with pytest.raises(InputError, match=r"x\.toml: "):
            script_from_toml(text, "x.toml")


def test_a_late_acknowledgement_does_not_come_to_a_socket_that_has_logged_out() -> None:
    line, _ = line_with(Fault.LATE_ACK, "on", value=30_000)
    line.send({"event": "unauth"})
    line.venue.advance(Mts(line.venue.now + 60_000))
    assert [each for each in line.frames() if isinstance(each, list) and each[0] == 0] == []
