"""One JSON object on standard output, for machines: what `--json` prints, and nothing else."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
JsonDocument: TypeAlias = Mapping[str, Json]


def json_text(document: JsonDocument) -> str:
    """Return *document* on one line; a number that is not finite becomes null, for JSON has none."""
    return json.dumps(_finite(document), ensure_ascii=False, allow_nan=False)


def print_json(document: JsonDocument) -> None:
    """Print *document* on one line of standard output."""
    print(json_text(document))


def _finite(value: Json) -> Json:
    match value:
        case float() if not math.isfinite(value):
            return None
        case str():
            return value
        case Mapping():
            return {name: _finite(each) for name, each in value.items()}
        case Sequence():
            return [_finite(each) for each in value]
    return value
