"""What a session begins with: a file of the user's, or the configuration that is in force."""

from pathlib import Path

from attrs import frozen

from genesis.adapters.clock_system import SystemClock
from genesis.app.audit import LOG, CommandFeed, config_authority
from genesis.app.config import Config, config_from_document
from genesis.app.config_document import valid_document
from genesis.app.logs import REDACTOR
from genesis.domain.config_history import ConfigVersion, document_hash, first_history
from genesis.domain.json_value import JsonObject
from genesis.ports.errors import StoreError


@frozen
class ConfigBasis:
    """A valid document, and the number of the version that was in force when it was read; *source* is its file.

    Changes after that version are the ones that the session has to follow. *in_force* is what that version says, None
    where nobody knows.
    """

    document: JsonObject
    version: int
    source: Path | None = None
    in_force: JsonObject | None = None

    @property
    def config(self) -> Config:
        """What the document says."""
        return config_from_document(self.document)

    @property
    def name(self) -> str:
        """What people call it."""
        return f"version {self.version}" if self.source is None else str(self.source)

    @property
    def hash(self) -> str:
        """The SHA-256 of the document."""
        return document_hash(self.document)


def config_basis(home: Path, source: Path | None) -> ConfigBasis:
    """Return what a session of the data directory *home* begins with: *source*, or else the version in force.

    Without both it is a dry run. Raises `InputError` for a file with problems or a version that this Genesis does not
    accept, `StoreError` where there is no file and the audit log is damaged.
    """
    if source is None:
        version = _in_force(home)
        config_from_document(version.document)
        return ConfigBasis(version.document, version.number)
    document = valid_document(source, REDACTOR.knows)
    try:
        version = _in_force(home)
        return ConfigBasis(document, version.number, source, version.document)
    except StoreError:  # a log that nobody can follow must not keep a file of one's own from running
        return ConfigBasis(document, 0, source)


def _in_force(home: Path) -> ConfigVersion:
    if not (home / LOG).exists():
        return first_history().current
    return config_authority(home, SystemClock(), CommandFeed()).current()
