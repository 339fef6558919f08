"""Everything that is wrong with a configuration document, at once, each at its place.

The JSON Schema says the shape; what a schema cannot say (a date that no calendar has, one decimal too many, an end
before its start) is checked for the members whose shape is good, so no problem hides another.
"""

import difflib
import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any, Final

from genesis.domain.config_diff import Step, json_path
from genesis.domain.config_secrets import IsKnown, masked_step, secrets_in
from genesis.domain.json_value import JsonObject, JsonValue
from genesis.domain.units import InexactNumber, Mts, scaled
from genesis.ports.config import ConfigProblem
from genesis.ports.errors import InputError

SCHEMA: Final = "config-v1.json"

_DECIMALS_MAX: Final[Mapping[tuple[Step, ...], int]] = {
    ("max_daily_loss",): 8,  # money is whole atoms
    ("data", "cash"): 8,
    ("fees", "fee_bps"): 5,  # a part per billion is 0.00001 basis points
    ("fees", "slippage_bps"): 5,
    ("strategy", "size"): 9,
}
_SECRET_ADVICE: Final = "a configuration holds none: write where it is kept, as in env:NAME or keyring:SERVICE/USER"
_KEY_SHOWN_MAX: Final = 64
_HINTS_MAX: Final = 16  # a document of ten thousand wrong keys must not hold up the loop


def _nothing_is_known(_: str) -> bool:
    return False


class SchemaDesk:
    """The configuration desk over the JSON Schema that ships with the package; *is_known* tells loaded secrets."""

    def __init__(self, is_known: IsKnown = _nothing_is_known) -> None:
        self._is_known = is_known

    def problems(self, document: JsonValue) -> Sequence[ConfigProblem]:
        return problems(document, self._is_known)


def problems(document: JsonValue, is_known: IsKnown = _nothing_is_known) -> list[ConfigProblem]:
    """Return every problem of *document*, ordered by path; none means that it is a valid configuration."""
    found = [*_shape_problems(document)]
    bad = {problem.path for problem in found}
    if isinstance(document, Mapping):
        found += (problem for problem in _meaning_problems(document) if problem.path not in bad)
    found += _float_problems((), document)
    found += _secret_problems(document, is_known)
    return sorted(found, key=lambda problem: (problem.path, problem.rule))


def schema_text() -> str:
    """Return the JSON Schema of version 1 as it is published."""
    # In a wheel the schemas travel inside the package; in a checkout they stand at its root.
    for folder in (resources.files("genesis") / "schemas", Path(__file__).parents[3] / "schemas"):
        if (folder / SCHEMA).is_file():
            return (folder / SCHEMA).read_text(encoding="utf-8")
    raise InputError(f"the schema {SCHEMA} is missing from this installation; install genesis-core again")


def mts_from_config(value: JsonValue) -> Mts | None:
    """Return the moment that a document's `from` or `to` names, or None where it names none."""
    if isinstance(value, int):
        return Mts(value)
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Mts(round(aware.timestamp() * 1_000))


def _shape_problems(document: JsonValue) -> Iterator[ConfigProblem]:
    import fastjsonschema

    try:
        _validator()(document)
    except fastjsonschema.JsonSchemaValuesException as found:
        for error in found.errors:
            # The schema lets no key through to a deeper check whose name would need quoting.
            path = "$" + str(error.name).removeprefix("data")
            yield from _from_schema(path, error.rule or "", error.definition, error.value)


@functools.cache
def _validator() -> Callable[[JsonValue], object]:
    import fastjsonschema

    # Defaults stay out: they would be written into the document that is judged.
    return fastjsonschema.compile(json.loads(schema_text()), use_default=False, fast_fail=False)


def _from_schema(path: str, rule: str, definition: Mapping[str, Any], value: Any) -> Iterator[ConfigProblem]:
    # Any: a piece of the schema, and the member of the document that it refuses
    match rule:
        case "required":
            for key in definition["required"]:
                if key not in value:
                    yield ConfigProblem(f"{path}.{key}", "is missing", rule)
        case "additionalProperties":
            known = definition.get("properties", {})
            patterns = [re.compile(pattern) for pattern in definition.get("patternProperties", {})]
            unknown = [key for key in value if key not in known and not any(found.search(key) for found in patterns)]
            for number, key in enumerate(unknown):
                whole = str(masked_step(key))
                shown = whole if len(whole) <= _KEY_SHOWN_MAX else f"{whole[:_KEY_SHOWN_MAX]}…"
                hint = _hint(shown, known) if number < _HINTS_MAX else ""
                yield ConfigProblem(path + json_path([shown])[1:], f"is not a known key{hint}", rule)
        case _:
            yield ConfigProblem(path, _refusal(rule, definition), rule)


def _refusal(rule: str, definition: Mapping[str, Any]) -> str:  # Any: a piece of the schema
    wanted = definition.get(rule)
    match rule:
        case "type":
            return f"must be of type {' or '.join([wanted] if isinstance(wanted, str) else wanted or [])}"
        case "enum":
            return f"must be one of {', '.join(map(str, wanted or []))}"
        case "minimum":
            return f"must be at least {wanted}"
        case "maximum":
            return f"must be at most {wanted}"
        case "exclusiveMinimum":
            return f"must be above {wanted}"
        case "exclusiveMaximum":
            return f"must be below {wanted}"
        case "pattern" if definition["type"] != "string":
            return f"must be {definition['title']}"
        case "pattern":
            return f"must match {wanted}"
        case _:
            return f"breaks the rule {rule} {wanted}"


def _hint(key: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _meaning_problems(document: JsonObject) -> Iterator[ConfigProblem]:
    for steps, value, decimals in _numbers(document):
        if isinstance(value, int | Decimal) and not _fits(value, decimals):
            yield ConfigProblem(json_path(steps), f"must have at most {decimals} decimals", "decimals")
    moments: list[Mts] = []
    for key in ("from", "to"):
        value = _member(document, ("data", key))
        moment = mts_from_config(value)
        if moment is not None:
            moments.append(moment)
        elif isinstance(value, str):
            yield ConfigProblem(f"$.data.{key}", "must be a moment that the calendar has", "calendar")
    yield from _account_problems(document)
    yield from _strategy_problems(document)
    if len(moments) == 2 and moments[0] >= moments[1]:
        yield ConfigProblem("$.data.to", "must be later than $.data.from", "order")


def _numbers(document: JsonObject) -> Iterator[tuple[tuple[Step, ...], JsonValue, int]]:
    """Yield the numbers that are exact only so far, with where they stand and how many decimals they may have."""
    for steps, decimals in _DECIMALS_MAX.items():
        yield steps, _member(document, steps), decimals
    for steps in (("risk",), ("risk", "instruments"), ("strategies",)):
        part = _member(document, steps)
        members = enumerate(part) if isinstance(part, list | tuple) else [(None, part)]
        for place, member in members:
            for at, value in _leaves((*steps, *(() if place is None else (place,))), member):
                decimals = 9 if at[-1] == "size" else 7 if str(at[-1]).endswith("_pct") else 8
                yield at, value, decimals


def _leaves(steps: tuple[Step, ...], member: JsonValue) -> Iterator[tuple[tuple[Step, ...], JsonValue]]:
    if not isinstance(member, Mapping):
        return
    for name, value in member.items():
        if name in {"params", "regime"}:  # the schema's own patterns are all there is to say of them
            continue
        if isinstance(value, Mapping):
            yield from _leaves((*steps, name), value)
        elif not isinstance(value, list | tuple):
            yield (*steps, name), value


def _account_problems(document: JsonObject) -> Iterator[ConfigProblem]:
    strategies = document.get("strategies")
    if not isinstance(strategies, list | tuple):
        return
    if "strategy" in document:
        yield ConfigProblem("$.strategy", "goes without $.strategies: name each strategy there", "either")
    names = [each.get("name") for each in strategies if isinstance(each, Mapping)]
    for place, name in enumerate(names):
        if name in names[:place]:
            yield ConfigProblem(f"$.strategies[{place}].name", f"is the name of another one: {name}", "unique")


def _strategy_problems(document: JsonObject) -> Iterator[ConfigProblem]:
    """Yield the names of no strategy that ships; a document can name no other one."""
    from genesis.app.strategies import KNOWN

    several = document.get("strategies")
    count = len(several) if isinstance(several, list | tuple) else 0
    places: list[tuple[Step, ...]] = [("strategy", "name")]
    for place in range(count):
        places += [("strategies", place, "strategy"), ("strategies", place, "regime", "strategy")]
    for steps in places:
        name = _member(document, steps)
        if isinstance(name, str) and name not in KNOWN:
            message = f"is the name of no strategy: there are {', '.join(sorted(KNOWN))}{_hint(name, KNOWN)}"
            yield ConfigProblem(json_path(steps), message, "strategy")


def _float_problems(steps: tuple[Step, ...], value: object) -> Iterator[ConfigProblem]:
    """Yield the binary floats, which no reader of ours makes, but which a program may hand over."""
    match value:
        case float():
            yield ConfigProblem(json_path(steps), "is a binary float; give a Decimal, an int or a text", "float")
        case Mapping():
            for key, member in value.items():
                yield from _float_problems((*steps, str(key)), member)
        case list() | tuple():
            for place, member in enumerate(value):
                yield from _float_problems((*steps, place), member)
        case _:
            pass


def _secret_problems(document: JsonValue, is_known: IsKnown) -> Iterator[ConfigProblem]:
    for found in secrets_in(document, is_known):
        path = json_path([masked_step(step, is_known) for step in found.steps])
        if found.is_key:
            yield ConfigProblem(path, f"{found.why} and stands in the place of a key; {_SECRET_ADVICE}", "secret")
        else:
            yield ConfigProblem(path, f"{found.why}; {_SECRET_ADVICE}", "secret")


def _member(value: JsonValue, steps: tuple[Step, ...]) -> JsonValue:
    for step in steps:
        match value, step:
            case Mapping(), str():
                value = value.get(step)
            case list() | tuple(), int():
                value = value[step]
            case _:
                return None
    return value


def _fits(value: int | Decimal, decimals: int) -> bool:
    try:
        scaled(value, decimals)
    except InexactNumber:
        return False
    return True
