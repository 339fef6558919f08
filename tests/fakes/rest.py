"""Clients put together as `wiring` would, against a server on a loopback port."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from attrs import evolve, frozen

from genesis.adapters.bitfinex.key import ApiKey
from genesis.adapters.bitfinex.limits import Limits
from genesis.adapters.bitfinex.rest_account import BitfinexAccount
from genesis.adapters.bitfinex.rest_client import RestClient
from genesis.adapters.bitfinex.rest_funding import BitfinexFunding
from genesis.adapters.bitfinex.rest_market import BitfinexMarket
from genesis.adapters.bitfinex.rest_orders import BitfinexOrders
from genesis.adapters.bitfinex.rest_settings import RestSettings
from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.bitfinex.transport_aiohttp import AiohttpTransport
from genesis.adapters.memory.budgets import MemoryBudgets
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.nonces import MemoryNonces
from genesis.domain.exchange.orders import Account, OrderChange, OrderReport
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import OrderRequest
from genesis.domain.risk.gate import Approved, ApprovedChange, check, check_change
from genesis.domain.risk.limits import OFF
from genesis.domain.units import Atoms, Symbol
from genesis.ports.errors import OutcomeUnknown
from genesis.ports.exchange import AccountReader, FundingDesk, MarketDataReader, OrderGateway
from genesis.ports.secrets import Secret
from tests.fakes.bitfinex_server import KEY, SECRET
from tests.fakes.leaping_clock import LeapingClock
from tests.fakes.scene import quiet_scene

SYMBOL = Symbol("tBTCUSD")
INSTRUMENTS = {SYMBOL: spot_instrument(SYMBOL, Atoms(10_000))}


@frozen
class Desk:
    """Everything a program would hold."""

    client: RestClient
    market: BitfinexMarket
    account: BitfinexAccount
    orders: BitfinexOrders
    funding: BitfinexFunding
    clock: ManualClock
    metrics: MemoryMetrics
    unknown: list[OutcomeUnknown]


def approved(order: OrderRequest) -> Approved:
    """Return an order as the risk gate lets it through."""
    verdict = check(order, spot_instrument(order.symbol, Atoms(1)), position=order.amount, is_halted=False)
    assert isinstance(verdict, Approved)
    return verdict


def approved_change(change: OrderChange, order: OrderReport) -> ApprovedChange:
    """Return a change as the risk gate lets it through."""
    instrument = spot_instrument(order.symbol, Atoms(1))
    verdict = check_change(
        change, order, instrument, change.amount or 0, is_halted=False, limits=OFF, scene=quiet_scene()
    )
    assert isinstance(verdict, ApprovedChange)
    return verdict


def ports(desk: Desk) -> tuple[MarketDataReader, AccountReader, OrderGateway, FundingDesk]:
    """Return the clients as the ports that they are: the type checker holds them to it."""
    return desk.market, desk.account, desk.orders, desk.funding


@asynccontextmanager
async def desk(
    url: str,
    *,
    settings: RestSettings | None = None,
    key: str = KEY,
    secret: str = SECRET,
    clock: ManualClock | None = None,
    floor: int = 0,
    random: Callable[[], float] = lambda: 0.5,
) -> AsyncIterator[Desk]:
    """Build clients of one key against *url*; *floor* is the last nonce that was used."""
    clock = clock or LeapingClock()
    metrics, unknown = MemoryMetrics(), list[OutcomeUnknown]()
    transport = AiohttpTransport(metrics=metrics)
    api_key = ApiKey(Signer(Secret(key), Secret(secret)), MemoryNonces(clock, floor=floor), clock, metrics)
    client = RestClient(
        transport,
        clock,
        metrics,
        Limits(clock, metrics, MemoryBudgets()),
        api_key,
        evolve(settings or RestSettings(), public_url=url, auth_url=url),
        unknown.append,
        random,
    )
    try:
        yield Desk(
            client,
            BitfinexMarket(client),
            BitfinexAccount(client),
            BitfinexOrders(client, INSTRUMENTS, Account.EXCHANGE),
            BitfinexFunding(client),
            clock,
            metrics,
            unknown,
        )
    finally:
        await transport.close()
