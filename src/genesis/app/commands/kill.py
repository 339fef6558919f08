"""`kill` and `kill.reset`: stop all trading now, and allow it again. They need no running process and little else."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from genesis.app.commands import command
from genesis.app.invoking import Context
from genesis.ports.errors import GenesisError, InputError


@command("kill", words="reason", help={"reason": "Why, in a few words."})
def kill(_: Context, reason: Sequence[str] = ()) -> None:
    """Set the kill latch: running sessions end, no order leaves, and nothing starts until kill.reset."""
    from genesis.adapters.kill_latch_file import KillLatchFile

    path = _folder() / "kill.latch"
    latch = KillLatchFile(path)
    latch.pull(" ".join(reason) or "killed from the command line")
    print(f"the kill latch is set: {path} ({latch.reason()})")


@command("kill.reset", help={"reason": "Why trading may go on; it is kept in the audit log."})
def reset(_: Context, reason: str = "") -> None:
    """Take the kill latch away, once the reason is in the audit log."""
    from genesis.app.kill import reset_latch

    if not reason.strip():
        raise InputError("say why trading may go on: kill.reset --reason TEXT")
    was = reset_latch(reason.strip())
    print("the kill latch was not set" if was is None else f"the kill latch is reset; it was set for: {was}")


def _folder() -> Path:
    from genesis.app.home import home

    try:
        return home()
    except GenesisError as error:  # a setting that has nothing to do with it must not keep anyone from killing
        folder = Path(os.environ.get("GENESIS_HOME", "var"))
        print(f"{error}; taking {folder} for the data directory", file=sys.stderr)
        return folder
