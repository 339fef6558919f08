"""A real Prometheus, where one is installed: it reads a session, knows every alert, and answers every panel."""

import http.server
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
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


class Receiver(http.server.BaseHTTPRequestHandler):
    """A webhook, or what Prometheus takes for an Alertmanager: it hands what it is given to its server."""

    def do_POST(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert isinstance(self.server, Listener)
        self.server.given.put(given if isinstance(given, list) else given["alerts"])
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


class Listener(http.server.ThreadingHTTPServer):
    """Where alerts arrive."""

    def __init__(self) -> None:
        self.given: queue.SimpleQueue[list[Any]] = queue.SimpleQueue()  # Any: JSON
        super().__init__(("127.0.0.1", 0), Receiver)

    def hear(self, *names: str) -> set[str]:
        """Wait for alerts called *names*; return the names of all that came until then."""
        deadline, heard = time.monotonic() + WAIT_S, set[str]()
        while not heard.issuperset(names):
            alerts = self.given.get(timeout=max(0.0, deadline - time.monotonic()))
            heard |= {alert["labels"]["alertname"] for alert in alerts}
        return heard


@contextmanager
def listening() -> Iterator[Listener]:
    with Listener() as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        yield listener
        listener.shutdown()


def wait_for(process: "subprocess.Popen[str]", said: str) -> None:
    """Read what *process* says until it has *said* that, and let the rest go by."""
    assert process.stderr is not None
    assert any(said in line for line in process.stderr), f"it ended and never said {said}"
    threading.Thread(target=process.stderr.read, daemon=True).start()


def options_of(name: str, folder: Path, port: int) -> list[str]:
    """Return the options that compose gives a service, with *folder* and *port* for its own."""
    compose = msgspec.yaml.decode((ROOT / "compose.yaml").read_bytes())
    options: list[str] = []
    for option in compose["services"][name]["command"]:
        word, _, value = option.partition("=")
        if word == "--web.listen-address":
            value = f"127.0.0.1:{port}"
        elif value.startswith("/"):
            value = str(folder / value.strip("/").split("/")[-1])
        options.append(f"{word}={value}")
    return options


NEWS = """
groups:
  - name: news
    rules:
      - {alert: TestReads, expr: "up{job='genesis'} == 1 and on (instance) rate(genesis_candles_total[10s]) > 0"}
      - {alert: TestGone, expr: "ALERTS{alertname='GenesisDown'}"}
"""
"""Rules that tell of what a test waits for, as soon as it is so."""


@contextmanager
def prometheus(folder: Path, target: str, told: Listener) -> Iterator[str]:
    """Prometheus with our rules on *target*, which tells *told*, and its base."""
    (folder / "news.yml").write_text(NEWS)
    config = (ROOT / "ops" / "prometheus.yml").read_text(encoding="utf-8")
    config = config.replace("/etc/prometheus/alerts.yml", f"{ROOT / 'ops' / 'alerts.yml'}, {folder / 'news.yml'}")
    config = config.replace("127.0.0.1:8000", target).replace("5s", "1s")
    config = config.replace("127.0.0.1:9093", f"127.0.0.1:{told.server_port}")
    (folder / "prometheus.yml").write_text(config)
    port = free_port()
    # What fires before it has found whom to tell is lost, until it is said again.
    options = [*options_of("prometheus", folder, port), "--rules.alert.resend-delay=1s"]
    with subprocess.Popen(["prometheus", *options], stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_for(process, "Server is ready to receive web requests")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def asked(url: str, **query: str) -> Any:  # Any: JSON
    with urllib.request.urlopen(f"{url}?{urllib.parse.urlencode(query)}", timeout=20) as response:
        answer = json.load(response)
    assert answer["status"] == "success", answer
    return answer["data"]


@needs_prometheus
def test_prometheus_reads_a_session_answers_every_panel_and_notices_its_end(tmp_path: Path) -> None:
    with (
        listening() as listener,
        session(tmp_path / "home") as (process, target),
        prometheus(tmp_path, target, listener) as base,
    ):
        listener.hear("TestReads")
        groups = asked(f"{base}/api/v1/rules")["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        assert len(rules) > 15
        assert [rule["lastError"] for rule in rules if rule.get("lastError")] == []
        dashboard = json.loads((ROOT / "ops" / "grafana" / "dashboards" / "genesis.json").read_text())
        for panel in dashboard["panels"]:
            for each in panel.get("targets", ()):
                asked(f"{base}/api/v1/query", query=each["expr"].replace("$__rate_interval", "30s"))
        own = re.findall(r"\bprometheus_[a-z_]+", " ".join(rule["query"] for rule in rules))
        with urllib.request.urlopen(f"{base}/metrics", timeout=20) as response:
            page = response.read().decode()
        assert own
        assert [name for name in own if f"\n{name} " not in page] == []
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        listener.hear("TestGone")


@needs_alertmanager
def test_alertmanager_takes_each_alert_where_it_belongs_and_lets_down_speak_for_all(tmp_path: Path) -> None:
    with listening() as webhook, listening() as watchdog:
        config = (ROOT / "ops" / "alertmanager.yml").read_text(encoding="utf-8").replace("10s", "1s")
        for name, listener in (("webhook", webhook), ("watchdog", watchdog)):
            # Its older versions take an address, and no file that has one.
            address = f"url: http://127.0.0.1:{listener.server_port}/"
            config = config.replace(f"url_file: /etc/alertmanager/{name}", address)
        (tmp_path / "alertmanager.yml").write_text(config)
        port = free_port()
        options = [each for each in options_of("alertmanager", tmp_path, port) if "--enable-feature" not in each]
        with subprocess.Popen(["prometheus-alertmanager", *options], stderr=subprocess.PIPE, text=True) as process:
            try:
                wait_for(process, "Listening on")
                names = ("GenesisLinkDown", "GenesisRestarting", "GenesisDown", "GenesisWatchdog")
                alerts = [{"labels": {"alertname": name, "instance": "a"}} for name in names]
                posted(f"http://127.0.0.1:{port}/api/v2/alerts", alerts)
                heard = webhook.hear("GenesisDown", "GenesisRestarting")
                assert watchdog.hear("GenesisWatchdog") == {"GenesisWatchdog"}
                # Another one's, which comes after all that were to come of the first.
                posted(f"http://127.0.0.1:{port}/api/v2/alerts", [{"labels": {**alerts[0]["labels"], "instance": "b"}}])
                assert webhook.hear("GenesisLinkDown") == {"GenesisLinkDown"}
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(30)
    assert heard == {"GenesisDown", "GenesisRestarting"}


def posted(url: str, body: object) -> None:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20):
        pass
