"""Who is in the way of whom: what gets a desk out, or guards what it holds, goes before the parts of undertakings.

The parts that it would meet are withdrawn, and none is placed against it until the desk is out, or its stop stands.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from genesis.domain.books import Books
from genesis.domain.desk import Desk
from genesis.domain.events import Decision
from genesis.domain.execution.plans import Undertaking
from genesis.domain.order import Cid, OrderRequest, Side
from genesis.domain.units import Mts, Symbol
from genesis.domain.withdrawals import Withdrawals

WAY_MS: Final = 600_000
"""How long undertakings stay out of the way of an order after that was refused last: it is tried again meanwhile."""


class _Way(NamedTuple):
    """The way of a desk: nothing *against* it is placed before *until*."""

    desk: Desk
    against: Side
    until: Mts
    is_guard: bool

    def is_over(self, now: Mts) -> bool:
        is_out = abs(self.desk.position) < self.desk.settings.instrument.amount_min
        return now >= self.until or is_out or (not self.is_guard and self.desk.in_flight is not None)


class Ways:
    """See the module."""

    def __init__(self, books: Books, withdrawals: Withdrawals) -> None:
        self._books = books
        self._withdrawals = withdrawals
        self._ways: dict[tuple[str, bool], _Way] = {}  # by the desk's name, and whether it is its stop's

    def make(self, desk: Desk, order: OrderRequest, now: Mts, *, is_guard: bool = False) -> Iterator[Decision]:
        """Withdraw the parts that an *order* of a desk may meet: its way out, or what is to guard its position.

        Where none is there, it is something else that it meets, and nobody has to wait.
        """
        parts = self.parts_against(order)
        if parts:
            self._ways[desk.name, is_guard] = _Way(desk, order.side.opposite, Mts(now + WAY_MS), is_guard)
        reason = (
            f"the stop of {desk.name} would meet it" if is_guard else f"{desk.name} has to get out, and would meet it"
        )
        for cid in parts:
            yield from self._withdrawals.ask(cid, reason)

    def parts_against(self, order: OrderRequest) -> list[Cid]:
        """Return the parts of undertakings that an order may meet."""
        return [
            own.life.order.cid
            for own in self._books.orders.open(order.symbol)
            if own.undertaking > 0 and own.life.order.side is order.side.opposite
        ]

    def is_blocked(self, undertaking: Undertaking, now: Mts) -> bool:
        """Tell whether a part of an undertaking would be in the way."""
        for key, way in tuple(self._ways.items()):
            if way.is_over(now):
                del self._ways[key]
        return any(
            (way.desk.symbol, way.against) == (undertaking.symbol, undertaking.side) for way in self._ways.values()
        )

    def kept_out(self, symbol: Symbol) -> list[Desk]:
        """Return the desks whose stops wait for orders of an instrument to go."""
        return [way.desk for way in self._ways.values() if way.is_guard and way.desk.symbol == symbol]

    def stands(self, desk: Desk) -> None:
        """Take that the stop of a desk needs no way any more."""
        self._ways.pop((desk.name, True), None)
