"""The catalogue holds every metric that the code writes, with the labels that it writes them with."""

import ast
from collections.abc import Iterator
from pathlib import Path

from genesis.app.metric_catalogue import CATALOGUE, ENDPOINTS, OUTCOMES
from genesis.ports.metric_spec import MetricKind

SOURCE = Path(__file__).parents[3] / "src" / "genesis"
KINDS = {"increment": MetricKind.COUNTER, "gauge": MetricKind.GAUGE, "observe": MetricKind.HISTOGRAM}
DECIDED_BY_VARIABLE = {"rest_auth_retry_triggered", "rest_retry_triggered", "rest_auth_nonce_bump"}


def written() -> Iterator[tuple[str, MetricKind]]:
    """Yield what `….increment("name", …)` and its like name in the source."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            kind, first = KINDS.get(node.func.attr), node.args[0]
            if kind is not None and isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value, kind


def test_every_metric_that_is_written_is_in_the_catalogue_as_what_it_is() -> None:
    known = {spec.name: spec.kind for spec in CATALOGUE}
    found = dict(written())
    assert len(found) > 40
    assert {name: known.get(name) for name in found} == found


def test_the_catalogue_names_nothing_that_nobody_writes() -> None:
    found = {name for name, _ in written()} | DECIDED_BY_VARIABLE
    assert {spec.name for spec in CATALOGUE} <= found


def test_names_are_unique_and_said_in_a_sentence() -> None:
    names = [spec.name for spec in CATALOGUE]
    assert len(set(names)) == len(names)
    assert all(spec.text.endswith(".") for spec in CATALOGUE)


def test_label_sets_are_closed_and_hold_what_they_should() -> None:
    assert {"order_submit", "candles", "permissions"} <= ENDPOINTS
    assert {"success", "OutcomeUnknown", "KeyContended"} <= OUTCOMES
    assert max(len(values) for spec in CATALOGUE for values in spec.labels.values()) < 64
