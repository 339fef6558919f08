"""What a running session shows of its trading: a read model that the run loop feeds and that HTTP reads.

Money is exact and already plain text (`ExactText`), for it is only shown from here on; ratios and node values are
floats. Times are the market's (`mts`), unless a name says otherwise.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NewType, Protocol

from attrs import Factory, frozen

from genesis.domain.units import Mts, Symbol

ExactText = NewType("ExactText", str)
"""A number as plain decimal text, exact to its last digit: `-0.00012`, never `-1.2e-4`."""

GuardState = Literal["clear", "near", "breached", "off"]
"""`near` is four fifths of what is allowed and more; `off` has no limit."""


@frozen
class Portfolio:
    """The account at one moment, in *currency*; *drawdown* is a fraction of the peak, 0 to 1."""

    mts: Mts
    currency: str
    equity: ExactText
    cash: ExactText
    equity_start: ExactText
    equity_peak: ExactText
    pnl: ExactText
    pnl_day: ExactText
    fees: ExactText
    drawdown: float
    drawdown_max: float


@frozen
class Position:
    """What is held of one instrument; *net_amount* is signed, *weight* a fraction of equity."""

    symbol: Symbol
    net_amount: ExactText
    price_average: ExactText
    price_mark: ExactText
    notional: ExactText
    pnl_open: ExactText
    weight: float


@frozen
class LimitUse:
    """One limit and how much of it is used; *headroom* is what is left of *allowed*. An empty text is no limit.

    *used* is the fraction of the limit that is used, 0 where there is none. *unit* is a currency, `%` or `orders`.
    """

    name: str
    scope: str
    unit: str
    observed: ExactText
    allowed: ExactText
    headroom: ExactText
    used: float
    state: GuardState


@frozen
class Guard:
    """A check that orders pass, and how often it said no: "why not".

    *observed* and *allowed* are those of the last refusal, in the units of the check.
    """

    name: str
    refusals: int
    refused_last: str = ""
    refused_last_mts: Mts | None = None
    observed: str = ""
    allowed: str = ""


@frozen
class OrderStep:
    """One thing that happened to an order, with what proves it."""

    mts: Mts
    what: str
    evidence: str


@frozen
class NodeValue:
    """The value of one node of a strategy's expression; null while it warms up."""

    node: str
    value: float | None


@frozen
class OrderReasons:
    """The decision behind an order: the target, the weight before and after the guards, and every node's value."""

    decided_mts: Mts
    target: float
    weight: float
    weight_capped: float
    nodes: Sequence[NodeValue] = ()


@frozen
class Order:
    """An order as it stands; *price* is empty for a market order, *price_average* until it filled.

    *stop_price* is where a stop waits, the one of a pair too; *trail* how far a trailing stop stays behind.
    """

    cid: int
    symbol: Symbol
    side: Literal["buy", "sell"]
    type: str
    amount: ExactText
    filled: ExactText
    price: ExactText
    price_average: ExactText
    status: str
    is_open: bool
    strategy: str
    created_mts: Mts
    updated_mts: Mts
    note: str = ""
    stop_price: ExactText = ExactText("")
    trail: ExactText = ExactText("")


@frozen
class OrderDetail:
    """An order with its life and its reasons; without reasons where no strategy asked for it."""

    order: Order
    life: Sequence[OrderStep]
    reasons: OrderReasons | None
    fills: Sequence["FillRow"]


@frozen
class FillRow:
    """A match of one of our orders; *seq* rises by one a fill. The fee is in *fee_currency*."""

    seq: int
    mts: Mts
    cid: int
    symbol: Symbol
    side: Literal["buy", "sell"]
    amount: ExactText
    price: ExactText
    fee: ExactText
    fee_currency: str
    strategy: str


@frozen
class StrategyState:
    """A strategy at its last decision; *pnl* is what its own fills made, as if it were alone.

    *name* tells it from the others of the session, *label* is what it runs.
    """

    name: str
    label: str
    symbol: Symbol
    timeframe: str
    is_on: bool
    target: float | None
    pnl: ExactText
    fills: int
    params: Mapping[str, str] = Factory(dict)
    nodes: Sequence[NodeValue] = ()
    decided_mts: Mts | None = None


@frozen
class LinkView:
    """A connection: `open`, `reconnect`, `maintenance` or `closed`, since when, and why."""

    name: str
    state: str
    since_mts: Mts
    reason: str


@frozen
class LatencyRow:
    """How long one client's requests of one kind took, in milliseconds, since the session began."""

    client: str
    kind: str
    count: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float


@frozen
class CandleRow:
    """A candle as charts want it."""

    mts: Mts
    open: float
    high: float
    low: float
    close: float
    volume: float


@frozen
class EquityPoint:
    """The account at one close, as charts want it."""

    mts: Mts
    equity: float
    drawdown: float


@frozen
class Overview:
    """Everything that a page shows at once, apart from histories; *seq* is the last change that it contains."""

    seq: int
    mode: str
    symbol: Symbol
    timeframe: str
    portfolio: Portfolio | None
    positions: Sequence[Position] = ()
    limits: Sequence[LimitUse] = ()
    guards: Sequence[Guard] = ()
    strategies: Sequence[StrategyState] = ()
    links: Sequence[LinkView] = ()
    is_halted: bool = False
    is_reduce_only: bool = False


@frozen
class Changes:
    """What changed since a sequence number: the state where it is another, and what was added to the histories.

    *is_whole* is false when the histories no longer reach back that far: the reader starts anew.
    """

    seq: int
    is_whole: bool
    overview: Overview | None = None
    orders: Sequence[Order] = ()
    fills: Sequence[FillRow] = ()
    candles: Sequence[CandleRow] = ()
    equity: Sequence[EquityPoint] = ()


@frozen
class Span:
    """A part of a history: from *start* up to, but without, *end*, older than place *before*, at most *limit*."""

    limit: int
    before: int | None = None
    start: Mts | None = None
    end: Mts | None = None


@frozen
class OrderSlice:
    """Orders, the youngest first; *next* is the `before` of the page that follows, null on the last."""

    next: int | None
    items: Sequence[Order]


@frozen
class FillSlice:
    """Fills, the youngest first; *next* is the `before` of the page that follows, null on the last."""

    next: int | None
    items: Sequence[FillRow]


class SessionView(Protocol):
    """What readers may ask, from any thread. Calls never block longer than a copy takes."""

    def overview(self) -> Overview:
        """Return the state of this moment."""

    def changes(self, since: int) -> Changes:
        """Return what changed after the sequence number *since*."""

    def orders(self, span: Span, *, only_open: bool = False) -> OrderSlice:
        """Return orders that were created in *span*, the youngest first."""

    def order_detail(self, cid: int) -> OrderDetail | None:
        """Return one order with its life and reasons; None where there is no such order, or no longer."""

    def fills(self, span: Span) -> FillSlice:
        """Return fills of *span*, the youngest first."""

    def candles(self, span: Span) -> Sequence[CandleRow]:
        """Return the last candles of *span*, oldest first; `before` is not used."""

    def equity_points(self, span: Span) -> Sequence[EquityPoint]:
        """Return the equity over *span* in at most `limit` points, oldest first; `before` is not used."""


class SessionFeed(Protocol):
    """What the run loop tells. Calls never block and never raise; each one is a change that readers see."""

    def show(self, overview: Overview) -> None:
        """Take the state of this moment; its sequence number is given here."""

    def order(self, order: Order, step: OrderStep, reasons: OrderReasons | None = None) -> None:
        """Take an order as it now stands, and what happened to it; reasons are kept from the first time on."""

    def fill(self, fill: FillRow) -> None:
        """Take a fill; its sequence number is given here."""

    def candle(self, candle: CandleRow) -> None:
        """Take a candle; one of the same time as the last replaces it."""

    def equity(self, point: EquityPoint) -> None:
        """Take the account at a close; histories thin out as they grow."""
