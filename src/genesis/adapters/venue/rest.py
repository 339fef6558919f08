"""The REST door: faults, limits, signatures, then the endpoint. Every refusal has a body of the exchange's shapes."""

from collections.abc import Mapping
from typing import Final

from msgspec import json

from genesis.adapters.venue.complaints import AUTH_FAILED, GENERIC, MAINTENANCE, STALE_NONCE, Complaint
from genesis.adapters.venue.core import Core
from genesis.adapters.venue.faults import REQUEST_FAULTS, Fault, Faults, Rule
from genesis.adapters.venue.http import Delivery, Request, Response, error_body
from genesis.adapters.venue.keys import ApiKey, Right
from genesis.adapters.venue.limits import Limits
from genesis.adapters.venue.numbers import written
from genesis.adapters.venue.order_desk import Answer
from genesis.adapters.venue.rest_account import AccountRest
from genesis.adapters.venue.rest_public import PublicRest, json_object

HTML: Final = b"<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
STOPPED_IN_MAINTENANCE: Final = ("book", "auth/w/")
NOT_FOUND: Final = b'["error",10020,"path: invalid"]'


class RestDoor:
    """Answers HTTP requests."""

    def __init__(self, core: Core, faults: Faults, limits: Limits) -> None:
        self._core = core
        self._faults = faults
        self._limits = limits
        self.account = AccountRest(core.exchange, core.histories, core.stream, core.funding, core.keys, core.fees)
        self._public = PublicRest(core.exchange, core.public, core.statistics)

    def handle(self, request: Request) -> Response:
        """Answer *request*; never raises for anything that a client can send."""
        rule = self._faults.pick(REQUEST_FAULTS, request.path, self._core.now, request.headers.get("bfx-apikey", ""))
        before = None if rule is None else _instead(rule)
        if before is not None:
            return before
        response = self._answer(request)
        self._core.flush()
        return response if rule is None else _spoiled(rule, response)

    def _answer(self, request: Request) -> Response:
        try:
            self._limits.request(request.peer, request.path, request.at_ms)
            if self._core.in_maintenance and request.path.startswith(STOPPED_IN_MAINTENANCE):
                raise Complaint(MAINTENANCE, "maintenance")
            text = self._signed(request) if request.path.startswith("auth/") else self._open(request)
        except Complaint as complaint:
            return Response(complaint.status, error_body(complaint.code, complaint.text))
        if text is None:
            return Response(404, NOT_FOUND)
        return Response(200, text.encode())

    def _open(self, request: Request) -> str | None:
        if request.path == "platform/status":
            return "[0]" if self._core.in_maintenance else "[1]"
        return self._public.answer(request.method, request.path, request.query, request.body, self._core.now)

    def _signed(self, request: Request) -> str | None:
        if request.method != "POST":
            return None
        key = self._who(request)
        fields = json_object(request.body)
        path = request.path.removeprefix("auth/").split("/")
        if path[:2] == ["w", "order"]:
            key.require(Right("orders", write=True))
            return self._order(key, path[2:], fields)
        answer = self.account.answer(key, path, fields, self._core.now)
        if answer is None:
            return None
        return answer if isinstance(answer, str) else written(answer)

    def _who(self, request: Request) -> ApiKey:
        headers = request.headers
        if "bfx-token" in headers:
            return self._core.keys.check_token(headers["bfx-token"], self._core.now)
        key, nonce, signature = (headers.get(f"bfx-{name}", "") for name in ("apikey", "nonce", "signature"))
        if not key:
            raise Complaint(AUTH_FAILED, "apikey: invalid")
        payload = b"/api/v2/%b%b%b" % (request.path.encode(), nonce.encode(), request.body)
        return self._core.keys.check(key, nonce, signature, payload)

    def _order(self, key: ApiKey, path: list[str], fields: Mapping[str, object]) -> str | None:
        core = self._core
        match path:
            case ["submit"]:
                answer = core.desk.submit(key.user, fields, core.now)
                reply = _envelope(answer._replace(text=f"Submitting {_count(answer.data)} orders."), core.now // 1000)
            case ["update"]:
                answer = core.desk.update(key.user, fields, core.now)
                reply = _envelope(answer, core.now)
            case ["cancel"]:
                answer = core.desk.cancel(key.user, fields, core.now)
                reply = _envelope(answer, core.now)
            case ["cancel", "multi"]:
                answer = core.desk.cancel_many(key.user, fields, core.now)
                reply = _envelope(answer, core.now)
            case ["multi"]:
                return self._many(key, fields)
            case _:
                return None
        core.apply(answer.events)
        return written(reply)

    def _many(self, key: ApiKey, fields: Mapping[str, object]) -> str:
        core = self._core
        answers = core.desk.operate(key.user, fields.get("ops"), core.now)
        inner = [_envelope(answer, core.now) for answer in answers]
        for answer in answers:
            core.apply(answer.events)
        words = f"Submitting {len(answers)} order operations."
        return written([core.now, "ox_multi-req", None, None, inner, None, "SUCCESS", words])


def _envelope(answer: Answer, mts: int) -> list[object]:
    return [mts, answer.kind, None, None, answer.data, None, answer.status, answer.text]


def _count(data: object) -> int:
    return len(data) if isinstance(data, list) else 1


def _instead(rule: Rule) -> Response | None:
    """Return what is answered without carrying the request out, None for a fault that comes after it."""
    match rule.kind:
        case Fault.REFUSE:
            return Response(0, b"", delivery=Delivery(cut_at=-1))
        case Fault.STALL:
            return Response(200, b"", delivery=Delivery(stalls=True))
        case Fault.HTML:
            return Response(rule.value or 502, HTML, "text/html")
        case Fault.RATE_LIMIT:
            return Response(429, json.encode({"error": "ERR_RATE_LIMIT"}))
        case Fault.NONCE_SMALL:
            return Response(500, error_body(STALE_NONCE, "nonce: small"))
        case Fault.AUTH_FAILURE:
            return Response(500, error_body(AUTH_FAILED, "apikey: invalid"))
        case Fault.ERROR:
            return Response(500, error_body(rule.value or GENERIC, rule.text or "unknown error"))
        case _:
            return None


def _spoiled(rule: Rule, response: Response) -> Response:
    """Return what becomes of the answer to a request that was carried out."""
    match rule.kind:
        case Fault.RESET:
            return Response(response.status, response.body, delivery=Delivery(cut_at=rule.value))
        case Fault.DROP_ACK:
            return Response(response.status, response.body, delivery=Delivery(cut_at=-1))
        case Fault.ACCEPT_THEN_5XX:
            return Response(rule.value or 502, HTML, "text/html")
        case Fault.DRIP:
            return Response(response.status, response.body, delivery=Delivery(drip_ms=rule.value or 1_000))
        case Fault.LATE_ACK:
            return Response(response.status, response.body, delivery=Delivery(delay_ms=rule.value))
        case _:
            return response
