"""The local Bitfinex, sans-IO: requests, frames and the time go in, responses and frames come out.

It knows no clock and no socket, and its only chance is a seeded generator: the same calls give the same answers. A
shell around it brings the network and the clock: `shell` for loopback, the simulation for virtual time."""

from collections.abc import Mapping
from typing import Final

from attrs import frozen

from genesis.adapters.venue.control import Control
from genesis.adapters.venue.core import Core, Driver
from genesis.adapters.venue.faults import Faults, Script
from genesis.adapters.venue.http import Request, Response
from genesis.adapters.venue.keys import all_rights
from genesis.adapters.venue.limits import Limits
from genesis.adapters.venue.rest import RestDoor
from genesis.adapters.venue.session import ConnectionId
from genesis.adapters.venue.sockets import Outgoing, SocketDoor
from genesis.domain.exchange.account import WalletKind
from genesis.domain.instrument import Instrument
from genesis.domain.simulation.margin_position import MarginTerms
from genesis.domain.simulation.matching_order import UserId
from genesis.domain.units import ATOMS_PER_UNIT, Currency, Mts

PREFIXES: Final = ("/v2/", "/api/v2/")
CONTROL: Final = "/sim/"


@frozen
class DemoKey:
    """A key that the venue hands out at its start; it opens nothing but this venue."""

    name: str
    key: str
    secret: str
    writes: bool = True


DEMO_KEYS: Final = (
    DemoKey("alice", "demo-alice-key", "demo-alice-secret"),
    DemoKey("bob", "demo-bob-key", "demo-bob-secret"),
    DemoKey("reader (read only)", "demo-reader-key", "demo-reader-secret", writes=False),
)

DEMO_BALANCES: Final[Mapping[WalletKind, Mapping[str, int]]] = {
    WalletKind.EXCHANGE: {"USD": 1_000_000, "BTC": 100, "ETH": 1_000},
    WalletKind.MARGIN: {"USD": 500_000},
    WalletKind.FUNDING: {"USD": 100_000},
}


class Venue:
    """One exchange with its doors."""

    def __init__(self, start: Mts, *, seed: int = 0, script: Script | None = None, limited: bool = True) -> None:
        self.core = Core(start, seed)
        self.faults = Faults(script)
        self.limits = Limits(enforced=limited)
        self.sockets = SocketDoor(self.core, self.faults, self.limits)
        self.rest = RestDoor(self.core, self.faults, self.limits)
        self._control = Control(self.core, self.rest, self.sockets, self.faults, self.limits)
        self._connections = 0

    @property
    def now(self) -> Mts:
        """The venue's time."""
        return self.core.now

    @property
    def next_mts(self) -> Mts | None:
        """When something happens by itself next."""
        return self.core.next_mts

    def list_instrument(self, instrument: Instrument, terms: MarginTerms | None = None) -> None:
        """Open a market."""
        self.core.list_instrument(instrument, terms)

    def add_driver(self, driver: Driver) -> None:
        """Let *driver* play a market; what it does at once is done."""
        self.core.add_driver(driver)
        self.core.advance(self.core.now)

    def add_demo_users(self) -> list[UserId]:
        """Open the demo accounts, with keys and balances."""
        users = []
        for demo in DEMO_KEYS:
            user = self.core.new_user()
            users.append(user)
            self.core.keys.add(user, demo.key, demo.secret, all_rights(write=demo.writes))
            for kind, balances in DEMO_BALANCES.items():
                for currency, units in balances.items():
                    amount = units * ATOMS_PER_UNIT
                    self.core.exchange.accounts.deposit(user, kind, Currency(currency), amount, self.core.now)
        return users

    # Time

    def advance(self, mts: Mts) -> None:
        """Let time pass."""
        self.core.advance(mts)

    def beat(self) -> None:
        """Send heartbeats: due every 15 seconds of the listener's time."""
        self.sockets.beat()

    # HTTP

    def request(self, path: str, request: Request) -> Response:
        """Answer a request; *path* is the whole path of the URL."""
        if path.startswith(CONTROL):
            return self._control.handle(request.method, path.removeprefix(CONTROL), request.body)
        if not path.startswith(PREFIXES):
            return Response(404, b"")
        return self.rest.handle(request)

    # WebSocket

    def connect(self, peer: str, at_ms: int) -> ConnectionId | None:
        """Open a connection, None where the address has opened too many."""
        if not self.limits.connection(peer, at_ms):
            return None
        self._connections += 1
        connection = ConnectionId(self._connections)
        self.sockets.connect(connection, peer)
        return connection

    def receive(self, connection: ConnectionId, text: str, at_ms: int) -> None:
        """Take a frame from a connection; *at_ms* is the time of the listener, for limits only."""
        self.sockets.receive(connection, text, at_ms)

    def disconnect(self, connection: ConnectionId) -> None:
        """Note that a connection is gone."""
        self.sockets.disconnect(connection)

    def take_outbox(self) -> list[Outgoing]:
        """Return what is to be sent, in order, and forget it."""
        outbox = self.sockets.outbox
        self.sockets.outbox = []
        return outbox


def path_after_version(path: str) -> str:
    """Return what follows the version in a path: what signatures and endpoints are named by."""
    for prefix in PREFIXES:
        if path.startswith(prefix):
            return path.removeprefix(prefix)
    return path
