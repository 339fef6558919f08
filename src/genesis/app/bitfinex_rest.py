"""Bitfinex over REST for a command or a script: everything a client needs, put together and closed again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import evolve, frozen

from genesis.adapters.bitfinex.exchange_time import ExchangeTime
from genesis.adapters.bitfinex.key import ApiKey
from genesis.adapters.bitfinex.limits import Limits
from genesis.adapters.bitfinex.rest_client import RestClient
from genesis.adapters.bitfinex.rest_settings import RestSettings
from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.bitfinex.transport_aiohttp import AiohttpTransport
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.nonce_file.opening import open_nonces
from genesis.app.exchange_budgets import exchange_budgets
from genesis.app.settings import Keys
from genesis.ports.clock import Clock
from genesis.ports.errors import InputError
from genesis.ports.nonces import NonceStore


@frozen
class SignedAccess:
    """A client that signs, the store that its nonces and client order ids come from, its clock, and the exchange's."""

    client: RestClient
    nonces: NonceStore
    clock: Clock
    time: ExchangeTime


@asynccontextmanager
async def public_client(home: Path, url: str = "") -> AsyncIterator[RestClient]:
    """Give a client without a key; *url* is the base of the interface, Bitfinex's own if empty.

    Its requests count with those of all programs of the data directory *home*.
    """
    clock, metrics = SystemClock(), MemoryMetrics()
    transport = AiohttpTransport(metrics=metrics)
    try:
        settings = rest_settings(url)
        limits = Limits(clock, metrics, exchange_budgets(home, settings.auth_url))
        yield RestClient(transport, clock, metrics, limits, settings=settings)
    finally:
        await transport.close()


@asynccontextmanager
async def signed_client(keys: Keys, home: Path, url: str = "", *, is_new: bool = False) -> AsyncIterator[SignedAccess]:
    """Give a client that signs with *keys*, with the nonces and budgets of the data directory *home*.

    *is_new* makes the nonce store of a key that was never used here.
    """
    clock, metrics = SystemClock(), MemoryMetrics()
    transport = AiohttpTransport(metrics=metrics)
    signer = signer_of(keys)
    time = ExchangeTime(clock, metrics)
    nonces = open_nonces(home / "nonces", keys.api_key, clock, exchange_us=time.now_us, create=is_new)
    try:
        key = ApiKey(signer, nonces, clock, metrics)
        settings = rest_settings(url)
        limits = Limits(clock, metrics, exchange_budgets(home, settings.auth_url))
        client = RestClient(transport, clock, metrics, limits, key, settings, exchange_time=time)
        yield SignedAccess(client, nonces, clock, time)
    finally:
        await transport.close()
        nonces.close()


def signer_of(keys: Keys) -> Signer:
    """Return the signer of the configured key; raises `InputError` where there is none that can be used."""
    if not keys.api_key or not keys.api_secret:
        raise InputError("no API key is set: put BITFINEX_API_KEY and BITFINEX_API_SECRET into the environment or .env")
    try:
        return Signer(keys.api_key, keys.api_secret)
    except ValueError as error:
        raise InputError(f"BITFINEX_API_KEY cannot be used: {error}") from None


def rest_settings(url: str) -> RestSettings:
    """Return the settings of the interface at *url*, Bitfinex's own if empty; raises `InputError` for one unsafe."""
    try:
        return evolve(RestSettings(), public_url=url, auth_url=url) if url else RestSettings()
    except ValueError as error:
        raise InputError(f"--url: {error}") from None
