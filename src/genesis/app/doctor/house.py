"""What was put on the machine: settings, configuration, alerts, candles, journals, the kill latch."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from genesis.adapters.candles_parquet import ParquetCandles
from genesis.adapters.journal_sqlite.folder import journals
from genesis.adapters.journal_sqlite.reading import APPLICATION_ID, verify_journal
from genesis.adapters.kill_latch_file import KillLatchFile
from genesis.app.alerting import alert_level, found_channels
from genesis.app.candle_import import Report, check_names
from genesis.app.config import load_config
from genesis.app.doctor.finding import Finding, good
from genesis.app.event_sampling import rates_from
from genesis.app.logs import guarded_secret
from genesis.app.settings import DOTENV, Settings, load_alert_settings, load_keys
from genesis.domain.journal.chain import BadRow
from genesis.domain.journal.entries import FORMAT
from genesis.ports.errors import GenesisError

MISSING_SHARE_WARNING: Final = 0.01


def look_at_settings(settings: Settings, dotenv: Path = DOTENV) -> Iterator[Finding]:
    """Look at the settings' meaning, and at who may read the file with keys in it."""
    yield _tried(
        "settings.log", "the levels and rates of the log are understood", lambda: rates_from(settings.log_sample)
    )
    yield _tried("settings.keys", "keys are set whole, or not at all", lambda: load_keys(dotenv))
    if dotenv.is_file() and os.name != "nt":
        mode = stat.S_IMODE(dotenv.stat().st_mode)
        if mode & 0o077:
            found = f"{dotenv} can be read by others (mode {mode:04o})"
            yield Finding("settings.file", "failed" if mode & 0o022 else "warning", found, f"chmod 600 {dotenv}")
        else:
            yield good("settings.file", f"{dotenv}, mode {mode:04o}")


def look_at_alerts(dotenv: Path = DOTENV) -> Iterator[Finding]:
    """Look at whether somebody would be told."""
    advice = "correct the variable; alerts.test tries it"
    try:
        alerts = load_alert_settings(dotenv)
        channels, problems = found_channels(alerts, guarded_secret)
        alert_level(alerts)
    except GenesisError as error:
        yield Finding("alerts", "failed", str(error), advice)
        return
    yield from (Finding("alerts", "failed", str(problem), advice) for problem in problems)
    if problems:
        return
    if channels:
        yield good("alerts", f"people are told by {' and '.join(channel.name for channel in channels)}")
    else:
        advice = "set GENESIS_ALERT_WEBHOOK, or GENESIS_ALERT_TELEGRAM_TOKEN and …_CHAT, and try alerts.test"
        yield Finding("alerts", "warning", "nobody is told of anything", advice)


def look_at_config(settings: Settings) -> Iterator[Finding]:
    """Look at whether the configuration would be accepted."""
    path = settings.config
    if path is None:
        yield good("config", "none is set; a session takes its options")
        return
    yield _tried(
        "config", f"{path} is accepted", lambda: load_config(path), f"config.validate {path} names every error"
    )


def look_at_candles(home: Path) -> Iterator[Finding]:
    """Look for gaps in the archive, and for damaged series."""
    archive = ParquetCandles(home / "candles")
    try:
        if not archive.series():
            yield good("candles", "the archive is empty; a session without data trades a made-up market")
            return
        reports = check_names((), archive)
    except GenesisError as error:
        yield Finding("candles", "failed", str(error), "import the series again: data.import, or data.download")
        return
    for report in reports:
        yield _gaps(report)


def _gaps(report: Report) -> Finding:
    share = report.missing / (report.rows + report.missing) if report.rows else 0.0
    found = f"{report.name}: {report.gaps} gaps with {report.missing} of {report.rows + report.missing} intervals"
    if share <= MISSING_SHARE_WARNING:
        return good("candles", found)
    series = f"{report.symbol} {report.timeframe.value}"
    advice = f"data.check {report.name} counts them; data.download {series} fetches what the exchange has"
    return Finding("candles", "warning", f"{found}, the longest of {report.longest_gap}", advice)


def look_at_journal(home: Path) -> Iterator[Finding]:
    """Look at whether the latest journal is whole."""
    advice = "keep the file, trade nothing, and look at the account before the next session"
    latest = next(journals(home / "journal"), None)
    if latest is None:
        yield good("journal", "no session has run yet")
        return
    version = _version_of(latest)
    if version not in (None, FORMAT):
        told = f"{latest.name} has format {version}, this Genesis writes {FORMAT}"
        yield Finding("journal", "unproven", told, "verify it with the version that wrote it")
        return
    try:
        head = verify_journal(latest)
    except GenesisError as error:
        yield Finding("journal", "failed", str(error), advice)
        return
    if isinstance(head, BadRow):
        yield Finding("journal", "failed", f"{latest}: row {head.seq} {head.reason}", advice)
    else:
        yield good("journal", f"{latest.name}: {head.seq} rows, whole")


def _version_of(path: Path) -> int | None:
    """Return the format of a journal by the head of its file; None where it has none. Source: SQLite, "File format"."""
    with path.open("rb") as file:
        head = file.read(100)
    is_ours = len(head) == 100 and int.from_bytes(head[68:72]) == APPLICATION_ID
    return int.from_bytes(head[60:64]) if is_ours else None


def look_at_latch(home: Path) -> Iterator[Finding]:
    """Look at whether trading is allowed at all."""
    reason = KillLatchFile(home / "kill.latch").reason()
    if reason is None:
        yield good("kill", "the latch is not set")
    else:
        advice = "find out whether it is over, then kill.reset --reason TEXT"
        yield Finding("kill", "failed", f"the latch is set ({reason}): nothing starts", advice)


def _tried(check: str, fine: str, attempt: Callable[[], object], advice: str = "correct the variable") -> Finding:
    try:
        attempt()
    except GenesisError as error:
        return Finding(check, "failed", str(error), advice)
    return good(check, fine)
