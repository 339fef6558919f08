"""Taking the kill latch away: the reason is in the audit log before it has an effect."""

from genesis.app.home import home
from genesis.app.kill_record import record_reset
from genesis.app.wiring import kill_latch


def reset_latch(reason: str) -> str | None:
    """Reset the latch of the data directory for *reason*; return why it was set, None if it was not.

    Raises `StoreError` when the reason cannot be kept or the latch not be taken away: it is set then.
    """
    folder = home()
    latch = kill_latch(folder)
    was = latch.reason()
    if was is not None:
        record_reset(folder, reason, was)
        latch.reset()
    return was
