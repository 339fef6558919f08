"""The monitor in memory: the run loop tells it, HTTP and the terminal read it."""

import threading
from collections import Counter, deque
from collections.abc import Callable
from typing import Final

from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.domain.json_value import JsonObject
from genesis.domain.units import Mts
from genesis.ports.clock import Clock
from genesis.ports.monitor import Category, Dashboard, Health, Note, Severity, Status, news_key

NOTES_MAX: Final = 256


class MemoryMonitor:
    """Both sides, `Monitor` and `MonitorFeed`, over the given metrics; any thread may call any method.

    It keeps the last *notes_max* notes of severity `info`, as many again of the configuration's, which are rare and
    say what counts, and as many of the others: of these, one that came again leaves before one that did not.
    *stalled_s* tells for how long the run loop has stood still.
    """

    def __init__(
        self,
        clock: Clock,
        metrics: MemoryMetrics,
        *,
        version: str,
        mode: str,
        notes_max: int = NOTES_MAX,
        stalled_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._clock = clock
        self._metrics = metrics
        self._version = version
        self._mode = mode
        self._stalled_s = stalled_s
        self._started_s = clock.monotonic_s()
        self._lock = threading.Lock()
        self._status: tuple[Status, str] = ("starting", "")
        self._last_event_mts: Mts | None = None
        self._seq = 0
        self._infos: deque[Note] = deque(maxlen=notes_max)
        self._config_infos: deque[Note] = deque(maxlen=notes_max)
        self._alarms: list[tuple[str, Note]] = []
        self._alarms_max = notes_max

    def set_status(self, status: Status, reason: str = "") -> None:
        self._status = (status, reason)  # one assignment, so a reader never sees half of it

    def saw_event(self, mts: Mts) -> None:
        self._last_event_mts = mts

    def note(
        self, category: Category, name: str, fields: JsonObject | None = None, severity: Severity = "info"
    ) -> None:
        mts = self._clock.now()
        with self._lock:
            self._seq += 1
            note = Note(self._seq, mts, category, severity, name, dict(fields or {}))
            if severity == "info":
                (self._config_infos if category == "config" else self._infos).append(note)
            else:
                self._keep_alarm(news_key(name, severity, note.fields), note)

    def _keep_alarm(self, key: str, note: Note) -> None:
        self._alarms.append((key, note))
        if len(self._alarms) > self._alarms_max:
            often = {each for each, count in Counter(key for key, _ in self._alarms).items() if count > 1}
            del self._alarms[next((place for place, (each, _) in enumerate(self._alarms) if each in often), 0)]

    def health(self) -> Health:
        status, reason = self._status
        stalled_s = self._stalled_s()
        if stalled_s:
            status, reason = "stalled", f"the trading loop has stood still for {stalled_s:.0f} s"
        uptime_s = self._clock.monotonic_s() - self._started_s
        return Health(status, reason, self._version, self._mode, uptime_s, self._last_event_mts, stalled_s)

    def dashboard(self) -> Dashboard:
        with self._lock:
            alarms = (note for _, note in self._alarms)
            notes = sorted((*self._infos, *self._config_infos, *alarms), key=lambda note: note.seq)
        return Dashboard(self.health(), self._metrics.snapshot(), notes)
