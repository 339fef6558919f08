"""The configuration in force as a file that people read and copy: a mirror of the audit log, never a source.

Whoever edits it by hand changes nothing: the edit is found, kept aside, and the audited version put back.
"""

from itertools import count
from pathlib import Path
from typing import Final

from attrs import frozen

from genesis.adapters.atomic_file import write_whole
from genesis.app.config_document import read_config_bytes
from genesis.domain.config_history import ConfigVersion, History, document_hash
from genesis.domain.json_places import read_with_places
from genesis.domain.json_value import JsonObject, indented_json
from genesis.ports.errors import InputError, StoreError

UNREADABLE: Final = "unreadable"


@frozen
class Drift:
    """A file that does not say what is in force: its hash, and the version that it is, if it is an earlier one."""

    path: Path
    hash: str
    earlier: int | None


class ConfigFile:
    """The mirror in the file *path*; nothing is there before anything was applied."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, version: ConfigVersion) -> None:
        """Put *version* there, whole; raises `StoreError`."""
        write_whole(self.path, indented_json(version.document) + "\n")

    def is_missing(self) -> bool:
        """Tell whether there is nothing."""
        return not (self.path.exists() or self.path.is_symlink())

    def drift(self, history: History) -> Drift | None:
        """Return how the file differs from what is in force, None where it does not."""
        return drift_of(self.path, history)

    def put_back(self, drift: Drift, version: ConfigVersion) -> Path | None:
        """Put *version* back and return where the edit was kept, None for an earlier version; raises `StoreError`."""
        kept: Path | None = None
        if drift.earlier is None:
            names = (self.path.with_name(f"{self.path.name}.edited-{number}") for number in count(1))
            kept = next(name for name in names if not name.exists())
            try:
                self.path.replace(kept)
            except OSError as error:
                raise StoreError(f"{self.path}: {error.strerror}; move it away yourself") from error
        self.write(version)
        return kept


def drift_of(path: Path, history: History) -> Drift | None:
    """Return how the configuration file *path* differs from what is in force, None where it does not."""
    found = _hash(path)
    if found == history.current.hash:
        return None
    earlier = [version.number for version in history.versions if version.hash == found]
    return Drift(path, found, earlier[-1] if earlier else None)


def _hash(path: Path) -> str:
    try:
        reading = read_with_places(read_config_bytes(path))
    except InputError:
        return UNREADABLE
    value = reading.value
    is_whole = reading.is_json and not reading.oddities and isinstance(value, dict)
    return document_hash(_object(value)) if is_whole else UNREADABLE


def _object(value: object) -> JsonObject:
    assert isinstance(value, dict)
    return value
