"""The candle archive: `data.import`, `data.check`, `data.list`."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from genesis.app.commands import command
from genesis.app.invoking import Context, Exit

if TYPE_CHECKING:
    from genesis.app.candle_import import Imported, Report
    from genesis.domain.candle import Timeframe
    from genesis.domain.candle_series import CandleSeries
    from genesis.domain.units import Symbol

_CLAIM = {
    "symbol": "What the files hold, if their names do not say it: tBTCUSD.",
    "timeframe": "Their time frame, if their names do not say it: 1m.",
    "json": "Print one JSON object.",
}


@command(
    "data.import",
    words="paths",
    help={"paths": "Files to read.", "repair": "Take what is left of faulty files; newer candles win.", **_CLAIM},
)
def import_(
    _: Context,
    paths: Sequence[str] = (),
    symbol: str = "",
    timeframe: str = "",
    repair: bool = False,
    json: bool = False,
) -> None:
    """Put candles into the archive.

    Reads CSV in Bitfinex's order (mts,open,close,high,low,volume; plain or gzip) and the JSON of the candles endpoint.
    Files with faults are refused whole. Killed at any instant, the archive is the old one or the new one.
    """
    from genesis.adapters.candles_parquet import ParquetCandles
    from genesis.app.candle_import import import_files
    from genesis.app.home import candle_folder
    from genesis.ports.errors import InputError

    if not paths:
        raise InputError("no file is named: write data.import PATH...")
    archive = ParquetCandles(candle_folder())
    done = import_files([Path(path) for path in paths], archive, *_claim(symbol, timeframe), repair=repair)
    if json:
        _print_json({"imported": [_imported_document(each) for each in done]})
    for each in done:
        _tell(each, sys.stderr if json else sys.stdout)


@command("data.check", words="names", help={"names": "Files or series (default: the whole archive).", **_CLAIM})
def check(_: Context, names: Sequence[str] = (), symbol: str = "", timeframe: str = "", json: bool = False) -> None:
    """Report gaps, duplicates, disorder and impossible candles, with counts and the first offenders.

    Exits 1 if there are faults. A gap is no fault: an interval without a trade has no candle.
    """
    from genesis.adapters.candles_parquet import ParquetCandles
    from genesis.app.candle_import import check_names
    from genesis.app.home import candle_folder

    reports = check_names(names, ParquetCandles(candle_folder()), *_claim(symbol, timeframe))
    if json:
        _print_json({"checked": [_report_document(report) for report in reports]})
    else:
        print("\n".join(_report_text(report) for report in reports))
    if any(report.findings for report in reports):
        raise Exit(code=1)


@command("data.list", help={"json": _CLAIM["json"]})
def list_(_: Context, json: bool = False) -> None:
    """List what the candle archive has."""
    from genesis.adapters.candles_parquet import ParquetCandles
    from genesis.app.home import candle_folder

    series = ParquetCandles(candle_folder()).series()
    if json:
        _print_json({"folder": str(candle_folder()), "series": [_series_document(each) for each in series]})
    elif not series:
        print(f"the candle archive {candle_folder()} is empty: data.import PATH... fills it")
    else:
        for each in series:
            name = f"{each.symbol}-{each.timeframe.value}"
            print(f"{name:<18} {each.rows:>10} rows  {_time(each.first)} to {_time(each.last)}  {each.sha256[:16]}")


def _claim(symbol: str, timeframe: str) -> "tuple[Symbol | None, Timeframe | None]":
    from genesis.domain.candle import Timeframe
    from genesis.domain.candle_series import series_symbol
    from genesis.ports.errors import InputError

    try:
        return series_symbol(symbol) if symbol else None, Timeframe.parse(timeframe) if timeframe else None
    except ValueError as error:
        raise InputError(str(error)) from error


def _print_json(document: Mapping[str, object]) -> None:
    from json import dumps

    print(dumps(document))


def _time(mts: int | None) -> str:
    from datetime import UTC, datetime

    return "never" if mts is None else datetime.fromtimestamp(mts / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def _tell(done: "Imported", stream: TextIO) -> None:
    added, series = done.added, done.added.series
    counts = f"{added.added} new, {added.identical} known, {added.replaced} replaced"
    lines = [f"{done.path}: {done.source.rows} candles of {series.symbol}-{series.timeframe.value}: {counts}"]
    lines += [*done.source.repairs, *done.notes]
    print("\n  ".join(lines), file=stream)


def _report_text(report: "Report") -> str:
    span = f"{_time(report.first)} to {_time(report.last)}"
    gaps = f"{report.gaps} gaps with {report.missing} intervals, the longest of {report.longest_gap}"
    verdict = "faulty" if report.findings else "good"
    top = f"{report.name}: {verdict}: {report.rows} rows of {report.symbol}-{report.timeframe.value}, {span}; {gaps}"
    return "\n  ".join([top, *map(str, report.findings), *report.notes])


def _imported_document(done: "Imported") -> dict[str, object]:
    return {
        "file": str(done.path),
        "rows": done.source.rows,
        "sha256": done.source.sha256,
        "repairs": list(done.source.repairs),
        "notes": list(done.notes),
        "added": done.added.added,
        "identical": done.added.identical,
        "replaced": done.added.replaced,
        "series": _series_document(done.added.series),
    }


def _report_document(report: "Report") -> dict[str, object]:
    return {
        "name": report.name,
        "symbol": report.symbol,
        "timeframe": report.timeframe.value,
        "is_good": not report.findings,
        "rows": report.rows,
        "first_mts": report.first,
        "last_mts": report.last,
        "gaps": report.gaps,
        "missing": report.missing,
        "longest_gap": report.longest_gap,
        "findings": [
            {
                "fault": finding.fault.name.lower(),
                "rows": finding.rows,
                "first": [{"line": line, "text": text} for line, text in finding.first],
            }
            for finding in report.findings
        ],
        "notes": list(report.notes),
    }


def _series_document(series: "CandleSeries") -> dict[str, object]:
    return {
        "symbol": series.symbol,
        "timeframe": series.timeframe.value,
        "rows": series.rows,
        "first_mts": series.first,
        "last_mts": series.last,
        "sha256": series.sha256,
        "sources": [
            {"name": each.name, "rows": each.rows, "sha256": each.sha256, "repairs": list(each.repairs)}
            for each in series.sources
        ],
    }
