"""Our orders that are not done with: the life of each, whose it is, and what of it may still come.

Orders that ended are kept for a while, so that a late fill finds its owner; the oldest are forgotten first.
"""

from collections import deque
from collections.abc import Container, Iterator
from itertools import islice
from typing import Final, NamedTuple

from attrs import define, field

from genesis.domain.execution.evidence import Evidence, Traded, Vouched
from genesis.domain.execution.order_life import OrderLife, advance
from genesis.domain.fill import Fill
from genesis.domain.instrument import Instrument
from genesis.domain.order import Cid, OrderRequest, Side
from genesis.domain.risk.scene import Pending, is_dormant, limit_of
from genesis.domain.units import Atoms, Symbol, ceil_mul_div

KEPT_ENDED: Final = 10_000
"""How many ended orders wait for late fills, besides the parts of what is still under way."""


PROTECTION: Final = -1
"""The undertaking of orders that guard a position."""


class OwnOrder(NamedTuple):
    """An order, whose it is, and the undertaking it is part of: 0 where it is the whole of it."""

    strategy: str
    undertaking: int
    life: OrderLife


class Reported(NamedTuple):
    """What a fact changed: the order after it, the fill to book if there is one, and whether it ended the order."""

    order: OwnOrder
    fill: Fill | None
    has_ended: bool


@define
class Orders:
    """The orders by their cid; *next_cid* is above every cid that is known."""

    next_cid: int
    by_cid: dict[Cid, OwnOrder] = field(factory=dict)
    _ended: deque[Cid] = field(factory=deque)
    _open: dict[Cid, None] = field(factory=dict)  # in the order in which they were meant

    def intend(self, order: OrderRequest, strategy: str, undertaking: int) -> None:
        """Take an order that was decided and has not left; raises `ValueError` for a cid that was used before."""
        cid = order.cid
        if cid in self.by_cid:
            raise ValueError(f"order {cid} was there before: a cid is used once")
        self.by_cid[cid] = OwnOrder(strategy, undertaking, OrderLife(order))
        self._open[cid] = None
        self._know(cid)

    def take(self, order: OwnOrder) -> None:
        """Take an order as it stands, as after a restart."""
        cid = order.life.order.cid
        self.by_cid[cid] = order
        self._know(cid)
        if is_done(order.life):
            self._end(cid)
        else:
            self._open[cid] = None

    def report(self, own: OwnOrder, evidence: Evidence, instrument: Instrument) -> Reported:
        """Take a fact about an order as it stands here.

        Raises `ImpossibleStep` or `ContradictingEvidence`: then nothing has changed.
        """
        strategy, undertaking, before = own
        cid, life = before.order.cid, advance(before, evidence)
        after = self.by_cid[cid] = OwnOrder(strategy, undertaking, life)
        was_done, done = is_done(before), is_done(life)
        if done and not was_done:
            self._end(cid)
        elif was_done and not done:  # a late match whose fee is not known yet
            self._open[cid] = None
        fill = None
        if type(evidence) is Traded and evidence.fee is not None and not _was_booked(before, evidence):
            news = evidence if before.vouched is None else _beyond_the_word(before, life, evidence)
            fill = None if news is None else _fill(life.order, news, instrument)
        elif type(evidence) is Vouched and before.vouched is None and life.vouched is not None:
            fill = _fill(life.order, life.vouched, instrument)
        return Reported(after, fill, done and not was_done)

    def open(self, symbol: Symbol | None = None) -> Iterator[OwnOrder]:
        """Yield the orders of which something may still come, the oldest first."""
        for cid in self._open:
            own = self.by_cid[cid]
            if symbol is None or own.life.order.symbol == symbol:
                yield own

    def pending(self, symbol: Symbol) -> tuple[Pending, ...]:
        """Return what may still fill of an instrument, at its worst."""
        return tuple(
            Pending(life.order.cid, symbol, life.order.side, life.to_book, limit_of(life.order), is_dormant(life.order))
            for life in (own.life for own in self.open(symbol))
        )

    def children(self, undertaking: int) -> tuple[OrderLife, ...]:
        """Return the orders of an undertaking, the oldest first."""
        return tuple(own.life for own in self.by_cid.values() if own.undertaking == undertaking)

    def ended_lately(self, count: int) -> Iterator[OwnOrder]:
        """Yield up to *count* of the orders that ended last, the newest first."""
        for cid in islice(dict.fromkeys(reversed(self._ended)), count):
            if cid not in self._open:
                yield self.by_cid[cid]

    def forget(self, running: Container[int]) -> None:
        """Drop the oldest of too many ended orders, but no part of a *running* undertaking: it counts what they did."""
        for _ in range(len(self._ended) - KEPT_ENDED):
            oldest = self._ended.popleft()
            if oldest in self._open or oldest not in self.by_cid:
                continue  # a late match opened it again: it will end once more
            if self.by_cid[oldest].undertaking in running:
                self._ended.append(oldest)
            else:
                del self.by_cid[oldest]

    def _know(self, cid: Cid) -> None:
        if cid >= self.next_cid:
            self.next_cid = cid + 1

    def _end(self, cid: Cid) -> None:
        self._open.pop(cid, None)
        self._ended.append(cid)


def is_done(life: OrderLife) -> bool:
    """Whether nothing more is expected: it ended, and all that was filled is booked with its fees."""
    return life.status.is_terminal and not life.filled_unbooked and life.fee_is_known


def _beyond_the_word(before: OrderLife, life: OrderLife, trade: Traded) -> Traded | None:
    """Return what of a match is more than a person had vouched for, None where nothing is: their word was booked.

    Where the match had another price or fee, the wallets differ by that from the books, and the house takes it.
    """
    booked = (before.vouched.amount if before.vouched else 0) - (life.vouched.amount if life.vouched else 0)
    more = Atoms(trade.amount - booked)
    if not more or trade.fee is None:
        return None
    return trade._replace(amount=more, fee=Atoms(ceil_mul_div(trade.fee, more, trade.amount)))


def _was_booked(before: OrderLife, trade: Traded) -> bool:
    return trade.trade_id in [known.trade_id for known in before.trades if known.fee is not None]


def _fill(order: OrderRequest, trade: Traded, instrument: Instrument) -> Fill:
    """Return a match as the ledger books it: its fee in the currency that the fill brings.

    A fee in the other currency of the pair is converted at the fill's price against us; one in a third currency does
    not touch this account's cash or coins, and shows when the wallets are compared.
    """
    fee = trade.fee or Atoms(0)
    brings = instrument.base if order.side is Side.BUY else instrument.quote
    if trade.fee_currency and trade.fee_currency != brings:
        if trade.fee_currency == instrument.quote:
            fee = Atoms(ceil_mul_div(fee, instrument.price_scale, trade.price))
        elif trade.fee_currency == instrument.base:
            fee = Atoms(ceil_mul_div(fee, trade.price, instrument.price_scale))
        else:
            fee = Atoms(0)
    return Fill(trade.mts, order.symbol, order.cid, order.side, trade.amount, trade.price, fee)
