"""Who did something too often: a sliding minute on the monotonic clock, which a clock that steps does not change.

Failures to prove who one is are counted by address; a valid token is never looked up there, so nobody can lock the
owner out. Requests that cost more than their answer are counted by who asks for what.
"""

import ipaddress
from collections import OrderedDict, deque
from typing import Final

FAILURES_MAX: Final = 10
COSTLY_MAX: Final = 120
STRANGERS_TIMES: Final = 2
"""How many times as often as one of them all strangers together may ask for what is costly."""

EVERYBODY: Final = "everybody"
OVER_S: Final = 60.0
PAUSE_S: Final = 1.0
NAMES_MAX: Final = 1_024


def peer_of(address: str) -> str:
    """Return what counts as one peer: all of 127/8 is this machine, and a network of IPv6 is its owner's."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if found.is_loopback:
        return "loopback"
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


class MinuteLimiter:
    """Lets the same one do something *count_max* times within a minute; what is too much is not counted."""

    def __init__(self, count_max: int, names_max: int = NAMES_MAX) -> None:
        self._count_max = count_max
        self._names_max = names_max
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def is_too_much(self, name: str, now_s: float) -> bool:
        """Tell whether *name* did it too often before the monotonic time *now_s*, and count this time else."""
        times = self._times.get(name)
        if times is None:
            times = self._times[name] = deque()
            if len(self._times) > self._names_max:
                self._times.popitem(last=False)
        self._times.move_to_end(name)
        while times and now_s - times[0] > OVER_S:
            times.popleft()
        if len(times) >= self._count_max:
            return True
        times.append(now_s)
        return False
