"""What the `data` commands do: import files into the archive, and check files and series."""

from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from genesis.adapters.candle_files.reader import CandleFile, claim, read_candle_file
from genesis.app.progress import progress
from genesis.domain.candle import Candles, Timeframe
from genesis.domain.candle_check import Finding
from genesis.domain.candle_series import Added, CandleSource
from genesis.domain.units import Symbol
from genesis.ports.candles import CandleArchive
from genesis.ports.errors import InputError


@frozen(eq=False)
class Imported:
    """One file that is in the archive now."""

    path: Path
    source: CandleSource
    notes: tuple[str, ...]
    added: Added


@frozen
class Report:
    """What a check says of one file or series: how much there is, which gaps it has, and what is wrong with it."""

    name: str
    symbol: Symbol
    timeframe: Timeframe
    rows: int
    first: int | None
    last: int | None
    gaps: int
    missing: int
    longest_gap: int
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def import_files(
    paths: Sequence[Path],
    archive: CandleArchive,
    symbol: Symbol | None = None,
    timeframe: Timeframe | None = None,
    *,
    repair: bool = False,
) -> list[Imported]:
    """Read and check all files, and only when all can be taken, add them to *archive*.

    Raises `InputError` with the whole report of the first file that is refused; then nothing was imported. One that
    contradicts the archive is refused too, after those before it were added.
    """
    files = [_read(path, symbol, timeframe) for path in paths]
    taken = [(file, *file.accept(repair=repair)) for file in files]
    done = []
    for file, candles, source in taken:
        added = archive.add(file.claim.symbol, file.claim.timeframe, candles, source, newer_wins=repair)
        done.append(Imported(file.path, source, file.checked.notes, added))
    return done


def check_names(
    names: Sequence[str],
    archive: CandleArchive,
    symbol: Symbol | None = None,
    timeframe: Timeframe | None = None,
) -> list[Report]:
    """Return a report on each file or series of the archive; on all series if there are no names.

    Raises `InputError` for what cannot be read at all, and `StoreError` for a damaged series.
    """
    known = {f"{each.symbol}-{each.timeframe.value}": each for each in archive.series()}
    reports = []
    for name in names or known:
        if name in known and not Path(name).is_file():
            series, candles = archive.read(known[name].symbol, known[name].timeframe)
            reports.append(_report(name, series.symbol, series.timeframe, len(candles), candles, (), ()))
        else:
            file = _read(Path(name), symbol, timeframe)
            found, what = file.checked, file.claim
            report = _report(name, what.symbol, what.timeframe, file.rows, found.candles, found.findings, found.notes)
            reports.append(report)
    if not reports:
        raise InputError("the candle archive is empty: name files to check, or data.import some")
    return reports


def _read(path: Path, symbol: Symbol | None, timeframe: Timeframe | None) -> CandleFile:
    with progress(f"reading {path.name}") as show:
        return read_candle_file(path, claim(path, symbol, timeframe), show)


def _report(
    name: str,
    symbol: Symbol,
    timeframe: Timeframe,
    rows: int,
    candles: Candles,
    findings: tuple[Finding, ...],
    notes: tuple[str, ...],
) -> Report:
    missing = [gap.missing for gap in candles.gaps(timeframe)]
    first, last = (int(candles.mts[0]), int(candles.mts[-1])) if len(candles) else (None, None)
    gaps = (len(missing), sum(missing), max(missing, default=0))
    return Report(name, symbol, timeframe, rows, first, last, *gaps, findings, notes)
