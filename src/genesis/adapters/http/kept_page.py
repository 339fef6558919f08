"""The page of metrics for many who ask at once: one is made at a time, and it serves everybody for a second.

To make one takes the interpreter for milliseconds, which trading needs too; numbers a second old are new to Prometheus.
"""

import asyncio
from typing import Final

from genesis.ports.metrics import MetricsPage

KEPT_S: Final = 1.0


class KeptPage:
    """Asks *metrics* for a page when the last one is *kept_s* old; one event loop uses it."""

    def __init__(self, metrics: MetricsPage, kept_s: float = KEPT_S) -> None:
        self._metrics = metrics
        self._kept_s = kept_s
        self._turn = asyncio.Lock()
        self._made: tuple[float, bytes] | None = None

    async def page(self) -> bytes:
        """Return a page that is no older than it may be."""
        async with self._turn:
            now_s = asyncio.get_running_loop().time()
            if self._made is None or now_s - self._made[0] >= self._kept_s:
                self._made = now_s, await asyncio.to_thread(self._metrics.page)
            return self._made[1]
