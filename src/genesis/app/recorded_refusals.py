"""An operator whose refusals stand in the audit log like the commands: who reads it sees what was not done, and why."""

from attrs import frozen

from genesis.app.session_operator import action_of
from genesis.ports.audit import AuditLog
from genesis.ports.errors import InputError, Killed, NotPossible, StoreError
from genesis.ports.monitor import MonitorFeed
from genesis.ports.operator import Command, Operator, Outcome


@frozen
class RecordedRefusals:
    """Hands commands to *operator*, and records in *audit* what it would not do."""

    operator: Operator
    audit: AuditLog
    feed: MonitorFeed

    async def carry_out(self, command: Command, who: str) -> Outcome:
        try:
            return await self.operator.carry_out(command, who)
        except (InputError, Killed, NotPossible) as refusal:
            await self._record(command, who, str(refusal))
            raise

    async def _record(self, command: Command, who: str, reason: str) -> None:
        name, _, key = who.partition(" ")
        entry = {"action": "control.refused", "command": action_of(command), "who": name, "key": key, "reason": reason}
        try:
            await self.audit.append(entry)
        except StoreError as error:  # whoever asked is told all the same that nothing was done
            self.feed.note("security", "security.not_recorded", {"event": "refused", "reason": str(error)}, "error")
