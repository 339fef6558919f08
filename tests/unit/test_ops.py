"""What stands in `ops/` and the compose file fits what Genesis really exports and needs."""

import json
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import attrs
import msgspec
import pytest

from genesis.adapters.metrics_prometheus import PrometheusMetrics
from genesis.app.metric_catalogue import CATALOGUE
from genesis.app.settings import Settings
from genesis.ports.metric_spec import MetricKind

ROOT = Path(__file__).parents[2]
OPS = ROOT / "ops"
OTHERS = {"up"}
"""What Prometheus itself makes of a scrape."""
ALWAYS = "GenesisWatchdog"
NAME = re.compile(r"\b(?:genesis|process)_[a-z0-9_]+")
SELECTOR = re.compile(r"\b(genesis_[a-z0-9_]+)\{([^}]*)\}")
MATCH = re.compile(r'(\w+)(=~|!=|=)"([^"]*)"')


def read(name: str) -> Any:  # Any: YAML
    return msgspec.yaml.decode((ROOT / name).read_bytes())


def rules() -> list[dict[str, Any]]:  # Any: YAML
    return [rule for group in read("ops/alerts.yml")["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:  # Any: JSON
    found: list[dict[str, Any]] = json.loads((OPS / "grafana" / "dashboards" / "genesis.json").read_text())["panels"]
    return found


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    yield from (target["expr"] for panel in panels() for target in panel.get("targets", ()))


def exported() -> set[str]:
    """Return the names of all samples that the page has once everything was written."""
    metrics = PrometheusMetrics(CATALOGUE)
    for spec in CATALOGUE:
        for values in product(*(sorted(each)[:1] for each in spec.labels.values())):
            labels = dict(zip(spec.labels, values, strict=True))
            match spec.kind:
                case MetricKind.COUNTER:
                    metrics.increment(spec.name, 1.0, labels)
                case MetricKind.GAUGE:
                    metrics.gauge(spec.name, 1.0, labels)
                case MetricKind.HISTOGRAM:
                    metrics.observe(spec.name, 1.0, labels)
    return {re.split(r"[ {]", line)[0] for line in metrics.page().decode().splitlines() if line[:1] != "#"}


def test_every_metric_that_rules_and_dashboard_name_is_exported() -> None:
    named = {name for text in expressions() for name in NAME.findall(text)}
    assert len(named) > 30
    assert named <= exported() | OTHERS


@pytest.mark.parametrize("text", sorted(set(expressions())))
def test_an_expression_selects_labels_and_values_that_exist(text: str) -> None:
    assert all(text.count(left) == text.count(right) for left, right in ("()", "[]", "{}"))
    assert not text.count('"') % 2
    specs = {f"genesis_{spec.name.removesuffix('_total')}": spec for spec in CATALOGUE}
    for name, matches in SELECTOR.findall(text):
        spec = specs[re.sub(r"_(total|bucket|count|sum)$", "", name)]
        for label, sign, value in MATCH.findall(matches):
            assert label in spec.labels
            found = [
                each for each in spec.labels[label] if re.fullmatch(value if sign == "=~" else re.escape(value), each)
            ]
            assert found, f"{label}{sign}{value} selects nothing"


def test_every_rule_is_whole_and_has_its_runbook() -> None:
    handbook = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    anchors = {
        re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", handbook, re.MULTILINE)
    }
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names) > 15
    for rule in rules():
        assert rule.keys() == {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ({"none"} if rule["alert"] == ALWAYS else {"warning", "critical"})
        assert re.fullmatch(r"\d+[sm]", rule["for"])
        assert rule["annotations"]["summary"].endswith(".")
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert (page, anchor in anchors) == ("docs/operations.md", True), rule["alert"]


def test_every_rule_is_tried_where_it_fires_and_where_it_is_silent() -> None:
    tried: dict[str, set[bool]] = {}
    for case in read("ops/alerts_test.yml")["tests"]:
        for each in case["alert_rule_test"]:
            tried.setdefault(each["alertname"], set()).add(bool(each["exp_alerts"]))
    assert tried == {rule["alert"]: {True, False} for rule in rules()}


def test_what_fires_always_goes_each_minute_to_whoever_misses_it() -> None:
    (always,) = [rule for rule in rules() if rule["alert"] == ALWAYS]
    assert always["expr"] == "vector(1)"
    config = read("ops/alertmanager.yml")
    (route,) = config["route"]["routes"]
    assert route["matchers"] == [f'alertname = "{ALWAYS}"']
    assert route["repeat_interval"] == "1m"
    assert route["receiver"] in [each["name"] for each in config["receivers"]]
    assert f'receiver_name!="{route["receiver"]}"' in next(
        rule["expr"] for rule in rules() if rule["alert"] == "GenesisAlertsUndelivered"
    )
    for inhibit in config["inhibit_rules"]:
        assert any(each.startswith("alertname !~") and ALWAYS in each for each in inhibit["target_matchers"])


def test_the_dashboard_is_laid_out_without_overlap_and_explains_itself() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = set(product(range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])))
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
        assert panel["type"] == "row" or (panel["description"] and panel["targets"])
    ids = [panel["id"] for panel in panels()]
    assert len(set(ids)) == len(ids)


def test_prometheus_and_grafana_find_what_compose_mounts() -> None:
    compose, prometheus = read("compose.yaml"), read("ops/prometheus.yml")
    assert prometheus["rule_files"] == ["/etc/prometheus/alerts.yml"]
    assert [job["job_name"] for job in prometheus["scrape_configs"]] == ["genesis", "prometheus", "alertmanager"]
    (told,) = prometheus["alerting"]["alertmanagers"]
    listens = f"--web.listen-address={told['static_configs'][0]['targets'][0]}"
    assert listens in compose["services"]["alertmanager"]["command"]
    receivers = read("ops/alertmanager.yml")["receivers"]
    assert receivers[0]["name"] == read("ops/alertmanager.yml")["route"]["receiver"]
    for receiver in receivers:
        (webhook,) = receiver["webhook_configs"]
        assert webhook["url_file"] in [each.split(":")[-2] for each in compose["services"]["alertmanager"]["volumes"]]
    for service in compose["services"].values():
        for mount in service["volumes"]:
            source = mount.rsplit(":", 2 if mount.endswith(":ro") else 1)[0]
            if source.startswith("${"):  # a file of the operator's
                continue
            assert (ROOT / source).exists() if source.startswith(".") else source in compose["volumes"]
    source = read("ops/grafana/provisioning/datasources/prometheus.yml")["datasources"][0]
    assert {panel["datasource"]["uid"] for panel in panels() if panel["type"] != "row"} == {source["uid"]}
    (provider,) = read("ops/grafana/provisioning/dashboards/genesis.yml")["providers"]
    assert f"./ops/grafana/dashboards:{provider['options']['path']}:ro" in compose["services"]["grafana"]["volumes"]


def test_no_container_may_write_its_root_or_gain_rights_or_be_reached_from_elsewhere() -> None:
    for name, service in read("compose.yaml")["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "ports" not in service
        assert "privileged" not in service
        assert "mem_limit" in service
    for name in ("prometheus", "alertmanager"):
        (listens,) = [each for each in read("compose.yaml")["services"][name]["command"] if "web.listen" in each]
        assert "=127.0.0.1:" in listens
    assert read("compose.yaml")["services"]["grafana"]["environment"]["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"


ALWAYS_SAFE = {"network_mode", "read_only", "cap_drop", "security_opt", "restart", "pids_limit", "logging", "mem_limit"}
NEEDED = ALWAYS_SAFE | {"image", "volumes"}
ALLOWED = NEEDED | {"build", "command", "env_file", "environment", "tmpfs", "stop_grace_period", "user", "healthcheck"}
SIZE = re.compile(r"\d+[kmg]")
MOUNT = re.compile(r"(\./[\w./-]+|[a-z]+|\$\{[A-Z_]+:-/[\w/]+\}):(/[\w./-]+)(:ro)?")
VARIABLE = re.compile(r"\$\{([A-Z_]+)(:-[^}]*|:\?[^}]+)\}")
"""A variable with what is taken without it, or what is said: none is silently empty."""


def services() -> dict[str, dict[str, Any]]:  # Any: YAML
    found: dict[str, dict[str, Any]] = read("compose.yaml")["services"]
    return found


@pytest.mark.parametrize("name", sorted(services()))
def test_a_service_has_what_it_needs_and_no_key_that_compose_would_refuse_or_pass_over(name: str) -> None:
    service = services()[name]
    assert service.keys() <= ALLOWED
    assert service.keys() >= NEEDED
    assert re.fullmatch(r"[\w/]+:(latest|v?\d+\.\d+\.\d+)", service["image"])
    assert (service["image"] == "genesis:latest") is ("build" in service)  # what is not built here is pinned
    assert SIZE.fullmatch(service["mem_limit"])
    assert service["network_mode"] == "host"
    assert service["restart"] == "unless-stopped"
    assert re.fullmatch(r"[1-9]\d*:\d+", service.get("user", "1:1"))
    assert "user" in service or "build" in service  # the Dockerfile has its own
    targets = [mount[2] for each in service["volumes"] if (mount := MOUNT.fullmatch(each))]
    assert len(set(targets)) == len(service["volumes"])
    for each in service.get("tmpfs", ()):
        assert re.fullmatch(r"/\w+:size=\d+m,mode=1777", each)


READY = {"prometheus": "/-/ready", "alertmanager": "/-/ready", "grafana": "/api/health"}
"""Where each says that it is up. Source: the documentation of each, "Management API" and "Health API"."""


def test_compose_sees_of_every_service_whether_it_answers() -> None:
    prometheus = read("ops/prometheus.yml")
    ports = {job["job_name"]: job["static_configs"][0]["targets"][0] for job in prometheus["scrape_configs"]}
    ports["grafana"] = f"{services()['grafana']['environment']['GF_SERVER_HTTP_ADDR']}:3000"  # its own default
    assert "HEALTHCHECK" in (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert {name for name, service in services().items() if "healthcheck" in service} == services().keys() - {"genesis"}
    for name, path in READY.items():
        check = services()[name]["healthcheck"]
        assert check["test"] == ["CMD", "wget", "-q", "-O", "/dev/null", f"http://{ports[name]}{path}"]
        assert all(re.fullmatch(r"[1-9]\d*s", check[each]) for each in ("interval", "timeout", "start_period"))
        assert check["retries"] == 3


def test_every_variable_of_the_compose_file_has_a_default_or_a_sentence_and_is_explained() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    assert text.count("${") == len(VARIABLE.findall(text))
    said = "".join((ROOT / name).read_text(encoding="utf-8") for name in (".env.example", "docs/operations.md"))
    for name, _ in VARIABLE.findall(text):
        assert name in said, name


def test_compose_gives_genesis_settings_that_it_has() -> None:
    prefix, names = "GENESIS_", {field.name.upper() for field in attrs.fields(Settings)}
    assert {each.removeprefix(prefix) for each in services()["genesis"]["environment"]} <= names
    assert services()["genesis"]["command"] == ["run"]
    assert services()["genesis"]["environment"]["GENESIS_HOME"] in [
        each.split(":")[1] for each in services()["genesis"]["volumes"]
    ]
