"""What the image and a plain install are made of, as CycloneDX 1.6, from the lock alone: the same bytes every time."""

import hashlib
import json
import re
import tomllib
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from attrs import frozen

import genesis

ROOT: Final = Path(__file__).parents[2]
LOCK: Final = ROOT / "requirements" / "core.lock"
REQUIREMENT: Final = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)\s*(?:;\s*([^\\]+?))?\s*\\?$")
HASH: Final = re.compile(r"^\s+--hash=sha256:([0-9a-f]{64})")


@frozen
class Package:
    """One package of the lock, with the hashes of all its distributions, and for which machines it is."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]

    @property
    def purl(self) -> str:
        """Return its package URL. Source: the purl specification, type pypi."""
        return f"pkg:pypi/{re.sub(r'[-_.]+', '-', self.name).lower()}@{self.version}"


def packages(lock: str) -> Iterator[Package]:
    """Yield the packages of a lock; raises `ValueError` for a line that is understood by nobody."""
    head: tuple[str, str, str] | None = None
    hashes: list[str] = []
    for line in lock.splitlines():
        if found := HASH.match(line):
            hashes.append(found[1])
            continue
        if head is not None:
            yield Package(*head, tuple(hashes))
            head, hashes = None, []
        if line.strip() and not line.startswith("#"):
            match = REQUIREMENT.match(line)
            if match is None:
                raise ValueError(f"{line!r} is no requirement of a lock")
            head = (match[1], match[2], match[3] or "")
    if head is not None:
        yield Package(*head, tuple(hashes))


def sbom(lock: bytes, direct: Mapping[str, object] | None = None) -> dict[str, object]:
    """Return the document of *lock*."""
    found = list(packages(lock.decode()))
    project = direct or tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    own = f"pkg:pypi/genesis-core@{genesis.__version__}"
    wanted = {re.split(r"[\[><=;! ]", str(each))[0].lower() for each in _list(project.get("dependencies"))}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, hashlib.sha256(lock).hexdigest())}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": "genesis-core",
                "version": genesis.__version__,
                "purl": own,
            }
        },
        "components": [_component(each) for each in found],
        "dependencies": [{"ref": own, "dependsOn": sorted(each.purl for each in found if each.name.lower() in wanted)}],
    }


def _component(package: Package) -> dict[str, object]:
    properties = [{"name": "genesis:lock:sha256", "value": each} for each in package.hashes]
    if package.marker:
        properties.append({"name": "genesis:lock:marker", "value": package.marker})
    return {
        "type": "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
        "properties": properties,
    }


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []


def write_sbom(target: Path) -> int:
    """Write the document to *target* and return how many packages it names."""
    document = sbom(LOCK.read_bytes())
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return len(_list(document["components"]))
