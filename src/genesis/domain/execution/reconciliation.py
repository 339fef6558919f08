"""What a look at the exchange says about our orders: evidence for each, and what is not ours or not there.

Nothing is concluded from absence: an order that a look does not show stays as it was, counts in exposure, and is named
as missing, for `absence` or a person to settle. Reconciling twice with the same look changes nothing.
"""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Final

from attrs import frozen

from genesis.domain.exchange.orders import FillReport, OrderReport
from genesis.domain.execution.evidence import (
    AnswerLost,
    Evidence,
    NothingLeft,
    evidence_from_fill,
    evidence_from_report,
)
from genesis.domain.execution.look import Look
from genesis.domain.execution.order_life import OrderLife, Status
from genesis.domain.instrument import Instrument
from genesis.domain.nonce import CIDS_PER_MS, OUR_CID_MS_MAX
from genesis.domain.order import Cid, OrderId
from genesis.domain.units import InexactNumber, Symbol

_SHOWN: Final = frozenset({Status.UNKNOWN, Status.WORKING, Status.PARTIAL})
"""Orders that a look should show. One that is being sent has a deadline of its own."""

RESTED_MS_MAX: Final = 14 * 86_400_000
"""How long before its fill an order of ours may have been sent, to be told from the numbers of other programs."""


def after_crash(life: OrderLife) -> Evidence | None:
    """Return what the end of its session proves of an order; None where it changes nothing.

    An intent without a record of sending never left. One that was being sent may have: nobody knows until a look shows.
    """
    match life.status:
        case Status.INTENT:
            return NothingLeft("the session ended before it was sent")
        case Status.SENDING:
            return AnswerLost("the session ended while it was being sent")
        case _:
            return None


@frozen
class Facts:
    """What a look says, before anything follows from it: *ours* in the order in which it is to be taken.

    *shown* are those of our orders that the look has, *unreadable* says what of it cannot be read.
    """

    ours: tuple[tuple[Cid, Evidence], ...]
    foreign_orders: tuple[OrderReport, ...]
    foreign_fills: tuple[FillReport, ...]
    shown: frozenset[Cid]
    unreadable: tuple[str, ...]


def facts(lives: Mapping[Cid, OrderLife], look: Look, instruments: Mapping[Symbol, Instrument]) -> Facts:
    """Read *look*; *lives* are the orders that are ours, by cid, *instruments* what we trade."""
    ours: list[tuple[Cid, Evidence]] = []
    foreign_orders: list[OrderReport] = []
    foreign_fills: list[FillReport] = []
    shown: set[Cid] = set()
    unreadable: list[str] = []
    cids = {life.id: cid for cid, life in lives.items() if life.id is not None}

    def take(cid: Cid, read: Callable[[], Evidence]) -> None:
        try:
            ours.append((cid, read()))
        except InexactNumber as error:
            unreadable.append(f"order {cid}: {error}")

    # What ended comes last, for a list of open orders may be older than the history that was read after it.
    for report in (*look.open_orders, *look.history):
        cid = _owner(report, lives, cids)
        if cid is None:
            if report.status.is_open:
                foreign_orders.append(report)
            continue
        cids[report.id] = cid
        shown.add(cid)
        take(cid, partial(evidence_from_report, report))
    for fill in look.fills:
        cid = _owner_of_fill(fill, lives, cids)
        instrument = instruments.get(fill.symbol)
        if cid is None or instrument is None or lives[cid].order.symbol != fill.symbol:
            foreign_fills.append(fill)
        elif fill.side is not lives[cid].order.side:
            unreadable.append(f"order {cid}: its fill {fill.id} is a {fill.side.value}")
        else:
            take(cid, partial(evidence_from_fill, fill, instrument))
    return Facts(tuple(ours), tuple(foreign_orders), tuple(foreign_fills), frozenset(shown), tuple(unreadable))


def unremembered(read: Facts, next_cid: int) -> frozenset[Cid]:
    """A25: return the orders that are made as ours are, and younger than any that is known.

    Whoever sent them was a Genesis with this key: the journal that knows of them is not the one that was read.
    """
    created = ((report.cid, report.mts_created) for report in read.foreign_orders)
    filled = ((fill.cid, fill.mts) for fill in read.foreign_fills)
    return frozenset(
        cid
        for cid, mts in (*created, *filled)
        if cid is not None and cid >= next_cid and -OUR_CID_MS_MAX <= mts - cid // CIDS_PER_MS <= RESTED_MS_MAX
    )


def missing(lives: Mapping[Cid, OrderLife], shown: Collection[Cid]) -> tuple[Cid, ...]:
    """Return the orders that a look should have shown and did not."""
    return tuple(cid for cid, life in lives.items() if life.status in _SHOWN and cid not in shown)


def _owner(report: OrderReport, lives: Mapping[Cid, OrderLife], cids: Mapping[OrderId, Cid]) -> Cid | None:
    """Return which of our orders *report* is about: by the exchange's id, else ours if the rest fits."""
    known = cids.get(report.id)
    if known is not None:
        return known
    life = None if report.cid is None else lives.get(report.cid)
    if life is None or (life.order.symbol, life.order.side) != (report.symbol, report.side):
        return None
    return life.order.cid


def _owner_of_fill(fill: FillReport, lives: Mapping[Cid, OrderLife], cids: Mapping[OrderId, Cid]) -> Cid | None:
    """Return which of our orders *fill* is a match of; where no report names its order any more, its cid does."""
    known = cids.get(fill.order_id)
    if known is not None:
        return known
    life = None if fill.cid is None else lives.get(fill.cid)
    return fill.cid if life is not None and life.id is None and life.order.side is fill.side else None
