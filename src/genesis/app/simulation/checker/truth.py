"""The exchange's truth: what orders and trades of the account there ever were, as the exchange itself did them."""

from collections.abc import Callable, Sequence
from typing import Final

from attrs import define, field

from genesis.app.simulation.checker.findings import Findings
from genesis.domain.order import OrderId, OrderType, Side
from genesis.domain.simulation.exchange_events import BookMoved, ExchangeEvent, OrderMoved, OwnTrade, PublicTrade, Step
from genesis.domain.simulation.exchange_orders import PlacedOrder
from genesis.domain.simulation.matching_order import UserId
from genesis.domain.units import Mts, Price, Symbol

PRICES_FOR_MS: Final = 300_000

TRIGGERED: Final = frozenset({OrderType.STOP, OrderType.TRAILING_STOP})
"""What waits for the exchange's trigger: nobody can know which orders it will meet then."""


@define(eq=False)
class TrueOrder:
    """An order that the exchange has or had; *trades* are its matches by id, as atoms and price.

    A limit and the stop that it placed are one order: what fills or ends one of them ends the other. *open_ids* are
    those that may still trade.
    """

    id: OrderId
    cid: int
    symbol: Symbol
    side: Side
    amount: int
    created: Mts
    open_ids: set[OrderId] = field(factory=set)
    trades: dict[int, tuple[int, Price]] = field(factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether anything of it may still trade."""
        return bool(self.open_ids)

    @property
    def filled(self) -> int:
        """Atoms that traded."""
        return sum(amount for amount, _ in self.trades.values())

    @property
    def left(self) -> int:
        """Atoms that may still trade."""
        return self.amount - self.filled if self.is_open else 0


@define(eq=False)
class Truth:
    """Follows one account. *is_foreign* tells orders that somebody else placed, *was_sent* those that we did."""

    findings: Findings
    user: UserId
    is_foreign: Callable[[OrderId], bool]
    was_sent: Callable[[int], bool]
    on_order: Callable[[TrueOrder], None]
    ours: dict[int, TrueOrder] = field(factory=dict)
    """Our orders by cid."""
    foreign: dict[OrderId, TrueOrder] = field(factory=dict)
    prices: dict[Symbol, list[tuple[Mts, Price]]] = field(factory=dict)
    _owners: dict[int, set[int]] = field(factory=dict)
    """By trade, our orders on either side of it, but for those that had waited for a trigger at the exchange."""

    def watch(self, events: Sequence[ExchangeEvent], mts: Mts) -> None:
        """Take what the exchange did."""
        for event in events:
            match event:
                case OrderMoved(step, order) if order.user == self.user:
                    open_ids = self._order(order).open_ids
                    (open_ids.discard if step is Step.CLOSED else open_ids.add)(order.id)
                case OwnTrade() if event.order.user == self.user:
                    self._trade(event)
                case PublicTrade() | BookMoved(side=Side.SELL):
                    prices = self.prices.setdefault(event.symbol, [])
                    prices.append((mts, event.price))
                    while prices[0][0] < mts - PRICES_FOR_MS:
                        prices.pop(0)
                case _:
                    pass

    def low(self, symbol: Symbol) -> Price:
        """Return the lowest price at which anybody sold or would have in the last minutes, 0 without any."""
        return min((price for _, price in self.prices.get(symbol, ())), default=Price(0))

    def net_of_ours(self, symbol: Symbol) -> int:
        """Return the signed sum of our own fills."""
        return sum(order.side.sign * order.filled for order in self.ours.values() if order.symbol == symbol)

    def _order(self, order: PlacedOrder) -> TrueOrder:
        if self.is_foreign(order.id):
            return self.foreign.setdefault(order.id, _true(order))
        cid = int(order.cid)
        known = self.ours.get(cid)
        if known is None:
            known = self.ours[cid] = _true(order)
            self.findings.require(self.was_sent(cid), "I3", f"the exchange has order {cid}, which we never sent")
            self.on_order(known)
        self.findings.require(
            known.id in (order.id, order.placed_by),
            "I2",
            f"the exchange has two orders with cid {cid}: {known.id} and {order.id}",
        )
        return known

    def _trade(self, trade: OwnTrade) -> None:
        order = self._order(trade.order)
        order.trades[trade.id] = (int(trade.amount), trade.price)
        self.findings.require(order.filled <= order.amount, "I6", f"order {order.cid} was filled beyond its amount")
        if not self.is_foreign(order.id):
            owners = self._owners.setdefault(trade.id, set())
            if trade.order.ticket.type not in TRIGGERED or trade.mts == order.created:  # it did not wait for a trigger
                owners.add(order.cid)
            self.findings.require(len(owners) <= 1, "I10", f"our orders {sorted(owners)} traded with each other")


def _true(order: PlacedOrder) -> TrueOrder:
    return TrueOrder(order.id, int(order.cid), order.symbol, order.side, int(order.amount), order.created)
