"""The API as a program asks it: what it reads, what it may do, and that each change happens once and is recorded."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from genesis.adapters.audit_log.reading import verify_file
from genesis.adapters.http.routes import Effect, Route
from genesis.app.audit import WITNESS
from genesis.app.config_authority import Applied
from genesis.domain.audit import ChainHead
from genesis.domain.json_value import JsonObject
from genesis.domain.units import Mts
from genesis.ports.access import Role
from genesis.ports.operator import CancelOrder, Halt, RollBackConfig, SwitchStrategy
from tests.e2e.api_house import START, House, feed, house
from tests.e2e.api_routes import every_route, filled_path, fitting_body


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path) as found:
        feed(found.view)
        yield found


async def test_everything_that_the_page_shows_can_be_asked(site: House) -> None:
    _, now = await site.ask("GET", "/api/v1/overview", role=Role.READ)
    assert now["portfolio"]["equity"] == "10500.25"
    assert [limit["state"] for limit in now["limits"]] == ["clear", "near", "off"]
    _, risk = await site.ask("GET", "/api/v1/risk")
    assert risk["limits"][0]["headroom"] == "5.5"
    assert risk["guards"][0] == {
        "name": "amount_below_minimum",
        "refusals": 3,
        "refused_last": "main: buy tBTCUSD",
        "refused_last_mts": START,
        "observed": "0",
        "allowed": ">= 0.00004",
    }
    _, strategies = await site.ask("GET", "/api/v1/strategies")
    assert strategies["items"][0]["nodes"] == [
        {"node": "ema(close, 12)", "value": 50_000.5},
        {"node": "ema(close, 26)", "value": None},
    ]
    _, positions = await site.ask("GET", "/api/v1/positions")
    assert positions["items"][0]["net_amount"] == "0.2"


async def test_an_order_tells_its_life_its_reasons_and_its_fills(site: House) -> None:
    status, found = await site.ask("GET", "/api/v1/orders/3")
    assert status == 200
    assert found["life"] == [{"mts": START, "what": "approved", "evidence": "passed the risk gate"}]
    assert found["reasons"]["nodes"] == [{"node": "close", "value": 50_000.0}]
    assert [fill["price"] for fill in found["fills"]] == ["50000.5"]
    assert (await site.ask("GET", "/api/v1/orders/77"))[0] == 404


async def test_histories_come_in_pages_and_by_time(site: House) -> None:
    seen: list[int] = []
    path = "/api/v1/orders?limit=2"
    while True:
        _, page = await site.ask("GET", path)
        seen += [each["cid"] for each in page["items"]]
        if page["next"] is None:
            break
        path = f"/api/v1/orders?limit=2&before={page['next']}"
    assert seen == [6, 5, 4, 3, 2, 1]
    _, some = await site.ask("GET", f"/api/v1/fills?from={START + 2_000}&to={START + 4_000}")
    assert [each["cid"] for each in some["items"]] == [3, 2]
    _, live = await site.ask("GET", "/api/v1/orders?only=open")
    assert [each["cid"] for each in live["items"]] == [6]
    _, candles = await site.ask("GET", "/api/v1/candles?limit=3")
    assert [each["mts"] for each in candles["items"]] == [START + 60_000 * number for number in (27, 28, 29)]


async def test_events_are_found_by_category_and_severity(site: House) -> None:
    site.monitor.note("risk", "risk.refused", {}, "warning")
    site.monitor.note("order", "order.filled")
    site.monitor.note("order", "order.unknown", {}, "error")
    names = [each["name"] for each in (await site.ask("GET", "/api/v1/events?category=order"))[1]["items"]]
    assert names == ["order.unknown", "order.filled"]
    _, found = await site.ask("GET", "/api/v1/events?severity=warning&limit=1")
    assert [each["name"] for each in found["items"]] == ["risk.refused"]


async def test_runs_and_the_audit_log_are_read_from_disk(site: House) -> None:
    (site.home / "reports").mkdir()
    (site.home / "reports" / "best.html").write_text("<p>", "ascii")
    await site.ask("POST", "/api/v1/control/halt", {"reason": "lunch"})
    await site.ask("POST", "/api/v1/control/resume", {"reason": "back"})
    _, runs = await site.ask("GET", "/api/v1/runs")
    assert [(each["kind"], each["name"]) for each in runs["items"]] == [("report", "best.html")]
    _, audit = await site.ask("GET", "/api/v1/audit?limit=1")
    assert [each["entry"]["command"] for each in audit["items"]] == ["Resume"]
    _, older = await site.ask("GET", f"/api/v1/audit?before={audit['next']}")
    assert [each["entry"]["command"] for each in older["items"]] == ["Halt"]
    assert isinstance(verify_file(site.home / "logs" / "config_audit.log"), ChainHead)


async def test_i40_a_command_is_recorded_before_it_has_an_effect(site: House) -> None:
    status, found = await site.ask("POST", "/api/v1/control/cancel/6", {"reason": "why"}, role=Role.TRADE)
    assert (status, found["audit_seq"], found["text"]) == (200, 1, "done")
    assert site.operator.steps == ["audit", "effect"]
    assert site.operator.done == [CancelOrder("why", 6)]


async def test_i40_what_cannot_be_recorded_is_not_done(site: House) -> None:
    path = site.home / "logs" / "config_audit.log"
    before = path.read_bytes()
    path.write_bytes(b"broken\n")
    key = {"Idempotency-Key": str(uuid.uuid4())}
    assert (await site.ask("POST", "/api/v1/control/halt", {"reason": "x"}, headers=key))[0] == 503
    assert site.operator.done == []
    path.write_bytes(before)
    assert (await site.ask("POST", "/api/v1/control/halt", {"reason": "x"}, headers=key))[0] == 200


async def test_f18_one_key_is_one_change_with_one_answer(site: House) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}
    answers = await asyncio.gather(
        *(site.ask("POST", "/api/v1/control/halt", {"reason": "twice"}, headers=key) for _ in range(8))
    )
    assert {json.dumps(answer) for answer in answers} == {json.dumps(answers[0])}
    assert site.operator.done == [Halt("twice")]
    status, found = await site.ask("POST", "/api/v1/control/halt", {"reason": "other"}, headers=key)
    assert (status, found["error"]["code"]) == (409, "key_reused")
    status, found = await site.ask("POST", "/api/v1/control/cancel", {"reason": "twice"}, headers=key)
    assert status == 409
    assert len(site.operator.done) == 1


@pytest.mark.parametrize("key", ["", "1", "not-a-uuid", "g" * 32])
async def test_f18_a_change_needs_a_key(site: House, key: str) -> None:
    status, found = await site.ask("POST", "/api/v1/control/halt", {"reason": "x"}, headers={"Idempotency-Key": key})
    assert (status, found["error"]["code"]) == (400, "no_idempotency_key")
    assert site.operator.done == []


async def test_f18_a_refusal_is_remembered_like_any_answer(site: House) -> None:
    site.operator.is_refusing = True
    key = {"Idempotency-Key": str(uuid.uuid4())}
    for _ in range(2):
        status, found = await site.ask("POST", "/api/v1/control/resume", {"reason": "x"}, headers=key)
        assert (status, found["error"]["code"]) == (409, "not_possible")
    assert site.operator.steps == ["audit"]


async def test_dangerous_words_have_to_be_typed(site: House) -> None:
    for body in ({"reason": "x"}, {"reason": "x", "phrase": "yes"}):
        assert (await site.ask("POST", "/api/v1/control/kill", body))[0] == 400
        assert (await site.ask("POST", "/api/v1/control/flatten", body))[0] == 400
    assert site.latch.reason() is None
    assert (await site.ask("POST", "/api/v1/control/kill", {"reason": "x", "phrase": "kill"}))[0] == 200
    assert site.latch.reason() == "x"


async def test_a_configuration_is_applied_by_a_person_who_has_just_logged_in(site: House) -> None:
    known = {"expected_version": 0, "expected_hash": "0" * 64}
    body = {"document": {"dry_run": True}, **known, "reason": "x", "phrase": "apply config"}
    status, found = await site.ask("POST", "/api/v1/control/config", body)
    assert (status, found["error"]["code"]) == (403, "not_fresh")
    person = {"Authorization": f"Bearer {await site.login()}"}
    assert (await site.ask("POST", "/api/v1/control/config", body, role=None, headers=person))[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        b'{"reason":"a","reason":"b"}',
        b'{"reason":"a","more":1}',
        b'{"reason":1}',
        b'{"reason":""}',
        b"[]",
        b'{"reason":"' + b"x" * 201 + b'"}',
        b'{"on":"yes","reason":"x"}',
    ],
)
async def test_f20_bodies_are_exact(site: House, body: bytes) -> None:
    for path in ("halt", "strategy/trend"):
        status, found = await site.ask("POST", f"/api/v1/control/{path}", body)
        assert status == 400, found
    assert site.operator.done == []


async def applied(site: House, document: JsonObject, reason: str) -> None:
    result = await site.authority.apply(document, site.authority.current().number, who="owner", reason=reason)
    assert isinstance(result, Applied), result


async def test_what_is_in_force_and_how_it_came_to_be_can_be_read(site: House) -> None:
    await applied(site, {"dry_run": True, "max_drawdown_pct": Decimal("12.50000000000000000001")}, "a limit")
    await applied(site, {"dry_run": True, "max_drawdown_pct": 10}, "less")
    _, now = await site.ask("GET", "/api/v1/config", role=Role.READ)
    assert (now["current"]["row"]["version"], now["current"]["row"]["who"]) == (2, "owner")
    assert now["current"]["row"]["hash"] == site.authority.current().hash
    assert now["current"]["text"] == '{\n  "dry_run": true,\n  "max_drawdown_pct": 10\n}'
    assert (now["waiting"], now["source"]) == ([], "")
    _, page = await site.ask("GET", "/api/v1/config/versions?limit=2")
    assert [(each["version"], each["reason"]) for each in page["items"]] == [(2, "less"), (1, "a limit")]
    change = {"path": "$.max_drawdown_pct", "kind": "changed", "old": "12.50000000000000000001", "new": "10"}
    assert page["items"][0]["changes"] == [change]  # every digit: a browser's numbers have fewer
    _, rest = await site.ask("GET", f"/api/v1/config/versions?before={page['next']}")
    assert ([each["version"] for each in rest["items"]], rest["next"]) == ([0], None)
    _, old = await site.ask("GET", "/api/v1/config/versions/1")
    assert "12.50000000000000000001" in old["text"]
    assert (await site.ask("GET", "/api/v1/config/versions/3"))[0] == 404


async def test_a_document_is_judged_and_compared_before_it_is_applied(site: House) -> None:
    document = {"dry_run": False, "max_drawdown_pct": 12, "symbol": "tBTCUSD"}
    _, found = await site.ask("POST", "/api/v1/config/diff", {"document": document}, role=Role.READ)
    assert (found["version"], found["confirmation"]) == (0, "set $.dry_run to false")
    assert [each["path"] for each in found["changes"]] == ["$.dry_run", "$.max_drawdown_pct", "$.symbol"]
    assert "$.dry_run" in found["waiting"]
    assert "$.max_drawdown_pct" not in found["waiting"]
    assert found["errors"]
    _, judged = await site.ask("POST", "/api/v1/config/validate", {"document": document}, role=Role.READ)
    assert (judged["valid"], judged["errors"]) == (False, found["errors"])
    _, judged = await site.ask("POST", "/api/v1/config/validate", {"document": {"dry_run": True}})
    assert judged == {"valid": True, "errors": []}
    assert site.authority.current().number == 0  # to look changes nothing


async def test_the_audit_log_is_verified_and_its_first_bad_line_named(site: House) -> None:
    await applied(site, {"dry_run": True, "max_drawdown_pct": 10}, "a limit")
    await site.ask("POST", "/api/v1/control/halt", {"reason": "lunch"})
    _, whole = await site.ask("GET", "/api/v1/config/verify", role=Role.READ)
    assert (whole["is_whole"], whole["line"], len(whole["hash"])) == (True, 2, 64)
    log = site.home / "logs" / "config_audit.log"
    log.write_text(log.read_text("utf-8").replace("a limit", "no limit"), "utf-8")
    _, broken = await site.ask("GET", "/api/v1/config/verify")
    assert (broken["is_whole"], broken["line"]) == (False, 1)
    assert broken["reason"].startswith("line 1 ")


async def test_a_log_whose_tail_and_witness_are_gone_is_not_called_whole(site: House) -> None:
    for _ in range(3):
        await site.ask("POST", "/api/v1/control/halt", {"reason": "lunch"})
    log = site.home / "logs" / "config_audit.log"
    (site.home / WITNESS).unlink()
    log.write_bytes(log.read_bytes().splitlines(keepends=True)[0])
    status, verdict = await site.ask("GET", "/api/v1/config/verify")
    assert (status, verdict["is_whole"], verdict["line"]) == (200, False, 1)
    assert "its witness is gone" in verdict["reason"]  # the sentence of the task audit.verify


async def test_a_keeper_that_does_not_give_the_audit_key_is_named(
    site: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.ask("POST", "/api/v1/control/halt", {"reason": "lunch"})
    monkeypatch.setenv("GENESIS_AUDIT_KEY", f"file:{tmp_path / 'nowhere'}")
    status, answer = await site.ask("GET", "/api/v1/config/verify")
    assert (status, answer["error"]["code"]) == (503, "secret_unavailable")
    assert str(tmp_path / "nowhere") in answer["error"]["message"]


async def test_going_back_takes_a_person_a_phrase_and_the_version_that_they_saw(site: House) -> None:
    body = {"version": 0, "expected_version": 1, "expected_hash": "0" * 64, "reason": "x", "phrase": "roll back"}
    person = {"Authorization": f"Bearer {await site.login()}"}
    path = "/api/v1/control/config/rollback"
    assert (await site.ask("POST", path, body))[1]["error"]["code"] == "not_fresh"
    assert (await site.ask("POST", path, {**body, "phrase": "go"}, role=None, headers=person))[0] == 400
    assert (await site.ask("POST", path, body, role=Role.TRADE))[0] == 403
    assert site.operator.done == []
    assert (await site.ask("POST", path, body, role=None, headers=person))[0] == 200
    assert site.operator.done == [RollBackConfig("x", 0, 1, "0" * 64)]


async def test_a_strategy_is_switched_by_name(site: House) -> None:
    await site.ask("POST", "/api/v1/control/strategy/trend", {"on": False, "reason": "x"})
    assert site.operator.done == [SwitchStrategy("x", "trend", is_on=False)]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=1.5", "limit=+1", "limit=1&limit=2", "token=abc", "from=-1", "only=some", "a=%00"],
)
async def test_queries_are_exact_and_carry_no_token(site: House, query: str) -> None:
    status, found = await site.ask("GET", f"/api/v1/orders?{query}")
    assert (status, found["error"]["code"]) == (400, "bad_query")


ROLES = (None, Role.READ, Role.TRADE, Role.ADMIN)


@pytest.mark.parametrize("role", ROLES)
async def test_f25_every_route_asks_for_its_role(site: House, role: Role | None) -> None:
    """Every route, every method of any route, each role: who may not is told so, and nothing happens."""
    for route in every_route():
        if route.path == "/api/v1/session/close-all":
            continue
        site.operator.done.clear()
        status, _ = await site.ask(route.method, filled_path(route), fitting_body(route), role=role)
        expected = _expected(route, role)
        assert status == expected, (route.method, route.path, role)
        assert bool(site.operator.done) == (expected == 200 and route.effect is Effect.STATE)


def _expected(route: Route, role: Role | None) -> int:
    have = Role.PUBLIC if role is None else role
    if have < route.role:
        return 401 if role is None else 403
    if route.is_stream:
        return 426
    if route.path.startswith("/api/v1/control/config"):
        return 403  # a program never has just logged in
    if route.path in ("/api/v1/session", "/api/v1/session/renew") and route.method == "POST":
        return 403  # the code is none
    return route.status


async def test_unknown_paths_and_methods_look_alike_without_a_token(site: House) -> None:
    answers = [
        await site.ask("GET", "/api/v1/nothing", role=None),
        await site.ask("DELETE", "/api/v1/orders", role=None),
        await site.ask("GET", "/api/v1/orders", role=None),
        await site.ask("OPTIONS", "/api/", role=None),
    ]
    assert {json.dumps(answer) for answer in answers} == {json.dumps(answers[0])}
    assert answers[0][0] == 401
    assert (await site.ask("GET", "/api/v1/nothing"))[0] == 404
    assert (await site.ask("DELETE", "/api/v1/orders"))[0] == 405


async def test_a_session_ends_when_it_is_closed_and_its_code_works_once(site: House) -> None:
    code = site.credentials.issue_code(Role.TRADE)
    _, opened = await site.ask("POST", "/api/v1/session", {"code": code}, role=None)
    assert opened["role"] == "trade"
    assert (await site.ask("POST", "/api/v1/session", {"code": code}, role=None))[0] == 403
    own = {"Authorization": f"Bearer {opened['token']}"}
    _, shown = await site.ask("GET", "/api/v1/session", role=None, headers=own)
    assert shown["own"]["role"] == "trade"
    assert (await site.ask("DELETE", "/api/v1/session", role=None, headers=own))[0] == 200
    assert (await site.ask("GET", "/api/v1/session", role=None, headers=own))[0] == 401


async def test_a_revoked_token_is_refused_at_once(site: House) -> None:
    assert (await site.ask("GET", "/api/v1/orders", role=Role.READ))[0] == 200
    site.credentials.revoke("read")
    assert (await site.ask("GET", "/api/v1/orders", role=Role.READ))[0] == 401


def security_lines(home: Path) -> list[dict[str, object]]:
    """What the audit log has of the door."""
    log = home / "logs" / "config_audit.log"
    entries = [json.loads(line)["entry"] for line in log.read_text("utf-8").splitlines()]
    return [each for each in entries if str(each.get("action", "")).startswith("security.")]


async def test_what_happens_at_the_door_is_in_the_audit_log_without_any_secret(site: House) -> None:
    code = site.credentials.issue_code(Role.ADMIN)
    _, opened = await site.ask("POST", "/api/v1/session", {"code": code}, role=None)
    await site.ask("POST", "/api/v1/session", {"code": code}, role=None)
    own = {"Authorization": f"Bearer {opened['token']}"}
    renewing = {"code": site.credentials.issue_code(Role.ADMIN)}
    await site.ask("POST", "/api/v1/session/renew", renewing, role=None, headers=own)
    await site.ask("POST", "/api/v1/session/renew", {"code": "none"}, role=None, headers=own)
    await site.ask("GET", "/api/v1/orders", role=None, headers={"Authorization": "Bearer gen_guessed"})
    await site.ask("DELETE", "/api/v1/session", role=None, headers=own)
    await site.ask("POST", "/api/v1/session/close-all", {})
    here = {"address": "127.0.0.1"}
    assert security_lines(site.home) == [
        {"action": "security.login", "who": "owner-1", "role": "admin", **here},
        {"action": "security.wrong_code", **here},
        {"action": "security.renewed", "who": "owner-1", **here},
        {"action": "security.wrong_code", **here},
        {"action": "security.wrong_token", **here},
        {"action": "security.logout", "who": "owner-1", **here},
        {"action": "security.logout_all", "who": "admin", "closed": 0, **here},
    ]
    kept = (site.home / "logs" / "config_audit.log").read_text("utf-8")
    assert not any(secret in kept for secret in (code, renewing["code"], opened["token"], "guessed"))
    events = [each["name"] for each in (await site.ask("GET", "/api/v1/events?category=security"))[1]["items"]]
    assert events[::-1] == [each["action"] for each in security_lines(site.home)]


async def test_guessing_codes_is_held_up_told_once_and_does_not_fill_the_disk(site: House) -> None:
    statuses = [(await site.ask("POST", "/api/v1/session", {"code": "x"}, role=None))[0] for _ in range(30)]
    assert statuses == [403] * 10 + [429] * 20
    lines = [each["action"] for each in security_lines(site.home)]
    assert lines == ["security.wrong_code"] * 10 + ["security.guessing"]
    warnings = (await site.ask("GET", "/api/v1/events?severity=warning"))[1]["items"]
    assert [each["name"] for each in warnings] == ["security.guessing"]
    assert await site.login()  # who has the right one is never held up


async def test_an_owner_gets_in_though_it_cannot_be_recorded(site: House) -> None:
    path = site.home / "logs" / "config_audit.log"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"broken\n")
    assert await site.login()
    events = (await site.ask("GET", "/api/v1/events?category=security"))[1]["items"]
    assert [each["name"] for each in events] == ["security.not_recorded", "security.login"]


@pytest.mark.parametrize(
    ("path", "body", "role"),
    [
        ("/config/validate", {}, None),
        ("/config/diff", {"old": {}, "new": {}}, None),
        ("/config/audit", {"note": "x"}, Role.TRADE),
    ],
)
async def test_what_costs_may_be_asked_so_often_a_minute(
    tmp_path: Path, path: str, body: object, role: Role | None
) -> None:
    async with house(tmp_path, costly_max=3) as site:
        statuses = [(await site.ask("POST", path, body, role=role))[0] for _ in range(5)]
        good = 201 if role else 200
        assert statuses == [good, good, good, 429, 429]
        assert (await site.ask("POST", path, body, role=Role.ADMIN))[0] == good  # others have a share of their own


@pytest.mark.parametrize("path", ["audit?before=1", "runs", "config", "config/versions?limit=1", "config/versions/0"])
async def test_reading_what_costs_is_counted_too(tmp_path: Path, path: str) -> None:
    async with house(tmp_path, costly_max=2) as site:
        for role in (Role.READ, Role.TRADE):  # each has a share of their own
            statuses = [(await site.ask("GET", f"/api/v1/{path}", role=role))[0] for _ in range(3)]
            assert statuses == [200, 200, 429]


async def test_f15_f17_whoever_guesses_is_held_up_and_the_owner_is_not(site: House) -> None:
    wrong = {"Authorization": "Bearer gen_" + "x" * 43}
    statuses = [(await site.ask("GET", "/api/v1/orders", role=None, headers=wrong))[0] for _ in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    for _ in range(3):
        assert (await site.ask("GET", "/api/v1/orders"))[0] == 200
    # A header that a proxy would set changes nothing.
    forwarded = {**wrong, "X-Forwarded-For": "10.0.0.1"}
    assert (await site.ask("GET", "/api/v1/orders", role=None, headers=forwarded))[0] == 429


async def test_the_time_of_a_page_is_the_markets(site: House) -> None:
    _, found = await site.ask("GET", "/api/v1/portfolio")
    assert Mts(found["portfolio"]["mts"]) == START
