"""The view of a session in memory: the run loop feeds it, HTTP reads it, and however long it runs it is bounded."""

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final, TypeVar

from attrs import define, evolve, field

from genesis.domain.units import Mts
from genesis.ports.session_view import (
    CandleRow,
    Changes,
    EquityPoint,
    FillRow,
    FillSlice,
    Order,
    OrderDetail,
    OrderReasons,
    OrderSlice,
    OrderStep,
    Overview,
    Span,
)

KEPT_MAX: Final = 10_000
"""Orders and fills that are kept; the oldest leave first, open orders last."""

POINTS_MAX: Final = 20_000
CHANGES_MAX: Final = 4_096
STEPS_MAX: Final = 256

Item = TypeVar("Item")
_Change = Order | FillRow | CandleRow | EquityPoint


@define
class _Kept:
    """An order with everything that is known of it; *place* is its own in the history."""

    place: int
    order: Order
    reasons: OrderReasons | None
    steps: list[OrderStep] = field(factory=list)


class MemorySessionView:
    """Both sides, `SessionView` and `SessionFeed`; any thread may call any method.

    Changes are kept for readers that come back within the last *changes_max* of them; others start anew.
    """

    def __init__(self, empty: Overview, *, kept_max: int = KEPT_MAX, changes_max: int = CHANGES_MAX) -> None:
        self._lock = threading.Lock()
        self._seq = 0
        self._overview, self._overview_seq = empty, 0
        self._kept_max = kept_max
        self._changes: deque[tuple[int, _Change]] = deque(maxlen=changes_max)
        self._lost_seq = 0
        self._orders: dict[int, _Kept] = {}
        self._fills: deque[FillRow] = deque(maxlen=kept_max)
        self._candles: deque[CandleRow] = deque(maxlen=POINTS_MAX)
        self._equity: list[EquityPoint] = []
        self._equity_every, self._equity_skipped = 1, 0
        self._fill_seq = 0
        self._place = 0

    def show(self, overview: Overview) -> None:
        with self._lock:
            self._seq += 1
            self._overview, self._overview_seq = overview, self._seq

    def order(self, order: Order, step: OrderStep, reasons: OrderReasons | None = None) -> None:
        with self._lock:
            kept = self._orders.get(order.cid)
            if kept is None:
                self._place += 1
                kept = self._orders[order.cid] = _Kept(self._place, order, reasons)
                self._make_room()
            kept.order = order
            kept.reasons = kept.reasons or reasons
            if len(kept.steps) < STEPS_MAX:
                kept.steps.append(step)
            self._changed(order)

    def fill(self, fill: FillRow) -> None:
        with self._lock:
            self._fill_seq += 1
            fill = evolve(fill, seq=self._fill_seq)
            self._fills.append(fill)
            self._changed(fill)

    def candle(self, candle: CandleRow) -> None:
        with self._lock:
            if self._candles and self._candles[-1].mts == candle.mts:
                self._candles[-1] = candle
            else:
                self._candles.append(candle)
            self._changed(candle)

    def equity(self, point: EquityPoint) -> None:
        with self._lock:
            self._changed(point)
            self._equity_skipped += 1
            if self._equity_skipped < self._equity_every:
                return
            self._equity_skipped = 0
            self._equity.append(point)
            if len(self._equity) > POINTS_MAX:
                del self._equity[1::2]
                self._equity_every *= 2

    def overview(self) -> Overview:
        with self._lock:
            return evolve(self._overview, seq=self._seq)

    def changes(self, since: int) -> Changes:
        with self._lock:
            if since < self._lost_seq or since > self._seq:
                return Changes(self._seq, is_whole=False)
            overview = evolve(self._overview, seq=self._seq) if self._overview_seq > since else None
            newest = reversed(self._changes)
            found = [change for seq, change in _while_after(newest, since)]
            found.reverse()
            return Changes(
                self._seq,
                True,
                overview,
                _last_of_each(each for each in found if isinstance(each, Order)),
                [each for each in found if isinstance(each, FillRow)],
                [each for each in found if isinstance(each, CandleRow)],
                [each for each in found if isinstance(each, EquityPoint)],
            )

    def orders(self, span: Span, *, only_open: bool = False) -> OrderSlice:
        with self._lock:
            fitting = (
                kept
                for kept in reversed(self._orders.values())
                if (span.before is None or kept.place < span.before)
                and _is_within(kept.order.created_mts, span)
                and (kept.order.is_open or not only_open)
            )
            found = list(islice(fitting, span.limit + 1))
        is_last = len(found) <= span.limit
        found = found[: span.limit]
        return OrderSlice(None if is_last else found[-1].place, [kept.order for kept in found])

    def order_detail(self, cid: int) -> OrderDetail | None:
        with self._lock:
            kept = self._orders.get(cid)
            if kept is None:
                return None
            fills = [fill for fill in self._fills if fill.cid == cid]
            return OrderDetail(kept.order, list(kept.steps), kept.reasons, fills)

    def fills(self, span: Span) -> FillSlice:
        with self._lock:
            fitting = (
                fill
                for fill in reversed(self._fills)
                if (span.before is None or fill.seq < span.before) and _is_within(fill.mts, span)
            )
            found = list(islice(fitting, span.limit + 1))
        is_last = len(found) <= span.limit
        found = found[: span.limit]
        return FillSlice(None if is_last else found[-1].seq, found)

    def candles(self, span: Span) -> Sequence[CandleRow]:
        with self._lock:
            newest = (each for each in reversed(self._candles) if _is_within(each.mts, span))
            found = list(islice(newest, span.limit))
        found.reverse()
        return found

    def equity_points(self, span: Span) -> Sequence[EquityPoint]:
        with self._lock:
            found = [each for each in self._equity if _is_within(each.mts, span)]
        return _thinned(found, span.limit)

    def _changed(self, change: _Change) -> None:
        self._seq += 1
        if len(self._changes) == self._changes.maxlen:
            self._lost_seq = self._changes[0][0]
        self._changes.append((self._seq, change))

    def _make_room(self) -> None:
        if len(self._orders) <= self._kept_max:
            return
        over = next((cid for cid, kept in self._orders.items() if not kept.order.is_open), next(iter(self._orders)))
        del self._orders[over]


def _while_after(newest: Iterable[tuple[int, _Change]], since: int) -> Iterable[tuple[int, _Change]]:
    for each in newest:
        if each[0] <= since:
            return
        yield each


def _last_of_each(orders: Iterable[Order]) -> list[Order]:
    return list({order.cid: order for order in orders}.values())


def _is_within(mts: Mts, span: Span) -> bool:
    return (span.start is None or mts >= span.start) and (span.end is None or mts < span.end)


def _thinned(points: Sequence[EquityPoint], limit: int) -> Sequence[EquityPoint]:
    """Return at most *limit* points: of each run of neighbours the one with the deepest drawdown, and the last."""
    if len(points) <= limit:
        return points
    *older, last = points
    if limit == 1:
        return [last]
    size = -(-len(older) // (limit - 1))
    runs = (older[start : start + size] for start in range(0, len(older), size))
    return [*(max(run, key=lambda point: point.drawdown) for run in runs), last]
