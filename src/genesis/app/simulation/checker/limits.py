"""The account's limits on prices, data, repetitions and positions, reckoned from durable rows and what left.

Source of the rules: `docs/live.md`. A limit that is None, or that a session does not name, is off.
"""

from collections.abc import Mapping, Set
from typing import Any, Final

from attrs import define, field, frozen

from genesis.app.simulation.checker.findings import Findings

PPB: Final = 10**9
PROTECTION: Final = -1
"""The undertaking of what guards a position."""
LEAVES_WITHIN_S: Final = 15.0
"""The longest that an order may take from its decision to the wire: what it was decided on is over then (A22)."""

Entry = Mapping[str, Any]  # Any: JSON


@frozen
class Decided:
    """An order as it was decided: its strategy, what it trades, when by the market's time, and by which limits.

    *is_guard*: it only guards a position; *gets_out*: it brings out no more than its strategy held.
    """

    strategy: str
    symbol: str
    side: str
    mts: int
    limits: Entry
    is_guard: bool
    gets_out: bool


@define(eq=False)
class LimitView:
    """Follows the durable rows."""

    findings: Findings
    orders: dict[int, Decided] = field(factory=dict)
    """In the order in which they were decided, by cid."""
    _of_session: Entry = field(factory=dict)
    _of_person: Entry | None = None
    _quotes: dict[str, Entry] = field(factory=dict)

    def began(self, limits: Entry) -> None:
        """Take the limits of a session; those that a person has set go on."""
        self._of_session = limits

    def applied(self, limits: Entry) -> None:
        """Take the limits that a person has set."""
        self._of_person = limits

    def quoted(self, quote: Entry) -> None:
        """Take what the core was told of a market."""
        self._quotes[quote["symbol"]] = quote

    def decided(self, strategy: str, order: Entry, undertaking: int, held: int) -> None:
        """Hold an order to the market that it was decided on, and remember it; *held* is what its strategy has."""
        limits, symbol = self._of_session if self._of_person is None else self._of_person, order["symbol"]
        side = order["side"]
        gets_out = order["amount"] <= (held if side == "sell" else -held)
        decided = Decided(strategy, symbol, side, order.get("mts", 0), limits, undertaking == PROTECTION, gets_out)
        self.orders.setdefault(order["cid"], decided)
        quote, age_max = self._quotes.get(symbol), limits.get("max_data_age_ms")
        if quote is None:
            return
        if age_max is not None:
            age = quote["age_ms"] + max(0, order["mts"] - quote["mts"])
            told = f"order {order['cid']} was decided on data that were {age} ms old"
            self.findings.require(age <= age_max, "I7", told, quote)
        if limits.get("price_collar") is not None and order.get("oco_stop") is None:
            self._collar(order, quote, limits["price_collar"])

    def _collar(self, order: Entry, quote: Entry, collar: int) -> None:
        """Require that an order pays no more than the collar beyond the best of its own side; no pair is asked."""
        takes_any = order["type"] in ("market", "stop", "trailing_stop")
        if order["side"] == "buy":
            price = quote["ask"] if takes_any else order["price"]
            is_within = price * PPB <= quote["bid"] * (PPB + collar)
        else:
            price = quote["bid"] if takes_any else order["price"]
            is_within = price * PPB >= quote["ask"] * (PPB - collar)
        told = f"order {order['cid']} may {order['side']} at {price}, beyond the collar around the market"
        self.findings.require(is_within, "I12", told, quote)

    def left(self, cid: int, sent: Set[int], heard_s: float | None) -> None:
        """Take that an order leaves, beside those that were *sent*; its market was heard of last at *heard_s*."""
        mine = self.orders.get(cid)
        if mine is None:
            return
        age_max = mine.limits.get("max_data_age_ms")
        if age_max is not None:
            age_s = self.findings.now_s() - (heard_s or 0.0)
            told = f"order {cid} left {age_s:.1f} s after its market was heard of last"
            self.findings.require(age_s <= age_max / 1000 + LEAVES_WITHIN_S, "I7", told)
        most = mine.limits.get("max_repeats")
        if most is not None and not mine.gets_out:
            count = self._in_a_row(cid, mine, sent)
            told = f"order {cid} is the {count}. {mine.side} of {mine.strategy} in a row"
            self.findings.require(count <= most, "I12", told, mine.limits)

    def _in_a_row(self, cid: int, mine: Decided, sent: Set[int]) -> int:
        """Return how many orders of the same strategy and side left in a row, up to this one, and guarded nothing."""
        count, since = 1, mine.mts - mine.limits["repeat_window_ms"]
        for other, each in reversed(self.orders.items()):
            if each.mts <= since:
                break
            if other == cid or each.mts > mine.mts or (each.strategy, each.symbol) != (mine.strategy, mine.symbol):
                continue
            if each.is_guard:
                continue
            if each.side != mine.side:
                break
            count += other in sent
        return count
