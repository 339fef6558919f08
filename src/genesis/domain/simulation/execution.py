"""From events of a matching engine to events of the exchange: holds, settlement, the state of every order, the public
book."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from genesis.domain.exchange.account import WalletKind
from genesis.domain.order import OrderId
from genesis.domain.simulation.accounts import Accounts
from genesis.domain.simulation.exchange_events import BookMoved, ExchangeEvent, OrderMoved, PublicTrade, Step
from genesis.domain.simulation.exchange_orders import OrderStatus, PlacedOrder
from genesis.domain.simulation.market import Market
from genesis.domain.simulation.matching_events import (
    Accepted,
    Canceled,
    CancelReason,
    Changed,
    ChangeReason,
    Expired,
    MatchingEvent,
    Rejected,
    Traded,
)
from genesis.domain.simulation.matching_order import MatchingOrder, OrderState, UserId
from genesis.domain.simulation.order_checks import AT_MARKET, hold_currency, hold_needed
from genesis.domain.simulation.settlement import Settlement
from genesis.domain.simulation.snapshot import snapshot
from genesis.domain.units import Atoms, Mts, Price, Symbol

Events = list[ExchangeEvent]


def finish(order: PlacedOrder, status: OrderStatus, reason: CancelReason | None, mts: Mts) -> None:
    """Give *order* its final state."""
    order.status, order.reason, order.changed = status, reason, mts


class Execution:
    """The open orders of all users, and what the engines did to them."""

    def __init__(self, accounts: Accounts, markets: Mapping[Symbol, Market]) -> None:
        self.orders: dict[OrderId, PlacedOrder] = {}
        self.by_user: dict[UserId, dict[OrderId, PlacedOrder]] = {}
        self._accounts = accounts
        self._markets = markets
        self._settlement = Settlement(accounts)
        self._reduce_only: dict[OrderId, PlacedOrder] = {}
        self._liquidating: set[UserId] = set()

    def add(self, market: Market, order: PlacedOrder) -> None:
        """Track a new order and hold what it needs."""
        self.orders[order.id] = order
        self.by_user.setdefault(order.user, {})[order.id] = order
        if order.ticket.reduce_only and order.ticket.on_margin:
            self._reduce_only[order.id] = order
        self._rehold(market, order)

    def reduce_only_orders(self, symbol: Symbol) -> list[PlacedOrder]:
        """Return the open reduce-only orders of an instrument."""
        return [order for order in self._reduce_only.values() if order.symbol == symbol]

    def is_liquidating(self, user: UserId) -> bool:
        """Whether the user's positions are being closed right now."""
        return user in self._liquidating

    @contextmanager
    def liquidating(self, user: UserId) -> Iterator[None]:
        """Mark the user while positions are closed, so that the trades do not start it again."""
        self._liquidating.add(user)
        try:
            yield
        finally:
            self._liquidating.discard(user)

    def activate(self, market: Market, order: PlacedOrder, mts: Mts, at_most: Atoms) -> Events:
        """Let a stop that is due meet the book, up to what its owner can pay."""
        assert order.engine_order is not None
        if order.type in AT_MARKET:  # it trades or ends at once, from what is available
            self._hold(market, order, 0)
        return self.carry(market, market.engine.activate(order.engine_order, mts, at_most))

    def carry(self, market: Market, matched: list[MatchingEvent]) -> Events:
        """Book what an engine did in one command."""
        events: Events = []
        touched: dict[OrderId, PlacedOrder] = {}
        fresh: dict[OrderId, MatchingOrder] = {}
        for event in matched:
            match event:
                case Traded():
                    events += self._trade(market, event, touched)
                case Canceled():
                    self._ended(event.order, OrderStatus.CANCELED, event.reason, event.mts, touched)
                    events += _left_book(market, event.order, event.order.price, event.was_resting)
                case Expired():
                    self._ended(event.order, OrderStatus.EXPIRED, None, event.mts, touched)
                    events += _left_book(market, event.order, event.order.price, event.was_resting)
                case Changed():
                    events += self._change(market, event, touched)
                    fresh[event.order.id] = event.order
                case Accepted():
                    fresh[event.order.id] = event.order
                case Rejected():
                    raise AssertionError(f"the engine refused order {event.id}: {event.reason.value}")
        events += [_in_book(market, order) for order in fresh.values() if _is_public(order)]
        for order in touched.values():
            self._rehold(market, order)
            if order.is_open:
                events.append(OrderMoved(Step.CHANGED, snapshot(order)))
            else:
                self._forget(order)
                events.append(OrderMoved(Step.CLOSED, snapshot(order)))
        return events

    def _trade(self, market: Market, trade: Traded, touched: dict[OrderId, PlacedOrder]) -> Events:
        symbol, taker_side = market.instrument.symbol, trade.taker.side
        events: Events = []
        if not trade.maker.hidden:
            events.append(BookMoved(symbol, trade.maker.id, taker_side.opposite, trade.price, trade.maker_left))
        events.append(PublicTrade(symbol, trade.id, trade.mts, taker_side, trade.amount, trade.price))
        for engine_order, left in ((trade.maker, trade.maker_left), (trade.taker, trade.taker_left)):
            order = self.orders[engine_order.id]
            touched[order.id] = order
            order.left = left
            order.fills = (*order.fills, (trade.price, trade.amount))
            order.notional += trade.price * trade.amount
            order.changed = trade.mts
            if not left:
                finish(order, OrderStatus.EXECUTED, None, trade.mts)
            self._rehold(market, order)
            events += self._settlement.settle(market, order, trade, is_maker=engine_order is trade.maker)
        return events

    def _change(self, market: Market, event: Changed, touched: dict[OrderId, PlacedOrder]) -> Events:
        order, engine_order = self.orders[event.order.id], event.order
        order.changed = event.mts
        if event.reason is ChangeReason.TRAILED:
            order.stop_price = engine_order.stop_price
            touched[order.id] = order
            return []
        if event.reason is ChangeReason.TRIGGERED:
            if order.type is engine_order.type:
                return []  # a stop at market: what it trades is the news
            order.type_before, order.type = order.type, engine_order.type
            self._rehold(market, order)
            return [OrderMoved(Step.CHANGED, snapshot(order))]
        order.type_before = order.type
        order.amount = Atoms(order.amount - order.left + event.left_after)
        order.left = event.left_after
        order.price, order.stop_price, order.trail = engine_order.price, engine_order.stop_price, engine_order.trail
        order.expires = engine_order.expires
        self._rehold(market, order)
        gone = event.was_resting and event.price_before != engine_order.price
        events = _left_book(market, engine_order, event.price_before, gone)
        return [*events, OrderMoved(Step.CHANGED, snapshot(order))]

    def _ended(
        self,
        engine_order: MatchingOrder,
        status: OrderStatus,
        reason: CancelReason | None,
        mts: Mts,
        touched: dict[OrderId, PlacedOrder],
    ) -> None:
        order = self.orders[engine_order.id]
        order.left = engine_order.left
        finish(order, status, reason, mts)
        touched[order.id] = order

    def _forget(self, order: PlacedOrder) -> None:
        self.orders.pop(order.id, None)
        self.by_user[order.user].pop(order.id, None)
        self._reduce_only.pop(order.id, None)

    def _rehold(self, market: Market, order: PlacedOrder) -> None:
        self._hold(market, order, hold_needed(market, order))

    def _hold(self, market: Market, order: PlacedOrder, needed: int) -> None:
        if needed != order.held:
            account = self._accounts.by_user[order.user]
            account.wallet(WalletKind.EXCHANGE, hold_currency(market, order)).held += needed - order.held
            order.held = needed


def _is_public(order: MatchingOrder) -> bool:
    return order.level is not None and order.state is OrderState.WORKING and not order.hidden


def _in_book(market: Market, order: MatchingOrder) -> BookMoved:
    return BookMoved(market.instrument.symbol, order.id, order.side, order.price, order.left)


def _left_book(market: Market, order: MatchingOrder, price: Price, gone: bool) -> Events:
    if not gone or order.hidden:
        return []
    return [BookMoved(market.instrument.symbol, order.id, order.side, price, Atoms(0))]
