"""`data.download`: candles from the exchange into the archive."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from genesis.app.commands import command
from genesis.app.invoking import Context

if TYPE_CHECKING:
    from genesis.app.candle_download import Downloaded
    from genesis.app.json_output import JsonDocument
    from genesis.domain.candle import Timeframe
    from genesis.domain.units import Symbol


@command(
    "data.download",
    words="series",
    help={
        "series": "The symbol and the time frame: tBTCUSD 1m.",
        "from_": "First UTC date or time (default: where the archive's series ends).",
        "to": "Last UTC date or time, exclusive (default: now; a candle that is still forming is left out).",
        "repair": "Leave impossible candles out, and let newer ones replace the archive's where they differ.",
        "url": "Base of the REST interface, ending in /v2/ (default: Bitfinex).",
        "json": "Print one JSON object.",
    },
)
def download_(
    _: Context,
    series: Sequence[str] = (),
    from_: str = "",
    to: str = "",
    repair: bool = False,
    url: str = "",
    json: bool = False,
) -> None:
    """Download candles into the archive.

    Only what earlier downloads have not covered is asked for, so one that was stopped goes on when it is started again.
    Gaps stay gaps: an interval without a trade has no candle.
    """
    import asyncio

    from genesis.app.json_output import print_json
    from genesis.app.logs import start_logging

    start_logging()
    done = asyncio.run(_download(*_series(series), from_, to, url, repair=repair))
    if json:
        print_json(_document(done))
        return
    counts = f"{done.added} new, {done.identical} known, {done.replaced} replaced"
    name = f"{done.symbol}-{done.timeframe.value}"
    print("\n  ".join([f"{name}: {counts}" if done.spans else f"{name}: nothing is missing", *done.repairs]))


async def _download(
    symbol: "Symbol", timeframe: "Timeframe", from_: str, to: str, url: str, *, repair: bool
) -> "Downloaded":
    from genesis.adapters.bitfinex.rest_market import BitfinexMarket
    from genesis.adapters.candles_parquet import ParquetCandles
    from genesis.adapters.clock_system import SystemClock
    from genesis.app.bitfinex_rest import public_client
    from genesis.app.candle_download import download
    from genesis.app.home import candle_folder, home
    from genesis.app.options import instant_option
    from genesis.app.progress import progress
    from genesis.ports.errors import InputError

    archive, now = ParquetCandles(candle_folder()), SystemClock().now()
    start, end = instant_option("from", from_), instant_option("to", to) or now
    if start is None:
        known = [each for each in archive.series() if (each.symbol, each.timeframe) == (symbol, timeframe)]
        if not known:
            raise InputError(f"the archive has no {symbol}-{timeframe.value} to go on from: say --from")
        start = timeframe.end(known[0].last)
    if start >= end:
        raise InputError("--from must be before --to and before now")
    async with public_client(home(), url) as client:
        with progress(f"{symbol}-{timeframe.value}") as show:
            market = BitfinexMarket(client)
            return await download(market, archive, symbol, timeframe, (start, end - 1), now, show, repair=repair)


def _series(words: Sequence[str]) -> "tuple[Symbol, Timeframe]":
    from genesis.domain.candle import Timeframe
    from genesis.domain.candle_series import series_symbol
    from genesis.ports.errors import InputError

    if len(words) != 2:
        raise InputError("write data.download SYMBOL TIMEFRAME: data.download tBTCUSD 1m --from 2018-01-01")
    try:
        return series_symbol(words[0]), Timeframe.parse(words[1])
    except ValueError as error:
        raise InputError(str(error)) from error


def _document(done: "Downloaded") -> "JsonDocument":
    return {
        "symbol": done.symbol,
        "timeframe": done.timeframe.value,
        "spans": [{"first_mts": first, "last_mts": last} for first, last in done.spans],
        "added": done.added,
        "identical": done.identical,
        "replaced": done.replaced,
        "repairs": list(done.repairs),
    }
