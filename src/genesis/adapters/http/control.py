"""The control routes: each makes one command of its body and hands it to the operator."""

from collections.abc import Callable, Sequence

import msgspec
from attrs import frozen

from genesis.adapters.http.errors import Denied
from genesis.adapters.http.requests import ApplyBody, FlattenBody, KillBody, ReasonBody, RollBackBody, SwitchBody
from genesis.adapters.http.routes import CONFIG_BYTES_MAX, Call, Effect, Handler, Route
from genesis.ports.access import Role
from genesis.ports.operator import (
    ApplyConfig,
    CancelAll,
    CancelOrder,
    Command,
    Flatten,
    Halt,
    Kill,
    Operator,
    Outcome,
    ReduceOnly,
    Resume,
    RollBackConfig,
    SwitchStrategy,
)

Reading = Callable[[Call], Command]
ERRORS = (409, 503, 507)


@frozen
class _Control:
    path: str
    summary: str
    body: type[msgspec.Struct]
    reading: Reading
    role: Role = Role.TRADE
    body_bytes_max: int = 64 * 1024


CONTROLS: Sequence[_Control] = (
    _Control("halt", "Make no new decision", ReasonBody, lambda call: Halt(call.body.reason)),
    _Control(
        "resume",
        "Decide again; what is switched off stays off",
        ReasonBody,
        lambda call: Resume(call.body.reason),
    ),
    _Control(
        "reduce-only",
        "Let only orders through that make positions smaller",
        SwitchBody,
        lambda call: ReduceOnly(call.body.reason, call.body.on),
    ),
    _Control("flatten", "Close every position, then stay halted", FlattenBody, lambda call: Flatten(call.body.reason)),
    _Control("cancel", "Cancel every open order", ReasonBody, lambda call: CancelAll(call.body.reason)),
    _Control(
        "cancel/{cid}",
        "Cancel one open order",
        ReasonBody,
        lambda call: CancelOrder(call.body.reason, int(call.path["cid"])),
    ),
    _Control("kill", "Set the kill latch: the session ends", KillBody, lambda call: Kill(call.body.reason)),
    _Control(
        "strategy/{name}",
        "Let a strategy decide, or keep it from it",
        SwitchBody,
        lambda call: SwitchStrategy(call.body.reason, call.path["name"], call.body.on),
    ),
    _Control(
        "config",
        "Make a document the configuration",
        ApplyBody,
        lambda call: ApplyConfig(
            call.body.reason,
            call.body.document,
            call.body.expected_version,
            call.body.expected_hash,
            call.body.confirmation,
        ),
        Role.ADMIN,
        CONFIG_BYTES_MAX,
    ),
    _Control(
        "config/rollback",
        "Make an earlier version the configuration again",
        RollBackBody,
        lambda call: RollBackConfig(
            call.body.reason,
            call.body.version,
            call.body.expected_version,
            call.body.expected_hash,
            call.body.confirmation,
        ),
        Role.ADMIN,
    ),
)


def control_routes(operator: Operator) -> list[Route]:
    """Return the routes that make the session do something."""
    return [
        Route(
            "POST",
            f"/api/v1/control/{each.path}",
            each.role,
            each.summary,
            Outcome,
            body=each.body,
            effect=Effect.STATE,
            body_bytes_max=each.body_bytes_max,
            errors=ERRORS,
            handler=_handler(operator, each.reading),
        )
        for each in CONTROLS
    ]


def _handler(operator: Operator, reading: Reading) -> Handler:
    async def carry_out(call: Call) -> Outcome:
        command = reading(call)
        is_change = isinstance(command, ApplyConfig | RollBackConfig)
        if is_change and not call.principal.is_fresh:  # which no program's token ever is
            raise Denied("not_fresh", "this needs a person who proved who they are within the last minute: log in anew")
        return await operator.carry_out(command, f"{call.principal.name} {call.key}")

    return carry_out
