"""The walk of somebody who operates a session: a real process, trading over the wire, told what to do over the API."""

import asyncio
import json
import shutil
import uuid
from pathlib import Path
from typing import Any

import aiohttp

from genesis.adapters.audit_log.reading import verify_file
from genesis.app.access import spare_folder
from genesis.domain.audit import ChainHead
from tests.e2e.test_run_command import ended, running


class Person:
    """Somebody with a session's link."""

    def __init__(self, client: aiohttp.ClientSession, url: str, token: str) -> None:
        self._client = client
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"}

    async def read(self, path: str) -> Any:  # Any: JSON
        async with self._client.get(f"{self._url}/api/v1/{path}", headers=self._headers) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def tell(self, path: str, **body: object) -> tuple[int, Any]:  # Any: JSON
        headers = {**self._headers, "Idempotency-Key": str(uuid.uuid4())}
        async with self._client.post(f"{self._url}/api/v1/control/{path}", json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def hear(self, wanted: str) -> None:
        """Listen to the stream until a frame has *wanted*."""
        async with self._client.ws_connect(f"{self._url}/stream", headers={"Origin": self._url}) as socket:
            await socket.send_str(json.dumps({"token": self._headers["Authorization"].split()[1]}))
            async with asyncio.timeout(60):
                while wanted not in await socket.receive_str():
                    pass


async def logged_in(client: aiohttp.ClientSession, home: Path, url: str) -> Person:
    link = (home / "access" / "link").read_text("ascii").strip()
    assert (home / "access" / "link").stat().st_mode & 0o077 == 0
    return await admitted(client, url, link)


async def admitted(client: aiohttp.ClientSession, url: str, link: str) -> Person:
    """Return somebody who logged in with *link*."""
    assert link.startswith(f"{url}/#")
    async with client.post(f"{url}/api/v1/session", json={"code": link.split("#")[1]}) as answer:
        assert answer.status == 201
        return Person(client, url, (await answer.json())["token"])


async def test_a_session_is_watched_halted_resumed_and_killed(tmp_path: Path) -> None:
    with running(tmp_path, "--data", "synthetic:3:6", "--speed", "3000") as (process, url):
        async with aiohttp.ClientSession() as client:
            person = await logged_in(client, tmp_path, url)
            await person.hear('"status":"filled"')
            orders = await person.read("orders?limit=500")
            why = await person.read(f"orders/{orders['items'][-1]['cid']}")
            assert why["life"][0]["what"] == "approved"
            assert why["reasons"]["nodes"]
            assert why["fills"]
            assert {each["state"] for each in (await person.read("links"))["items"]} == {"open"}
            assert (await person.tell("halt", reason="lunch"))[0] == 200
            await person.hear('"is_halted":true')
            assert (await person.tell("resume", reason="back"))[0] == 200
            await person.hear('"is_halted":false')
            assert (await person.tell("reduce-only", reason="nervous", on=True))[0] == 200
            await person.hear('"is_reduce_only":true')
            status, refused = await person.tell("cancel/1", reason="no such order")
            assert (status, refused["error"]["code"]) == (409, "not_possible")
            shown = await asyncio.to_thread(ended, tmp_path, "config.show", "--json")
            version = json.loads(shown.stdout)
            known = {"expected_version": version["version"], "expected_hash": version["hash"]}
            body = {"document": {"dry_run": True, "max_drawdown_pct": 12}, **known, "phrase": "apply config"}
            status, applied = await person.tell("config", reason="less risk", **body)
            assert (status, applied["text"][:20]) == (200, "version 1 is in forc"), applied
            status, stale = await person.tell("config", reason="again", **{**body, "document": {"dry_run": True}})
            assert (status, stale["error"]["code"]) == (409, "not_possible"), stale
            assert (await person.tell("kill", reason="enough", phrase="kill"))[0] == 200
        process.communicate(timeout=60)
        assert process.returncode == 2
    lines = (tmp_path / "logs" / "config_audit.log").read_text("utf-8").splitlines()
    actions = [json.loads(line)["entry"]["action"] for line in lines]
    told = [action.removeprefix("control.") for action in actions if action.startswith("control.")]
    changed = ["apply_config", "apply_config", "refused"]
    assert told == ["halt", "resume", "reduce_only", "cancel_order", "refused", *changed, "kill"]
    assert actions.count("config.apply") == 1
    assert isinstance(verify_file(tmp_path / "logs" / "config_audit.log"), ChainHead)
    again = ended(tmp_path, "run", "--port", "0")
    assert again.returncode == 2
    assert "enough" in again.stderr
    journal = next((tmp_path / "journal").glob("*.sqlite"))
    assert ended(tmp_path, "replay", str(journal)).returncode == 0  # the commands are events like any other


WIRETAP = """
import sys
from genesis.adapters.venue.venue import Venue
receive = Venue.receive
def overheard(venue, connection, text, at_ms):
    if text.startswith(('[0,"on"', '[0,"oc')):
        print("the venue heard", text[4:6], file=sys.stderr, flush=True)
    receive(venue, connection, text, at_ms)
Venue.receive = overheard
"""


async def test_e16_what_rests_at_the_local_venue_is_cancelled_before_a_killed_session_ends(tmp_path: Path) -> None:
    config = tmp_path / "resting.json"
    plan = {"kind": "limit_entry", "offset_bps": 500, "patience_s": 86400}
    desk = {"name": "rests", "strategy": "ema_cross", "params": {"fast": 2, "slow": 3}, "cash": "1000", "plan": plan}
    config.write_text(json.dumps({"dry_run": True, "strategies": [desk]}))
    words = ("--data", "synthetic:3:1", "--config", str(config), "--speed", "3000")
    with running(tmp_path, *words, first=WIRETAP) as (process, url):
        async with aiohttp.ClientSession() as client:
            person = await logged_in(client, tmp_path, url)
            await person.hear('"status":"working"')
            assert (await person.tell("kill", reason="get me out", phrase="kill"))[0] == 200
        _, errors = await asyncio.to_thread(process.communicate, timeout=60)
    assert (process.returncode, "kill latch is set (get me out)" in errors) == (2, True), errors
    assert [line for line in errors.splitlines() if line.startswith("the venue heard")][1:] == ["the venue heard oc"]
    assert "order.not_cancelled" not in errors
    assert ended(tmp_path, "replay").returncode == 0


async def test_a_disk_that_keeps_no_link_keeps_nobody_out_and_halts_and_kills(tmp_path: Path) -> None:
    (tmp_path / "access").write_text("")  # in the way, as a disk that is read-only is
    (tmp_path / "logs").write_text("")
    spare = spare_folder(tmp_path)
    try:
        with running(tmp_path, "--data", "synthetic:3:1", "--speed", "3000") as (process, url):
            assert process.stderr is not None
            assert str(spare / "link") in process.stderr.readline()
            async with aiohttp.ClientSession() as client:
                person = await admitted(client, url, (spare / "link").read_text("ascii").strip())
                status, halted = await person.tell("halt", reason="what is it with this disk")
                assert (status, halted["audit_seq"]) == (200, 0), halted
                assert "not in the audit log" in halted["text"]
                await person.hear('"is_halted":true')
                assert (await person.tell("resume", reason="go on"))[0] in {503, 507}  # nothing else goes unrecorded
                made = await asyncio.to_thread(ended, tmp_path, "login")
                person = await admitted(client, url, made.stdout.strip())
                assert (await person.tell("kill", reason="enough", phrase="kill"))[0] == 200
            process.communicate(timeout=60)
            assert process.returncode == 2
    finally:
        shutil.rmtree(spare, ignore_errors=True)


def test_links_and_tokens_are_made_and_taken_back_by_tasks(tmp_path: Path) -> None:
    assert "no session has run" in ended(tmp_path, "login").stderr
    made = ended(tmp_path, "token.create", "grafana", "--role", "read", "--days", "7")
    assert made.stdout.startswith("gen_")
    assert "grafana: read, until" in ended(tmp_path, "token.list").stdout
    assert "revoked" in ended(tmp_path, "token.revoke", "grafana").stdout
    assert ended(tmp_path, "token.revoke", "grafana").returncode == 1
    log = (tmp_path / "logs" / "config_audit.log").read_text("utf-8")
    told = [json.loads(line)["entry"] for line in log.splitlines()]
    assert [(each["action"], each["token"]) for each in told] == [
        ("security.token_created", "grafana"),
        ("security.token_revoked", "grafana"),
    ]
    assert made.stdout.strip() not in log
    document = json.loads(ended(tmp_path, "openapi").stdout)
    assert document["openapi"] == "3.1.0"
    assert "/api/v1/control/halt" in document["paths"]
