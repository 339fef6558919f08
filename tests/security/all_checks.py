"""All that is looked at before a release: parts list, known holes, dangerous code, secrets in files.

Run as `python -m tests.security.all_checks [--accept] [CHECK…]`; exits 1 if anything was found, or could not be asked.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable
from typing import Final

from tests.security.audit import ROOT, audit
from tests.security.sbom import write_sbom
from tests.security.secrets_scan import accept, look_for_secrets

SBOM: Final = ROOT / "build" / "sbom" / "genesis-core.cdx.json"
BANDIT: Final = ("--quiet", "--recursive", "--configfile", "pyproject.toml", "src", "tasks.py", "inv")


def look_at_code() -> list[str]:
    """Return what bandit finds."""
    done = subprocess.run(
        [sys.executable, "-m", "bandit", *BANDIT], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return [] if done.returncode == 0 else [done.stdout.strip() or done.stderr.strip()]


def list_parts() -> list[str]:
    """Write the parts list."""
    print(f"parts: {write_sbom(SBOM)} packages in {SBOM.relative_to(ROOT)}", flush=True)
    return []


CHECKS: Final[dict[str, Callable[[], list[str]]]] = {
    "parts": list_parts,
    "known holes": audit,
    "code": look_at_code,
    "secrets": look_for_secrets,
}


def main() -> None:
    """Make every check, whatever the others found."""
    parser = argparse.ArgumentParser(prog="python -m tests.security.all_checks")
    parser.add_argument("--accept", action="store_true")
    parser.add_argument("checks", nargs="*")
    options = parser.parse_args()
    if unknown := [name for name in options.checks if name not in CHECKS]:
        parser.error(f"no check named {', '.join(unknown)}: there are {', '.join(CHECKS)}")
    if options.accept:
        print(f"secrets: {accept()} that are none are in the baseline; look at the difference")
    problems = 0
    for name in options.checks or CHECKS:
        found = CHECKS[name]()
        problems += len(found)
        print("\n".join(f"{name}: {each}" for each in found) or f"{name}: nothing found", flush=True)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
