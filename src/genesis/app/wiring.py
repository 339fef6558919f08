"""The one place where parts become a system: every dependency is a parameter of what needs it."""

from pathlib import Path

from attrs import frozen

import genesis
from genesis.adapters.archive_files import ArchiveFiles
from genesis.adapters.audit_log.file import AuditFile
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.credentials_folder import CredentialsFolder
from genesis.adapters.http.app import TradingSide, build_app
from genesis.adapters.http.masking import MaskedAnswers
from genesis.adapters.http.server import HttpServer, names_of
from genesis.adapters.journal_sqlite.folder import next_journal
from genesis.adapters.journal_sqlite.writing import SqliteJournal
from genesis.adapters.kill_latch_file import KillLatchFile
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.adapters.memory.session_view import MemorySessionView
from genesis.adapters.metrics_prometheus import PrometheusMetrics
from genesis.app.access import credentials_of
from genesis.app.audit import LOG as AUDIT
from genesis.app.audit import audit_log, closed_authority
from genesis.app.config_authority import ConfigAuthority
from genesis.app.config_basis import ConfigBasis
from genesis.app.config_book import SessionConfigBook
from genesis.app.config_problems import SchemaDesk
from genesis.app.config_watch import ConfigWatch
from genesis.app.event_log import EventLog
from genesis.app.exposure import exposure_of
from genesis.app.logs import REDACTOR
from genesis.app.loop_pulse import LoopPulse, LoopPulseWatch
from genesis.app.metric_catalogue import CATALOGUE
from genesis.app.metrics_fan import MetricsFan
from genesis.app.operated_market import OperatedMarket, OperatorInbox
from genesis.app.recorded_refusals import RecordedRefusals
from genesis.app.session_config import SessionConfig
from genesis.app.session_feeding import SessionAbout, SessionFeeding, empty_overview
from genesis.app.session_metrics import SessionMetrics
from genesis.app.session_observer import SessionObserver
from genesis.app.session_operator import SessionOperator
from genesis.app.settings import load_settings
from genesis.app.timed_journal import TimedJournal
from genesis.app.trade import Recording
from genesis.domain.instrument import Instrument
from genesis.domain.statistics.record import Recorder
from genesis.domain.units import Atoms
from genesis.ports.clock import Clock
from genesis.ports.errors import StoreError
from genesis.ports.kill import KillLatch
from genesis.ports.market import Market
from genesis.ports.metrics import Metrics
from genesis.ports.monitor import MonitorFeed


@frozen
class SessionSystem:
    """The parts of a session, paper or live, that its run loop puts to work."""

    clock: Clock
    feed: MonitorFeed
    observer: SessionObserver
    server: HttpServer
    journal_path: Path
    latch: KillLatch
    metrics: Metrics
    feeding: SessionFeeding
    inbox: OperatorInbox
    credentials: CredentialsFolder
    audit: AuditFile
    config: ConfigWatch | None
    news: SessionConfig | None
    pulse: LoopPulse

    @property
    def watching(self) -> LoopPulseWatch:
        """What beats with the trading loop; it runs where that does."""
        return LoopPulseWatch(self.pulse, self.clock, self.feed)

    def operated(self, market: Market) -> Market:
        """Return *market* with the operator's commands in its stream."""
        return OperatedMarket(market, self.inbox, self.feeding, self.pulse, self.news)

    def recording(self) -> Recording:
        """Open the journal, and make room for the latch; raises `StoreError` when the journal cannot be written."""
        self.latch.prepare()
        journal = TimedJournal(SqliteJournal(self.journal_path, self.clock), self.clock, self.metrics)
        return Recording(journal, self.latch)


def kill_latch(home: Path) -> KillLatchFile:
    """Return the kill latch of a data directory."""
    return KillLatchFile(home / "kill.latch")


def _authority(
    home: Path, clock: Clock, feed: MonitorFeed, audit: AuditFile, basis: ConfigBasis, *, announces: bool
) -> ConfigAuthority | None:
    """Return the configuration authority; None where its log is damaged, for that must not keep anyone from trading."""
    authority = closed_authority(home, clock, feed, audit, announces=announces)
    try:
        authority.open(basis.document, basis.version)
    except StoreError as error:
        feed.note("config", "config.authority_closed", {"reason": str(error)}, "error")
        return None
    return authority


def build_session(
    instrument: Instrument,
    cash: Atoms,
    about: SessionAbout,
    home: Path,
    host: str,
    port: int,
    basis: ConfigBasis,
) -> SessionSystem:
    """Build a session of any mode; nothing runs and nothing is bound yet. *instrument* is the one that is charted.

    *basis* is the configuration that it begins with; what is applied after that it follows.
    """
    clock = SystemClock()
    shown, scraped = MemoryMetrics(), PrometheusMetrics(CATALOGUE)
    metrics = MetricsFan((shown, scraped))
    pulse = LoopPulse(clock)
    monitor = MemoryMonitor(clock, shown, version=genesis.__version__, mode=about.mode, stalled_s=pulse.stalled_s)
    feed = EventLog(monitor, metrics)
    view = MemorySessionView(empty_overview(about))
    feeding, inbox = SessionFeeding(view, about, clock), OperatorInbox()
    observer = SessionObserver(Recorder(instrument, cash), metrics, feed, feeding)
    latch, credentials = kill_latch(home), credentials_of(home, clock)
    audit = audit_log(home, clock, feed)
    followed = _authority(home, clock, feed, audit, basis, announces=True)
    asked = watch = news = None
    if followed is not None:
        # Another one, for an authority belongs to one event loop, and HTTP has its own.
        asked = _authority(home, clock, feed, audit, basis, announces=False)
        watch = ConfigWatch(followed, clock, feed, basis.source, basis.hash)
        news = SessionConfig(followed, about.labels, inbox, feed, audit.mark, clock)
    operator = RecordedRefusals(SessionOperator(audit, latch, inbox, view, clock, asked), audit, feed)
    book = SessionConfigBook(asked, home, basis.source)
    trading = TradingSide(view, operator, ArchiveFiles(home, home / AUDIT), credentials, clock, feed, book)
    journal_path = next_journal(home / "journal", clock.now())
    page = SessionMetrics(scraped, monitor, observer, home, pulse, feeding)
    exposure = exposure_of(load_settings())
    app = build_app(monitor, SchemaDesk(REDACTOR.knows), audit, page, trading, names_of(exposure))
    app.asgi_handler = MaskedAnswers(app.asgi_handler, REDACTOR.known)
    server = HttpServer(app, host, port, exposure)
    return SessionSystem(
        clock,
        feed,
        observer,
        server,
        journal_path,
        latch,
        metrics,
        feeding,
        inbox,
        credentials,
        audit,
        watch,
        news,
        pulse,
    )
