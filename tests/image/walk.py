"""What a new user does with a session, from outside its process: the same walk in a checkout and in the image."""

import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from typing import Any, Final

from attrs import frozen

WAIT_S: Final = 120.0
LOWERED: Final = {"dry_run": True, "risk": {"max_exposure": "1"}}
"""Less than any order is worth: what adds to a position is refused from then on."""


@frozen
class Walk:
    """A person at the session of *url*, who has logged in with the code of a link."""

    url: str
    token: str

    def read(self, path: str) -> Any:  # Any: JSON
        """Return what a read route answers."""
        return json.loads(fetched(f"{self.url}/api/v1/{path}", token=self.token))

    def tell(self, path: str, **body: object) -> Any:  # Any: JSON
        """Return what a control route answers."""
        return json.loads(fetched(f"{self.url}/api/v1/control/{path}", json.dumps(body).encode(), self.token))

    def until(self, path: str, holds: Callable[[Any], object]) -> Any:  # Any: JSON
        """Return what a read route answers, once it *holds*."""
        end_s = time.monotonic() + WAIT_S
        while not holds(found := self.read(path)):
            assert time.monotonic() < end_s, f"{path} stayed at {json.dumps(found)[:2_000]}"
            time.sleep(0.2)
        return found

    def shows_its_page(self) -> None:
        """The page comes with all that it names, from this server alone."""
        page = fetched(f"{self.url}/")
        names = [piece.split('"')[0] for mark in ('src="', 'href="') for piece in page.split(mark)[1:]]
        names = [name for name in names if not name.startswith(("#", "data:"))]
        assert names, page
        for name in names:
            assert "//" not in name, name
            assert fetched(f"{self.url}/{name.removeprefix('/')}"), name

    def trades(self) -> None:
        """Orders are filled over the wire, and each tells why it left."""
        filled, *_ = self.until("fills", lambda found: found["items"])["items"]
        order = self.read(f"orders/{filled['cid']}")
        assert order["reasons"]["nodes"], order
        assert {each["state"] for each in self.read("links")["items"]} == {"open"}

    def is_halted_and_goes_on(self) -> None:
        """A halt holds until it is lifted."""
        assert self.tell("halt", reason="lunch")["audit_seq"]
        self.until("overview", lambda found: found["is_halted"])
        self.tell("resume", reason="back")
        self.until("overview", lambda found: not found["is_halted"])

    def refuses_beyond_a_lowered_limit(self, version: int, digest: str) -> None:
        """A limit that is lowered over HTTP refuses the next order, and the answer says what was seen and allowed."""
        before = {each["name"]: each["refusals"] for each in self.read("risk")["guards"]}
        known = {"expected_version": version, "expected_hash": digest, "phrase": "apply config"}
        assert "is in force" in self.tell("config", reason="less risk", document=LOWERED, **known)["text"]

        def refused(found: Any) -> list[Any]:  # Any: JSON
            return [each for each in found["guards"] if each["refusals"] > before[each["name"]]]

        guard, *_ = refused(self.until("risk", refused))
        assert guard["refused_last"], guard
        assert guard["observed"], guard
        assert guard["allowed"], guard

    def is_killed(self) -> None:
        """A kill is in the audit log with who did it."""
        assert self.tell("kill", reason="end of the walk", phrase="kill")["audit_seq"]


def logged_in(url: str, link: str) -> Walk:
    """Log in as the link says."""
    code = link.strip().partition("#")[2]
    answer = json.loads(fetched(f"{url}/api/v1/session", json.dumps({"code": code}).encode()))
    return Walk(url, answer["token"])


def told(log: str) -> list[str]:
    """Return what was commanded, in order, of the text of an audit log."""
    actions = [str(json.loads(line)["entry"].get("action", "")) for line in log.splitlines()]
    return [action for action in actions if action.startswith(("control.", "config."))]


AUDITED: Final = ["control.halt", "control.resume", "control.apply_config", "config.apply", "control.kill"]


def fetched(url: str, body: bytes | None = None, token: str = "") -> str:
    """Return what *url* answers; raises `AssertionError` with what it refuses."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())} if body else {}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=20) as response:
            text: str = response.read().decode()
            return text
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{url}: {error.code} {error.read().decode()}") from error
