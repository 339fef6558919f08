"""The exchange as it is from here: whether it answers, what time it has, and what the key may do there."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

from genesis.adapters.bitfinex.endpoints import PLATFORM_STATUS
from genesis.adapters.bitfinex.rest_account import BitfinexAccount
from genesis.adapters.bitfinex.rest_settings import RestSettings
from genesis.adapters.bitfinex.transport_aiohttp import AiohttpTransport
from genesis.app.bitfinex_rest import rest_settings, signed_client
from genesis.app.doctor.finding import Finding, good
from genesis.app.exchange_budgets import exchange_budgets
from genesis.app.settings import Keys
from genesis.domain.exchange.key_rights import refusals
from genesis.domain.resilience import Priority
from genesis.ports.clock import Clock
from genesis.ports.errors import AuthRefused, ExchangeError, GenesisError
from genesis.ports.transport import HttpAnswer, HttpRequest, TransportError

SKEW_S_WARNING: Final = 1.5
SKEW_S_FAILED: Final = 5.0
"""The exchange's `Date` has whole seconds, so what it says is within half of one."""

SLOW_S: Final = 2.0
OPERATIVE: Final = b"[1]"


async def look_at_exchange(url: str, home: Path, clock: Clock) -> AsyncIterator[Finding]:
    """Look at the platform's status, and at how far its clock and ours are apart."""
    settings = rest_settings(url)
    status = exchange_budgets(home, settings.auth_url).of(PLATFORM_STATUS.ration)
    if wait_s := status.start(clock.monotonic_s(), Priority.READ):
        found = f"other programs here have asked {settings.public_url} as often as it may be asked within a minute"
        for each in _unproven(found, f"run doctor again in {wait_s:.0f} s"):
            yield each
        return
    transport = AiohttpTransport()
    try:
        begun_s, sent_us = clock.monotonic_s(), clock.now_us()
        answer = await transport.request(_status(settings))
        spent_s = clock.monotonic_s() - begun_s
    except TransportError as problem:
        found = f"{settings.public_url} does not answer: {problem}"
        for each in _unproven(found, "check network, name resolution and firewall; or --offline"):
            yield each
        return
    finally:
        await transport.close()
    yield _platform(answer, spent_s)
    yield clock_finding(answer.headers.get("date", ""), sent_us, spent_s)


def _unproven(found: str, advice: str) -> Iterator[Finding]:
    yield Finding("exchange", "unproven", found, advice)
    clock = "time cannot be compared with the exchange's: see that this machine synchronises its clock"
    yield Finding("clock", "unproven", "the exchange could not be asked", clock)


def _status(settings: RestSettings) -> HttpRequest:
    return HttpRequest(
        method="GET",
        url=f"{settings.public_url}platform/status",
        connect_timeout_s=settings.connect_timeout_s,
        total_timeout_s=settings.total_timeout_s,
        answer_bytes_max=65_536,
        headers={},
        body=b"",
    )


def _platform(answer: HttpAnswer, spent_s: float) -> Finding:
    if answer.status != 200:
        found = f"the platform's status is answered with HTTP {answer.status}"
        return Finding("exchange", "warning", found, "wait, or look at the exchange's status page")
    if answer.body.strip() != OPERATIVE:
        return Finding(
            "exchange", "warning", "the platform is in maintenance", "wait: nothing can be placed or cancelled"
        )
    found = f"operative, answers in {spent_s * 1000:.0f} ms"
    if spent_s > SLOW_S:
        return Finding("exchange", "warning", found, "look for a nearer machine or a better line")
    return good("exchange", found)


def clock_finding(date: str, sent_us: int, spent_s: float) -> Finding:
    """Judge our clock by the exchange's `Date`; *sent_us* is our time when the request left."""
    try:
        theirs = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return Finding(
            "clock", "unproven", "the exchange's answer has no date", "see that this machine's clock is synchronised"
        )
    ours = datetime.fromtimestamp(sent_us / 1e6 + spent_s / 2, UTC)
    skew_s = (ours - theirs.replace(tzinfo=UTC)).total_seconds() - 0.5
    found = f"{abs(skew_s):.1f} s {'ahead of' if skew_s > 0 else 'behind'} the exchange, within half a second"
    if abs(skew_s) <= SKEW_S_WARNING + spent_s / 2:
        return good("clock", found)
    advice = "synchronise it (chrony, systemd-timesyncd); a nonce from a clock that is ahead spoils the key"
    return Finding("clock", "failed" if abs(skew_s) > SKEW_S_FAILED + spent_s / 2 else "warning", found, advice)


async def look_at_key(keys: Keys, home: Path, url: str) -> AsyncIterator[Finding]:
    """Look at what the key may do; takes one nonce."""
    if not keys.api_key:
        yield good("key", "none is set; paper needs none")
        return
    try:
        async with signed_client(keys, home, url) as access:
            permissions = await BitfinexAccount(access.client).permissions()
    except AuthRefused as error:
        yield Finding("key", "failed", str(error), "make a new key at the exchange, and put it into the environment")
        return
    except ExchangeError as error:
        yield Finding("key", "unproven", str(error), "try again when the exchange answers")
        return
    except GenesisError as error:
        yield Finding(
            "key", "failed", str(error), "auth.check --new-key makes the nonce store of a key that is new here"
        )
        return
    reasons = refusals(permissions, is_trading=True)
    if reasons:
        yield Finding("key", "failed", "; ".join(reasons), "make a key that can write orders and move no money")
    else:
        yield good("key", "can trade, and can neither withdraw nor transfer")
