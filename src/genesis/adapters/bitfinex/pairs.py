"""A limit and the stop that cancels it are one order of ours, and two at the exchange: here they become one again.

The stop is told by `placed_id`, the id of its limit. A fill of either half, even a partial one, cancels the other, so
the pair has what both have filled together and is over when both are.
Source: Bitfinex documentation, "Order flags", "One-cancels-other".
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from attrs import evolve

from genesis.domain.exchange.orders import FillReport, OrderReport, ReportedStatus
from genesis.domain.execution.look import Look
from genesis.domain.order import OrderId


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


def whole_pairs(look: Look) -> Look:
    """Return *look* with each pair as one order, and the fills of its stop as fills of it.

    Its lists are not of one moment, so that a limit that ended between them is in none. Its stop speaks for the pair
    while it is open or has filled; one that was cancelled says nothing of it, for the limit may have filled.
    """
    reports = [*look.open_orders, *look.history]
    limits = {report.id: report for report in reports if report.placed_id is None}
    stops = [(report, report.placed_id) for report in reports if report.placed_id is not None]
    if not stops:
        return look
    joined = {limit: _joined(limits[limit], stop) for stop, limit in stops if limit in limits}
    alone = [
        evolve(stop, id=limit, placed_id=None)
        for stop, limit in stops
        if limit not in limits and (stop.status.is_open or stop.amount_filled)
    ]
    orders = [*(joined.get(limit.id, limit) for limit in reports if limit.placed_id is None), *alone]
    return evolve(
        look,
        open_orders=tuple(order for order in orders if order.status.is_open),
        history=tuple(order for order in orders if not order.status.is_open),
        fills=_fills(look.fills, {stop.id: limit for stop, limit in stops}),
    )


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
