"""The journal with a watch: how long it takes to make an order's intent durable, which the order waits for."""

from genesis.domain.journal.chain import Head
from genesis.domain.journal.entries import Entry
from genesis.ports.clock import Clock
from genesis.ports.journal import Journal
from genesis.ports.metrics import Metrics


class TimedJournal:
    """*journal*, with its commits told to *metrics*; what is only accepted costs nothing more."""

    def __init__(self, journal: Journal, clock: Clock, metrics: Metrics) -> None:
        self._journal = journal
        self._clock = clock
        self._metrics = metrics
        self.append = journal.append
        self.run = journal.run
        self.close = journal.close

    @property
    def head(self) -> Head:
        """The end of the chain."""
        return self._journal.head

    async def commit(self) -> None:
        """Commit; see the port."""
        begun_s = self._clock.monotonic_s()
        await self._journal.commit()
        self._metrics.observe("journal_commit_seconds", self._clock.monotonic_s() - begun_s)
        self._metrics.gauge("journal_rows", self._journal.head.seq)

    async def append_reserved(self, entry: Entry) -> None:
        """Append in the reserve; see the port. That it had to be used is counted."""
        self._metrics.increment("journal_reserve_used_total")
        await self._journal.append_reserved(entry)
