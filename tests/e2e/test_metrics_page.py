"""What Prometheus reads of a running session, over real HTTP."""

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from genesis.app.metric_catalogue import CATALOGUE
from genesis.ports.metric_spec import MetricKind

COMMAND = [sys.executable, "-c", "from genesis.app.cli import main; main()", "run", "--port", "0", "--json"]
AWAITED = ("genesis_ws_request_seconds_count", "genesis_ws_frames_total")  # an order was answered, a second has passed


def test_a_session_over_the_wire_is_read_in_figures(tmp_path: Path) -> None:
    environment = {**os.environ, "GENESIS_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    words = ("--data", "synthetic:3:30", "--speed", "max", "--strategy", "rsi_reversion")
    with subprocess.Popen(
        [*COMMAND, *words], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            url = next(line.split()[-1] for line in process.stderr if line.startswith("paper session"))
            found: dict[str, float] = {}
            while not all(found.get(name, 0.0) for name in AWAITED):
                assert process.poll() is None
                found, content_type = scraped(f"{url}/metrics")
                assert content_type.startswith("text/plain; version=")
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
        finally:
            process.kill()
    assert found["genesis_up"] == 1.0
    assert found["genesis_status"] == 1.0
    assert found["genesis_candles_total"] > 0
    assert found["genesis_orders_submitted_total"] > 0
    assert found["genesis_ws_connect_seconds_count"] >= 2  # one for the market, one for the account
    assert found["genesis_loop_lag_seconds_count"] > 0
    assert found["genesis_metrics_dropped_total"] == 0.0
    assert found["process_resident_memory_bytes"] > 0


def scraped(url: str) -> tuple[dict[str, float], str]:
    """Return the samples of a page, summed over their labels, and its media type; every family is of the catalogue."""
    with urllib.request.urlopen(url, timeout=20) as response:
        text, content_type = response.read().decode(), response.headers["content-type"]
    found: dict[str, float] = {}
    kinds = {f"genesis_{spec.name.removesuffix('_total')}": spec.kind for spec in CATALOGUE}
    for family in text_string_to_metric_families(text):
        if family.name.startswith("genesis_") and family.name != "genesis_metrics_dropped":
            assert kinds[family.name] is MetricKind(family.type)
        for sample in family.samples:
            if "le" not in sample.labels:
                found[sample.name] = found.get(sample.name, 0.0) + sample.value
    return found, content_type
