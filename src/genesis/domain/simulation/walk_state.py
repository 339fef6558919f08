"""What the walk of desks reads, and what it carries from candle to candle, in columns and rows.

Each instrument has a row in three matrices: its *settings*, *whole* numbers that it carries, and *real* ones. The names
of their places are below.
"""

from typing import Final, NamedTuple

from genesis.domain.candle import Floats, Ints

VALUE_MAX: Final = 2.0**60
"""No position is worth more atoms, and none has more: products would leave what `wide` takes."""


# What each instrument brings, and what it carries from candle to candle: rows of matrices, for a compiled loop cannot
# keep tuples in an array.
AMOUNT_MIN, SCALE, CAP, BAND, MOST_LOSSES, PAUSE_MS, STOP, TAKE, TRAIL, OFFSET, PATIENCE, IS_ON_MARGIN, SETTINGS = (
    range(13)
)
CURSOR, END, POSITION, VALUE, FLOW, LOSSES, PAUSE, BUDGET, PENDING, WANTED_BUDGET, UNITS, LAST_MTS = range(12)
REFUSED, REDUCED, PAUSED = range(12, 15)
ENTRY, IS_GUARDED, TRIGGER, TARGET, TRAIL_BY, BEST = range(15, 21)
RESTING, LIMIT, GIVEN_UP, BUDGET_BEFORE, IS_STOPPED_OUT, HELD, WHOLES = range(21, 28)
SIZE, ACTED_ON, WANTED, ACTED_BEFORE, REALS = range(5)

# What the fees are now, and the fills that they follow from: those from TAIL to before HEAD were made in the thirty
# days before HOUR, and come to UNITS and REST atoms of the quote currency. One number could not hold their sum.
MAKER, TAKER, HOUR, HEAD, TAIL, UNITS_TRADED, REST_TRADED, FEES = range(8)
FEE_HOURS: Final = 30 * 24

DRAWDOWN, DAILY_LOSS, LIQUIDATED = range(1, 4)
"""What ended the free choice: the kinds of a `Breaches` row."""


class Rules(NamedTuple):
    """What holds for all instruments; a limit below 0 is off, margin with a leverage of 0, impact with a cap of 0."""

    cash: int
    max_drawdown: int
    max_daily_loss: int
    only_reduces: bool
    leverage: int
    maintenance: int
    funding_a_day: int
    margin_fee: int
    impact: int
    impact_cap: int


class Till(NamedTuple):
    """The cash of all, what their positions are worth, and the number of fills."""

    cash: int
    worth: int
    filled: int


class Meeting(NamedTuple):
    """A candle that orders meet: its row and time, its prices, and what a market order in it pays beside the fee."""

    row: int
    now: int
    opened: float
    low: float
    high: float
    closed: float
    slippage: int
    volume: float


class Columns(NamedTuple):
    """The candles of all instruments, one after the other; *budget* and *slippage* in parts per billion.

    *slippages* is one number where all are the same, *volumes* empty where orders move nothing.
    """

    mts: Ints
    opens: Floats
    highs: Floats
    lows: Floats
    closes: Floats
    targets: Floats
    budgets: Ints
    slippages: Ints
    volumes: Floats


class Fills(NamedTuple):
    """Room for fills: the row of the candle, the amount (< 0 when sold), price, fee, what it was worth, who rested."""

    rows: Ints
    net_amounts: Ints
    prices: Ints
    fees: Ints
    notionals: Ints
    rested: Ints


class Breaches(NamedTuple):
    """Room for breaches: the row of the candle, the kind, and equity and peak then."""

    rows: Ints
    kinds: Ints
    equities: Ints
    peaks: Ints
