"""Orders of ours that are to be cancelled: each is asked for once, and again where the exchange may not have heard."""

from collections.abc import Iterable, Iterator

from genesis.domain.events import Cancel
from genesis.domain.execution.orders import Orders
from genesis.domain.order import Cid


class Withdrawals:
    """See the module; *orders* are all of the account."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._asked: set[Cid] = set()

    def ask(self, cid: Cid, reason: str) -> Iterator[Cancel]:
        """Cancel an order, unless that was asked for already."""
        if cid not in self._asked:
            self._asked.add(cid)
            life = self._orders.by_cid[cid].life
            yield Cancel(life.order.symbol, cid, life.id, life.order.mts, reason)

    def were_asked(self, cids: Iterable[Cid]) -> None:
        """Take that somebody else asks for these."""
        self._asked.update(cids)

    def was_asked(self, cid: Cid) -> bool:
        """Tell whether an order is to be cancelled."""
        return cid in self._asked

    def showed_itself(self, cid: Cid) -> None:
        """Take that the exchange has an order, or that it is over: a cancel from before may have found nothing."""
        self._asked.discard(cid)

    def clear(self) -> None:
        """Forget what was asked for, as before each look: what that shows open is to be cancelled still.

        After a restart no cancel of before has left for certain.
        """
        self._asked.clear()
