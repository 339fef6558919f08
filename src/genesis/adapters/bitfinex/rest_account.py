"""Signed reads: our balances, positions, orders, fills, fees and rights, typed.

Withdrawals and transfers are left out.
"""

from collections.abc import Callable, Collection
from decimal import Decimal
from typing import TypeVar

from genesis.adapters.bitfinex import endpoints
from genesis.adapters.bitfinex.convert import account, orders
from genesis.adapters.bitfinex.endpoints import Endpoint
from genesis.adapters.bitfinex.rest_client import RestClient
from genesis.adapters.bitfinex.wire import account as wire
from genesis.adapters.bitfinex.wire.orders import OrderRow, OwnTradeRow
from genesis.adapters.bitfinex.wire.requests import AvailableBalance, History, OrderLookup
from genesis.domain.exchange.account import (
    FeeSchedule,
    LedgerEntry,
    MarginBase,
    MarginPair,
    Permission,
    Position,
    User,
    Wallet,
)
from genesis.domain.exchange.orders import Account, ByCid, FillReport, OrderReport
from genesis.domain.order import OrderId, Side
from genesis.domain.units import Currency, Mts, Symbol

R = TypeVar("R")
V = TypeVar("V")


class BitfinexAccount:
    """Reads signed endpoints; an `AccountReader`."""

    def __init__(self, client: RestClient) -> None:
        self._client = client

    async def wallets(self) -> list[Wallet]:
        """`auth/r/wallets`: all balances."""
        return await self._list(endpoints.WALLETS.at(), wire.WalletRow, account.wallet_from_wire)

    async def positions(self) -> list[Position]:
        """`auth/r/positions`: the open positions."""
        return await self._list(endpoints.POSITIONS.at(), wire.PositionRow, account.position_from_wire)

    async def position_history(
        self, start: Mts | None = None, end: Mts | None = None, limit: int = 50
    ) -> list[Position]:
        """`auth/r/positions/hist`: closed positions, newest first; *limit* up to 50."""
        body = History(start=start, end=end, limit=limit)
        return await self._list(endpoints.POSITION_HISTORY.at(), wire.PositionRow, account.position_from_wire, body)

    async def open_orders(self, symbol: Symbol | None = None) -> list[OrderReport]:
        """`auth/r/orders[/SYM]`: the open orders."""
        endpoint = endpoints.ORDERS.at() if symbol is None else endpoints.ORDERS_OF.at(symbol=symbol)
        return await self._list(endpoint, OrderRow, orders.order_from_wire)

    async def open_orders_by_cid(self, order: ByCid) -> list[OrderReport]:
        """`auth/r/orders` with cid and date: open orders of that cid."""
        body = OrderLookup(cid=order.cid, cid_date=order.created.isoformat())
        return await self._list(endpoints.ORDERS.at(), OrderRow, orders.order_from_wire, body)

    async def order_history(
        self,
        symbol: Symbol | None = None,
        start: Mts | None = None,
        end: Mts | None = None,
        limit: int = 2500,
        ids: Collection[OrderId] = (),
    ) -> list[OrderReport]:
        """`auth/r/orders[/SYM]/hist`: finished orders by time of creation; *limit* up to 2 500, two weeks back."""
        endpoint = endpoints.ORDER_HISTORY.at() if symbol is None else endpoints.ORDER_HISTORY_OF.at(symbol=symbol)
        body = History(start=start, end=end, limit=limit, id=tuple(map(int, ids)) or None)
        return await self._list(endpoint, OrderRow, orders.order_from_wire, body)

    async def order_fills(self, symbol: Symbol, order_id: OrderId) -> list[FillReport]:
        """`auth/r/order/SYM:ID/trades`: the fills of one order, at most ten days old."""
        endpoint = endpoints.ORDER_TRADES.at(symbol=symbol, id=order_id)
        return await self._list(endpoint, OwnTradeRow, orders.fill_from_wire)

    async def fills(
        self,
        symbol: Symbol | None = None,
        start: Mts | None = None,
        end: Mts | None = None,
        *,
        limit: int = 2500,
        oldest_first: bool = False,
    ) -> list[FillReport]:
        """`auth/r/trades[/SYM]/hist`: our fills; *limit* up to 2 500."""
        endpoint = endpoints.OWN_TRADES.at() if symbol is None else endpoints.OWN_TRADES_OF.at(symbol=symbol)
        body = History(start=start, end=end, limit=limit, sort=1 if oldest_first else -1)
        return await self._list(endpoint, OwnTradeRow, orders.fill_from_wire, body)

    async def ledger(
        self,
        currency: Currency | None = None,
        start: Mts | None = None,
        end: Mts | None = None,
        limit: int = 2500,
        category: int | None = None,
    ) -> list[LedgerEntry]:
        """`auth/r/ledgers[/CCY]/hist`: changes of balances, newest first; *limit* up to 2 500."""
        endpoint = endpoints.LEDGERS.at() if currency is None else endpoints.LEDGERS_OF.at(currency=currency)
        body = History(start=start, end=end, limit=limit, category=category)
        return await self._list(endpoint, wire.LedgerRow, account.ledger_entry_from_wire, body)

    async def margin_base(self) -> MarginBase:
        """`auth/r/info/margin/base`: the margin account's figures."""
        endpoint = endpoints.MARGIN.at(key="base")
        return await self._client.post(endpoint, wire.MarginBaseRow, account.margin_base_from_wire)

    async def margin_pair(self, symbol: Symbol) -> MarginPair:
        """`auth/r/info/margin/SYM`: what can be traded on margin in one pair."""
        endpoint = endpoints.MARGIN.at(key=symbol)
        return await self._client.post(endpoint, wire.MarginSymbolRow, account.margin_pair_from_wire)

    async def margin_pairs(self) -> list[MarginPair]:
        """`auth/r/info/margin/sym_all`: the same of every pair."""
        endpoint = endpoints.MARGIN.at(key="sym_all")
        return await self._list(endpoint, wire.MarginSymbolRow, account.margin_pair_from_wire)

    async def user(self) -> User:
        """`auth/r/info/user`: the owner of the key."""
        return await self._client.post(endpoints.USER.at(), wire.UserRow, account.user_from_wire)

    async def fees(self) -> FeeSchedule:
        """`auth/r/summary`: the account's own fee tier."""
        convert = account.fee_schedule_from_wire
        return await self._client.post(endpoints.SUMMARY.at(), wire.SummaryRow, lambda row: convert(row.fees))

    async def permissions(self) -> list[Permission]:
        """`auth/r/permissions`: what the key may do."""
        return await self._list(endpoints.PERMISSIONS.at(), wire.PermissionRow, account.permission_from_wire)

    async def available_balance(self, symbol: Symbol, side: Side, price: Decimal, account: Account) -> Decimal:
        """`auth/calc/order/avail`: the amount that could be ordered at *price*, signed as the exchange signs it."""
        kind = account.value.upper()
        body = AvailableBalance(symbol=symbol, dir=side.sign, type=kind, rate=f"{price:f}")
        endpoint = endpoints.AVAILABLE_BALANCE.at()
        return await self._client.post(endpoint, wire.AvailableRow, lambda row: Decimal(row.amount), body)

    async def _list(
        self, endpoint: Endpoint, wanted: type[R], convert: Callable[[R], V], body: object = None
    ) -> list[V]:
        return await self._client.rows(endpoint, wanted, convert, body)


async def get_wallets(client: RestClient) -> list[Wallet]:
    """Return all balances."""
    return await BitfinexAccount(client).wallets()


async def get_positions(client: RestClient) -> list[Position]:
    """Return the open positions."""
    return await BitfinexAccount(client).positions()
