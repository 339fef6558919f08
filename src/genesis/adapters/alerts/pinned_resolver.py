"""A resolver that answers with addresses that were judged, and knows nothing else.

Loaded with the first notice: it needs the library at hand.
"""

import socket
from collections.abc import Sequence

from aiohttp.abc import AbstractResolver, ResolveResult


class PinnedResolver(AbstractResolver):
    """Resolves *host* to *addresses*; no second look at a name server can lead elsewhere."""

    def __init__(self, host: str, addresses: Sequence[str]) -> None:
        self._host = host
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of the one host; raises `OSError` for any other."""
        del family
        if host.lower() != self._host:
            raise OSError(f"{host} is not where this goes")
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": 0,
                "flags": socket.AI_NUMERICHOST,
            }
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""
