"""Where the exchange's REST interface is, and how long we wait for it."""

from typing import Final
from urllib.parse import urlsplit

from attrs import Factory, frozen

from genesis.adapters.bitfinex.endpoints import Endpoint
from genesis.domain.resilience import Backoff, Priority

THIS_MACHINE: Final = frozenset({"127.0.0.1", "::1", "localhost"})
"""Where a local venue listens; what goes there is not worth listening to."""


@frozen
class RestSettings:
    """Bases of the interface, ending in `/v2/`, and times in seconds.

    Connecting has its own timeout, as only a failed connect proves that nothing was sent. A request is bounded by its
    total timeout, a call with all its waits and retries by the deadline of its kind. An order waits for its turn no
    longer than *order_wait_s*: by then a kill may have come, or the market have moved on. Raises `ValueError` for a
    base that would be asked in plain text beyond this machine.
    """

    public_url: str = "https://api-pub.bitfinex.com/v2/"
    auth_url: str = "https://api.bitfinex.com/v2/"
    connect_timeout_s: float = 3.0
    total_timeout_s: float = 10.0
    read_deadline_s: float = 30.0
    write_deadline_s: float = 15.0
    order_wait_s: float = 1.0
    history_deadline_s: float = 300.0
    backoff: Backoff = Factory(Backoff)

    def __attrs_post_init__(self) -> None:
        for url in (self.public_url, self.auth_url):
            if not url.endswith("/v2/"):
                raise ValueError(f"{url!r} is no base of the REST interface: it must end in /v2/")
            parts = urlsplit(url)
            is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in THIS_MACHINE)
            if not is_safe or not parts.hostname or "@" in parts.netloc:
                raise ValueError(f"{parts.hostname or url!r} must be asked by https, without a name and password")

    def base(self, endpoint: Endpoint) -> str:
        """Return the base of an endpoint's URL; it also names the host whose breaker counts."""
        return self.auth_url if endpoint.is_signed else self.public_url

    def deadline_s(self, endpoint: Endpoint) -> float:
        """Return how long a call may take with all its waits and retries."""
        if endpoint.is_write:
            return self.write_deadline_s
        return self.history_deadline_s if endpoint.priority is Priority.HISTORY else self.read_deadline_s

    def wait_s(self, endpoint: Endpoint) -> float:
        """Return how long a call may wait for budget, breaker and lane before it is sent."""
        deadline_s = self.deadline_s(endpoint)
        return min(self.order_wait_s, deadline_s) if endpoint.priority is Priority.ORDER else deadline_s
