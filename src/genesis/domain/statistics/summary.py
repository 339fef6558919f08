"""The figures of a run, from its record. Every ratio says how it is made; where one has no meaning it is None.

Daily returns are E(d) ÷ E(d-1) − 1 over every UTC day from the first candle's to the last one's, the first against
the initial cash, and 0 where a day has no candle; crypto trades every day, so a year has 365 of them, and the
risk-free rate is taken as 0. A run that was ruined at some close has no ratios at all.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from attrs import frozen

from genesis.domain.candle import DAY_MS
from genesis.domain.fill import Fill
from genesis.domain.ledger import cost_of, value_of
from genesis.domain.order import Side
from genesis.domain.statistics.record import Record
from genesis.domain.units import Atoms, Mts

DAYS_PER_YEAR: Final = 365


@frozen
class RoundTrip:
    """From flat to flat: what went out and what came back, in atoms of the quote currency, fees included."""

    opened: Mts
    closed: Mts
    spent: Atoms
    returned: Atoms

    @property
    def profit(self) -> int:
        """What it brought."""
        return self.returned - self.spent


@frozen
class Summary:
    """Figures of one run; percentages of 100, money in atoms of the quote currency."""

    round_trips: int
    max_drawdown_pct: float
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    profit_factor: float | None
    win_rate_pct: float | None
    exposure_pct: float
    turnover: float
    total_fees: Atoms
    total_return_pct: float


def summarise(record: Record) -> Summary:
    """Return the figures of *record*."""
    trips = round_trips(record)
    profits = [trip.profit for trip in trips]
    gains, losses = sum(p for p in profits if p > 0), -sum(p for p in profits if p < 0)
    returns = [] if record.is_ruined else daily_returns(record)
    scale = record.instrument.price_scale
    traded = sum(value_of(fill.amount, fill.price, scale) for fill in record.fills)
    return Summary(
        round_trips=len(trips),
        max_drawdown_pct=record.max_drawdown * 100.0,
        sharpe=sharpe(returns),
        sortino=sortino(returns),
        calmar=calmar(record),
        profit_factor=gains / losses if losses and not record.is_ruined else None,
        win_rate_pct=100.0 * sum(p > 0 for p in profits) / len(profits) if profits and not record.is_ruined else None,
        exposure_pct=100.0 * record.candles_in_position / record.candles if record.candles else 0.0,
        turnover=traded / record.initial_cash if record.initial_cash else 0.0,
        total_fees=Atoms(sum(fee_in_quote(fill, scale, record.on_margin) for fill in record.fills)),
        total_return_pct=_growth(record) * 100.0,
    )


def daily_returns(record: Record) -> list[float]:
    """Return the return of each UTC day of the run: 0.0 without a candle, or after a day that ended with nothing."""
    return returns_of(record.initial_cash, record.days)


def returns_of(initial: Atoms, days: Sequence[tuple[Mts, Atoms]]) -> list[float]:
    """Return the return of each UTC day from the first of *days* to the last, given what all was worth at their ends.

    A day that is missing returns 0.0. Left out, weeks would pass for days, and yearly ratios be √7 too large.
    """
    found: list[float] = []
    before, due = initial, days[0][0] if days else Mts(0)
    for day, equity in days:
        found += [0.0] * ((day - due) // DAY_MS)
        found.append(equity / before - 1.0 if before > 0 else 0.0)
        before, due = equity, Mts(day + DAY_MS)
    return found


def sharpe(returns: Sequence[float]) -> float | None:
    """Return mean ÷ standard deviation (n − 1) of daily returns, times √365; None when nothing varies."""
    if len(returns) < 2:
        return None
    mean = math.fsum(returns) / len(returns)
    # A product is rounded in one way, a power of the C library in more than one: sweeps make the same in columns.
    squares = math.fsum((each - mean) * (each - mean) for each in returns)
    deviation = math.sqrt(squares / (len(returns) - 1))
    return mean / deviation * math.sqrt(DAYS_PER_YEAR) if deviation > 0.0 else None


def sortino(returns: Sequence[float]) -> float | None:
    """Return mean ÷ root mean square of the negative daily returns (over all days), times √365; None without a loss."""
    if len(returns) < 2:
        return None
    mean = math.fsum(returns) / len(returns)
    downside = math.sqrt(math.fsum(min(each, 0.0) ** 2 for each in returns) / len(returns))
    return mean / downside * math.sqrt(DAYS_PER_YEAR) if downside > 0.0 else None


def calmar(record: Record) -> float | None:
    """Return yearly growth ÷ maximum drawdown, over the span from first to last day.

    None without a drawdown, for who was ruined, and where a few days grew so much that a year of them is beyond all
    numbers.
    """
    if not record.days or record.max_drawdown <= 0.0 or record.is_ruined:
        return None
    days = (record.days[-1][0] - record.days[0][0]) / DAY_MS + 1.0
    growth = 1.0 + _growth(record)
    try:
        yearly = growth ** (DAYS_PER_YEAR / days) - 1.0 if growth > 0.0 else -1.0
    except OverflowError:
        return None
    return yearly / record.max_drawdown


def round_trips(record: Record) -> list[RoundTrip]:
    """Return every passage from flat to flat, in order; a position still open at the end is none."""
    trips = _margin_trips if record.on_margin else _round_trips
    return list(trips(record.fills, record.instrument.price_scale))


def trip_returns(initial: Atoms, trips: Iterable[RoundTrip]) -> list[float]:
    """Return the profit of each round trip ÷ all that the account had when it began, *initial* before the first.

    While it is flat an account is worth its cash, so what each begins with is what those before it left.
    """
    returns, equity = [], int(initial)
    for trip in trips:
        returns.append(trip.profit / equity if equity > 0 else 0.0)
        equity += trip.profit
    return returns


def fee_in_quote(fill: Fill, price_scale: int, on_margin: bool = False) -> int:
    """Return a fill's fee in atoms of the quote currency, rounded up where it was paid in base."""
    is_in_base = fill.side is Side.BUY and not on_margin
    return cost_of(fill.fee, fill.price, price_scale) if is_in_base else fill.fee


def _round_trips(fills: Sequence[Fill], scale: int) -> Iterator[RoundTrip]:
    held, spent, returned, opened = 0, 0, 0, Mts(0)
    for fill in fills:
        if held == 0:
            spent, returned, opened = 0, 0, fill.mts
        if fill.side is Side.BUY:
            held += fill.amount - fill.fee
            spent += cost_of(fill.amount, fill.price, scale)
        else:
            held -= fill.amount
            returned += value_of(fill.amount, fill.price, scale) - fill.fee
        if held == 0:
            yield RoundTrip(opened, fill.mts, Atoms(spent), Atoms(returned))


def _margin_trips(fills: Sequence[Fill], scale: int) -> Iterator[RoundTrip]:
    """Yield the trips of an account that may be short: *spent* is what was opened, at its prices.

    The fee of a fill that turns the position counts to the trip that it ends; margin funding belongs to none.
    """
    held, flow, opened_worth, opened = 0, 0, 0, Mts(0)
    for fill in fills:
        before, held = held, held + fill.amount * fill.side.sign
        if fill.side is Side.BUY:
            flow -= cost_of(fill.amount, fill.price, scale) + fill.fee
        else:
            flow += value_of(fill.amount, fill.price, scale) - fill.fee
        if before == 0:
            opened_worth, opened = 0, fill.mts
        if before * held < 0 or (before and not held):
            left = held * fill.price // scale
            yield RoundTrip(opened, fill.mts, Atoms(opened_worth), Atoms(opened_worth + flow + left))
            flow, opened_worth, opened = -left, cost_of(abs(held), fill.price, scale), fill.mts
        elif before * fill.side.sign >= 0:
            opened_worth += cost_of(fill.amount, fill.price, scale)


def _growth(record: Record) -> float:
    return record.final_equity / record.initial_cash - 1.0 if record.initial_cash else 0.0
