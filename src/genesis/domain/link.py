"""The state of a connection to the exchange, as events that the core receives like any other."""

from enum import Enum
from typing import NamedTuple

from genesis.domain.units import Mts


class Link(Enum):
    """What a connection is good for.

    OPEN: data flows, and on the account's connection requests are taken. RECONNECT: nothing flows; whatever was in
    flight is unknown until reconciled. MAINTENANCE: connected, but no data is reliable and nothing may be placed or
    cancelled. CLOSED: given up for good (credentials refused, or stopped).
    """

    OPEN = "open"
    RECONNECT = "reconnect"
    MAINTENANCE = "maintenance"
    CLOSED = "closed"


class LinkState(NamedTuple):
    """A connection changed its state; *name* tells which one, *reason* is for people."""

    mts: Mts
    name: str
    link: Link
    reason: str
