"""What a running session shows: its record, its metrics, its notes, and the latest decisions for the terminal."""

from collections import deque
from typing import Final

from genesis.app.session_feeding import SessionFeeding
from genesis.domain.core import TradingCore
from genesis.domain.events import Alert, AlertCode, OrderRefused, Submit
from genesis.domain.fill import Fill
from genesis.domain.link import Link, LinkState
from genesis.domain.order import Cid
from genesis.domain.statistics.record import Record, Recorder
from genesis.domain.units import Mts, decimal_from_atoms, format_atoms, format_scaled
from genesis.ports.metrics import Metrics
from genesis.ports.monitor import MonitorFeed

LINES_KEPT: Final = 8


class SessionObserver:
    """The observer of a paper session; `begin` comes before the first event."""

    def __init__(
        self, recorder: Recorder, metrics: Metrics, feed: MonitorFeed, feeding: SessionFeeding | None = None
    ) -> None:
        self.recorder = recorder
        self.lines: deque[str] = deque(maxlen=LINES_KEPT)
        self.last_mts: Mts | None = None
        self.venue_url = ""
        self.links: dict[str, Link] = {}
        self.round_trip_s: float | None = None
        self._metrics = metrics
        self._feed = feed
        self._feeding = feeding
        self._core: TradingCore | None = None

    @property
    def core(self) -> TradingCore:
        """The core under observation."""
        assert self._core is not None, "the session has not begun"
        return self._core

    @property
    def has_begun(self) -> bool:
        """Whether there is a core; a session may be stopped before."""
        return self._core is not None

    def begin(self, core: TradingCore) -> None:
        """Take the core that is about to run."""
        self._core = core
        if self._feeding is not None:
            self._feeding.begin(core)
        if core.halted is None:
            self._feed.set_status("running")
        else:  # before the restart, and still
            self._feed.set_status("halted", core.halted.text)

    def close(self, strategy: str, mts: int, equity: int, position: int) -> None:
        symbol = self.recorder.instrument.symbol
        if strategy != self.core.desks_of(symbol)[-1].name:
            return  # the account's state is that after the last of them
        equity, position = self.core.equity, self.core.position(symbol)
        self.recorder.close(mts, equity, position)
        self.last_mts = Mts(mts)
        self._feed.saw_event(self.last_mts)
        self._metrics.increment("candles_total")
        self._metrics.gauge("equity_quote", float(decimal_from_atoms(equity)))
        self._metrics.gauge("position_base", float(decimal_from_atoms(position)))

    def submit(self, submit: Submit) -> None:
        order = submit.order.order
        self._metrics.increment("orders_submitted_total", labels={"side": order.side.value})
        fields = {"cid": order.cid, "side": order.side.value, "amount": format_atoms(order.amount)}
        self._feed.note("order", "order.submitted", {**fields, "symbol": order.symbol})
        if self._feeding is not None:
            self._feeding.submit(submit)

    def fill(self, strategy: str, fill: Fill) -> None:
        self.recorder.fills.append(fill)
        self._metrics.increment("fills_total", labels={"side": fill.side.value})
        price = format_scaled(fill.price, self.recorder.instrument.price_decimals)
        amount, fee = format_atoms(fill.amount), format_atoms(fill.fee)
        self.lines.append(f"{fill.mts} {fill.side.value} {amount} {fill.symbol} at {price}, fee {fee}")
        fields = {"cid": fill.cid, "side": fill.side.value, "amount": amount, "price": price, "fee": fee}
        self._feed.note("order", "order.filled", {**fields, "symbol": fill.symbol})
        if self._feeding is not None:
            self._feeding.fill(strategy, fill)

    def refused(self, refused: OrderRefused) -> None:
        amount = "" if refused.amount is None else format_atoms(refused.amount)
        fields = {
            "code": refused.code.value,
            "observed": refused.observed,
            "allowed": refused.allowed,
            "strategy": refused.strategy,
            "side": refused.side.value,
            "amount": amount,
            "symbol": refused.symbol,
            "mts": refused.mts,
        }
        self._feed.note("risk", "risk.refused", fields)
        if self._feeding is not None:
            self._feeding.refused(refused)

    def alert(self, alert: Alert) -> None:
        self.recorder.alerts.append(alert)
        self._metrics.increment("alerts_total", labels={"code": alert.code.value})
        self.lines.append(f"{alert.mts} {alert.text}")
        self._feed.note("risk", f"risk.{alert.code.value}", {"text": alert.text, "mts": alert.mts}, "warning")
        if self.core.halted is not None:  # an order that failed is tried again, the session goes on
            self._feed.set_status("halted", alert.text)
        elif alert.code is AlertCode.OPERATOR_RESUME:
            self._feed.set_status("running")

    def ending(self, reason: str) -> None:
        """Take that the session ends by itself, and why."""
        self._feed.set_status("stopping", reason)

    def serving(self, url: str) -> None:
        """Take where the local venue is, for clients that want to listen along."""
        self.venue_url = url
        self._feed.note("system", "venue.serving", {"url": url})

    def link(self, state: LinkState) -> None:
        """Take the new state of a connection to the exchange."""
        self.links[state.name] = state.link
        self._metrics.gauge("link_open", float(state.link is Link.OPEN), {"link": state.name})
        fields = {"link": state.name, "reason": state.reason}
        is_open = state.link is Link.OPEN
        if self._feeding is not None:
            self._feeding.link(state)
        self._feed.note("link", f"link.{state.link.value}", dict(fields), "info" if is_open else "warning")
        if self.core.halted is not None:
            return
        down = [name for name, link in self.links.items() if link is not Link.OPEN]
        if down:
            self._feed.set_status("degraded", f"no connection: {', '.join(down)}")
        else:
            self._feed.set_status("running")

    def round_trip(self, seconds: float) -> None:
        """Take the time from sending an order to its acknowledgement."""
        self.round_trip_s = seconds
        self._metrics.observe("order_round_trip_seconds", seconds)

    def accepted_otherwise(self, cid: Cid, differences: tuple[str, ...]) -> None:
        """Take what the exchange accepted otherwise than asked."""
        self._metrics.increment("orders_accepted_otherwise_total")
        self._feed.note("order", "order.accepted_otherwise", {"cid": cid, "text": "; ".join(differences)}, "warning")

    def operator_must(self, cid: Cid, reason: str) -> None:
        """Take an order of which nothing can be proven any more."""
        self._metrics.increment("orders_given_up_total")
        text = f"{reason}: find out, end the session, then order.settle {cid}"
        self._feed.note("order", "order.given_up", {"cid": cid, "text": text}, "error")

    def record(self) -> Record:
        """Return the record of the session so far; the session is over then."""
        core, symbol = self.core, self.recorder.instrument.symbol
        for code, count in self.core.refusals.items():
            self._metrics.gauge("refusals", count, {"code": code.value})
        return self.recorder.finish(core.cash, core.position(symbol), core.refusals)
