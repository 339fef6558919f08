"""Proof of absence: the only way on which an UNKNOWN order ends without having been seen.

The exchange shows what happened with a lag of its own, and each of its lists shows only part. So not having seen an
order proves nothing until every list was read whole, twice, late enough, while the platform worked, and while the order
was young enough to be in them. Times are monotonic seconds; a clock that is set cannot make a proof.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeAlias

from attrs import frozen

from genesis.domain.execution.evidence import ProvenAbsent
from genesis.domain.order import Cid
from genesis.domain.units import Mts

GRACE_S: Final = 60.0
"""How long after the request's deadline an order may still appear."""

BETWEEN_SEARCHES_S: Final = 10.0
AGE_MAX_S: Final = 13 * 86_400.0
"""The history reaches back two weeks; a day less is sure. Source: Bitfinex, "Orders History"."""


@frozen
class Lost:
    """An order whose answer was lost: when it was sent by wall clock, and its deadline and end in monotonic seconds.

    *connection_closed_s* is None while the request's connection could still bring an answer.
    """

    cid: Cid
    sent_mts: Mts
    sent_s: float
    deadline_s: float
    connection_closed_s: float | None

    @property
    def dates(self) -> frozenset[date]:
        """The UTC dates under which the exchange may know the cid: that of sending, and the one after or before."""
        sent = datetime.fromtimestamp(self.sent_mts / 1000, UTC)
        margin = timedelta(seconds=max(0.0, self.deadline_s - self.sent_s) + GRACE_S)
        return frozenset({(sent - margin).date(), sent.date(), (sent + margin).date()})


@frozen
class Search:
    """One look: begun and ended in monotonic seconds, what was read to the end, and whether the cid was in it."""

    begun_s: float
    ended_s: float
    platform_is_operative: bool
    open_orders_dates: frozenset[date]
    history_dates: frozenset[date]
    trades_dates: frozenset[date]
    found: bool = False

    def covers(self, dates: frozenset[date]) -> bool:
        """Whether all three lists were read to the end for all *dates*."""
        return dates <= self.open_orders_dates and dates <= self.history_dates and dates <= self.trades_dates


@frozen
class NotYet:
    """No proof so far: *reason* says what is missing; another search may begin at *retry_at_s*."""

    reason: str
    retry_at_s: float


@frozen
class OperatorMust:
    """No proof is possible any more: a person decides, and the exposure stays counted."""

    reason: str


Judgement: TypeAlias = ProvenAbsent | NotYet | OperatorMust


def judge_absence(lost: Lost, searches: Sequence[Search], now_s: float) -> Judgement:
    """Return whether *searches*, oldest first, prove that the exchange never had the order.

    Raises `ValueError` for a search that found it: that is evidence for `order_life`, never a proof of absence.
    """
    if any(search.found for search in searches):
        raise ValueError(f"order {lost.cid} was found: it is not absent")
    if now_s - lost.sent_s > AGE_MAX_S:
        return OperatorMust(f"order {lost.cid} is older than the history that could show it")
    if lost.connection_closed_s is None:
        return NotYet("the request's connection is still open", now_s + BETWEEN_SEARCHES_S)
    earliest_s = max(lost.deadline_s, lost.connection_closed_s) + GRACE_S
    first: Search | None = None
    for search in searches:
        if search.begun_s < earliest_s or not search.platform_is_operative or not search.covers(lost.dates):
            continue
        if first is None:
            first = search
        elif search.begun_s >= first.ended_s + BETWEEN_SEARCHES_S:
            after = (f"{each.begun_s - lost.deadline_s:.0f} s" for each in (first, search))
            return ProvenAbsent(
                f"open orders, history and trades of {', '.join(map(str, sorted(lost.dates)))} read whole twice, "
                f"{' and '.join(after)} after the deadline"
            )
    if first is None:
        return NotYet("no complete search late enough yet", max(now_s, earliest_s))
    return NotYet("one complete search, a second one is needed", max(now_s, first.ended_s + BETWEEN_SEARCHES_S))
