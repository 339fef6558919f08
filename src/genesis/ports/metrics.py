"""Numbers about the running system, as a port."""

from collections.abc import Mapping
from typing import Protocol

Labels = Mapping[str, str]
"""Label values come from closed sets (endpoint families, event categories), never from order ids or texts."""


class Metrics(Protocol):
    """Counters, gauges and distributions. Calls never block, never raise, and cost about a microsecond.

    Names are snake_case; units come last (`_seconds`, `_bytes`).
    """

    def increment(self, name: str, by: float = 1.0, labels: Labels | None = None) -> None:
        """Add *by* >= 0 to a counter."""

    def gauge(self, name: str, value: float, labels: Labels | None = None) -> None:
        """Set a gauge to *value*."""

    def observe(self, name: str, value: float, labels: Labels | None = None) -> None:
        """Add one observation to a distribution."""


class MetricsPage(Protocol):
    """All metrics as a scraper reads them."""

    @property
    def content_type(self) -> str:
        """The media type of the page, with its version and character set."""

    def page(self) -> bytes:
        """Return the page of this moment; costs a few milliseconds and never raises."""
