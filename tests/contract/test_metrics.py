"""Every metrics adapter keeps what it was told, whatever it was told."""

import math
import threading
from collections.abc import Callable

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.metrics_prometheus import PrometheusMetrics
from genesis.ports.metric_spec import MetricKind, MetricSpec
from genesis.ports.metrics import Labels, Metrics

positives = st.floats(1e-9, 1e9)
BOUNDS = (0.1, 1.0, 10.0)
NUMBERS = frozenset(str(number) for number in range(5))
CATALOGUE = (
    MetricSpec("orders_total", MetricKind.COUNTER, "Orders."),
    MetricSpec(
        "requests_total",
        MetricKind.COUNTER,
        "Requests.",
        {"route": frozenset({"health"}), "method": frozenset({"GET"})},
    ),
    MetricSpec("equity", MetricKind.GAUGE, "Equity."),
    MetricSpec("latency_seconds", MetricKind.HISTOGRAM, "Latency.", {}, BOUNDS),
    MetricSpec("n_total", MetricKind.COUNTER, "Numbered.", {"n": NUMBERS}),
)


@frozen
class Told:
    """What an adapter says it was told: values by `name{label="value"}`, and distributions as count and sum."""

    values: dict[str, float]
    distributions: dict[str, tuple[float, float]]


@frozen
class Both:
    """An adapter and how to read it."""

    metrics: Metrics
    read: Callable[[], Told]


def memory() -> Both:
    metrics = MemoryMetrics()

    def read() -> Told:
        found = metrics.snapshot()
        distributions = {name: (float(each.count), each.sum) for name, each in found.distributions.items()}
        return Told({**found.counters, **found.gauges}, distributions)

    return Both(metrics, read)


def prometheus() -> Both:
    metrics = PrometheusMetrics(CATALOGUE)
    return Both(metrics, lambda: told(metrics.page()))


def told(page: bytes) -> Told:
    """Read a page as Prometheus would."""
    values: dict[str, float] = {}
    counts: dict[str, float] = {}
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(page.decode()):
        for sample in family.samples:
            if not sample.name.startswith("genesis_"):
                continue
            name = sample.name.removeprefix("genesis_")
            words = ",".join(f'{label}="{value}"' for label, value in sorted(sample.labels.items()))
            if family.type != "histogram":
                values[name + (f"{{{words}}}" if words else "")] = sample.value
            elif name.endswith("_count"):
                counts[name.removesuffix("_count")] = sample.value
            elif name.endswith("_sum"):
                sums[name.removesuffix("_sum")] = sample.value
    return Told(values, {name: (count, sums[name]) for name, count in counts.items() if count})


@pytest.fixture(params=[memory, prometheus], ids=["memory", "prometheus"])
def both(request: pytest.FixtureRequest) -> Both:
    made: Both = request.param()
    return made


def test_counters_add_gauges_replace_and_distributions_count(both: Both) -> None:
    metrics = both.metrics
    metrics.increment("orders_total")
    metrics.increment("orders_total", 2.0)
    metrics.gauge("equity", 5.0)
    metrics.gauge("equity", 4.0)
    for value in (0.05, 0.5, 50.0):
        metrics.observe("latency_seconds", value)
    found = both.read()
    assert found.values["orders_total"] == 3.0
    assert found.values["equity"] == 4.0
    assert found.distributions["latency_seconds"] == (3.0, 50.55)


@pytest.mark.parametrize(
    "labels", [{"route": "health", "method": "GET"}, {"method": "GET", "route": "health"}], ids=["one", "other"]
)
def test_labels_make_series_whatever_their_order(both: Both, labels: Labels) -> None:
    both.metrics.increment("requests_total", labels={"route": "health", "method": "GET"})
    both.metrics.increment("requests_total", labels=labels)
    assert both.read().values['requests_total{method="GET",route="health"}'] == 2.0


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_what_cannot_be_kept_is_dropped_and_counted_in_all_of_them(both: Both, value: float) -> None:
    both.metrics.increment("orders_total", value)
    if not value < 0:
        both.metrics.gauge("equity", value)
        both.metrics.observe("latency_seconds", value)
    found = both.read()
    assert found.values["metrics_dropped_total"] == (1.0 if value < 0 else 3.0)
    assert found.values.get("orders_total", 0.0) == 0.0
    assert not found.distributions


def test_threads_lose_nothing(both: Both) -> None:
    def work() -> None:
        for _ in range(1_000):
            both.metrics.increment("n_total", labels={"n": "1"})
            both.metrics.observe("latency_seconds", 1.0)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = both.read()
    assert found.values['n_total{n="1"}'] == 4_000.0
    assert found.distributions["latency_seconds"] == (4_000.0, 4_000.0)


@given(st.lists(st.tuples(st.sampled_from(["n", "m", "\n"]), st.text(max_size=9)), max_size=30))
def test_labels_from_outside_make_no_series_without_end(labels: list[tuple[str, str]]) -> None:
    metrics = PrometheusMetrics(CATALOGUE)
    for label, value in labels:
        metrics.increment("n_total", labels={label: value})
    found = told(metrics.page()).values
    series = {name for name in found if name.startswith("n_total")}
    assert series <= {'n_total{n="other"}', *(f'n_total{{n="{number}"}}' for number in NUMBERS)}
    assert found["metrics_dropped_total"] == sum(label != "n" for label, _ in labels)
    assert sum(found[name] for name in series) == sum(label == "n" for label, _ in labels)


def test_what_the_catalogue_does_not_have_is_dropped_and_counted() -> None:
    metrics = PrometheusMetrics(CATALOGUE)
    metrics.increment("unheard_of_total")
    metrics.gauge("orders_total", 1.0)
    metrics.observe("equity", 1.0)
    metrics.increment("n_total")
    assert told(metrics.page()).values["metrics_dropped_total"] == 4.0


@pytest.mark.parametrize(
    ("name", "kind", "bounds"),
    [
        ("Orders_total", MetricKind.COUNTER, ()),
        ("orders__total", MetricKind.COUNTER, ()),
        ("orders_total", MetricKind.GAUGE, ()),
        ("latency", MetricKind.HISTOGRAM, (1.0,)),
        ("latency_seconds", MetricKind.HISTOGRAM, ()),
        ("latency_seconds", MetricKind.HISTOGRAM, (2.0, 1.0)),
        ("equity", MetricKind.GAUGE, (1.0,)),
    ],
)
def test_a_metric_is_named_for_what_it_is(name: str, kind: MetricKind, bounds: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=name):
        MetricSpec(name, kind, "text", {}, bounds)


def test_a_label_value_cannot_break_out_of_its_quotes() -> None:
    metrics = MemoryMetrics()
    metrics.increment("n_total", labels={"a": 'x"} 1\n\\'})
    assert list(metrics.snapshot().counters) == ['n_total{a="x\\"} 1\\n\\\\"}']


def test_what_cannot_be_kept_is_dropped_and_counted() -> None:
    metrics = MemoryMetrics(series_max=3)
    metrics.increment("a_total", -1.0)
    metrics.increment("a_total", math.inf)
    metrics.gauge("b", math.nan)
    metrics.observe("c_seconds", math.nan)
    for number in range(5):
        metrics.increment("d_total", labels={"n": str(number)})
    snapshot = metrics.snapshot()
    assert snapshot.counters["metrics_dropped_total"] == 6.0
    assert len(snapshot.counters) == 4
    assert not snapshot.gauges
    assert not snapshot.distributions


@given(st.lists(st.one_of(positives, positives.map(lambda x: -x), st.just(0.0)), min_size=1, max_size=200))
def test_quantiles_are_within_five_percent_of_the_sorted_list(values: list[float]) -> None:
    metrics = MemoryMetrics()
    for value in values:
        metrics.observe("latency_seconds", value)
    found = metrics.snapshot().distributions["latency_seconds"]
    ordered = sorted(values)
    for q, quantile in ((0.5, found.p50), (0.9, found.p90), (0.99, found.p99)):
        true = ordered[math.ceil(q * len(values)) - 1]
        assert abs(quantile - true) <= 0.05 * abs(true)
    assert (found.count, found.min, found.max) == (len(values), ordered[0], ordered[-1])
    assert math.isclose(found.sum, math.fsum(values), rel_tol=1e-9, abs_tol=1e-3)


@given(st.lists(st.floats(allow_nan=True), max_size=50))
def test_no_number_breaks_a_distribution(values: list[float]) -> None:
    metrics = MemoryMetrics()
    for value in values:
        metrics.observe("x", value)
    kept = [value for value in values if math.isfinite(value)]
    assert sum(found.count for found in metrics.snapshot().distributions.values()) == len(kept)


def test_a_snapshot_does_not_move() -> None:
    metrics = MemoryMetrics()
    metrics.increment("n_total")
    before = metrics.snapshot()
    metrics.increment("n_total")
    assert before.counters == {"n_total": 1.0}
