"""The candles of a run: what a person names becomes one instrument's candles, and is told where they came from.

A name is `synthetic`, `synthetic:SEED` or `synthetic:SEED:DAYS`; a file (CSV, gzip, JSON, or Parquet of the archive);
or a series of the archive, `tBTCUSD-1m`, or `tBTCUSD` for its finest. Several are joined. No name at all is the
archive's series of the symbol, where it has one, and else a synthetic market, which the notes say.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

from attrs import evolve, field, frozen

from genesis.adapters.candle_files.reader import claim, read_candle_file, said_by_name
from genesis.adapters.candles_parquet import read_parquet
from genesis.app.backtest_result import DataDescription
from genesis.app.progress import progress
from genesis.domain.candle import Candles, Timeframe, resample, rows_sha256
from genesis.domain.candle_merge import ConflictingCandles, merge
from genesis.domain.candle_series import CandleSeries
from genesis.domain.instrument import PRICE_DECIMALS
from genesis.domain.price_rounding import price_rounding
from genesis.domain.simulation.synthetic import synthetic_candles
from genesis.domain.units import Symbol
from genesis.ports.candles import CandleArchive
from genesis.ports.errors import InputError, NoCandles

Number = TypeVar("Number", int, float)

DEFAULT_SYMBOL: Final = Symbol("tBTCUSD")
DEFAULT_SEED: Final = 1
DEFAULT_DAYS: Final = 30.0
ROUNDING_MAX: Final = 0.01
"""What rounding may change a price by; a fraction of it."""

_SERIES: Final = re.compile(r"(t[A-Z0-9]{2,}(?::[A-Z0-9]{2,})?)(?:-(\w+))?")
_FILES: Final = (".csv", ".gz", ".json", ".parquet", ".txt")


@frozen
class Wanted:
    """What a run wants of its candles: those with start <= mts < end, resampled to *timeframe*; None leaves it open.

    With *repair*, faulty files give what is left of them, and where names overlap and differ, the later name wins.
    """

    symbol: Symbol | None = None
    timeframe: Timeframe | None = None
    start: int | None = None
    end: int | None = None
    repair: bool = False


@frozen(eq=False)
class MarketData:
    """Candles of one instrument, ready to run on, and where they came from; *others* are those read beside them."""

    symbol: Symbol
    timeframe: Timeframe
    candles: Candles
    files: tuple[str, ...]
    notes: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()
    is_synthetic: bool = False
    others: Mapping[Symbol, Candles] = field(factory=dict)

    def until(self, end: int) -> "MarketData":
        """Return the same, without the candles from *end* on."""
        return evolve(self, candles=self.candles.between(None, end))

    def description(self) -> DataDescription:
        """Return what a report says of these candles."""
        gaps = self.candles.gaps(self.timeframe)
        return DataDescription(
            symbol=self.symbol,
            timeframe=self.timeframe.value,
            files=self.files,
            rows=len(self.candles),
            first_mts=int(self.candles.mts[0]),
            last_mts=int(self.candles.mts[-1]),
            gaps=len(gaps),
            missing=sum(gap.missing for gap in gaps),
            sha256=rows_sha256(self.candles),
            is_synthetic=self.is_synthetic,
            notes=(*self.notes, *(f"repaired: {repair}" for repair in self.repairs)),
            others={symbol: rows_sha256(candles) for symbol, candles in self.others.items()},
        )


def market_data(names: Sequence[str], wanted: Wanted, archive: CandleArchive) -> MarketData:
    """Return the candles that *names* and *wanted* ask for; there is at least one.

    Prices finer than eight decimals, as the cheapest coins have, are rounded in every run; that is told, and refused
    where it would change one by more than 1 %. Raises `InputError` for that, and for what cannot be found, read, joined
    or resampled; `StoreError` for a damaged archive.
    """
    parts = [_part(name, wanted, archive) for name in names] or [_unnamed(wanted, archive)]
    return _with_rounding_told(_resampled(_cut(_joined(parts, wanted), wanted), wanted))


def _part(name: str, wanted: Wanted, archive: CandleArchive) -> MarketData:
    if name == "synthetic" or name.startswith("synthetic:"):
        return _synthetic(name, wanted)
    path = Path(name)
    match = _SERIES.fullmatch(name)
    if match is None and path.suffix not in _FILES and (path.is_dir() or not path.exists()):
        raise NoCandles(f"{name!r}: is no file, and no series of the candle archive such as tBTCUSD-1m")
    if match is None or path.suffix in _FILES or path.is_file():
        return _from_parquet(path) if path.suffix == ".parquet" else _from_file(path, wanted)
    series, candles = archive.read(*_series_named(name, match[1], match[2], archive))
    return _from_series(series, candles, f"archive:{series.symbol}-{series.timeframe.value}")


def _synthetic(name: str, wanted: Wanted) -> MarketData:
    _, *numbers = name.split(":")
    try:
        seed = _number(int, numbers[0], "the seed is a whole number") if numbers else DEFAULT_SEED
        days = _number(float, numbers[1], "the days are a number") if numbers[1:] else DEFAULT_DAYS
        if numbers[2:]:
            raise ValueError("too many parts")
        candles = synthetic_candles(seed, days)
        if not len(candles):
            raise ValueError("so few days have no candle")
    except ValueError as error:
        raise InputError(f"{name}: {error}: write synthetic, synthetic:SEED or synthetic:SEED:DAYS") from error
    note = f"synthetic market, seed {seed}, {days:g} days: made up, it proves nothing about a strategy"
    symbol = wanted.symbol or DEFAULT_SYMBOL
    return MarketData(symbol, Timeframe.M1, candles, (f"synthetic:{seed}:{days:g}",), (note,), is_synthetic=True)


def _number(number: Callable[[str], Number], text: str, said: str) -> Number:
    try:
        return number(text)
    except ValueError:
        raise ValueError(f"{said}, not {text!r}") from None


def _from_file(path: Path, wanted: Wanted) -> MarketData:
    if not path.exists():
        raise NoCandles(f"{path}: there is no such file")
    symbol, timeframe = said_by_name(path)
    what = claim(path, symbol or wanted.symbol, timeframe or wanted.timeframe)
    with progress(f"reading {path.name}") as show:
        file = read_candle_file(path, what, show)
    candles, source = file.accept(repair=wanted.repair)
    notes = tuple(f"{path.name}: {note}" for note in file.checked.notes)
    repairs = tuple(f"{path.name}: {repair}" for repair in source.repairs)
    return MarketData(what.symbol, what.timeframe, candles, (_shown(path),), notes, repairs)


def _from_parquet(path: Path) -> MarketData:
    if not path.is_file():
        raise NoCandles(f"{path}: there is no such file")
    return _from_series(*read_parquet(path), _shown(path))


def _shown(path: Path) -> str:
    """The path as text that JSON and a report can carry: file names of Linux need not be UTF-8."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _from_series(series: CandleSeries, candles: Candles, name: str) -> MarketData:
    repairs = tuple(f"{source.name}: {repair}" for source in series.sources for repair in source.repairs)
    return MarketData(series.symbol, series.timeframe, candles, (name,), repairs=repairs)


def _series_named(name: str, symbol: str, timeframe: str | None, archive: CandleArchive) -> tuple[Symbol, Timeframe]:
    if timeframe is not None:
        try:
            return Symbol(symbol), Timeframe.parse(timeframe)
        except ValueError as error:
            raise InputError(f"{name}: {error}") from error
    known = [each for each in archive.series() if each.symbol == symbol]
    if not known:
        raise NoCandles(f"{name}: is no file, and not in the candle archive: see data.list, or data.import it")
    return known[0].symbol, known[0].timeframe


def _unnamed(wanted: Wanted, archive: CandleArchive) -> MarketData:
    symbol = wanted.symbol or DEFAULT_SYMBOL
    if any(each.symbol == symbol for each in archive.series()):
        return _part(symbol, wanted, archive)
    return _synthetic("synthetic", wanted)


def _joined(parts: Sequence[MarketData], wanted: Wanted) -> MarketData:
    whole = parts[0]
    for part in parts[1:]:
        if (part.symbol, part.timeframe) != (whole.symbol, whole.timeframe):
            raise InputError(
                f"{_title(part)} cannot be joined with {_title(whole)}: name one instrument and time frame"
            )
        try:
            candles = merge(whole.candles, part.candles, newer_wins=wanted.repair).candles
        except ConflictingCandles as error:
            raise InputError(f"{_title(part)} contradicts {_title(whole)}: {error}") from error
        files, notes, repairs = whole.files + part.files, whole.notes + part.notes, whole.repairs + part.repairs
        is_synthetic = whole.is_synthetic or part.is_synthetic
        whole = MarketData(whole.symbol, whole.timeframe, candles, files, notes, repairs, is_synthetic)
    if wanted.symbol not in (None, whole.symbol):
        raise InputError(f"{_title(whole)}: {wanted.symbol} was asked for")
    return whole


def _title(part: MarketData) -> str:
    return f"{', '.join(part.files)} ({part.symbol}-{part.timeframe.value})"


def _cut(whole: MarketData, wanted: Wanted) -> MarketData:
    candles = whole.candles.between(wanted.start, wanted.end)
    if not len(candles):
        first, last = _day(int(whole.candles.mts[0])), _day(int(whole.candles.mts[-1]))
        raise NoCandles(f"{_title(whole)}: no candles in the time asked for: it has {first} to {last}")
    return _with(whole, whole.timeframe, candles)


def _resampled(whole: MarketData, wanted: Wanted) -> MarketData:
    coarser = wanted.timeframe or whole.timeframe
    if coarser is whole.timeframe:
        return whole
    if not whole.timeframe.nests_in(coarser):
        raise InputError(f"{_title(whole)}: candles of {whole.timeframe.value} do not make up {coarser.value}")
    note = f"resampled from {len(whole.candles)} candles of {whole.timeframe.value}"
    return _with(whole, coarser, resample(whole.candles, coarser), note)


def _with_rounding_told(whole: MarketData) -> MarketData:
    change = price_rounding(whole.candles, PRICE_DECIMALS)
    if not change:
        return whole
    said = f"prices are finer than {PRICE_DECIMALS} decimals, and are rounded by up to {100.0 * change:.2g} %"
    if change > ROUNDING_MAX:
        raise InputError(f"{_title(whole)}: {said}: too cheap an instrument for an honest run")
    return _with(whole, whole.timeframe, whole.candles, said)


def _with(whole: MarketData, timeframe: Timeframe, candles: Candles, *notes: str) -> MarketData:
    said = (*whole.notes, *notes)
    return MarketData(whole.symbol, timeframe, candles, whole.files, said, whole.repairs, whole.is_synthetic)


def _day(mts: int) -> str:
    return datetime.fromtimestamp(mts / 1000, UTC).strftime("%Y-%m-%d %H:%M")
