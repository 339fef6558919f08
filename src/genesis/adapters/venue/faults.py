"""Faults on purpose: rules that say what goes wrong, where and how often; each firing is logged with its rule's id.

A script is TOML: an optional `seed` and tables `[[fault]]` with the fields of `Rule`. Chance comes from the seed
alone, so the same requests meet the same faults."""

import tomllib
from enum import Enum
from random import Random
from typing import NamedTuple

import msgspec
from msgspec import Struct

from genesis.domain.units import Mts
from genesis.ports.errors import InputError


class Fault(Enum):
    """What goes wrong. The first group concerns requests, the second inputs of a socket, the third its frames."""

    REFUSE = "refuse"
    """The connection is reset before anything is read."""
    RESET = "reset"
    """The request is carried out, the answer is cut after `value` bytes."""
    STALL = "stall"
    """The request is not carried out and never answered."""
    DRIP = "drip"
    """The answer comes with `value` ms between two bytes."""
    HTML = "html"
    """A page of the front end under status `value` (502); nothing is carried out."""
    RATE_LIMIT = "rate_limit"
    ACCEPT_THEN_5XX = "accept_then_5xx"
    """The request is carried out, the answer is a page of the front end."""
    DROP_ACK = "drop_ack"
    """Carried out and never answered: the connection is reset, or a socket's notification is missing."""
    LATE_ACK = "late_ack"
    """The answer comes `value` ms late."""
    NONCE_SMALL = "nonce_small"
    AUTH_FAILURE = "auth_failure"
    ERROR = "error"
    """Answered `["error", value, text]`; nothing is carried out."""

    DUPLICATE = "duplicate"
    REORDER = "reorder"
    """The frame comes after the next one."""
    DROP = "drop"
    GAP = "gap"
    """A sequence number is skipped."""
    BAD_CHECKSUM = "bad_checksum"
    SILENCE = "silence"
    """The socket stays open and sends nothing more."""
    DISCONNECT = "disconnect"
    """The socket is closed after the frame."""


REQUEST_FAULTS = frozenset(
    {
        Fault.REFUSE,
        Fault.RESET,
        Fault.STALL,
        Fault.DRIP,
        Fault.HTML,
        Fault.RATE_LIMIT,
        Fault.ACCEPT_THEN_5XX,
        Fault.DROP_ACK,
        Fault.LATE_ACK,
        Fault.NONCE_SMALL,
        Fault.AUTH_FAILURE,
        Fault.ERROR,
    }
)
INPUT_FAULTS = frozenset({Fault.DROP_ACK, Fault.LATE_ACK, Fault.NONCE_SMALL, Fault.AUTH_FAILURE, Fault.ERROR})
FRAME_FAULTS = frozenset(
    {
        Fault.DUPLICATE,
        Fault.REORDER,
        Fault.DROP,
        Fault.GAP,
        Fault.BAD_CHECKSUM,
        Fault.SILENCE,
        Fault.DISCONNECT,
    }
)


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """When a fault fires.

    *at* is the beginning of what it concerns: a path after `/v2/`, an input (`on`, `oc`, `auth`), or a kind of frame
    (`book`, `cs`, `trades`, `n`, `te`, `oc`, `hb`, …); empty means everything. It fires on the *nth* match only if
    that is given, otherwise with *probability*, and at most *times* times."""

    id: str
    kind: Fault
    at: str = ""
    key: str = ""
    connection: int | None = None
    probability: float = 1.0
    nth: int | None = None
    times: int | None = None
    value: int = 0
    text: str = ""

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError("a fault needs an id")
        if not 0.0 <= self.probability <= 1.0:
            raise ValueError(f"fault {self.id}: probability must be 0 to 1, was {self.probability}")
        if self.nth is not None and self.nth < 1:
            raise ValueError(f"fault {self.id}: nth counts from 1, was {self.nth}")


class Script(Struct, frozen=True, forbid_unknown_fields=True):
    """The rules of one drill."""

    fault: tuple[Rule, ...] = ()
    seed: int = 0


class Firing(NamedTuple):
    """A fault that fired: which rule, when, and on what."""

    id: str
    mts: Mts
    kind: str
    at: str
    connection: int | None


class Faults:
    """The rules in force and the log of what fired."""

    def __init__(self, script: Script | None = None) -> None:
        self.log: list[Firing] = []
        self.load(script or Script())

    def load(self, script: Script) -> None:
        """Replace the rules; the log stays."""
        self._chance = Random(script.seed)  # nosec B311 - a seeded market is no secret
        self._rules = list(script.fault)
        self._by_kinds: dict[frozenset[Fault], list[Rule]] = {}
        self._matches: dict[str, int] = {}
        self._fired: dict[str, int] = {}

    def add(self, rule: Rule) -> None:
        """Put one more rule in force, in place of one with the same id."""
        self.remove(rule.id)
        self._rules.append(rule)
        self._by_kinds.clear()

    def remove(self, rule_id: str) -> None:
        """Take a rule back."""
        self._rules = [rule for rule in self._rules if rule.id != rule_id]
        self._by_kinds.clear()
        self._matches.pop(rule_id, None)
        self._fired.pop(rule_id, None)

    def pick(
        self, kinds: frozenset[Fault], at: str, mts: Mts, key: str = "", connection: int | None = None
    ) -> Rule | None:
        """Return the first rule of *kinds* that fires on this, and log it."""
        rules = self._by_kinds.get(kinds)
        if rules is None:  # few places ask, each for the same kinds with every message
            rules = self._by_kinds[kinds] = [rule for rule in self._rules if rule.kind in kinds]
        for rule in rules:
            if not at.startswith(rule.at):
                continue
            if (rule.key and rule.key != key) or rule.connection not in (None, connection):
                continue
            if self._fires(rule):
                self.log.append(Firing(rule.id, mts, rule.kind.value, at, connection))
                return rule
        return None

    def _fires(self, rule: Rule) -> bool:
        count = self._matches[rule.id] = self._matches.get(rule.id, 0) + 1
        if rule.times is not None and self._fired.get(rule.id, 0) >= rule.times:
            return False
        if rule.nth is not None:
            fires = count == rule.nth
        else:
            fires = rule.probability >= 1.0 or self._chance.random() < rule.probability
        if fires:
            self._fired[rule.id] = self._fired.get(rule.id, 0) + 1
        return fires


def script_from_toml(text: str, source: str) -> Script:
    """Read a script; raises `InputError` that names *source* and what is wrong."""
    try:
        return msgspec.convert(tomllib.loads(text), Script)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, ValueError) as problem:
        raise InputError(f"{source}: {problem}") from problem
