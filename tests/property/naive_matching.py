"""The matching engine once more, as plain as possible: lists, scans, and the rules in the order in which a person
tells them."""

from dataclasses import dataclass, field

from genesis.domain.order import Side

LIMITED = {"limit", "stop_limit", "fill_or_kill", "immediate_or_cancel"}
Note = tuple[object, ...]


@dataclass(eq=False)
class Naive:
    id: int
    owner: int
    side: Side
    kind: str
    left: int
    price: int = 0
    stop: int = 0
    trail: int = 0
    post_only: bool = False
    hidden: bool = False
    avoids_self: bool = False
    expires: int = 0
    place: str = "new"  # new, waiting, due, book, gone
    anchor: int = 0
    oco: "Naive | None" = None

    @property
    def sign(self) -> int:
        return 1 if self.side is Side.BUY else -1


@dataclass
class NaiveEngine:
    last: int = 0
    trade_id: int = 1
    orders: list[Naive] = field(default_factory=list)  # open ones; resting ones in the order of their arrival
    waiting: list[Naive] = field(default_factory=list)  # in the order in which their trigger was set
    anchors: list[Naive] = field(default_factory=list)
    due: list[Naive] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def find(self, order_id: int) -> Naive | None:
        return next((order for order in self.orders if order.id == order_id), None)

    def submit(self, order: Naive) -> None:
        self.notes.append(("accepted", order.id))
        self.orders.append(order)
        if order.kind in ("stop", "stop_limit", "trailing_stop"):
            order.place = "waiting"
            if order.kind == "trailing_stop":
                order.anchor = self.last
                self.anchors.append(order)
                if self.last:
                    order.stop = max(1, self.last + order.sign * order.trail)
            self.waiting.append(order)
            self.trigger(order.side)
        else:
            self.meet(order)

    def submit_pair(self, limit: Naive, stop: Naive) -> None:
        limit.oco, stop.oco = stop, limit
        self.submit(stop)
        self.submit(limit)

    def cancel(self, order_id: int) -> None:
        order = self.find(order_id)
        if order is None:
            self.notes.append(("rejected", order_id))
        else:
            self.end(order, "requested")

    def update(self, order_id: int, left: int | None, price: int | None, stop: int | None, trail: int | None) -> None:
        order = self.find(order_id)
        wrong = order is None or (
            (price is not None and order.kind not in LIMITED)
            or (stop is not None and order.kind not in ("stop", "stop_limit"))
            or (trail is not None and order.kind != "trailing_stop")
        )
        if order is None or wrong:
            self.notes.append(("rejected", order_id))
            return
        smaller = (price is None or price == order.price) and (left is None or left <= order.left)
        order.price = order.price if price is None else price
        order.left = order.left if left is None else left
        self.notes.append(("changed", order.id, "updated"))
        if order.place == "waiting" and (stop is not None or trail is not None):
            order.stop = order.stop if stop is None else stop
            order.trail = order.trail if trail is None else trail
            if order.kind == "trailing_stop" and order.anchor:
                order.stop = max(1, order.anchor + order.sign * order.trail)
            self.waiting.remove(order)
            self.waiting.append(order)
            self.trigger(order.side)
        if order.place == "book" and not smaller:
            order.place = "new"
            self.orders.remove(order)
            self.orders.append(order)
            self.meet(order)

    def expire(self, now: int) -> None:
        for order in sorted((o for o in self.orders if 0 < o.expires <= now), key=lambda o: (o.expires, o.id)):
            if order in self.orders:
                self.end(order, "expired")

    def drain(self) -> None:
        while self.due:
            order = self.due.pop(0)
            if order not in self.orders:
                continue
            self.end_pair(order)
            order.kind = "limit" if order.kind == "stop_limit" else order.kind
            self.notes.append(("changed", order.id, "triggered"))
            self.orders.remove(order)
            self.orders.append(order)
            self.meet(order)

    def queue(self, side: Side) -> list[Naive]:
        """The resting orders of a side, best first; `sorted` is stable, so equal prices keep their arrival."""
        sign = -1 if side is Side.BUY else 1
        return sorted((o for o in self.orders if o.place == "book" and o.side is side), key=lambda o: sign * o.price)

    def within(self, taker: Naive, maker: Naive) -> bool:
        return taker.kind not in LIMITED or taker.sign * taker.price >= taker.sign * maker.price

    def meet(self, taker: Naive) -> None:
        matches = [maker for maker in self.queue(taker.side.opposite) if self.within(taker, maker)]
        if taker.post_only and matches:
            self.end(taker, "post_only")
            return
        if taker.kind == "fill_or_kill" and not self.fills(taker, matches):
            self.end(taker, "fill_or_kill")
            return
        for maker in matches:
            if taker.left == 0:
                break
            if taker.avoids_self and maker.owner == taker.owner:
                self.end(taker, "self_trade")
                return
            amount = min(taker.left, maker.left)
            taker.left -= amount
            maker.left -= amount
            self.notes.append(("traded", self.trade_id, maker.price, amount, maker.id, taker.id))
            self.trade_id += 1
            if maker.left == 0:
                self.leave(maker)
            self.end_pair(maker)
            self.end_pair(taker)
            if maker.price != self.last:
                self.last = maker.price
                self.observe()
        if taker.left == 0:
            self.leave(taker)
        elif taker.kind == "limit":
            taker.place = "book"
        else:
            endings = {"fill_or_kill": "fill_or_kill", "immediate_or_cancel": "immediate_or_cancel"}
            self.end(taker, endings.get(taker.kind, "no_liquidity"))

    def fills(self, taker: Naive, matches: list[Naive]) -> bool:
        before_own = []
        for maker in matches:
            if taker.avoids_self and maker.owner == taker.owner:
                break
            before_own.append(maker.left)
        return sum(before_own) >= taker.left

    def observe(self) -> None:
        for side in (Side.SELL, Side.BUY):
            behind = [
                o
                for o in self.anchors
                if o.side is side and o.place == "waiting" and (o.anchor == 0 or o.sign * self.last < o.sign * o.anchor)
            ]
            for order in sorted(behind, key=lambda o: -o.sign * o.anchor):
                before, order.anchor = order.stop, self.last
                self.anchors.remove(order)
                self.anchors.append(order)
                order.stop = max(1, self.last + order.sign * order.trail)
                if order.stop != before:
                    self.waiting.remove(order)
                    self.waiting.append(order)
                    self.notes.append(("changed", order.id, "trailed"))
            self.trigger(side)

    def trigger(self, side: Side) -> None:
        reached = [
            o for o in self.waiting if self.last and o.side is side and o.stop and o.sign * self.last >= o.sign * o.stop
        ]
        for order in sorted(reached, key=lambda o: o.sign * o.stop):
            order.place = "due"
            self.waiting.remove(order)
            self.due.append(order)

    def leave(self, order: Naive) -> None:
        order.place = "gone"
        self.orders.remove(order)
        for line in (self.waiting, self.anchors, self.due):
            if order in line:
                line.remove(order)

    def end(self, order: Naive, reason: str) -> None:
        self.leave(order)
        self.notes.append(("ended", order.id, reason, order.left))
        self.end_pair(order)

    def end_pair(self, order: Naive) -> None:
        other, order.oco = order.oco, None
        if other is not None:
            other.oco = None
            if other in self.orders:
                self.end(other, "oco")
