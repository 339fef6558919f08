"""A command as the program does it, in this process: what it printed, and how it ended."""

import pytest

from genesis.app.cli import CommandLine
from genesis.app.commands import namespace


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[object, str, str]:
    """Return the exit code, what was printed, and what went to standard error."""
    with pytest.raises(SystemExit) as end:
        CommandLine("genesis", namespace()).main(["genesis", *words])
    out, err = capsys.readouterr()
    return end.value.code, out, err
