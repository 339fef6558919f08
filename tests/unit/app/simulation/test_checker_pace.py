"""The checker finds what comes too late, too early, or from a process that slept: A30, I33, I36."""

import json

import pytest

from tests.unit.app.simulation.test_checker import CID, NOW, Scene

SHOWN: dict[str, list[object]] = {"open_orders": [], "history": [], "fills": []}


def decided(scene: Scene) -> None:
    scene.intend()
    scene.say("send_began")


@pytest.mark.parametrize(("seconds", "broken"), [(0.25, set()), (3.0, {"I7"}), (30.0, {"I7", "I8"})])
def test_a30_an_order_of_before_the_process_stood_still_is_found(seconds: float, broken: set[str]) -> None:
    scene = Scene()
    decided(scene)
    scene.now_s += seconds
    scene.checker.stood_still(seconds)
    scene.send()
    assert scene.broken == broken


@pytest.mark.parametrize(("shown", "broken"), [(False, {"I8"}), (True, set())])
def test_a30_after_a_long_stand_still_the_account_has_to_be_looked_at(shown: bool, broken: set[str]) -> None:
    scene = Scene()
    scene.now_s += 30.0
    scene.checker.stood_still(30.0)
    if shown:
        scene.row(type="account_shown", mts=NOW, look=SHOWN)
    decided(scene)
    scene.send()
    assert scene.broken == broken


def test_a30_another_process_knows_nothing_of_what_the_one_before_slept_through() -> None:
    scene = Scene()
    scene.checker.stood_still(30.0)
    scene.checker.process_began([])
    decided(scene)
    scene.send()
    assert scene.broken == set()


def heard(scene: Scene) -> None:
    scene.checker.frame_came("[17,[]]")


@pytest.mark.parametrize(("due", "broken"), [(NOW - 119_000, set()), (NOW - 121_000, {"I33"}), (NOW + 60_000, set())])
def test_i33_a_timer_that_waits_long_after_its_time_is_found(due: int, broken: set[str]) -> None:
    scene = Scene()
    scene.row(type="wake_at", mts=due)
    heard(scene)
    assert scene.broken == broken


def test_i33_a_timer_that_rang_or_whose_process_is_gone_waits_no_longer() -> None:
    scene = Scene()
    scene.row(type="wake_at", mts=NOW - 200_000)
    scene.row(type="time_passed", mts=NOW - 200_000)
    scene.row(type="wake_at", mts=NOW - 150_000)
    scene.checker.process_began([])
    heard(scene)
    assert scene.broken == set()


def test_i33_what_recovery_decides_is_gone_on_with_after_the_first_look() -> None:
    scene = Scene()
    scene.checker.process_began([])
    scene.row(type="wake_at", mts=NOW - 150_000)
    scene.row(type="account_shown", mts=NOW, look=SHOWN)
    heard(scene)
    assert scene.broken == set()
    scene.row(type="wake_at", mts=NOW - 150_000)
    heard(scene)
    assert scene.broken == {"I33"}


def test_i33_a_time_that_is_told_far_ahead_of_the_exchange_is_found() -> None:
    scene = Scene()
    scene.row(type="time_passed", mts=NOW + 61_000)
    assert scene.broken == {"I33"}


def resting(scene: Scene) -> None:
    decided(scene)
    scene.send()
    scene.place()


def cancel(scene: Scene) -> None:
    scene.row(type="cancel", symbol="tBTCUSD", cid=CID, id=1, sent_mts=NOW, reason="")


@pytest.mark.parametrize("names", [{"id": 1}, {"cid": CID, "cid_date": "2023-11-14"}])
@pytest.mark.parametrize(("waited_s", "broken"), [(0.04, set()), (0.06, {"I36"})])
def test_i36_a_cancel_that_waited_is_found(names: dict[str, object], waited_s: float, broken: set[str]) -> None:
    scene = Scene()
    resting(scene)
    cancel(scene)
    scene.now_s += waited_s
    scene.checker.frame_left(json.dumps([0, "oc", None, names]))
    assert scene.broken == broken


def test_i36_a_cancel_that_never_leaves_is_found() -> None:
    scene = Scene()
    resting(scene)
    cancel(scene)
    scene.now_s += 1.0
    heard(scene)
    assert scene.broken == {"I36"}


def test_i36_a_cancel_that_left_before_its_record_was_durable_did_not_wait() -> None:
    scene = Scene()
    resting(scene)
    scene.checker.frame_left(json.dumps([0, "oc", None, {"id": 1}]))
    scene.now_s += 1.0
    cancel(scene)
    heard(scene)
    assert (scene.broken, scene.findings.checks["I36"]) == (set(), 1)


def down(scene: Scene) -> None:
    scene.row(type="link_state", mts=NOW, name="account", link="reconnect", reason="reset")


def by_rest(scene: Scene) -> None:
    scene.row(type="link_state", mts=NOW, name="account", link="open", reason="by REST, the socket is down")


def filled(scene: Scene) -> None:
    scene.trade()
    scene.close()


@pytest.mark.parametrize("happens", [down, by_rest, filled])
@pytest.mark.parametrize("before", [True, False])
def test_i36_a_cancel_may_wait_for_a_link_and_for_nothing_that_is_over(happens: object, before: bool) -> None:
    assert callable(happens)
    scene = Scene()
    resting(scene)
    if before:
        happens(scene)
    cancel(scene)
    if not before:
        happens(scene)
    scene.now_s += 10.0
    heard(scene)
    assert scene.broken == set()


def test_i11_an_order_that_may_borrow_is_found() -> None:
    scene = Scene()
    decided(scene)
    body = {"type": "MARKET", "symbol": "tBTCUSD", "amount": "1", "cid": CID}
    scene.checker.frame_left(json.dumps([0, "on", None, body]))
    assert "I11" in scene.broken
