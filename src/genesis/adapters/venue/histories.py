"""What is over: closed orders, trades and positions of each user, recorded from the events of the exchange."""

from collections import defaultdict
from collections.abc import Iterable

from attrs import define, field

from genesis.domain.simulation.exchange_events import ExchangeEvent, OrderMoved, OwnTrade, PositionMoved, Step
from genesis.domain.simulation.exchange_orders import PlacedOrder
from genesis.domain.simulation.margin_position import MarginPosition
from genesis.domain.simulation.matching_order import UserId


@define
class History:
    """The past of one user, oldest first."""

    orders: list[PlacedOrder] = field(factory=list)
    trades: list[OwnTrade] = field(factory=list)
    positions: list[MarginPosition] = field(factory=list)


class Histories:
    """The past of all users but those who play the market."""

    def __init__(self, ignored: Iterable[UserId] = ()) -> None:
        self.ignored = set(ignored)
        self.of: defaultdict[UserId, History] = defaultdict(History)

    def record(self, events: Iterable[ExchangeEvent]) -> None:
        """Keep what ended."""
        for event in events:
            match event:
                case OrderMoved(step=Step.CLOSED, order=order) if order.user not in self.ignored:
                    self.of[order.user].orders.append(order)
                case OwnTrade() if event.order.user not in self.ignored:
                    self.of[event.order.user].trades.append(event)
                case PositionMoved(step=Step.CLOSED) if event.user not in self.ignored:
                    self.of[event.user].positions.append(event.position)
                case _:
                    pass
