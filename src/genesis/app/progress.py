"""A progress bar on stderr, for people at a terminal, once something takes longer than a second."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE_S: Final = 1.0

Show = Callable[[int, int], None]
"""Called with how much is done, and how much there is."""


class Bar:
    """A bar that is drawn when the work has lasted for *patience_s*; it says *text*."""

    def __init__(self, text: str, patience_s: float = PATIENCE_S, now: Callable[[], float] = time.monotonic) -> None:
        self._text = text
        self._patience_s = patience_s
        self._now = now
        self._begin_s = now()
        self._drawn: tuple[Progress, TaskID] | None = None

    def show(self, done: int, total: int) -> None:
        """Draw how much is done of how much there is."""
        if self._drawn is None:
            if self._now() - self._begin_s < self._patience_s:
                return
            from rich.console import Console
            from rich.progress import Progress

            progress = Progress(console=Console(stderr=True), transient=True)
            self._drawn = progress, progress.add_task(self._text)
            progress.start()
        progress, task = self._drawn
        progress.update(task, completed=done, total=total)

    def close(self) -> None:
        """Take the bar away."""
        if self._drawn is not None:
            self._drawn[0].stop()


@contextmanager
def progress(text: str) -> Iterator[Show]:
    """Give what shows the progress of the work inside: nothing unless stderr is a terminal."""
    bar = Bar(text)
    try:
        yield bar.show if sys.stderr.isatty() else _nothing
    finally:
        bar.close()


def _nothing(_done: int, _total: int) -> None:
    pass
