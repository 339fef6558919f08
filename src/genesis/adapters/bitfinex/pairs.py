"""A limit and the stop that cancels it are one order of ours, and two at the exchange: here they become one again.

The stop is told by `placed_id`, the id of its limit. A fill of either half, even a partial one, cancels the other, so
the pair has what both have filled together and is over when both are.
Source: Bitfinex documentation, "Order flags", "One-cancels-other".
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from attrs import evolve

from genesis.domain.exchange.orders import FillReport, OrderReport, ReportedStatus
from genesis.domain.execution.look import Look
from genesis.domain.order import OrderId, OrderType
from genesis.domain.units import Mts

LATE_MS: Final = 60_000
"""For so long after one half of a pair ended, the lists of the exchange may lack the other."""


def whole_order(halves: Iterable[OrderReport]) -> OrderReport | None:
    """Return the pair of which *halves* are what is known; None while that cannot be told: one ended, one is unseen."""
    limit: OrderReport | None = None
    stop: OrderReport | None = None
    for half in halves:
        if half.placed_id is None:
            limit = half
        else:
            stop = half
    if limit is None or (stop is None and not limit.status.is_open):
        return None
    return limit if stop is None else _joined(limit, stop)


def whole_pairs(look: Look, now: Mts) -> Look:
    """Return *look*, taken at *now*, with each pair as one order, and the fills of its stop as fills of it.

    Its lists are not of one moment, so that either half may be in none. A stop speaks for the pair while it is open or
    has filled. Half that was cancelled says nothing of it, for the other may have filled; that of a limit which stays
    alone is taken at its word after `LATE_MS`.
    """
    reports = [*look.open_orders, *look.history]
    limits = {report.id: report for report in reports if report.placed_id is None}
    stops = {report.placed_id: report for report in reports if report.placed_id is not None}
    if not stops and not any(_is_half(report) for report in reports):
        return look
    orders = []
    for limit in limits.values():
        stop = stops.get(limit.id)
        if stop is not None:
            orders.append(_joined(limit, stop))
        elif not _is_half(limit) or now - limit.mts_updated > LATE_MS:
            orders.append(limit)
    orders += [
        evolve(stop, id=limit, placed_id=None)
        for limit, stop in stops.items()
        if limit not in limits and (stop.status.is_open or stop.amount_filled)
    ]
    return evolve(
        look,
        open_orders=tuple(order for order in orders if order.status.is_open),
        history=tuple(order for order in orders if not order.status.is_open),
        fills=_fills(look.fills, {stop.id: limit for limit, stop in stops.items()}),
    )


def _is_half(report: OrderReport) -> bool:
    """Whether it is the limit of a pair, which names its stop's price, and ended before it was filled."""
    is_limit = report.type is OrderType.LIMIT and report.placed_id is None and bool(report.price_auxiliary)
    return is_limit and not report.status.is_open and report.amount_remaining > 0


def _joined(limit: OrderReport, stop: OrderReport) -> OrderReport:
    filled = limit.amount_filled + stop.amount_filled
    return evolve(
        limit,
        amount_remaining=max(Decimal(0), limit.amount - filled),
        status=_status(limit, stop, filled),
        mts_updated=max(limit.mts_updated, stop.mts_updated),
    )


def _status(limit: OrderReport, stop: OrderReport, filled: Decimal) -> ReportedStatus:
    """Return where a pair stands: open while a half is, else as the half ended that was filled."""
    if limit.status.is_open or stop.status.is_open:
        return ReportedStatus.PARTIALLY_FILLED if filled else ReportedStatus.ACTIVE
    return stop.status if stop.amount_filled else limit.status


def _fills(fills: Sequence[FillReport], limits: dict[OrderId, OrderId]) -> tuple[FillReport, ...]:
    return tuple(evolve(fill, order_id=limits[fill.order_id]) if fill.order_id in limits else fill for fill in fills)
