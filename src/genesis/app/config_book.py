"""The configuration as a session's HTTP side reads it, over the authority of its own event loop."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from genesis.app.audit import verify_audit
from genesis.app.config_authority import ConfigAuthority
from genesis.domain.audit import AuditVerdict
from genesis.domain.config_effects import ConfigDifference
from genesis.domain.config_history import ConfigVersion
from genesis.domain.json_value import JsonObject
from genesis.ports.config import ConfigState
from genesis.ports.errors import StoreError


class SessionConfigBook:
    """Reads *authority*, which is None where the log of the data directory *home* could not be followed at the start.

    *source* is the file that the session began with.
    """

    def __init__(self, authority: ConfigAuthority | None, home: Path, source: Path | None = None) -> None:
        self._authority = authority
        self._home = home
        self._source = source

    async def state(self) -> ConfigState:
        authority = await self._up_to_date()
        return ConfigState(authority.current(), authority.waiting(), str(self._source or ""))

    async def versions(self) -> Sequence[ConfigVersion]:
        return (await self._up_to_date()).history()

    async def difference(self, document: JsonObject) -> ConfigDifference:
        authority = await self._up_to_date()
        return await asyncio.to_thread(authority.diff, document)

    async def verify(self) -> AuditVerdict:
        return await asyncio.to_thread(verify_audit, self._home)

    async def _up_to_date(self) -> ConfigAuthority:
        if self._authority is None:
            raise StoreError("the configuration authority of this session is not open: audit.verify says why")
        await self._authority.refresh()
        return self._authority
