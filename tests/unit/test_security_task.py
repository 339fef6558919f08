"""The security task says what it found, and never that nothing was found where nobody was asked."""

import hashlib
import json
import re
import shutil
from typing import Any

import pytest

from tests.security.audit import judged
from tests.security.sbom import LOCK, packages, sbom
from tests.security.secrets_scan import BASELINE, ROOT, look_for_secrets, suspects

CLEAN = json.dumps({"dependencies": [{"name": "attrs", "version": "1", "vulns": []}], "fixes": []})
HOLED = json.dumps(
    {
        "dependencies": [{"name": "attrs", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}],
        "fixes": [],
    }
)
SKIPPED = json.dumps({"dependencies": [{"name": "attrs", "skip_reason": "not on the index"}], "fixes": []})


def test_nothing_is_proven_where_nobody_could_be_asked() -> None:
    assert judged("dev.lock", 0, CLEAN, "") == []
    for code, out, errors in (
        (1, "", "ERROR: hatchling: Dependency not found and could not be audited"),
        (0, "", ""),
        (1, "<html>", "ConnectionError"),
        (0, SKIPPED, ""),
        (1, CLEAN, ""),
        (0, '{"dependencies": []}', ""),
        (0, "[]", ""),
    ):
        (problem,) = judged("dev.lock", code, out, errors)
        assert "NOT AUDITED" in problem
        assert "nothing is proven" in problem


def test_a_hole_is_named_with_what_mends_it() -> None:
    assert judged("dev.lock", 1, HOLED, "") == ["dev.lock: attrs 1 has CVE-1; mended in 2"]


def test_the_parts_list_holds_every_package_of_the_lock_with_its_hashes() -> None:
    lock = LOCK.read_bytes()
    document: Any = sbom(lock)
    assert document["specVersion"] == "1.6"
    components = {each["bom-ref"]: each for each in document["components"]}
    assert len(components) == len(re.findall(rb"^\w", lock, re.MULTILINE))
    assert {"numba", "aiohttp", "prometheus-client"} <= {each["name"] for each in components.values()}
    hashes = {each["value"] for part in components.values() for each in part["properties"] if "sha256" in each["name"]}
    assert hashes == set(re.findall(r"sha256:([0-9a-f]{64})", lock.decode()))
    (dependency,) = document["dependencies"]
    assert set(dependency["dependsOn"]) < {each["bom-ref"] for each in document["components"]}
    assert len(dependency["dependsOn"]) >= 15


def test_the_parts_list_is_cyclonedx_to_the_letter() -> None:
    validation = pytest.importorskip("cyclonedx.validation.json")
    schema = pytest.importorskip("cyclonedx.schema")
    found = validation.JsonStrictValidator(schema.SchemaVersion.V1_6).validate_str(json.dumps(sbom(LOCK.read_bytes())))
    assert found is None


def test_the_parts_list_is_the_same_every_time() -> None:
    first, second = (hashlib.sha256(json.dumps(sbom(LOCK.read_bytes())).encode()).hexdigest() for _ in range(2))
    assert first == second


@pytest.mark.parametrize("line", ["attrs>=1", "attrs", "-r other.lock", "https://somewhere/attrs.whl"])
def test_a_lock_that_does_not_lock_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="no requirement of a lock"):
        list(packages(f"{line}\n"))


@pytest.mark.skipif(not (ROOT / ".git").exists() or shutil.which("git") is None, reason="not a checkout")
def test_no_file_of_the_checkout_holds_what_looks_like_a_secret() -> None:
    assert look_for_secrets() == []


def test_what_was_accepted_as_no_secret_is_known_by_its_hash_alone() -> None:
    text = BASELINE.read_text(encoding="utf-8")
    document = json.loads(text)
    assert suspects(document)
    assert all(each["is_secret"] is False for found in document["results"].values() for each in found)
    assert "requirements/" not in document["results"]
