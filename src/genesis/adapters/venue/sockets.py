"""The WebSocket door: connections, logins, subscriptions and inputs; frames go into an outbox that the shell
empties."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from genesis.adapters.venue.complaints import (
    AUTH_FAILED,
    AUTH_PAYLOAD,
    CONF_FAILED,
    GENERIC,
    MAINTENANCE,
    STALE_NONCE,
    SUBSCRIBE_FAILED,
    Complaint,
)
from genesis.adapters.venue.core import Core
from genesis.adapters.venue.faults import FRAME_FAULTS, INPUT_FAULTS, Fault, Faults, Rule
from genesis.adapters.venue.keys import SCOPES, ApiKey, Right
from genesis.adapters.venue.limits import Limits
from genesis.adapters.venue.numbers import integer_from_wire, integer_or_none, written
from genesis.adapters.venue.order_desk import Answer, refused
from genesis.adapters.venue.session import ACCOUNT, KNOWN_FLAGS, ConnectionId, Session
from genesis.domain.simulation.exchange_orders import Refusal
from genesis.domain.simulation.matching_events import CancelReason
from genesis.domain.units import Symbol

SERVER_ID: Final = "00000000-0000-4000-8000-0000000000aa"
DEAD_MAN: Final = 4
CALCULATIONS_MAX: Final = 30

Fields = Mapping[str, object]


class Close(NamedTuple):
    """The connection is closed with this code; 1006 means without a word."""

    code: int


class Outgoing(NamedTuple):
    """What is to be sent on a connection."""

    connection: ConnectionId
    what: str | Close


class SocketDoor:
    """All connections of the venue."""

    def __init__(self, core: Core, faults: Faults, limits: Limits) -> None:
        self.sessions: dict[ConnectionId, Session] = {}
        self.outbox: list[Outgoing] = []
        self._core = core
        self._faults = faults
        self._limits = limits
        self._held: dict[ConnectionId, str] = {}
        self._silent: set[ConnectionId] = set()

    def connect(self, connection: ConnectionId, peer: str) -> None:
        """Welcome a new connection."""
        session = self.sessions[connection] = Session(connection, peer, self._send)
        status = 0 if self._core.in_maintenance else 1
        session.event(event="info", version=2, serverId=SERVER_ID, platform={"status": status})

    def disconnect(self, connection: ConnectionId) -> None:
        """Forget a connection that is gone; with the dead-man switch the user's orders go with it."""
        session = self.sessions.pop(connection, None)
        if session is None:
            return
        session.is_open = False
        self._held.pop(connection, None)
        self._silent.discard(connection)
        self._core.public.forget(session)
        self._core.stream.logout(session)
        if session.key is not None and session.cancels_on_close:
            user, core = session.key.user, self._core
            for order in core.exchange.open_orders(user):
                result = core.exchange.cancel(user, order.id, core.now, CancelReason.DEAD_MAN)
                core.apply([] if isinstance(result, Refusal) else result)
            core.flush()

    def receive(self, connection: ConnectionId, text: str, at_ms: int) -> None:
        """Take one frame of a client; whatever it is, the answer is a frame."""
        session = self.sessions.get(connection)
        if session is None:
            return
        try:
            message = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            session.event(event="error", msg="json: invalid", code=GENERIC)
            return
        if isinstance(message, dict):
            self._event(session, message, at_ms)
        elif isinstance(message, list) and len(message) == 4 and message[0] == ACCOUNT:
            self._input(session, str(message[1]), message[2], message[3])
        else:
            session.event(event="error", msg="event: invalid", code=GENERIC)
        self._core.flush()

    def beat(self) -> None:
        """Send every channel of every connection a heartbeat, in ascending order."""
        for session in list(self.sessions.values()):
            for channel in ([ACCOUNT] if session.key is not None else []) + sorted(session.feeds):
                session.beat(channel, self._core.now)

    def announce(self, code: int, text: str) -> None:
        """Send everyone an info event."""
        for session in list(self.sessions.values()):
            session.event(event="info", code=code, msg=text)

    def close_all(self, code: int) -> None:
        """Close every connection."""
        for connection in list(self.sessions):
            self.outbox.append(Outgoing(connection, Close(code)))
            self.disconnect(connection)

    # Events

    def _event(self, session: Session, message: Fields, at_ms: int) -> None:
        name = message.get("event")
        try:
            match name:
                case "ping":
                    pong = {"cid": message["cid"]} if "cid" in message else {}
                    session.event(event="pong", ts=self._core.now, **pong)
                case "conf":
                    self._configure(session, message)
                case "subscribe":
                    self._core.public.subscribe(session, message, self._core.now)
                case "unsubscribe":
                    self._core.public.unsubscribe(session, integer_from_wire(message.get("chanId"), "chanId"))
                case "auth":
                    self._login(session, message, at_ms)
                case "unauth":
                    self._logout(session)
                case _:
                    session.event(event="error", msg="event: invalid", code=GENERIC)
        except Complaint as complaint:
            code = complaint.code
            if name == "subscribe" and code == GENERIC:
                code = SUBSCRIBE_FAILED
            echo = {} if name == "auth" else message  # some clients put their secret into it
            session.event(**{**echo, "event": "error", "msg": complaint.text, "code": code})

    def _configure(self, session: Session, message: Fields) -> None:
        flags = integer_from_wire(message.get("flags") or 0, "flags")
        if flags < 0 or flags & ~KNOWN_FLAGS:
            raise Complaint(CONF_FAILED, "conf: invalid")
        session.flags = flags
        session.event(event="conf", status="OK", flags=flags)

    def _login(self, session: Session, message: Fields, at_ms: int) -> None:
        if session.key is not None:
            raise Complaint(AUTH_FAILED, "auth: dup")
        try:
            self._limits.login(session.peer, at_ms)
            key = self._who(session, message)
        except Complaint as complaint:
            session.event(
                event="auth", status="FAILED", chanId=ACCOUNT, userId=0, code=complaint.code, msg=complaint.text
            )
            return
        session.key = key
        session.cancels_on_close = str(message.get("dms")) == str(DEAD_MAN)
        filters = message.get("filter")
        session.filters = frozenset(str(item) for item in filters) if isinstance(filters, list) else frozenset()
        reply: dict[str, object] = {
            "event": "auth",
            "status": "OK",
            "chanId": ACCOUNT,
            "userId": key.user,
            "auth_id": f"00000000-0000-4000-8000-{session.connection:012d}",
            "caps": {scope: _caps(key, scope) for scope in SCOPES},
        }
        if "subId" in message:
            reply["subId"] = message["subId"]
        session.event(**reply)
        self._core.stream.login(session, key.user, self._core.funding.rows(key.user), self._core.now)

    def _who(self, session: Session, message: Fields) -> ApiKey:
        name = str(message.get("apiKey", ""))
        rule = self._faults.pick(INPUT_FAULTS, "auth", self._core.now, name, session.connection)
        if rule is not None:
            raise _complaint(rule)
        if "token" in message and not name:
            return self._core.keys.check_token(str(message["token"]), self._core.now)
        payload, nonce = str(message.get("authPayload", "")), str(message.get("authNonce", ""))
        # Some clients write the nonce twice. Without it a signature once seen would open the account for ever.
        if not payload.startswith(f"AUTH{nonce}"):
            raise Complaint(AUTH_PAYLOAD, "payload: invalid")
        return self._core.keys.check(name, nonce, str(message.get("authSig", "")), payload.encode())

    def _logout(self, session: Session) -> None:
        self._core.stream.logout(session)
        session.key = None
        session.event(event="unauth", status="OK", chanId=ACCOUNT)

    # Inputs

    def _input(self, session: Session, name: str, message_id: object, data: object) -> None:
        key = session.key
        if key is None:
            session.event(event="error", msg="auth: invalid", code=AUTH_FAILED)
            return
        if name == "calc":
            self._calculate(session, key, data)
        elif name == "n" and isinstance(data, dict):
            note = [self._core.now, data.get("type"), message_id, None, data.get("info"), None, None, None]
            self._core.stream.notify(key.user, written(note), self._core.now)
        elif name in ("fon", "foc") and isinstance(data, dict):
            self._offer(session, key, name, data)
        elif name in ("on", "ou", "oc", "oc_multi", "ox_multi"):
            self._order(session, key, name, data)
        else:
            session.event(event="error", msg="input: invalid", code=GENERIC)

    def _order(self, session: Session, key: ApiKey, name: str, data: object) -> None:
        core = self._core
        rule = self._faults.pick(INPUT_FAULTS, name, core.now, key.signer.key, session.connection)
        operations = data if name == "ox_multi" else [[name, data]]
        try:
            self._may_trade(key)
            if rule is not None and rule.kind not in (Fault.DROP_ACK, Fault.LATE_ACK):
                raise _complaint(rule)
            answers = core.desk.operate(key.user, operations, core.now)
        except Complaint as complaint:
            fields = data if isinstance(data, dict) else {}
            answers = [refused(f"{name}-req", fields, complaint)]
        for answer in answers:
            self._acknowledge(session, key, answer, rule)
            core.apply(answer.events)

    def _offer(self, session: Session, key: ApiKey, name: str, data: Fields) -> None:
        core = self._core
        try:
            key.require(Right("funding", write=True))
            note = (core.funding.submit if name == "fon" else core.funding.cancel)(key.user, data, core.now)
        except Complaint as complaint:
            row = [integer_or_none(data.get("id")), *[None] * 20]
            note = [core.now, f"{name}-req", None, None, row, None, "ERROR", complaint.text]
        core.stream.notify(key.user, written(note), core.now, only=session)

    def _may_trade(self, key: ApiKey) -> None:
        if self._core.in_maintenance:
            raise Complaint(MAINTENANCE, "maintenance")
        key.require(Right("orders", write=True))

    def _acknowledge(self, session: Session, key: ApiKey, answer: Answer, rule: Rule | None) -> None:
        """Tell the socket that asked; every order of a pair is announced as its own, so the first one answers."""
        data = answer.data[0] if answer.kind == "on-req" and isinstance(answer.data, list) else answer.data
        note = written([self._core.now, answer.kind, None, None, data, None, answer.status, answer.text])

        def tell() -> None:
            if session.is_open and session.key is key:
                self._core.stream.notify(key.user, note, self._core.now, only=session)

        if rule is None:
            tell()
        elif rule.kind is Fault.LATE_ACK:
            self._core.later(rule.value, tell)

    def _calculate(self, session: Session, key: ApiKey, data: object) -> None:
        stream, core = self._core.stream, self._core
        wanted = data if isinstance(data, list) else []
        account = core.exchange.accounts.by_user[key.user]
        for item in wanted[:CALCULATIONS_MAX]:
            name = str(item[0] if isinstance(item, list) and item else item)
            symbol = Symbol(name.rpartition("_")[2])
            if name == "margin_base":
                session.account("miu", stream.margin_base_text(key.user), core.now)
            elif name == "balance":
                session.account("bu", stream.balance_text(key.user), core.now)
            elif name.startswith("margin_sym_") and symbol in core.exchange.markets:
                session.account("miu", stream.margin_symbol_text(key.user, symbol), core.now)
            elif name.startswith("position_") and symbol in account.positions:
                session.account("pu", stream.position_text(key.user, symbol), core.now)
            elif name.startswith("wallet_"):
                for wallet in account.wallets.values():
                    if name == f"wallet_{wallet.kind.value}_{wallet.currency}":
                        session.account("wu", stream.wallet_text(wallet), core.now)
            elif name.startswith("funding_sym_"):
                session.account("fiu", f'["sym","{symbol}",[0,0,0,0]]', core.now)

    # Frames

    def _send(self, session: Session, kind: str, frame: str) -> None:
        connection = session.connection
        key = session.key.signer.key if session.key is not None else ""
        rule = self._faults.pick(FRAME_FAULTS, kind, self._core.now, key, connection)
        if connection in self._silent:
            return
        self._faulty(session, kind, frame, rule) if rule is not None else self._put(connection, frame)

    def _faulty(self, session: Session, kind: str, frame: str, rule: Rule) -> None:
        connection = session.connection
        match rule.kind:
            case Fault.DUPLICATE:
                self._put(connection, frame)
                self._put(connection, frame)
            case Fault.REORDER:
                self._hold(connection, frame)
            case Fault.GAP:
                session.skip_sequence()
                self._put(connection, frame)
            case Fault.BAD_CHECKSUM:
                self._put(connection, _other_checksum(frame) if kind == "cs" else frame)
            case Fault.SILENCE:
                self._silent.add(connection)
            case Fault.DISCONNECT:
                self._cut(connection, frame)
            case _:
                pass  # dropped

    def _put(self, connection: ConnectionId, frame: str) -> None:
        self.outbox.append(Outgoing(connection, frame))
        held = self._held.pop(connection, None)
        if held is not None:
            self.outbox.append(Outgoing(connection, held))

    def _hold(self, connection: ConnectionId, frame: str) -> None:
        if connection in self._held:
            self._put(connection, frame)
        else:
            self._held[connection] = frame

    def _cut(self, connection: ConnectionId, frame: str) -> None:
        self._put(connection, frame)
        self.outbox.append(Outgoing(connection, Close(1006)))


def _caps(key: ApiKey, scope: str) -> dict[str, int]:
    read, write = key.rights.get(scope, (False, False))
    return {"read": int(read), "write": int(write)}


def _complaint(rule: Rule) -> Complaint:
    match rule.kind:
        case Fault.NONCE_SMALL:
            return Complaint(STALE_NONCE, "nonce: small")
        case Fault.AUTH_FAILURE:
            return Complaint(AUTH_FAILED, "apikey: invalid")
        case _:
            return Complaint(rule.value or GENERIC, rule.text or "unknown error")


def _other_checksum(frame: str) -> str:
    """Return the frame with a checksum that is off by one."""
    head, _, rest = frame.partition('"cs",')
    end = min(at for at in (rest.find(","), rest.find("]")) if at >= 0)
    return f'{head}"cs",{int(rest[:end]) ^ 1}{rest[end:]}'
