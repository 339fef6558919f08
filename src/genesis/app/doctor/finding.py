"""What a look at one thing found."""

from typing import Literal

from attrs import frozen

Verdict = Literal["good", "warning", "failed", "unproven"]
"""`failed` has to be mended before anything trades; `unproven` could not be looked at, and says why."""


@frozen
class Finding:
    """*check* is what was looked at, *found* what is there, *advice* what to do about it, empty where nothing is."""

    check: str
    verdict: Verdict
    found: str
    advice: str = ""

    def __attrs_post_init__(self) -> None:
        if (self.verdict == "good") is not (self.advice == ""):
            raise ValueError(f"{self.check}: what is not good comes with advice, and what is good without")


def good(check: str, found: str) -> Finding:
    """Return that *check* found nothing to do."""
    return Finding(check, "good", found)


def is_well(findings: list[Finding]) -> bool:
    """Return whether nothing has to be mended."""
    return all(finding.verdict != "failed" for finding in findings)
