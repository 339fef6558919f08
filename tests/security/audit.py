"""Known holes in what the locks install, as the public databases know them: found, not found, or not asked.

A database that cannot be asked has not said no: that is told as such, and is never a pass.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
LOCKS: Final = ("build", "dev")


def audit() -> list[str]:
    """Ask about each lock; returns what is wrong, in sentences."""
    return [problem for name in LOCKS for problem in audit_lock(ROOT / "requirements" / f"{name}.lock")]


def audit_lock(lock: Path) -> list[str]:
    """Ask about one lock; returns what is wrong, in sentences."""
    options = ("--strict", "--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json")
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", *options, "--requirement", str(lock)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return judged(lock.name, done.returncode, done.stdout, done.stderr)


def judged(lock: str, code: int, out: str, errors: str) -> list[str]:
    """Return what an answer of pip-audit means; an answer that nobody can read means that nothing was proven."""
    try:
        answer: Any = json.loads(out)
        dependencies = answer["dependencies"]
        holes = list(_holes(dependencies))
        skipped = [each["name"] for each in dependencies if "skip_reason" in each]
    except (ValueError, LookupError, TypeError):
        said = (errors.strip().splitlines() or ["it said nothing"])[-1]
        return [f"{lock}: NOT AUDITED: the database could not be asked, so nothing is proven ({said})"]
    if holes:
        return [f"{lock}: {hole}" for hole in holes]
    if skipped or code != 0 or not dependencies:
        return [f"{lock}: NOT AUDITED: {', '.join(skipped) or 'nothing'} could not be looked up, so nothing is proven"]
    return []


def _holes(dependencies: Any) -> Iterator[str]:  # Any: JSON
    for each in dependencies:
        for hole in each.get("vulns", ()):
            fixed = ", ".join(hole.get("fix_versions", ())) or "no version yet"
            yield f"{each['name']} {each['version']} has {hole['id']}; mended in {fixed}"
