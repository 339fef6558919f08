"""Metrics in memory: what `Metrics` was told, as a snapshot at any moment, in bounded space.

Distributions are histograms over buckets a sixteenth of a power of two wide, so quantiles are within 5 %, and a series
stays within kilobytes however long it runs. What cannot be kept (one series too many, a number that is not finite, a
counter going down) is counted in `metrics_dropped_total` and otherwise ignored: numbers never stop the system.
"""

import math
import threading
from collections.abc import Mapping
from typing import Final

from genesis.ports.metrics import Labels
from genesis.ports.monitor import Distribution, MetricsSnapshot

SERIES_MAX: Final = 10_000
DROPPED: Final = "metrics_dropped_total"

_STEPS: Final = 16
_EXPONENT_MAX: Final = 60  # beyond 2^±60 everything falls into the outermost bucket

_Key = tuple[str, tuple[tuple[str, str], ...]]


class Unmeasured:
    """Metrics that nobody will read: what they are told is forgotten."""

    def increment(self, name: str, by: float = 1.0, labels: Labels | None = None) -> None:
        """See `Metrics`."""

    def gauge(self, name: str, value: float, labels: Labels | None = None) -> None:
        """See `Metrics`."""

    def observe(self, name: str, value: float, labels: Labels | None = None) -> None:
        """See `Metrics`."""


class MemoryMetrics:
    """Counters, gauges and distributions behind one lock; any thread may write, any thread may take a snapshot."""

    def __init__(self, series_max: int = SERIES_MAX) -> None:
        self._series_left = series_max
        self._lock = threading.Lock()
        self._counters: dict[_Key, float] = {}
        self._gauges: dict[_Key, float] = {}
        self._histograms: dict[_Key, _Histogram] = {}
        self._dropped = 0

    def increment(self, name: str, by: float = 1.0, labels: Labels | None = None) -> None:
        key = _key(name, labels)
        with self._lock:
            if by >= 0 and math.isfinite(by) and self._admits(key, self._counters):
                self._counters[key] = self._counters.get(key, 0.0) + by
            else:
                self._dropped += 1

    def gauge(self, name: str, value: float, labels: Labels | None = None) -> None:
        key = _key(name, labels)
        with self._lock:
            if math.isfinite(value) and self._admits(key, self._gauges):
                self._gauges[key] = value
            else:
                self._dropped += 1

    def observe(self, name: str, value: float, labels: Labels | None = None) -> None:
        key = _key(name, labels)
        with self._lock:
            histogram = self._histograms.get(key)
            if not math.isfinite(value) or (histogram is None and not self._admits(key, self._histograms)):
                self._dropped += 1
                return
            if histogram is None:
                histogram = self._histograms[key] = _Histogram()
            histogram.add(value)

    def snapshot(self) -> MetricsSnapshot:
        """Return all series as they are now; later calls do not change it."""
        with self._lock:
            counters = {_text(key): value for key, value in sorted(self._counters.items())}
            if self._dropped:
                counters[DROPPED] = float(self._dropped)
            return MetricsSnapshot(
                counters=counters,
                gauges={_text(key): value for key, value in sorted(self._gauges.items())},
                distributions={_text(key): found.read() for key, found in sorted(self._histograms.items())},
            )

    def _admits(self, key: _Key, series: Mapping[_Key, object]) -> bool:
        if key in series:
            return True
        if self._series_left == 0:
            return False
        self._series_left -= 1
        return True


class _Histogram:
    __slots__ = ("_buckets", "_count", "_max", "_min", "_sum")

    def __init__(self) -> None:
        self._buckets: dict[int, int] = {}
        self._count = 0
        self._sum = 0.0
        self._min = math.inf
        self._max = -math.inf

    def add(self, value: float) -> None:
        self._count += 1
        self._sum += value
        self._min = min(self._min, value)
        self._max = max(self._max, value)
        bucket = _bucket(value)
        self._buckets[bucket] = self._buckets.get(bucket, 0) + 1

    def read(self) -> Distribution:
        ordered = sorted(self._buckets.items())
        return Distribution(
            count=self._count,
            sum=self._sum,
            min=self._min,
            max=self._max,
            p50=self._quantile(ordered, 0.50),
            p90=self._quantile(ordered, 0.90),
            p99=self._quantile(ordered, 0.99),
        )

    def _quantile(self, ordered: list[tuple[int, int]], q: float) -> float:
        rank = max(1, math.ceil(q * self._count))
        seen = 0
        for bucket, count in ordered:
            seen += count
            if seen >= rank:
                return min(max(_middle(bucket), self._min), self._max)
        raise AssertionError("a histogram has as many observations as its buckets hold")


def _bucket(value: float) -> int:
    """Return a number that rises with *value*: 0 for zero, negative for negative values."""
    if value == 0.0:
        return 0
    mantissa, exponent = math.frexp(abs(value))  # 0.5 <= mantissa < 1
    if abs(exponent) > _EXPONENT_MAX:
        mantissa, exponent = (0.5, -_EXPONENT_MAX) if exponent < 0 else (0.99, _EXPONENT_MAX)
    place = (exponent + _EXPONENT_MAX) * _STEPS + int((mantissa - 0.5) * 2 * _STEPS) + 1
    return place if value > 0 else -place


def _middle(bucket: int) -> float:
    if bucket == 0:
        return 0.0
    exponent, step = divmod(abs(bucket) - 1, _STEPS)
    middle = math.ldexp(0.5 + (step + 0.5) / (2 * _STEPS), exponent - _EXPONENT_MAX)
    return middle if bucket > 0 else -middle


def _key(name: str, labels: Labels | None) -> _Key:
    if not labels:
        return name, ()
    return name, tuple(sorted(labels.items()) if len(labels) > 1 else labels.items())


def _text(key: _Key) -> str:
    name, labels = key
    if not labels:
        return name
    inner = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels)
    return f"{name}{{{inner}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
