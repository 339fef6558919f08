"""The operator of a session: each command stands in the audit log first, then goes to the core or the kill latch."""

from typing import assert_never

from attrs import asdict

from genesis.app.operated_market import MakeEvent, OperatorInbox
from genesis.domain.events import HaltRequested
from genesis.domain.json_value import JsonValue
from genesis.domain.units import Mts
from genesis.ports.audit import AuditLog
from genesis.ports.clock import Clock
from genesis.ports.errors import NotPossible, StoreError
from genesis.ports.kill import KillLatch
from genesis.ports.operator import (
    ApplyConfig,
    CancelAll,
    CancelOrder,
    Command,
    Flatten,
    Halt,
    Kill,
    Outcome,
    ReduceOnly,
    Resume,
    SwitchStrategy,
)


class SessionOperator:
    """Carries commands out; it runs on the event loop of whoever asks."""

    def __init__(self, audit: AuditLog, latch: KillLatch, inbox: OperatorInbox, clock: Clock) -> None:
        self._audit = audit
        self._latch = latch
        self._inbox = inbox
        self._clock = clock

    async def carry_out(self, command: Command, who: str) -> Outcome:
        if isinstance(command, Kill):
            return await self._kill(command, who)
        receipt = await self._audit.append(_entry(command, who))
        event = _event(command)
        was_handled = await self._inbox.ask(event)
        text = "done" if was_handled else "taken, and not handled yet: the market is quiet, or the session busy"
        return Outcome(receipt.seq, receipt.mts, text)

    async def _kill(self, command: Kill, who: str) -> Outcome:
        # The one command that a full disk must not stop: the latch is pulled, recorded or not.
        try:
            receipt = await self._audit.append(_entry(command, who))
        except StoreError as error:
            self._latch.pull(command.reason)
            return Outcome(0, self._clock.now(), f"killed, but it is not in the audit log: {error}")
        self._latch.pull(command.reason)
        return Outcome(receipt.seq, receipt.mts, "killed: the session ends, and none starts until kill.reset")


def _entry(command: Command, who: str) -> JsonValue:
    name = type(command).__name__
    action = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
    name, _, key = who.partition(" ")
    return {**asdict(command), "action": f"control.{action}", "who": name, "key": key}


def _event(command: Command) -> MakeEvent:
    """Return what the core is told; raises `NotPossible` for what it does not know yet."""
    match command:
        case Halt(reason) | Flatten(reason):  # this core closes what it holds when it halts
            return lambda mts: HaltRequested(Mts(mts), reason)
        case Resume():
            raise NotPossible("this session cannot resume: end it and run it again")
        case ReduceOnly():
            raise NotPossible("this session has no reduce-only mode: halt it")
        case CancelOrder() | CancelAll():
            raise NotPossible("this session has market orders alone, which are over before they can be cancelled")
        case SwitchStrategy():
            raise NotPossible("this session runs one strategy: halt it")
        case ApplyConfig():
            raise NotPossible("this session takes its configuration when it starts")
        case Kill():
            raise AssertionError("a kill goes to the latch")
        case _:
            assert_never(command)
