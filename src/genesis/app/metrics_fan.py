"""Several metrics as one: what the dashboard shows and what a scraper reads come from the same calls."""

from collections.abc import Sequence

from genesis.ports.metrics import Labels, Metrics


class MetricsFan:
    """Hands each call on to all of *sinks*."""

    def __init__(self, sinks: Sequence[Metrics]) -> None:
        self._sinks = tuple(sinks)

    def increment(self, name: str, by: float = 1.0, labels: Labels | None = None) -> None:
        for sink in self._sinks:
            sink.increment(name, by, labels)

    def gauge(self, name: str, value: float, labels: Labels | None = None) -> None:
        for sink in self._sinks:
            sink.gauge(name, value, labels)

    def observe(self, name: str, value: float, labels: Labels | None = None) -> None:
        for sink in self._sinks:
            sink.observe(name, value, labels)
