"""The status of a running session in the terminal: equity, position, latest decisions, refusals, links, latency."""

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from genesis.app.session_observer import SessionObserver
from genesis.domain.units import format_atoms
from genesis.ports.clock import Clock

if TYPE_CHECKING:
    from rich.table import Table

REFRESH_S: Final = 0.25
RATE_OVER_S: Final = 2.0


class LiveStatus:
    """Redraws the terminal until cancelled; takes the drawing away then, so that the summary stands alone."""

    def __init__(self, observer: SessionObserver, clock: Clock, title: str) -> None:
        self._observer = observer
        self._clock = clock
        self._title = title
        self._seen: deque[tuple[float, int]] = deque(maxlen=round(RATE_OVER_S / REFRESH_S))

    async def run(self) -> None:
        """Draw until cancelled."""
        from rich.console import Console
        from rich.live import Live

        with Live(console=Console(), transient=True, auto_refresh=False) as live:
            while True:
                live.update(self._table(), refresh=True)
                await self._clock.sleep(REFRESH_S)

    def _table(self) -> "Table":
        from rich.table import Table

        table = Table(title=self._title, show_header=False, min_width=72)
        for name, value in self._rows():
            table.add_row(name, value)
        return table

    def _rows(self) -> Iterator[tuple[str, str]]:
        observer = self._observer
        core, instrument = observer.core, observer.recorder.instrument
        yield "market time", _utc(observer.last_mts)
        yield "equity", f"{format_atoms(core.equity)} {instrument.quote}"
        yield "position", f"{format_atoms(core.position(instrument.symbol))} {instrument.base}"
        yield "fills", str(len(observer.recorder.fills))
        refusals = ", ".join(f"{code.value} {count}" for code, count in core.refusals.items())
        yield "refusals", refusals or "none"
        yield "candles/s", f"{self._rate():,.0f}"
        if observer.venue_url:
            yield "venue", observer.venue_url
        if observer.links:
            yield "links", ", ".join(f"{name} {link.value}" for name, link in observer.links.items())
        if observer.round_trip_s is not None:
            yield "order round trip", f"{observer.round_trip_s * 1000:.1f} ms"
        yield "state", "trading" if core.halted is None else core.halted.text
        for line in observer.lines:
            yield "", line

    def _rate(self) -> float:
        self._seen.append((self._clock.monotonic_s(), self._observer.recorder.candles))
        (begun_s, first), (now_s, last) = self._seen[0], self._seen[-1]
        return (last - first) / (now_s - begun_s) if now_s > begun_s else 0.0


def _utc(mts: int | None) -> str:
    return "–" if mts is None else f"{datetime.fromtimestamp(mts / 1000, UTC):%Y-%m-%d %H:%M}"
