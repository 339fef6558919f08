"""`kill` and `kill.reset`: stop all trading now, and allow it again. They need no running process and little else."""

from collections.abc import Sequence

from genesis.app.commands import command
from genesis.app.invoking import Context, Exit
from genesis.ports.errors import InputError


@command(
    "kill",
    words="reason",
    help={
        "reason": "Why, in a few words.",
        "all_": "Cancel orders of others on the account, too.",
        "wait": "Seconds to go on cancelling; maintenance of the exchange is not counted.",
        "watch": "Seconds to look on, when nothing is open, for orders that were on their way.",
    },
)
def kill(_: Context, reason: Sequence[str] = (), all_: bool = False, wait: str = "60", watch: str = "60") -> None:
    """Set the kill latch, then cancel our open orders on the exchange until none is left.

    An order that had left before may arrive later: it looks on for a minute and cancels that, too.

    Running sessions end, no order leaves, and nothing starts until kill.reset. It works whatever became of the session:
    dead, stuck, without disk, without network, in maintenance. Exits 1 if anything is left, and says what.
    BITFINEX_KILL_API_KEY and …_SECRET name a key of its own; without them it takes the session's.
    """
    from genesis.app.kill_orders import KillRules
    from genesis.app.kill_program import run_kill

    rules = KillRules(all_, _seconds("wait", wait), _seconds("watch", watch))
    code = run_kill(" ".join(reason) or "killed from the command line", rules)
    if code:
        raise Exit(code=code)


def _seconds(name: str, text: str) -> float:
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise InputError(f"--{name} {text!r}: give whole seconds")
    return float(text)


@command("kill.reset", help={"reason": "Why trading may go on; it is kept in the audit log."})
def reset(_: Context, reason: str = "") -> None:
    """Take the kill latch away, once the reason is in the audit log."""
    from genesis.app.kill import reset_latch

    if not reason.strip():
        raise InputError("say why trading may go on: kill.reset --reason TEXT")
    was = reset_latch(reason.strip())
    print("the kill latch was not set" if was is None else f"the kill latch is reset; it was set for: {was}")
