"""The authenticated connection without IO: greeting, authentication, account messages, requests and their answers.

Like `connection`, for channel 0. It ends rather than repairs itself: after maintenance, silence or a full queue, what
is true is read from the snapshots of the next connection.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from attrs import frozen
from msgspec import Raw
from msgspec.json import encode

from genesis.adapters.bitfinex import control
from genesis.adapters.bitfinex.account_frames import event_from_wire, notification
from genesis.adapters.bitfinex.control import Flags
from genesis.adapters.bitfinex.errors import STALE_NONCE, Asked, classify_code
from genesis.adapters.bitfinex.frames import FRAME_CHARS_MAX, UNREADABLE, decode_parts
from genesis.adapters.bitfinex.happenings import LinkChanged, Ring
from genesis.adapters.bitfinex.inputs import Request, Requests
from genesis.adapters.bitfinex.maintenance import Pause
from genesis.domain.account_events import AccountEvent
from genesis.domain.link import Link
from genesis.domain.market import Gap, GapReason
from genesis.ports.errors import ExchangeError, Maintenance, OutcomeUnknown, ProtocolViolation, StaleNonce, Unreachable
from genesis.ports.metrics import Metrics

DEAD_MAN_SWITCH: Final = 4
AUTH: Final = Asked(endpoint="ws auth", is_write=False)


@frozen
class AccountRules:
    """What to ask for, and when to worry, in seconds."""

    filters: tuple[str, ...] = ()
    """`trading`, `trading-tBTCUSD`, `funding`, `wallet-exchange-BTC`, `algo`, `balance`, `notify`, …; none means
    everything.
    """
    dead_man_switch: bool = False
    """Let the exchange cancel **all** orders of the account, others' too, when this connection ends, restarts
    included.
    """
    greeting_s: float = 10.0
    auth_s: float = 10.0
    ping_after_s: float = 3.0
    pong_s: float = 4.0
    silence_s: float = 20.0  # of the account channel, whose heartbeats come every 15 s
    maintenance_s: float = 180.0
    status_is_polled: bool = False
    """Whether somebody asks for the platform's status when maintenance does not end; streams see to it."""
    flags: Flags = Flags.TIMESTAMP | Flags.SEQUENCE


def auth_text(key: str, nonce: int, payload: str, signature: str, rules: AccountRules) -> str:
    """Return the request to authenticate; *payload* and *signature* come from the signer."""
    fields: dict[str, object] = {
        "event": "auth",
        "apiKey": key,
        "authNonce": nonce,
        "authPayload": payload,
        "authSig": signature,
    }
    if rules.dead_man_switch:
        fields["dms"] = DEAD_MAN_SWITCH
    if rules.filters:
        fields["filter"] = rules.filters
    return encode(fields).decode()


class AccountLine:
    """The life of one authenticated connection. *emit* takes events and returns False when its queue is full."""

    def __init__(
        self,
        rules: AccountRules,
        emit: Callable[[AccountEvent], bool],
        metrics: Metrics,
        ring: Ring,
        now_s: float,
    ) -> None:
        self.outgoing: deque[str] = deque([control.conf_text(rules.flags)] if rules.flags else ())
        self.happenings: deque[LinkChanged] = deque()
        self.ended = ""
        self.refusal: ExchangeError | None = None
        """What authentication failed with, if the exchange answered it."""
        self.wants_auth = False
        """Whether the exchange has greeted, is operative, and waits for us to authenticate."""
        self.was_accepted = False
        """Whether authentication succeeded."""
        self.requests = Requests()
        self._rules = rules
        self._emit = emit
        self._metrics = metrics
        self._ring = ring
        self._now_s = now_s
        self._opened_s = now_s
        self._heard_s = self._spoke_s = now_s
        self._was_heard = True
        self._had_account = False
        self._pinged_s: float | None = None
        self._pings = 0
        self._link: Link | None = None
        self._pause = Pause(rules.maintenance_s, rules.status_is_polled)
        self._greeted_s: float | None = None
        self._auth_s: float | None = None
        self._expected: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether requests are taken."""
        return self._link is Link.OPEN and not self.ended

    @property
    def is_in_maintenance(self) -> bool:
        """Whether the exchange has said that it is in maintenance."""
        return self._link is Link.MAINTENANCE

    @property
    def wants_status(self) -> bool:
        """Whether the platform's status would tell whether maintenance goes on."""
        return self.is_in_maintenance and self._pause.wants_status(self._now_s)

    def platform_said(self, is_operative: bool) -> None:
        """Take the platform's status: once it is operative again, a new greeting has to say so too."""
        if is_operative and self.wants_status:
            self.end("the platform is operative again; a new greeting will tell")

    @property
    def awaits_auth(self) -> bool:
        """Whether an authentication has left and was not answered yet."""
        return self._auth_s is not None

    def auth_sent(self, now_s: float) -> None:
        """Note that the authentication has left."""
        self._metrics.increment("ws_auth_request")
        self._auth_s = now_s

    def ask(self, request: Request) -> None:
        """Send a request and wait for its notification."""
        self.ask_all([request])

    def ask_all(self, requests: Sequence[Request]) -> None:
        """Send the one message that several requests share, and wait for a notification of each."""
        for request in requests:
            self.requests.add(request)
        self.outgoing.append(requests[0].text)

    def end(self, reason: str) -> None:
        """Be closed, for the first reason given."""
        self.ended = self.ended or reason

    def withdraw(self, text: str) -> bool:
        """Take a message back and return True; once it has left, or was taken back before, return False."""
        # By identity: of two equal messages, such as the same cancellation asked for twice, one may have left.
        kept = [waiting for waiting in self.outgoing if waiting is not text]
        was_here = len(kept) < len(self.outgoing)
        self.outgoing.clear()
        self.outgoing.extend(kept)
        return was_here

    def settle_all(self) -> None:
        """Fail every request that waits: those that never left may be sent again, of the others nobody knows."""
        self._settle_unsent(lambda endpoint: Unreachable(f"not sent: {self.ended}", endpoint=endpoint))
        for request in self.requests:
            self.requests.drop(request)
            request.settle(OutcomeUnknown(f"no answer: {self.ended}", endpoint=f"ws {request.answer}"))

    def _settle_unsent(self, problem: Callable[[str], ExchangeError]) -> None:
        """Take every request back that has not left, and fail it with *problem* of its endpoint."""
        unsent = {id(text) for text in self.outgoing}
        for request in self.requests:
            if id(request.text) in unsent:
                self.requests.drop(request)
                self.withdraw(request.text)
                request.settle(problem(f"ws {request.answer}"))

    def receive(self, frame: str) -> None:
        """Take one message."""
        self._was_heard = True
        if len(frame) > FRAME_CHARS_MAX:
            self._unreadable(frame, f"{len(frame)} characters")
        elif frame.startswith("["):
            self._array(frame)
        else:
            try:
                said = control.read_control(frame)
            except (ProtocolViolation, UnicodeError) as problem:
                self._unreadable(frame, problem)
            else:
                self._said(said)

    def tick(self, now_s: float) -> None:
        """Let time pass: look at everything that may have taken too long."""
        self._now_s = now_s
        rules = self._rules
        if self._was_heard:
            self._was_heard, self._heard_s, self._pinged_s = False, now_s, None
        if self._had_account:
            self._had_account, self._spoke_s = False, now_s
        if self._link is None and self._auth_s is None:
            self._watch_start()
        elif self._auth_s is not None and now_s - self._auth_s >= rules.auth_s:
            self._metrics.increment("ws_auth_timeout")
            self.end("the authentication was not answered")
        elif self.is_open and now_s - self._spoke_s >= rules.silence_s:
            self.end("the account channel fell silent")
        elif self.is_in_maintenance and self._pause.is_too_long(now_s):
            self.end("maintenance did not end; a new greeting will tell")
        if self._pinged_s is not None and now_s - self._pinged_s >= rules.pong_s:
            self.end("nothing was heard after a ping")
        elif self._pinged_s is None and now_s - self._heard_s >= rules.ping_after_s:
            self._pings += 1
            self._pinged_s = now_s
            self.outgoing.append(control.ping_text(self._pings))
        self._watch_requests()

    def _watch_requests(self) -> None:
        unsent = {id(text) for text in self.outgoing}
        for request in self.requests.overdue(self._now_s):
            self._metrics.increment("ws_request_timeout_total")
            endpoint = f"ws {request.answer}"
            if id(request.text) in unsent:
                self.withdraw(request.text)
                request.settle(Unreachable("not sent in time: the network takes nothing", endpoint=endpoint))
            else:
                self.requests.lose(request)
                request.settle(OutcomeUnknown("no notification in time", endpoint=endpoint))

    def _watch_start(self) -> None:
        if self._greeted_s is None and self._now_s - self._opened_s >= self._rules.greeting_s:
            self.end("the exchange did not greet")
        elif self._greeted_s is not None and self._now_s - self._greeted_s >= self._rules.auth_s:
            self.end("no nonce could be had in time")

    def _array(self, frame: str) -> None:
        try:
            parts = decode_parts(frame)
            if not parts or bytes(parts[0]) != b"0":
                self._metrics.increment("ws_frames_unknown_channel_total")
                return
            kind = bytes(parts[1]).decode()
            if not (kind.startswith('"') and kind.isascii() and "\\" not in kind):
                raise ValueError(f"{kind[:40]} is no kind of message")
            kind = kind[1:-1]
            self._had_account = True
            self._audit(kind, parts)
            if kind != "hb":
                self._message(kind, parts[2])
        except (*UNREADABLE, ProtocolViolation) as problem:
            self._unreadable(frame, problem)
            self._put(Gap(GapReason.UNREADABLE, 1))

    def _message(self, kind: str, payload: Raw) -> None:
        event = event_from_wire(kind, payload)
        if kind == "n":
            row = notification(payload)
            request = self.requests.take(row)
            if request is not None:
                request.settle(row)
        self._put(event)

    def _put(self, event: AccountEvent) -> None:
        if not self._emit(event):
            self._metrics.increment("ws_account_overflow_total")
            self.end("the consumer of account events is too slow; it will read everything anew")

    def _audit(self, kind: str, parts: list[Raw]) -> None:
        """Follow the sequence numbers. Answers to requests may or may not be counted, so each makes us count afresh."""
        place = 2 if kind == "hb" else 3
        if not self._rules.flags & Flags.SEQUENCE or place >= len(parts):
            return
        if kind == "n" and b'-req"' in bytes(parts[2])[:60]:
            self._expected = None
            return
        text = bytes(parts[place])
        sequence = int(text) if text.isdigit() and len(text) <= 16 else None
        expected, self._expected = self._expected, None if sequence is None else sequence + 1
        if sequence is not None and expected is not None and sequence != expected:
            self._metrics.increment("ws_sequence_gap_total")
            self._put(Gap(GapReason.SEQUENCE, max(0, sequence - expected)))

    def _said(self, said: control.Control) -> None:
        match said:
            case control.Info():
                self._informed(said)
            case control.AuthReply():
                self._answered(said)
            case control.ErrorEvent(code=code, msg=text) if self._auth_s is not None:
                self._failed(code, text)
            case control.ErrorEvent():
                self._metrics.increment("ws_answers_unexpected_total")
            case control.ConfReply(status=status) if status != "OK":
                self.end("the exchange refused our flags")
            case _:
                pass  # a pong has done its work by being heard; we subscribe to nothing here

    def _informed(self, info: control.Info) -> None:
        match info:
            case control.Info(code=control.STOPPING):
                self.end("the exchange restarts (20051)")
            case control.Info(code=control.MAINTENANCE_STARTS):
                self._pause.begin(self._now_s, is_announced=True)
                self._change(Link.MAINTENANCE, "maintenance (20060)")
            case control.Info(code=control.MAINTENANCE_ENDS):
                self.end("maintenance ended (20061): everything is read anew")
            case control.Info(version=2, platform=platform):
                if platform is None or platform.status == 1:
                    self.wants_auth = self._auth_s is None and self._link is None
                    self._greeted_s = self._now_s
                else:
                    self._metrics.increment("ws_auth_maintenance")
                    self._pause.begin(self._now_s, is_announced=False)
                    self._change(Link.MAINTENANCE, "the platform is in maintenance")
            case control.Info(version=int(version)):
                self.end(f"the exchange speaks version {version}, not 2")

    def _answered(self, reply: control.AuthReply) -> None:
        if self._auth_s is None:  # nobody asked: it proves nothing
            self._metrics.increment("ws_answers_unexpected_total")
            return
        if reply.status != "OK":
            self._failed(reply.code, reply.msg)
            return
        self._auth_s = None
        self.was_accepted = True
        self._spoke_s = self._now_s
        self._metrics.increment("ws_auth_success")
        if not self.is_in_maintenance:
            self._change(Link.OPEN, "authenticated")

    def _failed(self, code: int | None, text: str) -> None:
        self._auth_s = None
        if code is None and text == "nonce: small":
            code = STALE_NONCE
        self.refusal = classify_code(code, text, AUTH)
        if isinstance(self.refusal, Maintenance):
            self._metrics.increment("ws_auth_maintenance")
        else:
            self._metrics.increment("ws_auth_error")
        is_stale = " (another program may use this key)" if isinstance(self.refusal, StaleNonce) else ""
        self.end(f"{self.refusal}{is_stale}")

    def _change(self, link: Link, reason: str) -> None:
        if self._link is not link:
            self._link = link
            self.happenings.append(LinkChanged(link, reason))
        if link is Link.MAINTENANCE:
            self._settle_unsent(lambda endpoint: Maintenance(f"not sent: {reason}", endpoint=endpoint))

    def _unreadable(self, frame: str, problem: object) -> None:
        self._ring.keep(frame, problem)
        self._metrics.increment("ws_frames_unreadable_total")
