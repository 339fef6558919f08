"""When a candle is complete: a channel of candles shows the running one again and again, and says nowhere that it is
the last time."""

from collections.abc import Iterable

from genesis.domain.candle import Candle


class ClosedCandles:
    """Tells closed candles from the running one.

    A candle is complete when one of a later interval comes, for an interval without a trade has none. What comes for an
    interval before the running one is a correction of something that was decided on already, and is not used.
    """

    def __init__(self) -> None:
        self.running: Candle | None = None
        self._told = -(2**62)

    def take(self, candle: Candle) -> list[Candle]:
        """Return the candle that *candle* proves complete, if there is one."""
        before = self.running
        if before is not None and candle.mts < before.mts:
            return []
        self.running = candle
        return [] if before is None or candle.mts == before.mts else self._tell(before)

    def take_all(self, candles: Iterable[Candle]) -> list[Candle]:
        """Return what a snapshot, oldest first, proves complete: after a lost connection, what was missed as well."""
        return [closed for candle in candles for closed in self.take(candle)]

    def close(self) -> list[Candle]:
        """Return the running candle, whose interval is known to be over."""
        before, self.running = self.running, None
        return [] if before is None else self._tell(before)

    def over(self, mts: int) -> list[Candle]:
        """Return the running candle if it began before *mts*, at which its interval is known to be over."""
        return [] if self.running is None or self.running.mts >= mts else self._tell(self.running)

    def _tell(self, candle: Candle) -> list[Candle]:
        if candle.mts <= self._told:
            return []
        self._told = candle.mts
        return [candle]
