"""The threads of a sweep: compiled loops do not hold the interpreter's lock, so one process uses all cores."""

from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from genesis.domain.compiled import register_steps


class SweepThreads:
    """So many threads, as a context manager that ends them."""

    def __init__(self, workers: int) -> None:
        register_steps()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="sweep")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)
