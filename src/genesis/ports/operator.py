"""The operator's desk, as a port: what a person may tell a running session to do.

A command is carried out once, after it stands in the audit log: what could not be recorded is not done.
"""

from typing import Protocol, TypeAlias

from attrs import frozen

from genesis.domain.json_value import JsonObject
from genesis.domain.units import Mts


@frozen
class Halt:
    """Make no new decision; what is held is closed where the core says so."""

    reason: str


@frozen
class Resume:
    """Decide again after a halt."""

    reason: str


@frozen
class ReduceOnly:
    """Let only orders through that make positions smaller, or let all through again."""

    reason: str
    is_on: bool


@frozen
class Flatten:
    """Close every position at the market, then stay halted."""

    reason: str


@frozen
class CancelOrder:
    """Cancel one open order."""

    reason: str
    cid: int


@frozen
class CancelAll:
    """Cancel every open order of this session."""

    reason: str


@frozen
class Kill:
    """Set the kill latch: the session ends, and none starts until a person resets it."""

    reason: str


@frozen
class SwitchStrategy:
    """Let a strategy decide, or keep it from deciding; one that is off is taken out of the market."""

    reason: str
    name: str
    is_on: bool


@frozen
class ApplyConfig:
    """Make *document* the configuration, if the one it replaces is still *expected_version* with *expected_hash*.

    *confirmation* is the phrase that a dangerous change asks for at its first try.
    """

    reason: str
    document: JsonObject
    expected_version: int
    expected_hash: str
    confirmation: str = ""


@frozen
class RollBackConfig:
    """Make the document of an earlier version the configuration again; everything else is as in `ApplyConfig`."""

    reason: str
    version: int
    expected_version: int
    expected_hash: str
    confirmation: str = ""


Command: TypeAlias = (
    Halt
    | Resume
    | ReduceOnly
    | Flatten
    | CancelOrder
    | CancelAll
    | Kill
    | SwitchStrategy
    | ApplyConfig
    | RollBackConfig
)


@frozen
class Outcome:
    """A command that was carried out: its place in the audit log, when, and what came of it, in one sentence."""

    audit_seq: int
    mts: Mts
    text: str


class Operator(Protocol):
    """Takes commands, from any thread's event loop."""

    async def carry_out(self, command: Command, who: str) -> Outcome:
        """Record *command* with *who* gave it, do it, and return what came of it.

        Raises `StoreError` when it could not be recorded: nothing was done. Raises `NotPossible` when the session
        cannot do it now: nothing was changed, and attempt and refusal are in the audit log. A cancelled wait does not
        say whether it was done.
        """
