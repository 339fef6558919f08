"""Control calls: `POST /sim/NAME` with a JSON object. They are the hand of the one who runs the drill, not of a client.

advance      {"to": ms} or {"by": ms}          let time pass (lock-step)
deposit      {"key", "wallet", "currency", "amount"}
fees         {"key", "maker", "taker"}         whatever the volume of thirty days says
faults       {"script": {...}} | {"add": {...}} | {"remove": "id"}; GET shows what fired
maintenance  {"on": true|false}                20060, 20061
restart      {}                                20051, then every socket is closed
permissions  {"key", "scope", "read", "write"}
lag          {"ms": 5000}                      REST reads of orders and trades fall behind
limits       {"enforced": false}
state        GET: time, connections, imbalance of the books
"""

from collections.abc import Callable, Mapping

import msgspec
from msgspec import Struct

from genesis.adapters.venue.complaints import PARAMETERS, Complaint
from genesis.adapters.venue.core import Core
from genesis.adapters.venue.faults import Faults, Rule, Script
from genesis.adapters.venue.http import Response, error_body
from genesis.adapters.venue.keys import ApiKey
from genesis.adapters.venue.limits import Limits
from genesis.adapters.venue.rest import RestDoor
from genesis.adapters.venue.rest_account import KINDS
from genesis.adapters.venue.sockets import SocketDoor
from genesis.domain.simulation.accounts import FeeTier, NotEnoughFunds
from genesis.domain.simulation.settlement import moved
from genesis.domain.units import Currency, InexactNumber, Mts, atoms, ppb

STOPPING = 20051
MAINTENANCE_BEGINS = 20060
MAINTENANCE_ENDS = 20061
SERVICE_RESTART = 1012


class Advance(Struct, frozen=True, forbid_unknown_fields=True):
    """`advance`."""

    to: int | None = None
    by: int = 0


class Deposit(Struct, frozen=True, forbid_unknown_fields=True):
    """`deposit`: *amount* in currency units as text; a negative one is a withdrawal."""

    key: str
    currency: str
    amount: str
    wallet: str = "exchange"


class Fees(Struct, frozen=True, forbid_unknown_fields=True):
    """`fees`: rates as fractions in text; a negative one is a rebate."""

    key: str
    maker: str
    taker: str


class FaultCall(Struct, frozen=True, forbid_unknown_fields=True):
    """`faults`."""

    script: Script | None = None
    add: Rule | None = None
    remove: str = ""


class Maintenance(Struct, frozen=True, forbid_unknown_fields=True):
    """`maintenance`."""

    on: bool


class Permissions(Struct, frozen=True, forbid_unknown_fields=True):
    """`permissions`."""

    key: str
    scope: str
    read: bool
    write: bool


class Lag(Struct, frozen=True, forbid_unknown_fields=True):
    """`lag`."""

    ms: int


class Enforced(Struct, frozen=True, forbid_unknown_fields=True):
    """`limits`."""

    enforced: bool


class Control:
    """Answers control calls."""

    def __init__(self, core: Core, rest: RestDoor, sockets: SocketDoor, faults: Faults, limits: Limits) -> None:
        self._core = core
        self._rest = rest
        self._sockets = sockets
        self._faults = faults
        self._limits = limits
        self._calls: Mapping[str, Callable[[bytes], object]] = {
            "advance": self._advance,
            "deposit": self._deposit,
            "fees": self._set_fees,
            "faults": self._change_faults,
            "maintenance": self._maintain,
            "restart": self._restart,
            "permissions": self._permit,
            "lag": self._lag,
            "limits": self._limit,
        }

    def handle(self, method: str, name: str, body: bytes) -> Response:
        """Answer a call; a wrong one is answered with what is wrong."""
        try:
            if method == "GET" and name == "faults":
                return _answer([firing._asdict() for firing in self._faults.log])
            if method == "GET" and name == "state":
                return _answer(self._state())
            if method == "POST" and name in self._calls:
                return _answer(self._calls[name](body or b"{}"))
        except (msgspec.DecodeError, Complaint, InexactNumber, NotEnoughFunds) as problem:
            return Response(400, error_body(PARAMETERS, str(problem)))
        return Response(404, error_body(PARAMETERS, f"{method} /sim/{name} is no control call"))

    def _advance(self, body: bytes) -> object:
        wanted = msgspec.json.decode(body, type=Advance)
        to = Mts((self._core.now if wanted.to is None else wanted.to) + wanted.by)
        if to < self._core.now:
            raise Complaint(PARAMETERS, f"time goes forward only: it is {self._core.now}, asked was {to}")
        self._core.advance(to)
        return {"now": self._core.now, "next": self._core.next_mts}

    def _deposit(self, body: bytes) -> object:
        wanted = msgspec.json.decode(body, type=Deposit)
        key, kind = self._key(wanted.key), KINDS.get(wanted.wallet)
        if kind is None:
            raise Complaint(PARAMETERS, f"there is no wallet {wanted.wallet}")
        accounts, amount = self._core.exchange.accounts, atoms(wanted.amount)
        entry = accounts.deposit(key.user, kind, Currency(wanted.currency), amount, self._core.now)
        self._core.apply([moved(accounts.by_user[key.user], entry)])
        return {"balance": str(entry.balance)}

    def _set_fees(self, body: bytes) -> object:
        wanted = msgspec.json.decode(body, type=Fees)
        self._core.fees.fix(self._key(wanted.key).user, FeeTier(ppb(wanted.maker), ppb(wanted.taker)))
        return {"ok": True}

    def _key(self, name: str) -> ApiKey:
        key = self._core.keys.by_key.get(name)
        if key is None:
            raise Complaint(PARAMETERS, f"there is no key {name}")
        return key

    def _change_faults(self, body: bytes) -> object:
        wanted = msgspec.json.decode(body, type=FaultCall)
        if wanted.script is not None:
            self._faults.load(wanted.script)
        if wanted.add is not None:
            self._faults.add(wanted.add)
        if wanted.remove:
            self._faults.remove(wanted.remove)
        return {"ok": True}

    def _maintain(self, body: bytes) -> object:
        starts = msgspec.json.decode(body, type=Maintenance).on
        self._core.in_maintenance = starts
        if starts:
            self._sockets.announce(MAINTENANCE_BEGINS, "Entering in Maintenance mode. Please pause any activity")
        else:
            self._sockets.announce(MAINTENANCE_ENDS, "Maintenance ended. You can resume normal activity")
        return {"ok": True}

    def _restart(self, _body: bytes) -> object:
        self._sockets.announce(STOPPING, "Stopping. Please try to reconnect")
        self._sockets.close_all(SERVICE_RESTART)
        return {"ok": True}

    def _permit(self, body: bytes) -> object:
        wanted = msgspec.json.decode(body, type=Permissions)
        self._key(wanted.key).rights[wanted.scope] = (wanted.read, wanted.write)
        return {"ok": True}

    def _lag(self, body: bytes) -> object:
        self._rest.account.lag_ms = msgspec.json.decode(body, type=Lag).ms
        return {"ok": True}

    def _limit(self, body: bytes) -> object:
        self._limits.enforced = msgspec.json.decode(body, type=Enforced).enforced
        return {"ok": True}

    def _state(self) -> object:
        return {
            "now": self._core.now,
            "next": self._core.next_mts,
            "connections": sorted(self._sockets.sessions),
            "symbols": sorted(self._core.exchange.markets),
            "imbalance": self._core.exchange.accounts.imbalance(),
        }


def _answer(value: object) -> Response:
    return Response(200, msgspec.json.encode(value))
