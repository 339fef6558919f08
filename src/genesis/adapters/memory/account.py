"""An account of the simulated exchange, read without a wire."""

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from genesis.adapters.memory.exchange import MemoryExchange
from genesis.adapters.memory.order_reports import fill_report, order_report
from genesis.domain.exchange.account import (
    FeeSchedule,
    LedgerEntry,
    MarginBase,
    MarginPair,
    Permission,
    Position,
    PositionState,
    User,
    Wallet,
    WalletKind,
)
from genesis.domain.exchange.orders import Account, ByCid, FillReport, OrderReport
from genesis.domain.order import OrderId, Side
from genesis.domain.simulation.accounts import Account as Holder
from genesis.domain.simulation.exchange_orders import PlacedOrder
from genesis.domain.simulation.margin_position import MarginPosition
from genesis.domain.units import PPB, Currency, Mts, Symbol, decimal_from_atoms, unscaled

ZERO = Decimal(0)
RATE_DECIMALS = 9
DOLLAR = Currency("USD")

T = TypeVar("T")


class MemoryAccount:
    """What the simulated exchange knows about one user; an `AccountReader`."""

    def __init__(self, exchange: MemoryExchange) -> None:
        self._exchange = exchange

    async def wallets(self) -> list[Wallet]:
        """Return all balances."""
        return [
            Wallet(each.kind, each.currency, decimal_from_atoms(each.balance), decimal_from_atoms(each.available), ZERO)
            for each in self._holder().wallets.values()
        ]

    async def positions(self) -> list[Position]:
        """Return the open positions."""
        return [self._position(each) for each in self._holder().positions.values()]

    async def position_history(
        self, start: Mts | None = None, end: Mts | None = None, limit: int = 50
    ) -> list[Position]:
        """Return closed positions, newest first."""
        self._exchange.advance()
        found = _page(self._exchange.closed_positions, lambda each: each.changed, start, end, limit)
        return [self._position(each) for each in found]

    async def open_orders(self, symbol: Symbol | None = None) -> list[OrderReport]:
        """Return the open orders, newest first."""
        self._exchange.advance()
        orders = self._exchange.exchange.open_orders(self._exchange.user)
        return [self._report(order) for order in reversed(orders) if symbol in {None, order.symbol}]

    async def open_orders_by_cid(self, order: ByCid) -> list[OrderReport]:
        """Return the open orders with a cid created on a UTC date."""
        return [
            each
            for each in await self.open_orders()
            if each.cid == order.cid and datetime.fromtimestamp(each.mts_created / 1000, UTC).date() == order.created
        ]

    async def order_history(
        self,
        symbol: Symbol | None = None,
        start: Mts | None = None,
        end: Mts | None = None,
        limit: int = 2500,
        ids: Collection[OrderId] = (),
    ) -> list[OrderReport]:
        """Return finished orders by time of creation, newest first; nothing is forgotten here."""
        self._exchange.advance()
        chosen = [
            order
            for order in self._exchange.finished
            if symbol in {None, order.symbol} and (not ids or order.id in ids)
        ]
        return [self._report(order) for order in _page(chosen, lambda order: order.created, start, end, limit)]

    async def order_fills(self, symbol: Symbol, order_id: OrderId) -> list[FillReport]:
        """Return the fills of one order, newest first."""
        return [each for each in await self.fills(symbol) if each.order_id == order_id]

    async def fills(
        self,
        symbol: Symbol | None = None,
        start: Mts | None = None,
        end: Mts | None = None,
        *,
        limit: int = 2500,
        oldest_first: bool = False,
    ) -> list[FillReport]:
        """Return our fills with start <= mts <= end."""
        self._exchange.advance()
        chosen = [each for each in self._exchange.fills if symbol in {None, each.order.symbol}]
        found = _page(chosen, lambda each: each.mts, start, end, limit, oldest_first=oldest_first)
        return [fill_report(each, self._exchange.market(each.order.symbol).instrument) for each in found]

    async def ledger(
        self,
        currency: Currency | None = None,
        start: Mts | None = None,
        end: Mts | None = None,
        limit: int = 2500,
        category: int | None = None,
    ) -> list[LedgerEntry]:
        """Return changes of balances, newest first."""
        chosen = [
            each
            for each in self._holder().ledger
            if currency in {None, each.currency} and category in {None, each.cause.value}
        ]
        return [
            LedgerEntry(
                each.id,
                each.mts,
                each.currency,
                each.wallet,
                decimal_from_atoms(each.amount),
                decimal_from_atoms(each.balance),
                each.text,
            )
            for each in _page(chosen, lambda each: each.mts, start, end, limit)
        ]

    async def margin_base(self) -> MarginBase:
        """Return the margin account's figures in dollars."""
        holder, margins = self._holder(), self._exchange.exchange.margins
        profit, balance = margins.profit(holder, DOLLAR), margins.balance(holder, DOLLAR)
        return MarginBase(
            profit=decimal_from_atoms(profit),
            swaps=ZERO,
            balance=decimal_from_atoms(balance),
            net=decimal_from_atoms(balance + profit),
            required=decimal_from_atoms(margins.minimum(holder, DOLLAR)),
        )

    async def margin_pair(self, symbol: Symbol) -> MarginPair:
        """Return what can be traded on margin in one pair."""
        holder, market = self._holder(), self._exchange.market(symbol)
        margins = self._exchange.exchange.margins
        open_orders = self._exchange.exchange.open_orders(self._exchange.user)
        free = margins.tradable(holder, open_orders, market.quote)
        initial = market.terms.initial if market.terms is not None else PPB
        most = decimal_from_atoms(free * PPB // initial)
        gross = decimal_from_atoms(margins.equity(holder, market.quote) * PPB // initial)
        return MarginPair(symbol, most, gross, most, most)

    async def margin_pairs(self) -> list[MarginPair]:
        """Return what can be traded on margin in every pair that has margin."""
        markets = self._exchange.exchange.markets
        return [await self.margin_pair(symbol) for symbol, market in markets.items() if market.terms is not None]

    async def user(self) -> User:
        """Return the owner of the account."""
        return User(self._exchange.user, None, None, "UTC", None)

    async def fees(self) -> FeeSchedule:
        """Return the account's own tier, the same for every kind of quote currency."""
        tier = self._holder().tier
        maker, taker = unscaled(tier.maker, RATE_DECIMALS), unscaled(tier.taker, RATE_DECIMALS)
        return FeeSchedule(maker, taker, taker, taker, None, None)

    async def permissions(self) -> list[Permission]:
        """Return what a program in the same process may do: trade, and neither withdraw nor transfer."""
        scopes = {"account": False, "orders": True, "positions": True, "wallets": False, "history": False}
        return [Permission(scope, can_read=True, can_write=can_write) for scope, can_write in scopes.items()]

    async def available_balance(self, symbol: Symbol, side: Side, price: Decimal, account: Account) -> Decimal:
        """Return the amount that could be ordered at *price*, negative for a sale as on the wire."""
        holder, market = self._holder(), self._exchange.market(symbol)
        rate = market.instrument.price(price)
        if account is Account.MARGIN:
            free = (await self.margin_pair(symbol)).tradable_balance
            return round(side.sign * free / price, 8)
        if side is Side.BUY:
            free_atoms = holder.wallet(WalletKind.EXCHANGE, market.quote).available
            return decimal_from_atoms(free_atoms * market.scale // rate)
        return decimal_from_atoms(-holder.wallet(WalletKind.EXCHANGE, market.base).available)

    def _holder(self) -> Holder:
        self._exchange.advance()
        return self._exchange.exchange.accounts.by_user[self._exchange.user]

    def _report(self, order: PlacedOrder) -> OrderReport:
        return order_report(order, self._exchange.market(order.symbol).instrument)

    def _position(self, position: MarginPosition) -> Position:
        market = self._exchange.market(position.symbol)
        is_open, scale, mark = bool(position.net_amount), market.scale, market.mark()
        margins, holder = self._exchange.exchange.margins, self._exchange.exchange.accounts.by_user[self._exchange.user]
        liquidation = margins.liquidation_price(holder, position)
        base_price = unscaled(position.base_price(scale), market.instrument.price_decimals)
        return Position(
            symbol=position.symbol,
            state=PositionState.ACTIVE if is_open else PositionState.CLOSED,
            net_amount=decimal_from_atoms(position.net_amount),
            base_price=base_price,
            funding_cost=decimal_from_atoms(position.interest_paid),
            id=position.id,
            mts_created=position.opened,
            mts_updated=position.changed,
            profit=decimal_from_atoms(position.profit(mark, scale)) if is_open else None,
            profit_percent=None,
            liquidation_price=unscaled(liquidation, market.instrument.price_decimals) if is_open else None,
            leverage=None,
            is_derivative=False,
            collateral=None,
            collateral_min=None,
        )


def _page(
    found: Iterable[T],
    mts_of: Callable[[T], int],
    start: Mts | None,
    end: Mts | None,
    limit: int,
    *,
    oldest_first: bool = False,
) -> list[T]:
    """Return the *limit* newest with start <= mts <= end, or the oldest if those come first."""
    inside = [
        each for each in found if (start is None or mts_of(each) >= start) and (end is None or mts_of(each) <= end)
    ]
    inside.sort(key=mts_of)
    return inside[:limit] if oldest_first else inside[::-1][:limit]
