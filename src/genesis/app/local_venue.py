"""The local venue as people ask for it: a market by name, a fault script by path, a speed."""

from pathlib import Path
from typing import Final

from attrs import frozen

from genesis.adapters.candles_parquet import ParquetCandles
from genesis.adapters.frames_file import recorded_frames
from genesis.adapters.venue.faults import Script, script_from_toml
from genesis.adapters.venue.markets.candles import CandleDriver
from genesis.adapters.venue.markets.frames import Frame, FramesDriver
from genesis.adapters.venue.markets.synthetic import SyntheticDriver
from genesis.adapters.venue.venue import Venue
from genesis.app.home import candle_folder
from genesis.app.market_data import Wanted, market_data
from genesis.domain.instrument import spot_instrument
from genesis.domain.simulation.margin_position import MarginTerms
from genesis.domain.units import Mts, Price, Symbol, atoms
from genesis.ports.errors import InputError

AMOUNT_MIN: Final = atoms("0.0001")
SYNTHETIC: Final = {Symbol("tBTCUSD"): "30000", Symbol("tETHUSD"): "2000"}
WARM_UP_MS: Final = 15 * 60_000
"""How much of a synthetic market is there before the first client comes."""

KINDS: Final = "candles:FILE[,FILE…], frames:PATH or synthetic:SEED"


@frozen
class VenueOptions:
    """What the venue should play; *start* is the venue's time for a synthetic market."""

    market: str
    start: Mts
    faults: str = ""
    limited: bool = True


def build_venue(options: VenueOptions) -> Venue:
    """Return the venue with its market and the demo users; raises `InputError` for what cannot be played."""
    kind, _, rest = options.market.partition(":")
    script = _script(options.faults)
    match kind:
        case "synthetic":
            return _synthetic(rest or "1", options, script)
        case "candles" if rest:
            return _candles(rest.split(","), options, script)
        case "frames" if rest:
            return _frames(Path(rest), options, script)
        case _:
            raise InputError(f"--market {options.market!r}: is one of {KINDS}")


def _script(path: str) -> Script | None:
    if not path:
        return None
    try:
        return script_from_toml(Path(path).read_text(), path)
    except OSError as error:
        raise InputError(f"--faults {path}: {error.strerror}") from error


def _synthetic(seed: str, options: VenueOptions, script: Script | None) -> Venue:
    if not (seed.isascii() and seed.isdigit() and len(seed) < 20):
        raise InputError(f"--market synthetic:{seed}: the seed is a whole number of at most 19 digits")
    begin = Mts(options.start - WARM_UP_MS)
    venue = Venue(begin, seed=int(seed), script=script, limited=options.limited)
    for at, (symbol, price) in enumerate(SYNTHETIC.items()):
        instrument = spot_instrument(symbol, AMOUNT_MIN)
        venue.list_instrument(instrument, MarginTerms())
        venue.add_driver(SyntheticDriver(instrument, begin, Price(atoms(price)), int(seed) * 1_000 + at))
    venue.add_demo_users()
    venue.advance(options.start)
    return venue


def _candles(names: list[str], options: VenueOptions, script: Script | None) -> Venue:
    archive = ParquetCandles(candle_folder())
    played = [market_data([name], Wanted(), archive) for name in names]
    symbols = [data.symbol for data in played]
    if len(set(symbols)) != len(symbols):
        raise InputError(f"--market {options.market}: give one source of candles for each instrument")
    venue = Venue(Mts(min(int(data.candles.mts[0]) for data in played)), script=script, limited=options.limited)
    for data in played:
        instrument = spot_instrument(data.symbol, AMOUNT_MIN)
        venue.list_instrument(instrument, MarginTerms())
    venue.add_demo_users()
    for data in played:
        instrument = venue.core.exchange.markets[data.symbol].instrument
        venue.add_driver(CandleDriver(instrument, data.candles, length_ms=data.timeframe.span_ms))
    return venue


def _frames(path: Path, options: VenueOptions, script: Script | None) -> Venue:
    frames = [
        Frame(recorded.received_us, recorded.connection, recorded.frame)
        for recorded in recorded_frames(path)
        if recorded.frame is not None
    ]
    if not frames:
        raise InputError(f"--market frames:{path}: there is no recorded frame")
    instruments = [spot_instrument(symbol, AMOUNT_MIN) for symbol in sorted(_symbols(frames))]
    if not instruments:
        raise InputError(f"--market frames:{path}: no book or trades of a pair were recorded")
    venue = Venue(Mts(frames[0].received_us // 1000), script=script, limited=options.limited)
    for instrument in instruments:
        venue.list_instrument(instrument, MarginTerms())
    venue.add_demo_users()
    venue.add_driver(FramesDriver(instruments, frames))
    return venue


def _symbols(frames: list[Frame]) -> set[Symbol]:
    """Return the pairs whose book or trades were subscribed to."""
    from msgspec import json

    events = (json.decode(frame.text) for frame in frames if '"subscribed"' in frame.text)
    return {
        Symbol(str(event["symbol"]))
        for event in events
        if event.get("channel") in ("book", "trades") and str(event.get("symbol")).startswith("t")
    }
