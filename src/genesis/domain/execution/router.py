"""Which way a request takes to the exchange: the socket first, REST when that is down, nothing in maintenance.

One request takes one way. A new order that did not provably stay here is never sent the other way as well; a cancel may
be, for cancelling twice is harmless.
"""

from enum import Enum
from typing import Final

from genesis.domain.link import Link


class Way(Enum):
    """How to send."""

    SOCKET = "socket"
    REST = "rest"
    HOLD = "hold"


WAYS: Final = {Link.OPEN: Way.SOCKET, Link.RECONNECT: Way.REST, Link.CLOSED: Way.REST, Link.MAINTENANCE: Way.HOLD}


def way(account: Link) -> Way:
    """Return the way for one request by the state of the *account*'s socket, in the moment in which it leaves."""
    return WAYS[account]
