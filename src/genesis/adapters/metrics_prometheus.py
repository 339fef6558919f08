"""Metrics for Prometheus: those of a catalogue, with label values from closed sets, as one page of text.

A label value outside its set becomes `other`, so that no text from outside can make series without end. What is not in
the catalogue, or cannot be kept, is counted in `metrics_dropped_total` and otherwise ignored: numbers never stop the
system.
"""

import math
from collections.abc import Iterable, Mapping
from itertools import product
from threading import Lock
from typing import Final

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from genesis.ports.metric_spec import MetricKind, MetricSpec
from genesis.ports.metrics import Labels

NAMESPACE: Final = "genesis"
OTHER: Final = "other"
DROPPED: Final = "metrics_dropped"
BEGUN_MAX: Final = 128
"""Counters with more series than these have them once they are written, for a page is read every few seconds."""

_Family = Counter | Gauge | Histogram
_Key = tuple[str, tuple[tuple[str, str], ...]]

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each, nobody reads it


class PrometheusMetrics:
    """Counters, gauges and distributions of *catalogue*; any thread may write, any thread may ask for the page."""

    content_type: Final = CONTENT_TYPE_LATEST

    def __init__(self, catalogue: Iterable[MetricSpec]) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._specs = {spec.name: spec for spec in catalogue}
        self._families = {name: _family(spec, self._registry) for name, spec in self._specs.items()}
        self._dropped = Counter(DROPPED, "Numbers that could not be kept.", (), NAMESPACE, registry=self._registry)
        self._children: dict[_Key, _Family] = {}
        self._lock = Lock()
        for spec in self._specs.values():
            self._begin(spec)

    def increment(self, name: str, by: float = 1.0, labels: Labels | None = None) -> None:
        child = self._child(name, labels)
        if isinstance(child, Counter) and by >= 0 and math.isfinite(by):
            child.inc(by)
        else:
            self._dropped.inc()

    def gauge(self, name: str, value: float, labels: Labels | None = None) -> None:
        child = self._child(name, labels)
        if isinstance(child, Gauge) and math.isfinite(value):
            child.set(value)
        else:
            self._dropped.inc()

    def observe(self, name: str, value: float, labels: Labels | None = None) -> None:
        child = self._child(name, labels)
        if isinstance(child, Histogram) and math.isfinite(value):
            child.observe(value)
        else:
            self._dropped.inc()

    def page(self) -> bytes:
        """Return all series as they are now."""
        return generate_latest(self._registry)

    def _begin(self, spec: MetricSpec) -> None:
        """Make the series of a counter, if they are few: what begins at one never rose, and no alert would know."""
        every = list(product(*(spec.begins.get(label, values) for label, values in spec.labels.items())))
        if spec.kind is MetricKind.COUNTER and spec.labels and len(every) <= BEGUN_MAX:
            for values in every:
                self._child(spec.name, dict(zip(spec.labels, values, strict=True)))

    def _child(self, name: str, labels: Labels | None) -> _Family | None:
        """Return the series, made when it is first written; None for what the catalogue does not have."""
        key = (name, tuple(labels.items()) if labels else ())
        child = self._children.get(key)
        return child if child is not None else self._new_child(key, labels or {})

    def _new_child(self, key: _Key, labels: Labels) -> _Family | None:
        spec = self._specs.get(key[0])
        if spec is None or spec.labels.keys() != labels.keys():
            return None
        family = self._families[spec.name]
        child = family.labels(**_closed(spec.labels, labels)) if labels else family
        if all(value in spec.labels[label] for label, value in labels.items()):  # others would fill the memory
            with self._lock:
                self._children[key] = child
        return child


def _closed(sets: Mapping[str, frozenset[str]], labels: Labels) -> dict[str, str]:
    return {label: value if value in sets[label] else OTHER for label, value in labels.items()}


def _family(spec: MetricSpec, registry: CollectorRegistry) -> _Family:
    labels = tuple(spec.labels)
    match spec.kind:
        case MetricKind.COUNTER:
            return Counter(spec.name, spec.text, labels, NAMESPACE, registry=registry)
        case MetricKind.GAUGE:
            return Gauge(spec.name, spec.text, labels, NAMESPACE, registry=registry)
        case MetricKind.HISTOGRAM:
            return Histogram(spec.name, spec.text, labels, NAMESPACE, registry=registry, buckets=spec.bounds)
