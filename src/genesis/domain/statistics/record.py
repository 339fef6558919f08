"""What a run leaves behind: its fills, its equity day by day, and what happened on the way.

The event engine fills a `Recorder` candle by candle; the columnar engine makes the same `Record` of its columns. Memory
grows with fills and days, not with candles.
"""

import hashlib
from array import array
from collections import Counter
from collections.abc import Mapping
from typing import Final

import numpy as np
from attrs import define, field, frozen

from genesis.domain.candle import DAY_MS, Candles
from genesis.domain.events import Alert
from genesis.domain.fill import Fill
from genesis.domain.instrument import Instrument
from genesis.domain.order import Cid, Side
from genesis.domain.risk.refusal import RefusalCode
from genesis.domain.simulation.columnar import Walk
from genesis.domain.units import Atoms, Mts, Price, format_atoms, format_scaled

RUINED: Final = 1.0
"""The drawdown of who has nothing left."""


@frozen
class Record:
    """The outcome of one run on one instrument; money in atoms, the position of the base currency."""

    instrument: Instrument
    initial_cash: Atoms
    final_cash: Atoms
    final_position: Atoms
    final_equity: Atoms
    candles: int
    candles_in_position: int
    max_drawdown: float
    days: tuple[tuple[Mts, Atoms], ...]
    """The start of each UTC day that has a candle, with the equity at that day's last close."""
    fills: tuple[Fill, ...]
    alerts: tuple[Alert, ...]
    refusals: Mapping[RefusalCode, int]
    on_margin: bool = False
    rested: frozenset[Cid] = frozenset()
    """Whose fills were of orders that rested at a limit."""

    @property
    def is_ruined(self) -> bool:
        """Whether nothing, or less, was left at some close: returns on that have no meaning, and no ratio of them."""
        return self.max_drawdown >= RUINED


def decision_hash(record: Record) -> str:
    """Return the SHA-256 over all fills and the final ledger: equal for equal behaviour, on any engine and machine.

    One line of ASCII each, ended by a newline: `mts,symbol,side,amount,price,fee` for every fill in order, then
    `ledger,cash,position`; numbers as plain decimals without trailing zeros.
    """
    digest = hashlib.sha256()
    decimals = record.instrument.price_decimals
    for fill in record.fills:
        price = format_scaled(fill.price, decimals)
        line = (
            f"{fill.mts},{fill.symbol},{fill.side.value},{format_atoms(fill.amount)},{price},{format_atoms(fill.fee)}\n"
        )
        digest.update(line.encode("ascii"))
    digest.update(f"ledger,{format_atoms(record.final_cash)},{format_atoms(record.final_position)}\n".encode("ascii"))
    return digest.hexdigest()


@define
class Recorder:
    """Takes a run as it happens; *equities* collects the equity at every close when it is given."""

    instrument: Instrument
    initial_cash: Atoms
    equities: "array[int] | None" = None
    on_margin: bool = False
    fills: list[Fill] = field(factory=list)
    alerts: list[Alert] = field(factory=list)
    rested: set[Cid] = field(factory=set)
    candles: int = 0
    candles_in_position: int = 0
    max_drawdown: float = 0.0
    _peak: int = field(init=False)
    _trough: int = field(init=False)
    _day_end: int = field(default=0, init=False)
    _days: list[tuple[Mts, Atoms]] = field(factory=list, init=False)
    _equity: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._peak = self._trough = self._equity = self.initial_cash

    def close(self, mts: int, equity: int, position: int) -> None:
        """Take the state at the close of the candle that began at *mts*."""
        self.close_of("", mts, equity, position)

    def close_of(self, _strategy: str, mts: int, equity: int, position: int) -> None:
        """Do as `close` does, as an observer of the trading loop is told: of the one strategy that there is."""
        if mts >= self._day_end:
            self._end_day()
            self._day_end = (mts // DAY_MS + 1) * DAY_MS
        self._equity = equity
        self.candles += 1
        if position:
            self.candles_in_position += 1
        if equity > self._peak:
            self._peak = self._trough = equity
        elif equity < self._trough:
            self._trough = equity
            self.max_drawdown = max(self.max_drawdown, drawdown_from(self._peak, equity))
        if self.equities is not None:
            self.equities.append(equity)

    def finish(self, cash: Atoms, position: Atoms, refusals: Mapping[RefusalCode, int]) -> Record:
        """Return the record of what was taken so far."""
        self._end_day()
        self._day_end = 0
        return Record(
            self.instrument,
            self.initial_cash,
            cash,
            position,
            Atoms(self._equity),
            self.candles,
            self.candles_in_position,
            self.max_drawdown,
            tuple(self._days),
            tuple(self.fills),
            tuple(self.alerts),
            Counter(refusals),
            self.on_margin,
            frozenset(self.rested),
        )

    def _end_day(self) -> None:
        if self._day_end:
            self._days.append((Mts(self._day_end - DAY_MS), Atoms(self._equity)))


def drawdown_from(peak: int, equity: int) -> float:
    """Return the share of *peak* that is lost at *equity*; 0 where there was no peak above zero."""
    return float(peak - equity) / float(peak) if peak > 0 else 0.0


_FIRST_CID: Final = 1


def record_of_walk(
    walk: Walk,
    candles: Candles,
    instrument: Instrument,
    cash: Atoms,
    alerts: tuple[Alert, ...],
    on_margin: bool = False,
) -> Record:
    """Return the record of a columnar run."""
    days = candles.mts // DAY_MS
    last_of_day = np.flatnonzero(np.diff(days, append=days[-1:] + 1)) if len(days) else np.empty(0, dtype=np.int64)
    peaks = np.maximum.accumulate(np.maximum(walk.equity, cash))
    with np.errstate(divide="ignore", invalid="ignore"):
        drawdowns = (peaks - walk.equity).astype(np.float64) / peaks.astype(np.float64)
    return Record(
        instrument,
        cash,
        walk.cash,
        walk.position,
        Atoms(int(walk.equity[-1])) if len(days) else cash,
        len(days),
        _candles_in_position(walk, len(days), on_margin),
        float(np.nanmax(drawdowns, initial=0.0)),
        tuple((Mts(int(days[i]) * DAY_MS), Atoms(int(walk.equity[i]))) for i in last_of_day),
        _fills(walk, candles, instrument),
        alerts,
        Counter({code: count for code, count in _refusals(walk) if count}),
        on_margin,
        _rested(walk),
    )


def _rested(walk: Walk) -> frozenset[Cid]:
    if walk.rested is None:
        return frozenset()
    return frozenset(Cid(int(at) + _FIRST_CID) for at in np.flatnonzero(walk.rested))


def _fills(walk: Walk, candles: Candles, instrument: Instrument) -> tuple[Fill, ...]:
    columns = (candles.mts[walk.row], walk.net_amount, walk.price, walk.fee)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return tuple(
        Fill(
            Mts(mts),
            instrument.symbol,
            Cid(cid),
            Side.BUY if amount > 0 else Side.SELL,
            Atoms(abs(amount)),
            Price(price),
            Atoms(fee),
        )
        for cid, (mts, amount, price, fee) in enumerate(rows, _FIRST_CID)
    )


def _refusals(walk: Walk) -> tuple[tuple[RefusalCode, int], ...]:
    return (
        (RefusalCode.AMOUNT_BELOW_MINIMUM, walk.refused),
        (RefusalCode.REDUCE_ONLY, walk.reduced),
        (RefusalCode.COOL_DOWN, walk.paused),
    )


def _candles_in_position(walk: Walk, candles: int, on_margin: bool) -> int:
    received = walk.net_amount if on_margin else walk.net_amount - np.where(walk.net_amount > 0, walk.fee, 0)
    held = np.cumsum(received)
    ends = np.append(walk.row[1:], candles)
    return int((ends - walk.row)[held != 0].sum())
