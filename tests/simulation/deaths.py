"""Ways to die: at a named moment, at a byte of a file, at any time; each in a fork, whose parent looks at the rest."""

import os
import resource
import signal
from collections import Counter
from collections.abc import Callable
from typing import Final

_moments: Final[Counter[str]] = Counter()
_deadly: tuple[str, int] = ("", 0)


def moment(name: str) -> None:
    """Die here if this is the moment."""
    _moments[name] += 1
    if _deadly == (name, _moments[name]):
        os.kill(os.getpid(), signal.SIGKILL)


def die_when(name: str, count: int) -> None:
    """Let the *count*-th moment *name* of this process be its last."""
    global _deadly  # noqa: PLW0603  # of this fork alone
    _deadly = (name, count)


def patch(owner: object, name: str, value: object) -> None:
    """Replace what *owner* has under *name*, in this fork alone; a name that it has not is a mistake of ours."""
    assert hasattr(owner, name), f"{owner} has no {name} to replace"
    setattr(owner, name, value)


def around(owner: object, name: str, label: str) -> None:
    """Let *owner*'s function pass a moment before and after each call."""
    real = getattr(owner, name)

    def passing(*arguments: object, **options: object) -> object:
        moment(f"before {label}")
        result: object = real(*arguments, **options)
        moment(f"after {label}")
        return result

    patch(owner, name, passing)


def die_at_byte(limit: int) -> None:
    """Let the kernel kill this process when a file would grow beyond *limit* bytes: a torn write."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def die_after(seconds: float) -> None:
    """Die at whatever is being done then."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.setitimer(signal.ITIMER_REAL, seconds)


def in_child(work: Callable[[], None]) -> int:
    """Run *work* in a fork; return the signal that ended it, 0 if it came to its end."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0, "the child failed"
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
