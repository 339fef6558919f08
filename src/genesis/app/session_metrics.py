"""The page of metrics of a session, with what is worked out when it is asked for, and the watch on the event loop."""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final, get_args

from genesis.adapters.metrics_prometheus import PrometheusMetrics
from genesis.app.loop_pulse import LoopPulse
from genesis.app.session_feeding import SessionFeeding
from genesis.app.session_observer import SessionObserver
from genesis.ports.clock import Clock
from genesis.ports.metrics import Metrics
from genesis.ports.monitor import Monitor, Status

LAG_EVERY_S: Final = 0.1


class SessionMetrics:
    """A `MetricsPage`: status, uptime and refusals are read at the moment of the question, the rest was counted."""

    def __init__(
        self,
        metrics: PrometheusMetrics,
        monitor: Monitor,
        observer: SessionObserver,
        home: Path,
        pulse: LoopPulse,
        feeding: SessionFeeding,
    ) -> None:
        self._metrics = metrics
        self._monitor = monitor
        self._observer = observer
        self._home = home
        self._pulse = pulse
        self._feeding = feeding
        self.content_type: Final = metrics.content_type

    def page(self) -> bytes:
        """Return the page of this moment."""
        health, metrics = self._monitor.health(), self._metrics
        metrics.gauge("up", 1.0)
        metrics.gauge("uptime_seconds", health.uptime_s)
        metrics.gauge("candle_period_seconds", self._feeding.period_s)
        metrics.gauge("candle_quiet_seconds", self._feeding.quiet_s())
        metrics.gauge("loop_stalled_seconds", self._pulse.stalled_s())
        for status in get_args(Status):
            metrics.gauge("status", float(status == health.status), {"status": status})
        if health.last_event_mts is not None:
            metrics.gauge("last_event_timestamp_seconds", health.last_event_mts / 1000)
        with suppress(OSError):  # not made yet, or not there any more
            metrics.gauge("data_free_bytes", shutil.disk_usage(self._home).free)
        if self._observer.has_begun:
            for code, count in dict(self._observer.core.refusals).items():  # a copy: the core goes on
                metrics.gauge("refusals", count, {"code": code.value})
        return metrics.page()


class LoopLag:
    """Measures how late the event loop comes to a task that is due: what a strategy's decision would wait, too."""

    def __init__(self, clock: Clock, metrics: Metrics) -> None:
        self._clock = clock
        self._metrics = metrics

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            due_s = self._clock.monotonic_s() + LAG_EVERY_S
            await self._clock.sleep(LAG_EVERY_S)
            self._metrics.observe("loop_lag_seconds", max(0.0, self._clock.monotonic_s() - due_s))
