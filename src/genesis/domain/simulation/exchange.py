"""The simulated exchange: markets, users, orders. Commands and the time go in, events come out; no clock, no chance,
no wire.

It draws the lines between the parts: checks before an order, holds while it is open, settlement when it trades, then
what follows from the new last price, one thing at a time until nothing does: due stops, reduce-only orders without a
position, liquidations."""

from typing import NamedTuple

from attrs import evolve, frozen

from genesis.domain.exchange.account import WalletKind
from genesis.domain.instrument import Instrument
from genesis.domain.order import Cid, OrderId, OrderType, Side
from genesis.domain.simulation.accounts import Account, Accounts
from genesis.domain.simulation.exchange_events import ExchangeEvent, OrderMoved, PositionMoved, Step
from genesis.domain.simulation.exchange_orders import OrderStatus, OrderTicket, PlacedOrder, Refusal, RefusalCode
from genesis.domain.simulation.execution import Execution, finish
from genesis.domain.simulation.margin_position import MarginTerms
from genesis.domain.simulation.margins import Margins
from genesis.domain.simulation.market import Market
from genesis.domain.simulation.matching import MatchingEngine, Update
from genesis.domain.simulation.matching_events import CancelReason
from genesis.domain.simulation.matching_order import NO_PRICE, MatchingOrder, UserId
from genesis.domain.simulation.order_checks import (
    AT_MARKET,
    cannot_pay,
    closing_amount,
    hold_currency,
    reduce_only_breach,
    wrong_values,
)
from genesis.domain.simulation.settlement import moved
from genesis.domain.simulation.snapshot import snapshot
from genesis.domain.units import PPB, Atoms, Mts, Price, Symbol

Events = list[ExchangeEvent]

HOUR_MS = 3_600_000


@frozen
class OrderChange:
    """New values for an open order; None keeps the old one. *amount* is the new open amount, *delta* is added to it."""

    amount: Atoms | None = None
    delta: int = 0
    price: Price | None = None
    stop_price: Price | None = None
    trail: Price | None = None
    expires: Mts | None = None
    gid: int | None = None


class Submitted(NamedTuple):
    """The orders as accepted (two for an OCO: limit and stop), and what happened since."""

    orders: list[PlacedOrder]
    events: Events


class Exchange:
    """All markets and users of one simulated exchange."""

    def __init__(self, first_order_id: int = 1, first_trade_id: int = 1) -> None:
        self.accounts = Accounts()
        self.markets: dict[Symbol, Market] = {}
        self.margins = Margins(self.markets)
        self._execution = Execution(self.accounts, self.markets)
        self._next_order_id = first_order_id
        self._next_trade_id = first_trade_id
        self._interest_mts: Mts | None = None

    def add_market(
        self, instrument: Instrument, terms: MarginTerms | None = None, last_price: Price = NO_PRICE
    ) -> Market:
        """Open a market; trade ids of different markets lie far apart."""
        engine = MatchingEngine(last_price, self._next_trade_id + len(self.markets) * 10**9)
        market = self.markets[instrument.symbol] = Market(instrument, terms, engine)
        return market

    # Questions

    def open_orders(self, user: UserId) -> list[PlacedOrder]:
        """Return the user's open orders, oldest first."""
        return list(self._execution.by_user.get(user, {}).values())

    def find(self, user: UserId, order_id: OrderId) -> PlacedOrder | None:
        """Return the user's open order with that id, or None."""
        return self._execution.by_user.get(user, {}).get(order_id)

    # Orders

    def submit(self, user: UserId, ticket: OrderTicket, mts: Mts) -> Submitted | Refusal:
        """Take an order. Returns the orders as accepted (two for an OCO), and what happened since; or why it was
        refused."""
        market = self.markets.get(ticket.symbol)
        if market is None:
            return Refusal(RefusalCode.SYMBOL)
        account = self.accounts.by_user[user]
        ticket = self._closing(account, ticket)
        wrong = wrong_values(market, ticket, mts, any_size=account.unlimited)
        if wrong is not None:
            return wrong
        order = self._placed(user, ticket, mts)
        breach = reduce_only_breach(order, account.positions.get(order.symbol))
        if breach is None and ticket.closes and order.symbol not in account.positions:
            breach = CancelReason.REDUCE_NO_POSITION
        if breach is not None:
            accepted = snapshot(order)
            finish(order, OrderStatus.CANCELED, breach, mts)
            closed: Events = [OrderMoved(Step.CLOSED, order)]
            return Submitted([accepted], closed)
        short = cannot_pay(market, account, order, self._execution.by_user.get(user, {}).values(), self.margins)
        if short is not None:
            return short
        return self._enter(market, order, mts)

    def cancel(
        self, user: UserId, order_id: OrderId, mts: Mts, reason: CancelReason = CancelReason.REQUESTED
    ) -> Events | Refusal:
        """Cancel an open order of the user."""
        order = self.find(user, order_id)
        if order is None:
            return Refusal(RefusalCode.NOT_FOUND)
        market = self.markets[order.symbol]
        return self._execution.carry(market, market.engine.cancel(order_id, mts, reason))

    def update(self, user: UserId, order_id: OrderId, change: OrderChange, mts: Mts) -> Events | Refusal:
        """Change an open order of the user; what happened includes the trades of an order that now crosses."""
        order = self.find(user, order_id)
        if order is None:
            return Refusal(RefusalCode.NOT_FOUND)
        market = self.markets[order.symbol]
        left = Atoms((order.left if change.amount is None else change.amount) + change.delta)
        asked = evolve(
            order.ticket,
            amount=left,
            price=order.price if change.price is None else change.price,
            stop_price=order.stop_price if change.stop_price is None else change.stop_price,
            trail=order.trail if change.trail is None else change.trail,
            expires=order.expires if change.expires is None else change.expires,
            type=order.type,
        )
        wrong = wrong_values(market, asked, mts) or self._dearer(market, order, asked)
        if wrong is not None:
            return wrong
        if change.gid is not None:
            order.gid = change.gid
        limited = order.type not in AT_MARKET
        events = market.engine.update(
            order_id,
            Update(
                left,
                asked.price if limited and change.price is not None else None,
                asked.stop_price if order.type in (OrderType.STOP, OrderType.STOP_LIMIT) else None,
                asked.trail if order.type is OrderType.TRAILING_STOP else None,
                change.expires,
            ),
            mts,
        )
        return self._execution.carry(market, events) + self._follow(market, mts)

    def close_position(self, user: UserId, symbol: Symbol, mts: Mts, *, forced: bool = False) -> Events:
        """Close the user's position at market; nothing happens without one."""
        position = self.accounts.by_user[user].positions.get(symbol)
        if position is None:
            return []
        side, amount = closing_amount(position)
        ticket = OrderTicket(symbol, side, OrderType.MARKET, amount, on_margin=True, closes=True)
        order = self._placed(user, ticket, mts)
        order.forced = forced
        return self._enter(self.markets[symbol], order, mts).events

    # Time

    def advance(self, mts: Mts) -> Events:
        """Let time pass to *mts*: orders expire, borrowed funds cost interest for each full hour."""
        events: Events = []
        for market in self.markets.values():
            expired = market.engine.expire(mts)
            if expired:
                events += self._execution.carry(market, expired)
        if self._interest_mts is None:
            self._interest_mts = Mts(mts - mts % HOUR_MS)
        while mts - self._interest_mts >= HOUR_MS:
            self._interest_mts = Mts(self._interest_mts + HOUR_MS)
            events += self._charge_interest(self._interest_mts)
        return events

    def _charge_interest(self, mts: Mts) -> Events:
        events: Events = []
        for account in self.accounts.by_user.values():
            for position in account.positions.values():
                market = self.markets[position.symbol]
                if market.terms is None or account.unlimited:
                    continue
                owed = position.borrowed(market.mark(), market.scale) * market.terms.interest_a_day // (24 * PPB)
                if not owed:
                    continue
                position.interest_paid += owed
                text = f"Position {position.symbol[1:]} funding cost"
                entry = self.accounts.charge_interest(account, position.quote, owed, mts, text)
                events.append(moved(account, entry))
                events.append(PositionMoved(Step.CHANGED, account.user, snapshot(position)))
        return events

    # From a ticket to the book

    def _closing(self, account: Account, ticket: OrderTicket) -> OrderTicket:
        position = account.positions.get(ticket.symbol)
        if not ticket.closes or position is None:
            return ticket
        side, amount = closing_amount(position)
        return evolve(ticket, side=side, amount=amount, on_margin=True)

    def _placed(self, user: UserId, ticket: OrderTicket, mts: Mts) -> PlacedOrder:
        order_id = OrderId(self._next_order_id)
        self._next_order_id += 1
        return PlacedOrder(
            order_id,
            user,
            ticket,
            ticket.side,
            ticket.type,
            ticket.amount,
            ticket.amount,
            ticket.price,
            ticket.stop_price,
            ticket.trail,
            ticket.expires,
            Cid(mts) if ticket.cid is None else ticket.cid,
            ticket.gid,
            mts,
            mts,
            ticket.meta,
        )

    def _enter(self, market: Market, order: PlacedOrder, mts: Mts) -> Submitted:
        orders = [order]
        if order.ticket.oco_stop:
            stop = self._placed(order.user, _stop_half(order.ticket), mts)
            stop.placed_by = order.id
            orders.append(stop)
        halves = [self._engine_order(placed) for placed in orders]
        for placed in orders:
            self._execution.add(market, placed)
        accepted = [snapshot(placed) for placed in orders]
        if len(halves) == 2:
            matched = market.engine.submit_pair(halves[0], halves[1], mts)
        else:
            matched = market.engine.submit(halves[0], mts)
        events = self._execution.carry(market, matched)
        opened: Events = [
            OrderMoved(Step.OPENED, early)
            for early, placed in zip(accepted, orders, strict=True)
            if placed.is_open or len(orders) == 2
        ]
        return Submitted(accepted, opened + events + self._follow(market, mts))

    def _engine_order(self, order: PlacedOrder) -> MatchingOrder:
        ticket = order.ticket
        engine_order = MatchingOrder(
            order.id,
            order.user,
            ticket.side,
            ticket.type,
            ticket.amount,
            NO_PRICE if ticket.type in AT_MARKET else ticket.price,
            ticket.stop_price,
            ticket.trail,
            ticket.hidden,
            ticket.post_only,
            ticket.avoids_self,
            ticket.expires,
        )
        order.engine_order = engine_order
        return engine_order

    def _dearer(self, market: Market, order: PlacedOrder, asked: OrderTicket) -> Refusal | None:
        """Return why the owner cannot pay for *order* as *asked*; what it holds already counts as available."""
        account = self.accounts.by_user[order.user]
        wished = snapshot(order)
        wished.left, wished.price, wished.stop_price = asked.amount, asked.price, asked.stop_price
        others = [other for other in self.open_orders(order.user) if other.id != order.id]
        held = order.held
        wallet = account.wallet(WalletKind.EXCHANGE, hold_currency(market, order))
        wallet.held -= held
        short = cannot_pay(market, account, wished, others, self.margins)
        wallet.held += held
        return short

    # What follows from a new last price

    def _follow(self, market: Market, mts: Mts) -> Events:
        events: Events = []
        liquidated: set[UserId] = set()
        while True:
            due = market.engine.pop_due()
            if due is not None:
                order = self._execution.orders[due.id]
                events += self._execution.activate(market, order, mts, self._payable(market, order))
                continue
            step = self._drop_reduce_only(market, mts) or self._liquidate(market, mts, liquidated)
            if not step:
                return events
            events += step

    def _payable(self, market: Market, order: PlacedOrder) -> Atoms:
        """Return how much of a stop that is due its owner can pay for."""
        account = self.accounts.by_user[order.user]
        if account.unlimited or (order.type is OrderType.STOP_LIMIT and not order.ticket.on_margin):
            return order.left
        if order.ticket.on_margin:
            others = [other for other in self.open_orders(order.user) if other.id != order.id]
            return Atoms(0) if cannot_pay(market, account, order, others, self.margins) else order.left
        if order.side is Side.SELL:
            return order.left
        partner = None if order.placed_by is None else self.find(order.user, order.placed_by)
        cash = account.wallet(WalletKind.EXCHANGE, market.quote).available + order.held
        return market.affordable(cash + (partner.held if partner is not None else 0), order.left)

    def _drop_reduce_only(self, market: Market, mts: Mts) -> Events:
        for order in self._execution.reduce_only_orders(market.instrument.symbol):
            position = self.accounts.by_user[order.user].positions.get(order.symbol)
            breach = reduce_only_breach(order, position)
            if breach is not None:
                return self._execution.carry(market, market.engine.cancel(order.id, mts, breach))
        return []

    def _liquidate(self, market: Market, mts: Mts, tried: set[UserId]) -> Events:
        for account in self.accounts.by_user.values():
            user = account.user
            if account.unlimited or market.instrument.symbol not in account.positions:
                continue
            if user in tried or self._execution.is_liquidating(user) or not self.margins.is_short_of_margin(account):
                continue
            tried.add(user)  # once: without a counterparty the position stays, and the next price tries again
            with self._execution.liquidating(user):
                return self._close_all(account, mts)
        return []

    def _close_all(self, account: Account, mts: Mts) -> Events:
        events: Events = []
        for order in self.open_orders(account.user):
            if order.ticket.on_margin:
                canceled = self.cancel(account.user, order.id, mts, CancelReason.MARGIN)
                assert not isinstance(canceled, Refusal)
                events += canceled
        for symbol in list(account.positions):
            events += self.close_position(account.user, symbol, mts, forced=True)
        return events


def _stop_half(ticket: OrderTicket) -> OrderTicket:
    return evolve(
        ticket,
        type=OrderType.STOP,
        price=NO_PRICE,
        stop_price=ticket.oco_stop,
        oco_stop=NO_PRICE,
        post_only=False,
        hidden=False,
    )
