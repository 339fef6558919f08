"""The hand on a venue's time, from outside: its control calls over loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genesis.domain.units import Mts
from genesis.ports.errors import Unreachable

if TYPE_CHECKING:
    import aiohttp


class VenueControl:
    """Control calls to the venue at *url*; an async context manager, for it owns a client session."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> VenueControl:
        import aiohttp

        self._session = aiohttp.ClientSession(trust_env=False, timeout=aiohttp.ClientTimeout(total=60.0))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def advance(self, to: Mts) -> None:
        """Let the venue's time pass to *to*, and what is due happen; raises `Unreachable` when that cannot be had."""
        import aiohttp

        if self._session is None:
            raise RuntimeError("the control must be entered first: `async with VenueControl(url) as control`")
        try:
            async with self._session.post(f"{self._url}/sim/advance", json={"to": to}) as answer:
                if answer.status != 200:
                    raise Unreachable(f"answered {answer.status}: {await answer.text()}", endpoint="sim/advance")
        except (aiohttp.ClientError, TimeoutError) as problem:
            raise Unreachable(str(problem) or "no answer in time", endpoint="sim/advance") from problem
