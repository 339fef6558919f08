"""Secrets in the files of the checkout, by detect-secrets: what is new is a finding, what was looked at is not.

`.secrets.baseline` holds the hashes of what looks like a secret and was found to be none, mostly in tests.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
BASELINE: Final = ROOT / ".secrets.baseline"
EXCLUDED: Final = (r"requirements/.*\.lock$", r"\.secrets\.baseline$", r"tests/data/.*", r".*\.(png|woff2|parquet|gz)$")
"""Hashes of packages, our own list, and recorded data."""


class Suspect(NamedTuple):
    """What looks like a secret, known by its hash alone."""

    file: str
    kind: str
    hash: str


def scan() -> Any:  # Any: detect-secrets' own document
    """Return what the tracked files hold, as detect-secrets writes it."""
    options = [word for pattern in EXCLUDED for word in ("--exclude-files", pattern)]
    done = subprocess.run(
        [sys.executable, "-m", "detect_secrets", "scan", "--no-verify", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def suspects(document: Any) -> dict[Suspect, int]:  # Any: as above
    """Return the suspects of a document with the line of each."""
    return {
        Suspect(file, each["type"], each["hashed_secret"]): each["line_number"]
        for file, found in document["results"].items()
        for each in found
    }


def look_for_secrets() -> list[str]:
    """Return what is new since the baseline, in sentences."""
    known = suspects(json.loads(BASELINE.read_text(encoding="utf-8"))).keys()
    return [
        f"{each.file}:{line}: looks like a secret ({each.kind}); take it out, or accept it: ./inv security --accept"
        for each, line in suspects(scan()).items()
        if each not in known
    ]


def accept() -> int:
    """Write the baseline anew from what is there; returns how many suspects it holds. Look at the difference."""
    document = scan()
    del document["generated_at"]
    for found in document["results"].values():
        for each in found:
            each["is_secret"] = False
    BASELINE.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return len(suspects(document))
