"""A real Prometheus, where one is installed: it reads a session, knows every alert, and answers every panel."""

import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.image.trial import free_port

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from genesis.app.cli import main; main()", "run", "--port", "0", "--json"]
WAIT_S = 60.0

needs_prometheus = pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus is not installed")
needs_alertmanager = pytest.mark.skipif(
    shutil.which("prometheus-alertmanager") is None, reason="prometheus-alertmanager is not installed"
)
needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")


CHECKS = [
    ("check", "rules", "alerts.yml"),
    ("check", "config", "--syntax-only", "prometheus.yml"),
    ("test", "rules", "alerts_test.yml"),
]


@needs_promtool
@pytest.mark.parametrize("words", CHECKS)
def test_the_rules_hold_before_promtool(words: tuple[str, ...]) -> None:
    done = subprocess.run(["promtool", *words], cwd=ROOT / "ops", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def session(home: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A session that has begun, and where it listens."""
    environment = {"GENESIS_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [*COMMAND, "--speed", "6000"],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            url = next(line.split()[-1] for line in process.stderr if line.startswith("paper session"))
            yield process, url.removeprefix("http://")
        finally:
            process.kill()


@contextmanager
def prometheus(folder: Path, target: str) -> Iterator[str]:
    """Prometheus with our rules on *target*, and the base of its API."""
    config = (ROOT / "ops" / "prometheus.yml").read_text(encoding="utf-8")
    config = config.replace("/etc/prometheus/alerts.yml", str(ROOT / "ops" / "alerts.yml"))
    config = config.replace("127.0.0.1:8000", target).replace("5s", "1s")
    (folder / "prometheus.yml").write_text(config)
    port = free_port()
    options = [f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
    options += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    with subprocess.Popen(["prometheus", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield f"http://127.0.0.1:{port}/api/v1"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def asked(url: str, **query: str) -> Any:  # Any: JSON
    with urllib.request.urlopen(f"{url}?{urllib.parse.urlencode(query)}", timeout=20) as response:
        answer = json.load(response)
    assert answer["status"] == "success", answer
    return answer["data"]


def until(api: str, query: str) -> list[Any]:  # Any: JSON
    """Return what *query* finds, once it finds something."""
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            if found := asked(f"{api}/query", query=query)["result"]:
                return list(found)
        except OSError:
            pass  # it is still starting
        assert time.monotonic() < deadline, f"{query} found nothing within {WAIT_S} s"
        time.sleep(0.2)


@needs_prometheus
def test_prometheus_reads_a_session_answers_every_panel_and_notices_its_end(tmp_path: Path) -> None:
    with session(tmp_path / "home") as (process, target), prometheus(tmp_path, target) as api:
        assert until(api, 'up{job="genesis"} == 1')
        assert until(api, "rate(genesis_candles_total[10s]) > 0")
        groups = asked(f"{api}/rules")["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        assert len(rules) > 15
        assert [rule["lastError"] for rule in rules if rule.get("lastError")] == []
        dashboard = json.loads((ROOT / "ops" / "grafana" / "dashboards" / "genesis.json").read_text())
        for panel in dashboard["panels"]:
            for each in panel.get("targets", ()):
                asked(f"{api}/query", query=each["expr"].replace("$__rate_interval", "30s"))
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        assert until(api, 'ALERTS{alertname="GenesisDown"}')


class Receiver(http.server.BaseHTTPRequestHandler):
    """A webhook that keeps what it is given in its server's list."""

    def do_POST(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert isinstance(self.server, Listener)
        self.server.given.append(given)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


class Listener(http.server.ThreadingHTTPServer):
    """Where the webhook is."""

    def __init__(self) -> None:
        self.given: list[Any] = []  # Any: JSON
        super().__init__(("127.0.0.1", 0), Receiver)


@needs_alertmanager
def test_alertmanager_takes_an_alert_to_the_webhook_and_lets_down_speak_for_all(tmp_path: Path) -> None:
    listener = Listener()
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    config = (ROOT / "ops" / "alertmanager.yml").read_text(encoding="utf-8").replace("10s", "1s")
    # Its older versions take an address, and no file that has one.
    address = f"url: http://127.0.0.1:{listener.server_port}/"
    (tmp_path / "alertmanager.yml").write_text(config.replace("url_file: /etc/alertmanager/webhook", address))
    port = free_port()
    options = [f"--config.file={tmp_path / 'alertmanager.yml'}", f"--storage.path={tmp_path / 'data'}"]
    options += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=error"]
    with subprocess.Popen(["prometheus-alertmanager", *options], stderr=subprocess.DEVNULL) as process:
        try:
            names = ("GenesisDown", "GenesisLinkDown")
            alerts = [{"labels": {"alertname": name, "instance": "a"}} for name in names]
            deadline = time.monotonic() + WAIT_S
            while not listener.given:
                with suppress(OSError):  # it is still starting
                    posted(f"http://127.0.0.1:{port}/api/v2/alerts", alerts)
                assert time.monotonic() < deadline, "nothing was delivered"
                time.sleep(0.2)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
            listener.shutdown()
            listener.server_close()
    assert {alert["labels"]["alertname"] for given in listener.given for alert in given["alerts"]} == {"GenesisDown"}


def posted(url: str, body: object) -> None:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20):
        pass
