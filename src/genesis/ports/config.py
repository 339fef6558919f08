"""The configuration desk, as a port: who asks whether a document would be accepted."""

from collections.abc import Sequence
from typing import Protocol

from attrs import frozen

from genesis.domain.json_value import JsonValue


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
