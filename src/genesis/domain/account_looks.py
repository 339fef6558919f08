"""What follows from a look at the whole account: what the books did not know is reported, adopted or stopped at."""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from genesis.domain.books import Books
from genesis.domain.events import AccountShown, Alert, AlertCode, Decision, LookUp, OrderReported
from genesis.domain.exchange.orders import OrderReport
from genesis.domain.execution.order_life import knows
from genesis.domain.execution.reconciliation import facts, missing, unremembered
from genesis.domain.foreign import UNBOUNDED, Claim, claim_of
from genesis.domain.instrument import Instrument
from genesis.domain.order import Cid
from genesis.domain.outcomes import Outcomes
from genesis.domain.units import Mts, Symbol, format_atoms

UNREMEMBERED_SHOWN: Final = 5
"""So many orders that nobody remembers are named."""


class AccountLooks:
    """See the module; *outcomes* take a fact about an order of ours, as if its exchange had just told it.

    *is_dry*: none of our orders ever left, so that all that the account has are those of other sessions.
    """

    def __init__(
        self,
        books: Books,
        instruments: Mapping[Symbol, Instrument],
        outcomes: Outcomes,
        *,
        is_dry: bool,
    ) -> None:
        self._books = books
        self._instruments = instruments
        self._outcomes = outcomes
        self._is_dry = is_dry
        self._unreadable: set[str] = set()

    def take(self, event: AccountShown, now: Mts) -> Iterator[Decision]:
        """Bring the books to what a look shows; after it they are reconciled."""
        books, mts = self._books, event.mts
        lives = {cid: own.life for cid, own in books.orders.by_cid.items()}
        read = facts(lives, event.look, self._instruments)
        yield from self._see_foreign(mts, read.foreign_orders)
        yield from self._remember(mts, unremembered(read, books.orders.next_cid))
        for text in read.unreadable:
            if text not in self._unreadable:  # once: who resumed has seen it, and every look shows it again
                self._unreadable.add(text)
                yield books.freeze(Alert(mts, AlertCode.ORDER_CONTRADICTION, text))
        for cid, evidence in read.ours:
            own = books.orders.by_cid.get(cid)  # an end that this look told may have let the oldest be forgotten
            if own is not None and not knows(own.life, evidence):
                yield from self._outcomes.take(OrderReported(mts, lives[cid].order.symbol, cid, evidence), now)
        for own in tuple(books.orders.open()):
            life = own.life
            is_missing = bool(missing({life.order.cid: life}, read.shown))
            if is_missing or life.filled_unbooked or not life.fee_is_known:
                yield LookUp(life.order.symbol, life.order.cid, life.order.mts)
        yield from books.adopt(event, len(read.foreign_fills))
        books.standings.reconciled()

    def _see_foreign(self, mts: Mts, orders: tuple[OrderReport, ...]) -> Iterator[Decision]:
        known = {claim.report.id for claim in self._books.foreign}
        self._books.foreign = tuple(map(claim_of, orders))
        for claim in self._books.foreign:
            report = claim.report
            if report.id not in known:
                text = f"order {report.id} {report.symbol}: {report.side.value} {report.amount} is not ours; it counts"
                yield Alert(mts, AlertCode.FOREIGN_ORDER, text + self._counted(claim))

    def _counted(self, claim: Claim) -> str:
        """Return with what an order counts whose instrument is not traded here, as the end of a sentence."""
        if claim.symbol in self._instruments:
            return ""
        books, quote = self._books, self._books.quote
        worth, bound = books.worth(claim), books.bound(claim)
        exposure = f"{format_atoms(worth)} {quote} of exposure"
        if worth >= UNBOUNDED:
            exposure = f"more than any limit of exposure, for nothing says what it may be worth in {quote}"
        return f" as {exposure}, and may take {format_atoms(bound)} {quote}"

    def _remember(self, mts: Mts, cids: Collection[Cid]) -> Iterator[Decision]:
        """Stop where the account has orders that nothing here knows of: what the strategies hold is not known then."""
        if not cids or self._is_dry:
            return
        self._books.orders.next_cid = max(cids) + 1  # known from now on: whoever resumes is not stopped by them again
        some = ", ".join(str(cid) for cid in sorted(cids)[:UNREMEMBERED_SHOWN])
        text = (
            f"{len(cids)} orders at the exchange ({some}) are made as ours are and younger than all that this journal "
            "knows: a backup was restored, or another Genesis trades here; nothing is sent until an operator resumes"
        )
        yield self._books.freeze(Alert(mts, AlertCode.JOURNAL_BEHIND, text))
