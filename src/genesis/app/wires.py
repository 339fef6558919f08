"""Everything through which a session reaches an exchange, for one key: the same for a local venue and for Bitfinex."""

from collections.abc import Mapping
from typing import Final

from attrs import evolve, field, frozen

from genesis.adapters.bitfinex.exchange_time import ExchangeTime
from genesis.adapters.bitfinex.key import ApiKey, Renew, never_renewed
from genesis.adapters.bitfinex.limits import Limits
from genesis.adapters.bitfinex.maintenance import StatusPoll
from genesis.adapters.bitfinex.market_wires import Wires
from genesis.adapters.bitfinex.rest_account import BitfinexAccount
from genesis.adapters.bitfinex.rest_client import RestClient
from genesis.adapters.bitfinex.rest_market import BitfinexMarket
from genesis.adapters.bitfinex.rest_orders import BitfinexOrders
from genesis.adapters.bitfinex.rest_settings import RestSettings
from genesis.adapters.bitfinex.session import ACCOUNT_CONNECTIONS, ACCOUNT_URL, PUBLIC_CONNECTIONS, PUBLIC_URL
from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.bitfinex.streams import PublicStreams
from genesis.adapters.bitfinex.streams_account import AccountStream, SocketKey
from genesis.adapters.routed_orders import RoutedOrders
from genesis.domain.exchange.market import PlatformStatus
from genesis.domain.exchange.orders import Account
from genesis.domain.instrument import Instrument
from genesis.domain.units import Symbol
from genesis.ports.budgets import Budgets
from genesis.ports.clock import Clock
from genesis.ports.errors import InputError
from genesis.ports.metrics import Metrics
from genesis.ports.nonces import NonceStore
from genesis.ports.socket import Connector
from genesis.ports.transport import Transport


@frozen
class Place:
    """Where an exchange is: the base of its REST interface, and its two sockets."""

    rest: RestSettings = field(factory=RestSettings)
    public_ws: str = PUBLIC_URL
    account_ws: str = ACCOUNT_URL


BITFINEX: Final = Place()


def place_at(rest_url: str, ws_url: str) -> Place:
    """Return a place whose interfaces share hosts; empty texts leave Bitfinex's own. Raises `InputError`."""
    try:
        rest = evolve(RestSettings(), public_url=rest_url, auth_url=rest_url) if rest_url else RestSettings()
    except ValueError as error:
        raise InputError(f"GENESIS_REST_URL: {error}") from None
    return Place(rest, ws_url or PUBLIC_URL, ws_url or ACCOUNT_URL)


@frozen(eq=False)
class Outside:
    """What the wires hang on: sockets, HTTP, this machine's time, where numbers go, and how often we may ask."""

    connector: Connector
    transport: Transport
    clock: Clock
    metrics: Metrics
    budgets: Budgets


@frozen(eq=False)
class KeyInUse:
    """A key and its counters; the exchange's time guards its nonces."""

    signer: Signer
    nonces: NonceStore
    time: ExchangeTime
    renew: Renew = never_renewed


def bitfinex_wires(
    place: Place, key: KeyInUse, outside: Outside, instruments: Mapping[Symbol, Instrument], account: Account
) -> Wires:
    """Build the wires of one key; REST and socket share its nonces and its lane. Nothing connects yet."""
    clock, metrics, budgets = outside.clock, outside.metrics, outside.budgets
    api_key = ApiKey(key.signer, key.nonces, clock, metrics, renew=key.renew)
    limits = Limits(clock, metrics, budgets)
    client = RestClient(outside.transport, clock, metrics, limits, api_key, place.rest, exchange_time=key.time)
    platform = BitfinexMarket(client)

    async def is_operative() -> bool:
        return await platform.platform_status() is PlatformStatus.OPERATIVE

    status = StatusPoll(is_operative, clock)
    public = PublicStreams(
        outside.connector,
        clock,
        metrics,
        url=place.public_ws,
        status=status,
        budget=budgets.of(PUBLIC_CONNECTIONS),
    )
    socket = AccountStream(
        SocketKey(key.signer, key.nonces, api_key.lane, key.renew),
        outside.connector,
        clock,
        metrics,
        instruments,
        account,
        url=place.account_ws,
        status=status,
        budget=budgets.of(ACCOUNT_CONNECTIONS),
    )
    gateway = RoutedOrders(socket, BitfinexOrders(client, instruments, account))
    return Wires(public, socket, gateway, BitfinexAccount(client), platform, key.nonces)
