"""One user's side of a simulated exchange in this process: the one that stands behind the local venue, without a wire.

Its doors are `MemoryOrders`, `MemoryAccount` and `MemoryMarketData`.
Time is the clock's: whoever asks lets what is due happen first.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final

from genesis.domain.simulation.exchange import Exchange
from genesis.domain.simulation.exchange_events import (
    ExchangeEvent,
    OrderMoved,
    OwnTrade,
    PositionMoved,
    PublicTrade,
    Step,
)
from genesis.domain.simulation.exchange_orders import PlacedOrder
from genesis.domain.simulation.margin_position import MarginPosition
from genesis.domain.simulation.market import Market
from genesis.domain.simulation.matching_order import UserId
from genesis.domain.units import Mts, Symbol
from genesis.ports.clock import Clock
from genesis.ports.errors import InputError

TRADES_MAX: Final = 100_000
"""Older public trades are forgotten, as the memory of a process is not endless."""


class MemoryExchange:
    """*exchange* as *user* sees it. Whoever else acts on it passes the events on to `record`."""

    def __init__(self, exchange: Exchange, user: UserId, clock: Clock) -> None:
        self.exchange = exchange
        self.user = user
        self.finished: list[PlacedOrder] = []
        """Closed orders of the user, oldest first; likewise the two below."""
        self.fills: list[OwnTrade] = []
        self.closed_positions: list[MarginPosition] = []
        self.trades: deque[PublicTrade] = deque(maxlen=TRADES_MAX)
        """Public trades of all markets, oldest first."""
        self._clock = clock

    def advance(self) -> Mts:
        """Let everything happen that is due and return the time."""
        mts = self._clock.now()
        self.record(self.exchange.advance(mts))
        return mts

    def record(self, events: Iterable[ExchangeEvent]) -> None:
        """Keep what ended for the user."""
        for event in events:
            match event:
                case OrderMoved(step=Step.CLOSED, order=order) if order.user == self.user:
                    self.finished.append(order)
                case OwnTrade(order=order) if order.user == self.user:
                    self.fills.append(event)
                case PositionMoved(step=Step.CLOSED, user=user, position=position) if user == self.user:
                    self.closed_positions.append(position)
                case PublicTrade():
                    self.trades.append(event)
                case _:
                    pass

    def market(self, symbol: Symbol) -> Market:
        """Return a market; raises `InputError` where there is none."""
        if symbol not in self.exchange.markets:
            known = ", ".join(self.exchange.markets) or "none"
            raise InputError(f"{symbol} is no instrument of this account: {known} known")
        return self.exchange.markets[symbol]
