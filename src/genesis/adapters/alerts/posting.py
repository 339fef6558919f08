"""One POST to a destination: resolved, judged, pinned to what was judged, without redirects, proxies or cookies."""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from typing import Final

from attrs import frozen

from genesis.adapters.alerts.destination import Destination
from genesis.adapters.own_threads import OwnThreads, left_behind
from genesis.ports.alerts import Undelivered

TOTAL_S: Final = 10.0
ANSWER_BYTES_MAX: Final = 65_536
RETRY_AFTER_S_MAX: Final = 300.0

_LOOK_UPS: Final = OwnThreads("alerts", 2, left_behind)
"""A dead name server takes 20 s and more a look-up: where both wait for it, the next alert does, and nothing else."""


@frozen
class Posted:
    """What was answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def post(
    where: Destination,
    url: str,
    body: bytes,
    *,
    total_s: float = TOTAL_S,
    ssl_context: ssl.SSLContext | None = None,
) -> Posted:
    """Post JSON and return the answer; raises `Undelivered`, whose text tells the destination but not *url*."""
    import aiohttp

    from genesis.adapters.alerts.pinned_resolver import PinnedResolver

    try:
        async with asyncio.timeout(total_s):
            addresses = where.checked(await _resolved(where))
            connector = aiohttp.TCPConnector(
                resolver=PinnedResolver(where.host, addresses),
                ssl=ssl_context or True,
                use_dns_cache=False,
                force_close=True,
            )
            async with (
                aiohttp.ClientSession(
                    connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
                ) as session,
                session.post(
                    url,
                    data=body,
                    headers={"content-type": "application/json", "user-agent": "genesis"},
                    allow_redirects=False,
                ) as response,
            ):
                answer = await response.content.read(ANSWER_BYTES_MAX)
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Posted(response.status, headers, answer)
    except TimeoutError:
        raise Undelivered(f"{where}: no answer within {total_s:g} s") from None
    except aiohttp.ClientConnectorCertificateError as problem:
        reason = problem.certificate_error
        raise Undelivered(f"{where}: its certificate does not hold ({type(reason).__name__})", is_final=True) from None
    except (aiohttp.ClientError, OSError) as problem:
        # Its name alone: an error of the library may hold the URL, and that the token.
        raise Undelivered(f"{where}: {type(problem).__name__}") from None


def judged(where: Destination, posted: Posted, asked_s: float = 0.0) -> None:
    """Raise `Undelivered` unless the answer is a success; *asked_s* is a wait that the body asked for."""
    status = posted.status
    if 200 <= status < 300:
        return
    if status == 429 or status >= 500:
        wait = posted.headers.get("retry-after", "")
        header_s = float(wait) if wait.isascii() and wait.isdigit() and len(wait) < 9 else 0.0
        wait_s = min(RETRY_AFTER_S_MAX, max(asked_s, header_s))
        raise Undelivered(f"{where}: answered {status}", retry_after_s=wait_s)
    moved = ", a redirect, which is not followed" if 300 <= status < 400 else ""
    raise Undelivered(f"{where}: answered {status}{moved}", is_final=True)


async def _resolved(where: Destination) -> list[str]:
    try:
        found = await _LOOK_UPS.run(lambda: socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        raise Undelivered(f"{where}: the name cannot be resolved") from None
    return [str(address[4][0]) for address in found]
