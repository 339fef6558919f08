"""Candles as the exchange publishes them, one at a time and in columns; time frames, gaps, and resampling.

Market data is `float64`: the JSON number of the wire, whose shortest text is what was sent. An interval without a trade
has no candle, so gaps are data. Source: Bitfinex documentation, "Candles".
"""

import hashlib
import operator
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import partial
from itertools import chain
from typing import Final, NamedTuple, TypeVar, overload

import numpy as np
import numpy.typing as npt
from attrs import field, fields, frozen

from genesis.domain.units import Mts

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

Scalar = TypeVar("Scalar", bound=np.generic)

MINUTE_MS: Final = 60_000
DAY_MS: Final = 86_400_000
_FIRST_MONDAY: Final = 4 * DAY_MS  # 1970-01-05
_CHUNK: Final = 4096
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


class Candle(NamedTuple):
    """One interval that had a trade; *mts* is its start."""

    mts: Mts
    open: float
    high: float
    low: float
    close: float
    volume: float


class Gap(NamedTuple):
    """A run of intervals without a candle: the start of the first, and how many."""

    start: Mts
    missing: int


class Timeframe(Enum):
    """The intervals that Bitfinex offers, in UTC. Source: Bitfinex documentation, "Candles".

    Up to a day they are counted from midnight, and a month is the calendar's. That weeks begin on Monday, and that
    fortnights count from Monday 1970-01-05, is our assumption: the documentation does not say.
    """

    M1 = "1m"
    M5 = "5m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H3 = "3h"
    H6 = "6h"
    H12 = "12h"
    D1 = "1D"
    W1 = "1W"
    D14 = "14D"
    MONTH = "1M"

    @classmethod
    def parse(cls, text: str) -> "Timeframe":
        """Return the time frame that Bitfinex calls *text*; `7D` is the older name of `1W`. Raises `ValueError`."""
        try:
            return cls("1W" if text == "7D" else text)
        except ValueError:
            names = " ".join(each.value for each in cls)
            raise ValueError(f"{text!r} is not a time frame of Bitfinex: one of {names}") from None

    @property
    def span_ms(self) -> int:
        """The length of one interval; of a month, the shortest there is (28 days)."""
        return 28 * DAY_MS if self is Timeframe.MONTH else _SPAN_MS[self]

    def start(self, mts: int) -> Mts:
        """Return the start of the interval that holds *mts*."""
        if self is Timeframe.MONTH:
            day = _EPOCH + timedelta(milliseconds=mts)
            return Mts((datetime(day.year, day.month, 1, tzinfo=UTC) - _EPOCH) // _MILLISECOND)
        return Mts(mts - (mts - _anchor(self)) % _SPAN_MS[self])

    def end(self, mts: int) -> Mts:
        """Return the end of the interval that holds *mts*: the first instant at which its candle is known."""
        start = self.start(mts)
        if self is Timeframe.MONTH:
            return self.start(start + 31 * DAY_MS)
        return Mts(start + _SPAN_MS[self])

    def starts(self, mts: Ints) -> Ints:
        """Return the start of the interval of each time: `start` over a column."""
        if self is Timeframe.MONTH:
            return mts.astype("datetime64[ms]").astype("datetime64[M]").astype("datetime64[ms]").astype(np.int64)
        result: Ints = mts - (mts - _anchor(self)) % _SPAN_MS[self]
        return result

    def ordinals(self, mts: Ints) -> Ints:
        """Return the running number of the interval of each time; neighbours differ by one."""
        if self is Timeframe.MONTH:
            return mts.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
        result: Ints = (mts - _anchor(self)) // _SPAN_MS[self]
        return result

    def nests_in(self, coarser: "Timeframe") -> bool:
        """Whether each of these intervals lies within one of *coarser*: only then can candles be resampled to it."""
        if coarser is Timeframe.MONTH:
            return self.span_ms <= DAY_MS or self is Timeframe.MONTH
        return self is not Timeframe.MONTH and _SPAN_MS[coarser] % _SPAN_MS[self] == 0


_SPAN_MS: Final = {
    Timeframe.M1: MINUTE_MS,
    Timeframe.M5: 5 * MINUTE_MS,
    Timeframe.M15: 15 * MINUTE_MS,
    Timeframe.M30: 30 * MINUTE_MS,
    Timeframe.H1: 60 * MINUTE_MS,
    Timeframe.H3: 180 * MINUTE_MS,
    Timeframe.H6: 360 * MINUTE_MS,
    Timeframe.H12: 720 * MINUTE_MS,
    Timeframe.D1: DAY_MS,
    Timeframe.W1: 7 * DAY_MS,
    Timeframe.D14: 14 * DAY_MS,
}


def _anchor(timeframe: Timeframe) -> int:
    return _FIRST_MONDAY if timeframe in (Timeframe.W1, Timeframe.D14) else 0


def _times(values: npt.ArrayLike) -> Ints:
    array = np.asarray(values)
    if array.dtype.kind not in "iu" and len(array):
        raise ValueError(f"the times of candles must be integer milliseconds, not {array.dtype}")
    return _sealed(np.ascontiguousarray(array, dtype=np.int64))


def _numbers(values: npt.ArrayLike) -> Floats:
    return _sealed(np.ascontiguousarray(values, dtype=np.float64))


def _sealed(array: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
    # A view: the caller's own array stays as it was, and nothing is copied.
    view = array.view()
    view.flags.writeable = False
    return view


@frozen(eq=False)
class Candles:
    """Candles as columns of equal length, strictly rising in *mts*; the arrays are read-only views of what was given.

    Raises `ValueError` where that does not hold. What the numbers say is checked where they come in (`candle_check`).
    """

    mts: Ints = field(converter=_times)
    open: Floats = field(converter=_numbers)
    high: Floats = field(converter=_numbers)
    low: Floats = field(converter=_numbers)
    close: Floats = field(converter=_numbers)
    volume: Floats = field(converter=_numbers)

    def __attrs_post_init__(self) -> None:
        for column in fields(Candles):
            shape = getattr(self, column.name).shape
            if shape != (len(self.mts),):
                raise ValueError(f"candles: column {column.name} has shape {shape}, mts has {self.mts.shape}")
        falls = np.flatnonzero(self.mts[1:] <= self.mts[:-1])
        if len(falls):
            first = int(falls[0])
            before, after = self.mts[first], self.mts[first + 1]
            raise ValueError(f"candles: times must rise, but {after} follows {before} at row {first + 1}")

    @classmethod
    def from_rows(cls, rows: Iterable[Candle]) -> "Candles":
        """Return candles as columns; raises `ValueError` unless their times rise."""
        columns = list(zip(*rows, strict=True)) or [()] * len(Candle._fields)
        return cls(*map(np.array, columns)) if columns[0] else cls(*columns)

    def __len__(self) -> int:
        return len(self.mts)

    def __iter__(self) -> Iterator[Candle]:
        """Yield each candle as a tuple of plain Python numbers, a million in about 0.2 s, without holding them all."""
        make = partial(tuple.__new__, Candle)  # `Candle._make` does the same at three times the cost
        columns = (self.mts, self.open, self.high, self.low, self.close, self.volume)
        chunks = (
            zip(*(column[at : at + _CHUNK].tolist() for column in columns), strict=True)
            for at in range(0, len(self), _CHUNK)
        )
        return map(make, chain.from_iterable(chunks))

    @overload
    def __getitem__(self, index: int) -> Candle: ...
    @overload
    def __getitem__(self, index: slice) -> "Candles": ...
    def __getitem__(self, index: int | slice) -> "Candle | Candles":
        """Return one candle, or the candles of a slice with a positive step."""
        columns = (self.mts, self.open, self.high, self.low, self.close, self.volume)
        if isinstance(index, slice):
            return Candles(*(column[index] for column in columns))
        return Candle(Mts(int(self.mts[index])), *(float(column[index]) for column in columns[1:]))

    def between(self, start: int | None = None, end: int | None = None) -> "Candles":
        """Return the candles with start <= mts < end; None leaves that side open."""
        first = 0 if start is None else int(np.searchsorted(self.mts, start))
        last = len(self) if end is None else int(np.searchsorted(self.mts, end))
        return self[first : max(first, last)]

    def gaps(self, timeframe: Timeframe) -> list[Gap]:
        """Return the runs of missing intervals between the first candle and the last, in order."""
        missing = np.diff(timeframe.ordinals(self.mts)) - 1
        before = np.flatnonzero(missing > 0)
        ends = map(timeframe.end, self.mts[before].tolist())
        return [Gap(start, count) for start, count in zip(ends, missing[before].tolist(), strict=True)]


def calendar(mts: Ints) -> tuple[Ints, Ints]:
    """Return every UTC day from the first candle's to the last one's, as days since the epoch, of at least one candle.

    The second column is the row of the last candle up to the end of each day: a day without one has that of the day
    before.
    """
    days = mts // DAY_MS
    every = np.arange(days[0], days[-1] + 1, dtype=np.int64)
    return every, np.searchsorted(days, every, side="right") - 1


def resample(candles: Candles, timeframe: Timeframe) -> Candles:
    """Return candles of a coarser time frame: one for each interval that has data, its mts the start of the interval.

    The last one may still be forming. A candle is known at the end of its interval, no earlier, and never changes then.
    """
    if not len(candles):
        return candles
    ordinals = timeframe.ordinals(candles.mts)
    fresh = np.concatenate(([True], ordinals[1:] != ordinals[:-1]))
    first = np.flatnonzero(fresh)
    last = np.append(first[1:], len(candles)) - 1
    return Candles(
        timeframe.starts(candles.mts[first]),
        candles.open[first],
        np.maximum.reduceat(candles.high, first),
        np.minimum.reduceat(candles.low, first),
        candles.close[last],
        # bincount adds from left to right, as the step does; reduceat adds in pairs, and so differs in the last bit.
        np.bincount(np.cumsum(fresh) - 1, weights=candles.volume),
    )


def resample_step(forming: Candle | None, candle: Candle, timeframe: Timeframe) -> tuple[Candle, Candle | None]:
    """Return the candle that is forming and the one that *candle* proves closed, if any: `resample`, one at a time.

    Raises `ValueError` for a candle of an interval that is closed.
    """
    start = timeframe.start(candle.mts)
    if forming is None or start > forming.mts:
        return candle._replace(mts=start), forming
    if start < forming.mts:
        raise ValueError(f"candle {candle.mts} belongs to an interval that closed before {forming.mts}")
    merged = Candle(
        start,
        forming.open,
        max(forming.high, candle.high),
        min(forming.low, candle.low),
        candle.close,
        forming.volume + candle.volume,
    )
    return merged, None


def concatenate(parts: Iterable[Candles]) -> Candles:
    """Return the parts as one; raises `ValueError` unless their times rise from each to the next."""
    kept = [part for part in parts if len(part)]
    columns = (
        np.concatenate([read(part) for part in kept]) if kept else np.empty(0, np.int64)
        for read in map(operator.attrgetter, Candle._fields)
    )
    return Candles(*columns)


def rows_sha256(candles: Candles) -> str:
    """Return the SHA-256 of the rows in hexadecimal, whatever file they came from.

    Hashed are, row after row, mts as a little-endian int64, then open, high, low, close and volume as little-endian
    IEEE 754 doubles, zero always positive: 48 bytes a row, no header, no separator.
    """
    digest = hashlib.sha256()
    block = np.empty((_CHUNK, len(Candle._fields)), dtype="<f8")
    times = block.view("<i8")[:, 0]
    for at in range(0, len(candles), _CHUNK):
        rows = min(_CHUNK, len(candles) - at)
        times[:rows] = candles.mts[at : at + rows]
        for column, name in enumerate(Candle._fields[1:], 1):
            block[:rows, column] = getattr(candles, name)[at : at + rows]
        block[:rows, 1:] += 0.0  # turns -0.0 into 0.0 and leaves every other number alone
        digest.update(block[:rows].data)
    return digest.hexdigest()
