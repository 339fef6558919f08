"""What passed on the wire, read plainly: submits and what they were answered, nonces, and what we were told."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from attrs import define, field

from genesis.app.simulation.checker.budgets import Budgets
from genesis.app.simulation.checker.findings import Findings
from genesis.ports.transport import HttpAnswer, HttpRequest

NONCE_AHEAD_US: Final = 60_000_000
NONCE_MAX: Final = 2**53 - 1
CID_MAX: Final = 2**45
SUBMIT: Final = "auth/w/order/submit"
CANCEL: Final = "auth/w/order/cancel"
DEFINITIVE: Final = frozenset({10020, 10100, 10111, 10112, 10113, 10114, 10001, 11000, 20060, *range(10300, 10310)})
"""Codes of answers that prove that a request was not carried out. Source: the outcome table of the programme."""

Body = Mapping[str, Any]  # Any: JSON


@define(eq=False)
class Attempt:
    """A submit whose bytes left, at *at_s*; *is_refused* once an answer that came proved that it was not accepted."""

    cid: int
    at_s: float
    way: str
    body: Body
    request: HttpRequest | None = None
    is_refused: bool = False

    @property
    def amount(self) -> Decimal:
        """The signed amount, in base units."""
        return Decimal(str(self.body["amount"]))


@define(eq=False)
class WireView:
    """Follows one key's traffic. *exchange_us* is the exchange's own time, *on_submit* hears of each submit first."""

    findings: Findings
    exchange_us: Callable[[], int]
    on_submit: Callable[[Attempt], None]
    budgets: Budgets
    on_cancel: Callable[[Body], None]
    attempts: dict[int, list[Attempt]] = field(factory=dict)
    left_s: list[float] = field(factory=list)
    cancels: int = 0
    in_maintenance: bool = False
    """Whether the process of the moment has read that the exchange is in maintenance, and not that it ended."""
    limited: int = 0
    heard_s: dict[str, float] = field(factory=dict)
    """When the order book of a market was heard of last, by symbol."""
    _nonce: int = 0
    _waiting: dict[int, Attempt] = field(factory=dict)
    _books: dict[str, str] = field(factory=dict)
    """Symbols by the beginning of the frames of their books."""

    def process_began(self) -> None:
        """Forget what only the process before knew."""
        self.in_maintenance = False

    def frame_left(self, text: str) -> None:
        """Take a frame that leaves."""
        if text.startswith("{"):
            message = json.loads(text)
            if message.get("event") == "auth":
                self._take_nonce(int(message["authNonce"]), "auth")
            return
        _, kind, _, body = json.loads(text)
        for name, each in body if kind == "ox_multi" else [(kind, body)]:
            if name == "on":
                self._submitted(Attempt(each["cid"], self.findings.now_s(), "socket", each))
            elif name == "oc":
                self._cancel(each)

    def request_left(self, request: HttpRequest) -> None:
        """Take a request that leaves."""
        nonce = request.headers.get("bfx-nonce")
        path = request.url.partition("/v2/")[2].partition("?")[0]
        self.budgets.request_left(path)
        if nonce is not None:
            self._take_nonce(int(nonce), path)
        if path == SUBMIT:
            body = json.loads(request.body)
            attempt = Attempt(body["cid"], self.findings.now_s(), "rest", body, request)
            self._waiting[id(request)] = attempt
            self._submitted(attempt)
        elif path == CANCEL:
            self._cancel(json.loads(request.body))

    def answer_came(self, request: HttpRequest, answer: HttpAnswer) -> None:
        """Take an answer that the process reads."""
        attempt = self._waiting.pop(id(request), None)
        if answer.status == 429 and b"ratelimit" in answer.body:
            self.limited += 1
        if attempt is not None:
            attempt.is_refused = answer.status == 429 or _is_refusal(answer.body)

    def frame_came(self, text: str) -> None:
        """Take a frame that the process reads."""
        symbol = self._books.get(text.partition(",")[0])
        if symbol is not None:
            if not text.partition(",")[2].startswith('"hb"'):
                self.heard_s[symbol] = self.findings.now_s()
        elif text.startswith("{") and '"subscribed"' in text:
            message = json.loads(text)
            if message["channel"] == "book":
                self._books[f"[{message['chanId']}"] = message["symbol"]
        elif text.startswith('[0,"n",') and '"on-req"' in text and '"ERROR"' in text:
            row = json.loads(text)[2]
            for attempt in self.attempts.get(row[4][2], ()):
                attempt.is_refused |= attempt.way == "socket"
        elif text.startswith("{") and '"info"' in text:
            message = json.loads(text)
            if message.get("code") == 20060 or (message.get("platform") or {}).get("status") == 0:
                self.in_maintenance = True
            elif message.get("code") == 20061 or (message.get("platform") or {}).get("status") == 1:
                self.in_maintenance = False

    def _cancel(self, body: Body) -> None:
        self.cancels += 1
        self.on_cancel(body)

    def undecided(self) -> list[Attempt]:
        """Return the submits that left and were not proven to be refused."""
        return [each for attempts in self.attempts.values() for each in attempts if not each.is_refused]

    def _submitted(self, attempt: Attempt) -> None:
        before = self.attempts.setdefault(attempt.cid, [])
        self.findings.require(
            all(each.is_refused for each in before),
            "I2",
            f"order {attempt.cid} left again although nothing proves that it was not accepted before",
            [(each.way, each.at_s) for each in before],
        )
        self.findings.require(0 < attempt.cid < CID_MAX, "I22", f"cid {attempt.cid} does not fit into 45 bits")
        before.append(attempt)
        self.left_s.append(attempt.at_s)
        self.on_submit(attempt)

    def _take_nonce(self, nonce: int, what: str) -> None:
        rises = self.findings.require(
            nonce > self._nonce, "I20", f"nonce {nonce} of {what} is not above {self._nonce}, which left before it"
        )
        limit = self.exchange_us() + NONCE_AHEAD_US
        self.findings.require(
            nonce <= min(limit + 1_000_000, NONCE_MAX),  # the exchange's time is known to a second
            "I21",
            f"nonce {nonce} of {what} is {(nonce - self.exchange_us()) / 1e6:.1f} s ahead of the exchange",
        )
        if rises:
            self._nonce = nonce


def _is_refusal(body: bytes) -> bool:
    try:
        answer = json.loads(body)
    except ValueError:
        return False
    if not (isinstance(answer, list) and answer):
        return False
    if answer[0] == "error":
        return len(answer) == 3 and answer[1] in DEFINITIVE
    return len(answer) > 6 and answer[6] in ("ERROR", "FAILURE")
