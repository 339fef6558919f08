"""The audit log of a data directory: where it stands, who witnesses it, whether it is whole."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from genesis.adapters.audit_log.file import AuditFile
from genesis.adapters.audit_log.reading import verify_file
from genesis.adapters.audit_witness import WitnessFile
from genesis.adapters.clock_system import SystemClock
from genesis.app.config_authority import ConfigAuthority
from genesis.app.config_file import ConfigFile
from genesis.app.logs import REDACTOR, guarded_secret
from genesis.app.settings import load_settings
from genesis.domain.audit import AuditVerdict, BadLine, ChainHead
from genesis.domain.json_value import JsonObject, JsonValue
from genesis.domain.units import Mts
from genesis.ports.clock import Clock
from genesis.ports.errors import InputError
from genesis.ports.monitor import Category, MonitorFeed, Severity, Status

LOG: Final = Path("logs") / "config_audit.log"
WITNESS: Final = Path("audit") / "config_audit.witness"
CONFIG: Final = Path("config") / "current.json"


def audit_log(home: Path, clock: Clock, feed: MonitorFeed) -> AuditFile:
    """Return the audit log of the data directory *home*, with its witness."""
    return AuditFile(home / LOG, clock, feed, _witness(home), mask=_masked)


def _masked(entry: JsonValue) -> JsonValue:
    """Return an entry of somebody outside without secrets that this process knows: what is in the log stays there."""
    match entry:
        case str():
            return REDACTOR.text(entry) if REDACTOR.knows(entry) else entry
        case Mapping():
            return {str(_masked(key)): _masked(value) for key, value in entry.items()}
        case Sequence():
            return [_masked(value) for value in entry]
        case _:
            return entry


def config_authority(home: Path, clock: Clock, feed: MonitorFeed, log: AuditFile | None = None) -> ConfigAuthority:
    """Return the configuration authority of the data directory *home*, open; raises `StoreError`.

    Give *log* where the process has the audit log open already: one object then does all its appending.
    """
    authority = closed_authority(home, clock, feed, log)
    authority.open()
    return authority


def closed_authority(
    home: Path, clock: Clock, feed: MonitorFeed, log: AuditFile | None = None, *, announces: bool = True
) -> ConfigAuthority:
    """Return the configuration authority of the data directory *home* before it was opened; see `config_authority`."""
    file = ConfigFile(home / CONFIG)
    log = log or audit_log(home, clock, feed)
    return ConfigAuthority(log, file, clock, feed, is_known=REDACTOR.knows, mask=REDACTOR.text, announces=announces)


class CommandFeed:
    """What a command tells: warnings and errors go to standard error, in the words of their facts."""

    def set_status(self, status: Status, reason: str = "") -> None:
        """Say nothing: a command has no state."""

    def saw_event(self, mts: Mts) -> None:
        """Say nothing: a command sees no market."""

    def note(
        self, category: Category, name: str, fields: JsonObject | None = None, severity: Severity = "info"
    ) -> None:
        """Print a note that a person should read."""
        if severity != "info":
            facts = ", ".join(f"{key} {value}" for key, value in (fields or {}).items())
            print(f"{severity}: {category} {name}: {facts}", file=sys.stderr)


def verify_audit(home: Path) -> AuditVerdict:
    """Return whether the audit log is whole; raises `StoreError` where it or its witness cannot be read.

    Raises `SecretError` where the key that the witness is signed with cannot be had.
    """
    heads = _witness(home).heads()
    return AuditVerdict(verify_file(home / LOG, heads or ()), heads is not None)


def adopt_audit(home: Path, reason: str) -> ChainHead:
    """Make a new witness for a whole log that has lost its own; the reason is the log's next entry.

    Raises `InputError` where there is a witness, or the log is not whole.
    """
    witness = _witness(home)
    if witness.heads() is not None:
        raise InputError(f"{home / WITNESS}: there is a witness; nothing to adopt")
    found = verify_file(home / LOG)
    if isinstance(found, BadLine):
        raise InputError(f"{home / LOG}: line {found.number} {found.reason}; only a whole log can be adopted")
    witness.note(found)
    log = audit_log(home, SystemClock(), CommandFeed())
    receipt = asyncio.run(log.append({"action": "audit.adopt", "reason": reason, "lines": found.seq}))
    return ChainHead(receipt.seq, receipt.hash)


def _witness(home: Path) -> WitnessFile:
    settings = load_settings()
    key = guarded_secret("GENESIS_AUDIT_KEY", settings.audit_key)
    return WitnessFile(settings.audit_witness or home / WITNESS, key or None)
