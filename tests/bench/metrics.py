"""What a figure costs the thread that trades, and what a scrape costs.

Run as `python -m tests.bench.metrics`. The page is filled with every series that the catalogue allows.
"""

from collections.abc import Callable, Mapping
from itertools import product
from statistics import median

from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.metrics_prometheus import PrometheusMetrics
from genesis.app.metric_catalogue import CATALOGUE
from genesis.app.metrics_fan import MetricsFan
from genesis.ports.metric_spec import MetricKind, MetricSpec
from genesis.ports.metrics import Metrics
from tests.bench._turns import in_turn, report

CALLS = 1_000
LABELS = {"endpoint": "order_submit", "outcome": "success"}


def writes(metrics: Metrics) -> Callable[[], None]:
    """Return a block of *CALLS* rounds of a counter with labels and a distribution."""

    def block() -> None:
        for _ in range(CALLS):
            metrics.increment("rest_requests_total", labels=LABELS)
            metrics.observe("loop_lag_seconds", 0.001)

    return block


def filled() -> PrometheusMetrics:
    """Return metrics in which every series was written."""
    metrics = PrometheusMetrics(CATALOGUE)
    for spec in CATALOGUE:
        for values in product(*spec.labels.values()):
            write(metrics, spec, dict(zip(spec.labels, values, strict=True)))
    return metrics


def write(metrics: Metrics, spec: MetricSpec, labels: dict[str, str]) -> None:
    """Write one number to one series."""
    match spec.kind:
        case MetricKind.COUNTER:
            metrics.increment(spec.name, 1.0, labels)
        case MetricKind.GAUGE:
            metrics.gauge(spec.name, 1.0, labels)
        case MetricKind.HISTOGRAM:
            metrics.observe(spec.name, 0.01, labels)


def day() -> PrometheusMetrics:
    """Return metrics as a session of one key over the wire leaves them: a dozen endpoints, two connections."""
    metrics = PrometheusMetrics(CATALOGUE)
    for spec in CATALOGUE:
        sets = [sorted(values)[:12] for values in spec.labels.values()]
        for values in list(product(*sets))[:12]:
            write(metrics, spec, dict(zip(spec.labels, values, strict=True)))
    return metrics


def measure() -> Mapping[str, Mapping[str, object]]:
    """Return the figures."""
    memory, prometheus = MemoryMetrics(), PrometheusMetrics(CATALOGUE)
    cases = {
        "memory": writes(memory),
        "prometheus": writes(prometheus),
        "both": writes(MetricsFan((MemoryMetrics(), PrometheusMetrics(CATALOGUE)))),
    }
    pages = {"page, every series": filled(), "page, a session": day()}
    spent = in_turn({**cases, **{name: metrics.page for name, metrics in pages.items()}}, 15)
    figures: dict[str, dict[str, object]] = {
        name: {"us_per_call": round(median(spent[name]) / (2 * CALLS) * 1e6, 2)} for name in cases
    }
    for name, metrics in pages.items():
        page = metrics.page()
        lines = sum(not line.startswith(b"#") for line in page.splitlines())
        figures[name] = {"ms": round(median(spent[name]) * 1000, 2), "series": lines, "bytes": len(page)}
    return figures


def main() -> None:
    """Print the figures."""
    report("metrics", measure)


if __name__ == "__main__":
    main()
