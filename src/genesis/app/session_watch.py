"""What stands around a session of any mode: its log, the alerts to people, and the watch on the event loop."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from genesis.app.alert_desk import AlertDesk
from genesis.app.alerting import alert_desk, alert_level, telling
from genesis.app.logs import REDACTOR, guarded_secret, session_log
from genesis.app.session_metrics import LoopLag
from genesis.app.settings import load_alert_settings, load_settings
from genesis.ports.clock import Clock
from genesis.ports.errors import GenesisError, Killed
from genesis.ports.metrics import Metrics

_LOG: Final = logging.getLogger("genesis.session")


class SessionWatch:
    """Runs a session's coroutine with the watch around it."""

    def __init__(self, desk: AlertDesk | None, lag: LoopLag) -> None:
        self._desk = desk
        self._lag = lag

    async def around(self, session: Callable[[], Coroutine[None, None, None]]) -> None:
        """Run *session* and raise what it raises, once people were told: the desk ends last."""
        beside = [asyncio.ensure_future(part.run()) for part in (self._desk, self._lag) if part is not None]
        try:
            await session()
        except GenesisError as error:
            _LOG.error("risk.killed" if isinstance(error, Killed) else "system.failed", extra=_fields(error))
            raise
        except Exception as error:
            _LOG.exception("system.failed", extra=_fields(error))
            raise
        finally:
            for part in beside:
                part.cancel()
            await asyncio.gather(*beside, return_exceptions=True)


@contextmanager
def session_watch(source: str, clock: Clock, metrics: Metrics) -> Iterator[SessionWatch]:
    """Set up log and alerts as the settings say; *source* tells people who speaks.

    Raises `InputError` for a setting that cannot be used.
    """
    alerts = load_alert_settings()
    level = alert_level(alerts)
    desk = alert_desk(alerts, clock, metrics, guarded_secret)
    with ExitStack() as around:
        around.enter_context(session_log(clock, metrics, load_settings()))
        if desk is not None:
            around.enter_context(telling(desk.tell, clock, REDACTOR, source, level, desk.passed))
        yield SessionWatch(desk, LoopLag(clock, metrics))


def _fields(error: Exception) -> dict[str, dict[str, str]]:
    return {"fields": {"reason": f"{type(error).__name__}: {error}"}}
