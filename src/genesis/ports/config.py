"""The configuration, as ports: a desk that judges documents, and a book of what is in force and was."""

from collections.abc import Sequence
from typing import Protocol

from attrs import frozen

from genesis.domain.audit import AuditVerdict
from genesis.domain.config_effects import ConfigDifference
from genesis.domain.config_history import ConfigVersion
from genesis.domain.json_value import JsonObject, JsonValue


@frozen
class ConfigProblem:
    """One reason why a document is refused.

    *path* is where, as a JSON path (`$.fees.fee_bps`, `$.data.paths[0]`); *rule* is the schema's keyword, or the name
    of the check beyond the schema; *message* is for a person and never repeats the value, which could be a secret.
    *line* counts from 1 in the text that the document was read from, None where it was not read from a text.
    """

    path: str
    message: str
    rule: str
    line: int | None = None


class ConfigDesk(Protocol):
    """Judges configuration documents; judging changes nothing."""

    def problems(self, document: JsonValue) -> Sequence[ConfigProblem]:
        """Return every problem of *document*, ordered by path; none means that it would be accepted. Pure and fast."""


@frozen
class ConfigState:
    """The version that is in force; *waiting* are the paths of it that count in this session only after a restart.

    *source* is the file that the session began with, empty where it began with the version in force.
    """

    version: ConfigVersion
    waiting: Sequence[str]
    source: str


class ConfigBook(Protocol):
    """What is in force, how it came to be, and whether its record is whole; reading changes nothing.

    Each call raises `StoreError` where the record cannot be read, and says what to do.
    """

    async def state(self) -> ConfigState:
        """Return what is in force now, whoever applied it."""

    async def versions(self) -> Sequence[ConfigVersion]:
        """Return all versions, from 0 to the one in force."""

    async def difference(self, document: JsonObject) -> ConfigDifference:
        """Return what *document*, valid or not, would change in the version in force."""

    async def verify(self) -> AuditVerdict:
        """Return whether the audit log is whole, and witnessed to be all there was.

        Raises `SecretError` where the key that its witness is signed with cannot be had.
        """
