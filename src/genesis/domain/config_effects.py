"""What a change of the configuration does: at once or at the next start, and whether a person has to say it twice.

The table names fields by their path; the first line that fits wins, and a field that is in no line waits for a restart.
A limit is loosened upwards, a cool-down or a minimum downwards: tenfold, or taken away, it is dangerous, for nobody
means a typing mistake. So is anything that lets orders leave this machine.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Final, TypeGuard

from attrs import frozen

from genesis.domain.config_diff import Change, Step
from genesis.domain.json_value import JsonObject, JsonValue, canonical_json, same_json

LOOSER_FACTOR: Final = 10
"""A limit that is loosened by so much or more is confirmed by a person."""


class Effect(Enum):
    """When a field's new value counts."""

    LIVE = "live"
    RESTART = "restart"


class Looser(Enum):
    """In which direction a field lets more happen."""

    UP = "up"
    DOWN = "down"
    NEVER = "never"


@frozen
class Danger:
    """A change that a person confirms by typing *phrase*."""

    path: str
    phrase: str


@frozen
class ConfigDifference:
    """What a document would change, what of it waits for a restart, and what a person would have to confirm."""

    changes: Sequence[Change]
    waiting: Sequence[str]
    dangers: Sequence[Danger]
    phrase: str


Pattern = tuple[str, ...]
"""Steps of a path: a name, `*` for any one, `**` for all that follow, `x-*` for names that begin so."""

_FIELDS: Final[tuple[tuple[Pattern, Effect, Looser], ...]] = (
    (("max_drawdown_pct",), Effect.LIVE, Looser.UP),
    (("position_cap_pct",), Effect.LIVE, Looser.UP),
    (("max_daily_loss",), Effect.LIVE, Looser.UP),
    (("risk", "**"), Effect.LIVE, Looser.UP),
    (("strategies", "*", "enabled"), Effect.LIVE, Looser.NEVER),
    (("strategies", "*", "max_drawdown_pct"), Effect.LIVE, Looser.UP),
    (("strategies", "*", "position_cap_pct"), Effect.LIVE, Looser.UP),
    (("strategies", "*", "max_daily_loss"), Effect.LIVE, Looser.UP),
    (("strategies", "*", "on_breach"), Effect.LIVE, Looser.NEVER),
    (("strategies", "*", "cool_down_losses"), Effect.LIVE, Looser.UP),
    (("strategies", "*", "cool_down_s"), Effect.LIVE, Looser.DOWN),
    (("x-*", "**"), Effect.LIVE, Looser.NEVER),
)
_SENDS_ORDERS: Final[tuple[tuple[Pattern, JsonValue], ...]] = ((("dry_run",), False), (("mode",), "live"))
"""Fields that let orders leave once they have this value."""

_LIVE_SECTION: Final = "live"
_ITEM_KEYS: Final = ("name", "symbol")
"""What the items of a list are told apart by, where all of them have it."""
_FLOOR_WORDS: Final = frozenset({"min", "cooldown", "cool", "warmup"})
"""A limit whose name holds one of these words is a floor: lowering it lets more happen."""


def effect_of(steps: Sequence[Step]) -> Effect:
    """Return when the field at *steps* takes effect."""
    return _line(steps)[1]


def difference(changes: Sequence[Change]) -> ConfigDifference:
    """Return what *changes* do."""
    dangerous = dangers(changes)
    return ConfigDifference(changes, waiting_paths(changes), dangerous, confirmation_phrase(dangerous))


def dangers(changes: Iterable[Change]) -> list[Danger]:
    """Return what a person has to confirm among *changes*, in their order."""
    found = (_danger(leaf) for change in changes for leaf in _leaves(change))
    return [danger for danger in found if danger is not None]


def confirmation_phrase(found: Sequence[Danger]) -> str:
    """Return what a person types to confirm; empty if there is nothing to confirm."""
    return "; ".join(danger.phrase for danger in found)


def waiting_paths(changes: Iterable[Change]) -> list[str]:
    """Return the paths among *changes* that wait for a restart."""
    leaves = (leaf for change in changes for leaf in _leaves(change))
    return [leaf.path for leaf in leaves if effect_of(leaf.steps) is Effect.RESTART]


def running_document(running: JsonObject, before: JsonObject, applied: JsonObject) -> JsonObject:
    """Return *running* with what takes effect at once of the change from *before* to *applied*.

    The rest of *running* stays until a restart. It may be another document than *before*: what the change did not touch
    stays as it runs.
    """
    followed = _followed((), running, before, applied)
    assert isinstance(followed, Mapping)
    return followed


class _Nothing:
    """What stands for a member that is not there."""


_NOTHING: Final = _Nothing()


def _followed(
    steps: tuple[Step, ...],
    running: "JsonValue | _Nothing",
    before: "JsonValue | _Nothing",
    applied: "JsonValue | _Nothing",
) -> "JsonValue | _Nothing":
    if _is_same(before, applied):
        return running
    sides = [_members(side) for side in (running, before, applied)]
    if any(side is None for side in sides):
        return applied if effect_of(steps) is Effect.LIVE else running
    of_running, of_before, of_applied = (side or {} for side in sides)
    is_list = any(not isinstance(side, _Nothing) and _is_list(side) for side in (running, before, applied))
    if is_list and effect_of((*steps, "")) is Effect.RESTART:  # no item comes or goes before a restart
        of_before = {key: value for key, value in of_before.items() if key in of_applied}
        of_applied = {key: value for key, value in of_applied.items() if key in of_running}
    found: dict[str, JsonValue] = {}
    for key in dict.fromkeys((*of_running, *of_before, *of_applied)):
        sides_of = (side.get(key, _NOTHING) for side in (of_running, of_before, of_applied))
        value = _followed((*steps, key), *sides_of)
        if not isinstance(value, _Nothing):
            found[key] = value
    if not found and _is_gone(steps, running, applied):
        return _NOTHING
    return list(found.values()) if is_list else found


def _is_gone(steps: tuple[Step, ...], running: "JsonValue | _Nothing", applied: "JsonValue | _Nothing") -> bool:
    """Tell whether an object or list of which nothing is left goes, too."""
    if effect_of(steps) is Effect.LIVE:
        return isinstance(applied, _Nothing)
    return isinstance(running, _Nothing) or (isinstance(applied, _Nothing) and bool(running))


def _is_same(before: "JsonValue | _Nothing", applied: "JsonValue | _Nothing") -> bool:
    if isinstance(before, _Nothing) or isinstance(applied, _Nothing):
        return before is applied
    return same_json(before, applied)


def _members(value: "JsonValue | _Nothing") -> Mapping[str, JsonValue] | None:
    """Return the members of an object, or the items of a list by what tells them apart; None where nothing does."""
    if isinstance(value, _Nothing):
        return {}
    if isinstance(value, Mapping):
        return value
    if not _is_list(value):
        return None
    for key in _ITEM_KEYS:
        names = [str(item[key]) for item in value if isinstance(item, Mapping) and key in item]
        if len(set(names)) == len(value):
            return dict(zip(names, value, strict=True))
    return None


def _danger(leaf: Change) -> Danger | None:
    if leaf.kind != "removed":
        if leaf.steps[:1] == (_LIVE_SECTION,):
            return Danger(leaf.path, f"set {leaf.path} to {canonical_json(leaf.new)}")
        for pattern, value in _SENDS_ORDERS:
            if _fits(pattern, leaf.steps) and leaf.new == value and type(leaf.new) is type(value):
                return Danger(leaf.path, f"set {leaf.path} to {canonical_json(value)}")
    looser = _direction(leaf.steps)
    if looser is Looser.NEVER:
        return None
    if leaf.kind == "removed":
        return Danger(leaf.path, f"take {leaf.path} away")
    if leaf.kind == "changed" and _is_much_looser(looser, _number(leaf.old), _number(leaf.new)):
        word = "raise" if looser is Looser.UP else "lower"
        return Danger(leaf.path, f"{word} {leaf.path} from {canonical_json(leaf.old)} to {canonical_json(leaf.new)}")
    return None


def _is_much_looser(looser: Looser, old: Decimal | None, new: Decimal | None) -> bool:
    if old is None or new is None:  # a switch or a text: nobody can say how much looser it is
        return True
    low, high = (old, new) if looser is Looser.UP else (new, old)
    return high >= LOOSER_FACTOR * low and high > low


def _direction(steps: Sequence[Step]) -> Looser:
    pattern, _, looser = _line(steps)
    names = [step for step in steps if isinstance(step, str)]
    is_by_name = pattern[-1:] == ("**",)  # a line of one field says itself where its looser end is
    if is_by_name and looser is Looser.UP and names and _FLOOR_WORDS.intersection(names[-1].split("_")):
        return Looser.DOWN
    return looser


def _line(steps: Sequence[Step]) -> tuple[Pattern, Effect, Looser]:
    for pattern, effect, looser in _FIELDS:
        if _fits(pattern, steps):
            return pattern, effect, looser
    return (), Effect.RESTART, Looser.NEVER


def _fits(pattern: Pattern, steps: Sequence[Step]) -> bool:
    for at, wanted in enumerate(pattern):
        if wanted == "**":
            return True
        if at >= len(steps):
            return False
        name = str(steps[at])
        if wanted.endswith("*"):
            if not name.startswith(wanted[:-1]):
                return False
        elif name != wanted:
            return False
    return len(pattern) == len(steps)


def _leaves(change: Change) -> Iterator[Change]:
    """Yield the changes of single values that *change* is made of."""
    value = change.old if change.kind == "removed" else change.new
    if change.kind == "changed" or not isinstance(value, Mapping):
        yield change
        return
    for key, member in value.items():
        sides = (member, None) if change.kind == "removed" else (None, member)
        yield from _leaves(Change((*change.steps, key), change.kind, *sides))


def _number(value: JsonValue) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _is_list(value: JsonValue) -> TypeGuard[Sequence[JsonValue]]:
    return isinstance(value, Sequence) and not isinstance(value, str)
