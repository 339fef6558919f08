"""The operator of a session: each command stands in the audit log first, then goes to the core or the kill latch."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, TypeVar, assert_never

from attrs import asdict

from genesis.adapters.own_threads import OwnThreads
from genesis.app.config_authority import Applied, ApplyResult, ConfigAuthority, Invalid
from genesis.app.operated_market import MakeEvent, OperatorInbox
from genesis.domain.config_change import Stale, Unchanged, Unconfirmed
from genesis.domain.config_history import document_hash
from genesis.domain.events import Asked, OperatorAsked
from genesis.domain.json_value import JsonValue
from genesis.ports.audit import AuditLog
from genesis.ports.clock import Clock
from genesis.ports.errors import InputError, NotPossible, StoreError
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
    RollBackConfig,
    SwitchStrategy,
)
from genesis.ports.session_view import SessionView

Result = TypeVar("Result")

DISK_WITHIN_S: Final = 2.0
"""How long a kill or a halt waits for a disk: then it goes on, and what the disk owes comes later."""


class SessionOperator:
    """Carries commands out; it runs on the event loop of whoever asks."""

    def __init__(
        self,
        audit: AuditLog,
        latch: KillLatch,
        inbox: OperatorInbox,
        view: SessionView,
        clock: Clock,
        authority: ConfigAuthority | None = None,
    ) -> None:
        self._audit = audit
        self._latch = latch
        self._inbox = inbox
        self._view = view
        self._clock = clock
        self._authority = authority
        self._late = _Late()
        self._threads = OwnThreads("kill")

    async def carry_out(self, command: Command, who: str) -> Outcome:
        if isinstance(command, Kill):
            return await self._kill(command, who)
        if isinstance(command, Halt):
            return await self._halt(command, who)
        if isinstance(command, ApplyConfig | RollBackConfig) and self._authority is not None:
            return await self._change(command, who, self._authority)
        receipt = await self._audit.append(_entry(command, who))
        return Outcome(receipt.seq, receipt.mts, await self._asked(command))

    async def _asked(self, command: Command) -> str:
        is_handled = await self._inbox.ask(_question(command, self._view))
        return "done" if is_handled else "taken, and not handled yet: the session is busy"

    async def _halt(self, command: Halt, who: str) -> Outcome:
        # Nothing is sent for it, so no disk must stop it either; the journal has it before its effect, like any event.
        recording = self._late.begin(self._audit.append(_entry(command, who)))
        is_recorded = await _in_time(recording)
        text = await self._asked(command)
        if not is_recorded:
            return Outcome(0, self._clock.now(), f"{text}; the audit log has it once its disk answers")
        try:
            receipt = recording.result()
        except StoreError as error:
            return Outcome(0, self._clock.now(), f"{text}, but it is not in the audit log: {error}")
        return Outcome(receipt.seq, receipt.mts, text)

    async def _change(self, command: ApplyConfig | RollBackConfig, who: str, authority: ConfigAuthority) -> Outcome:
        # Who asked for what stands here; what was applied has an entry of the authority's own, before it counts.
        receipt = await self._audit.append(_entry(command, who))
        result = await _made(command, who, authority)
        text = _applied(result)
        try:
            is_taken = await self._inbox.settle()
        except NotPossible:  # no stream runs: there is nothing that could still be sent on the old limits
            return Outcome(receipt.seq, receipt.mts, text)
        return Outcome(receipt.seq, receipt.mts, text if is_taken else f"{text}; the session is busy and takes it next")

    async def _kill(self, command: Kill, who: str) -> Outcome:
        # The one command that no disk must stop: the latch is pulled, recorded or not.
        recording = self._late.begin(self._audit.append(_entry(command, who)))
        is_recorded = await _in_time(recording)
        self._latch.announce(command.reason)  # so that this session ends, even where no thread and no disk is free
        pulling = self._late.begin(self._threads.run(lambda: self._latch.pull(command.reason)))
        if not await _in_time(pulling):
            text = "killed: the session ends; its disk does not answer, so let the task kill see to it that none starts"
            return Outcome(0, self._clock.now(), text)
        try:
            pulling.result()
        except StoreError as error:
            text = f"killed: this session ends, but others may start until the task kill was run: {error}"
            return Outcome(0, self._clock.now(), text)
        if not is_recorded:
            return Outcome(0, self._clock.now(), "killed; the audit log has it once its disk answers")
        try:
            receipt = recording.result()
        except StoreError as error:
            return Outcome(0, self._clock.now(), f"killed, but it is not in the audit log: {error}")
        return Outcome(receipt.seq, receipt.mts, "killed: the session ends, and none starts until kill.reset")


class _Late:
    """Work that goes on though nobody waits for it any more."""

    def __init__(self) -> None:
        self._work: set[asyncio.Future[Any]] = set()  # Any: whatever it comes to

    def begin(self, work: Coroutine[None, None, Result]) -> "asyncio.Future[Result]":
        """Let *work* go on until it ends, with or without success."""
        future = asyncio.ensure_future(work)
        self._work.add(future)
        future.add_done_callback(self._ended)
        return future

    def _ended(self, future: "asyncio.Future[Any]") -> None:  # Any: as above
        self._work.discard(future)
        if not future.cancelled():
            future.exception()  # whoever still waits has it, too


async def _in_time(work: "asyncio.Future[Result]") -> bool:
    """Wait for *work* as long as a kill may; tell whether it ended."""
    await asyncio.wait((work,), timeout=DISK_WITHIN_S)
    return work.done()


async def _made(command: ApplyConfig | RollBackConfig, who: str, authority: ConfigAuthority) -> ApplyResult:
    if isinstance(command, ApplyConfig):
        change = partial(authority.apply, command.document)
    else:
        change = partial(authority.rollback, command.version)
    name, _, _ = who.partition(" ")  # the key stands in the entry before
    return await change(
        command.expected_version,
        who=name,
        reason=command.reason,
        confirmation=command.confirmation,
        expected_hash=command.expected_hash,
    )


def _applied(result: ApplyResult) -> str:
    """Return what came of a configuration; raises `NotPossible` where it is not in force."""
    match result:
        case Applied(version):
            waiting = f"; these wait for the next start: {', '.join(result.waiting)}" if result.waiting else ""
            return f"version {version.number} is in force{waiting}"
        case Unchanged(version):
            return f"version {version.number} says so already"
        case Stale(current):
            raise NotPossible(f"version {current.number} ({current.hash}) is in force, not the expected one")
        case Unconfirmed(phrase, _, ready, is_wrong):
            since = f"{datetime.fromtimestamp(ready / 1000, UTC):%H:%M:%S} UTC"
            why = "another confirmation was sent" if is_wrong else "this is dangerous"
            raise NotPossible(f"{why}: from {since} on, send it with the confirmation {phrase!r}")
        case Invalid(problems):
            said = "; ".join(f"{each.path} {each.message}" for each in problems)
            raise InputError(f"the document is not valid: {said}")
        case _:
            assert_never(result)


def action_of(command: Command) -> str:
    """Return what the audit log calls a command."""
    name = type(command).__name__
    return "control." + "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def _entry(command: Command, who: str) -> JsonValue:
    name, _, key = who.partition(" ")
    facts = asdict(command)
    if isinstance(
        command, ApplyConfig
    ):  # it was not judged yet, and may hold anything: its hash tells which one it was
        facts["hash"] = document_hash(facts.pop("document"))
    return {**facts, "action": action_of(command), "who": name, "key": key}


def _question(command: Command, view: SessionView) -> MakeEvent:
    """Return what the core is asked; raises `NotPossible` for what it cannot do as things stand."""
    match command:
        case Halt(reason):
            return _asked(Asked.HALT, "", reason)
        case Flatten(reason):
            return _asked(Asked.FLATTEN, "", reason)
        case Resume(reason):
            return _asked(Asked.RESUME, "", reason)
        case ReduceOnly(reason, is_on):
            return _asked(Asked.REDUCE_ONLY if is_on else Asked.BOTH_WAYS, "", reason)
        case CancelOrder(reason, cid):
            found = view.order_detail(cid)
            if found is None or not found.order.is_open:
                raise NotPossible(f"order {cid} is not open")
            return _asked(Asked.CANCEL, str(cid), reason)
        case CancelAll(reason):
            return _asked(Asked.CANCEL_ALL, "", reason)
        case SwitchStrategy(reason, name, is_on):
            if name not in {each.name for each in view.overview().strategies}:
                raise NotPossible(f"no strategy of this session is called {name}")
            return _asked(Asked.STRATEGY_ON if is_on else Asked.STRATEGY_OFF, name, reason)
        case ApplyConfig() | RollBackConfig():
            raise NotPossible("this session's configuration authority is not open: audit.verify says why")
        case Kill():
            raise AssertionError("a kill goes to the latch")
        case _:
            assert_never(command)


def _asked(asked: Asked, target: str, reason: str) -> MakeEvent:
    return lambda mts: OperatorAsked(mts, asked, target, reason)
