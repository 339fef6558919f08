"""Taking the kill latch away: the reason is in the audit log before it has an effect."""

import asyncio

import genesis
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.app.audit import audit_log
from genesis.app.home import home
from genesis.app.wiring import kill_latch


def reset_latch(reason: str) -> str | None:
    """Reset the latch of the data directory for *reason*; return why it was set, None if it was not.

    Raises `StoreError` when the reason cannot be kept or the latch not be taken away: it is set then.
    """
    folder = home()
    latch = kill_latch(folder)
    was = latch.reason()
    if was is not None:
        clock = SystemClock()
        monitor = MemoryMonitor(clock, MemoryMetrics(), version=genesis.__version__, mode="kill")
        audit = audit_log(folder, clock, monitor)
        asyncio.run(audit.append({"action": "kill.reset", "reason": reason, "was": was}))
        latch.reset()
    return was
