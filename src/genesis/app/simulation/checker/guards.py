"""What each strategy was worth, reckoned from the durable fills and candles alone: after a breach it buys no more.

Source of the rules: `docs/backtest-semantics.md`, "Guards". Worlds are spot accounts, so only purchases add risk.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from attrs import define, field

from genesis.app.simulation.checker.findings import Findings

DAY_MS: Final = 86_400_000
FOREVER: Final = 2**62
DECIDED_WITHIN_MS: Final = 120_000
"""How long after the beginning of a candle of a minute what it led to may be decided, and a bit."""

ROUNDING: Final = 100_000
"""Atoms by which this plain reckoning may differ from the ledger's: each fill is rounded."""

Entry = Mapping[str, Any]  # Any: JSON


@define(eq=False)
class Guarded:
    """One strategy: its money in atoms, its limits, and until when it may not buy, in candle time."""

    symbol: str
    limits: Entry
    price_scale: int
    cash: Decimal
    coins: int = 0
    price: Decimal = Decimal(0)
    peak: Decimal = Decimal(0)
    last: Decimal = Decimal(0)
    day_end: int = 0
    day_floor: Decimal | None = None
    stopped_until: int = 0
    flow: Decimal = Decimal(0)
    """What the round trip of the moment has brought in so far."""
    losses: int = 0
    paused_until: int = 0
    told: int = 0
    """The time of the last candle that it was told."""

    @property
    def equity(self) -> Decimal:
        """What it is worth at its last close or fill."""
        return self.cash + self.coins * self.price

    def restart(self) -> None:
        """Begin anew with what it is worth."""
        self.peak = self.last = self.equity
        self.day_end, self.day_floor, self.stopped_until = 0, None, 0
        self.losses = self.paused_until = 0

    def booked(self, fill: Entry) -> None:
        """Take a fill."""
        sign, before = 1 if fill["side"] == "buy" else -1, self.equity
        price, cash = Decimal(fill["price"]) / self.price_scale, self.cash
        self.cash -= sign * fill["amount"] * price
        self.coins += sign * fill["amount"]
        if sign > 0:
            self.coins -= fill["fee"]
        else:
            self.cash -= fill["fee"]
        self.price = price
        self.flow += self.cash - cash
        if not self.coins:
            self._ended(fill["mts"])
        if fill["mts"] < self.day_end:
            self.last += self.equity - before
        if fill["mts"] < self.day_end - DAY_MS and self.day_floor is not None:
            self.day_floor += self.equity - before

    def _ended(self, mts: int) -> None:
        """Take the end of a round trip: one that lost beyond all rounding counts, any other ends the streak."""
        self.losses = self.losses + 1 if self.flow < -ROUNDING else 0
        self.flow = Decimal(0)
        most = self.limits.get("cool_down_losses")
        if most is not None and self.losses >= most:
            self.losses, self.paused_until = 0, mts + self.limits["cool_down_ms"]

    def closed(self, candle: Entry) -> None:
        """Take a close, and stop the strategy if that breached a limit beyond all rounding."""
        mts, limits = candle["mts"], self.limits
        self.told = mts
        self.price = Decimal(str(candle["close"]))
        equity = self.equity
        self.peak = max(self.peak, equity)
        if mts >= self.day_end:
            self.day_end = (mts // DAY_MS + 1) * DAY_MS
            loss = limits["max_daily_loss"]
            self.day_floor = None if loss is None else self.last - loss
        self.last = equity
        share, halts = limits["max_drawdown"], limits["on_breach"] == "halt"
        if share is not None and equity < self.peak * (10**9 - share) / 10**9 - ROUNDING:
            self.stopped_until = FOREVER
        elif self.day_floor is not None and equity < self.day_floor - ROUNDING:
            self.stopped_until = max(self.stopped_until, FOREVER if halts else self.day_end)
        elif mts >= self.stopped_until:
            self.stopped_until = 0


@define(eq=False)
class GuardView:
    """Follows the durable rows; *price_scales* are by symbol."""

    findings: Findings
    price_scales: Mapping[str, int]
    strategies: dict[str, Guarded] = field(factory=dict)

    def began(self, entry: Entry) -> None:
        """Take the strategies of a session; what earlier ones traded goes on."""
        for each in entry["strategies"]:
            if each["name"] not in self.strategies:
                symbol = each["instrument"]["symbol"]
                guarded = Guarded(symbol, each["limits"], self.price_scales[symbol], Decimal(each["cash"]))
                guarded.restart()
                self.strategies[each["name"]] = guarded

    def booked(self, strategy: str, fill: Entry) -> None:
        """Take a fill."""
        self.strategies[strategy].booked(fill)

    def closed(self, symbol: str, candle: Entry) -> None:
        """Take a close that the strategies decided on."""
        for guarded in self.strategies.values():
            if guarded.symbol == symbol:
                guarded.closed(candle)

    def resumed(self, target: str) -> None:
        """Take that a person let one strategy, or all of them, go on."""
        for name, guarded in self.strategies.items():
            if target in ("", name):
                guarded.restart()

    def submitted(self, strategy: str, order: Entry) -> None:
        """Take an order that was decided."""
        guarded = self.strategies[strategy]
        self.findings.require(
            not (order["side"] == "buy" and guarded.stopped_until),
            "I13",
            f"order {order['cid']} buys for {strategy}, which lost more than it may: {guarded.equity:.0f} atoms of "
            f"{guarded.peak:.0f}",
            guarded,
        )
        # By the market's time and by the machine's, whose clock may be set: within the pause by both is beyond doubt.
        is_paused = max(guarded.told + DECIDED_WITHIN_MS, order.get("mts", FOREVER)) < guarded.paused_until
        self.findings.require(
            not (order["side"] == "buy" and is_paused),
            "I13",
            f"order {order['cid']} buys for {strategy}, which cools down until {guarded.paused_until}",
            guarded,
        )
