"""What the audit log has of the kill latch: who set it from the command line, and who took it away."""

import asyncio
from pathlib import Path

from genesis.adapters.clock_system import SystemClock
from genesis.app.audit import CommandFeed, audit_log
from genesis.app.config_view import user
from genesis.domain.json_value import JsonObject


def record_kill(folder: Path, reason: str, came_of_it: str) -> None:
    """Note a kill in the data directory *folder*, and what became of the orders on the exchange.

    Raises `StoreError` or `SecretError` where that cannot be done.
    """
    _append(folder, {"action": "kill", "reason": reason, "orders": came_of_it, "who": user()})


def record_reset(folder: Path, reason: str, was: str) -> None:
    """Note why the latch of *folder*, which was set for *was*, is taken away; raises as `record_kill` does."""
    _append(folder, {"action": "kill.reset", "reason": reason, "was": was, "who": user()})


def _append(folder: Path, entry: JsonObject) -> None:
    asyncio.run(audit_log(folder, SystemClock(), CommandFeed()).append(entry))
