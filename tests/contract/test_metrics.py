"""Every metrics adapter keeps what it was told, whatever it was told."""

import math
import threading

from hypothesis import given
from hypothesis import strategies as st

from genesis.adapters.memory.metrics import MemoryMetrics

positives = st.floats(1e-9, 1e9)


def test_counters_add_and_gauges_replace() -> None:
    metrics = MemoryMetrics()
    metrics.increment("orders_total")
    metrics.increment("orders_total", 2.0)
    metrics.gauge("equity", 5.0)
    metrics.gauge("equity", 4.0)
    snapshot = metrics.snapshot()
    assert snapshot.counters == {"orders_total": 3.0}
    assert snapshot.gauges == {"equity": 4.0}


def test_labels_make_series_whatever_their_order() -> None:
    metrics = MemoryMetrics()
    metrics.increment("requests_total", labels={"route": "health", "method": "GET"})
    metrics.increment("requests_total", labels={"method": "GET", "route": "health"})
    assert metrics.snapshot().counters == {'requests_total{method="GET",route="health"}': 2.0}


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


def test_threads_lose_no_increment() -> None:
    metrics = MemoryMetrics()

    def work() -> None:
        for _ in range(2_000):
            metrics.increment("n_total")
            metrics.observe("x_seconds", 1.0)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    snapshot = metrics.snapshot()
    assert snapshot.counters["n_total"] == 8_000.0
    assert snapshot.distributions["x_seconds"].count == 8_000
