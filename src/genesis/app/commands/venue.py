"""`venue`: the local Bitfinex alone, for bots in any language."""

from typing import TYPE_CHECKING, Final

from genesis.app.commands import command
from genesis.app.invoking import Context

if TYPE_CHECKING:
    from genesis.adapters.venue.venue import Venue

SPEED_MAX: Final = 1e6
"""Eleven days a second: beyond, the venue's time outruns what its years can count before anybody asks it anything."""


@command(
    "venue",
    help={
        "port": "Where it listens on this machine; 0 takes any free port.",
        "market": "What is traded: candles:FILE[,FILE…], frames:PATH or synthetic:SEED.",
        "faults": "A fault script (TOML).",
        "speed": "Venue seconds a second; 0 stands still until POST /sim/advance.",
        "no_limits": "Do not enforce rate and connection limits.",
        "json": "Print addresses and keys as one JSON object.",
    },
)
def venue(
    _: Context,
    port: int = 8799,
    market: str = "synthetic:1",
    faults: str = "",
    speed: float = 1.0,
    no_limits: bool = False,
    json: bool = False,
) -> None:
    """Run a local exchange that speaks Bitfinex's REST v2 and WebSocket v2. Ctrl-C ends it."""
    import asyncio
    import time

    from genesis.app.local_venue import VenueOptions, build_venue
    from genesis.app.options import port_option
    from genesis.domain.units import Mts
    from genesis.ports.errors import InputError

    if not 0 <= speed <= SPEED_MAX:  # no comparison holds for nan
        raise InputError(f"--speed {speed:g}: give 0 to {SPEED_MAX:g} venue seconds a second")
    port = port_option(f"{port}", port)
    options = VenueOptions(market, Mts(time.time_ns() // 1_000_000), faults, limited=not no_limits)
    asyncio.run(_serve(build_venue(options), port, speed, json=json))


async def _serve(venue: "Venue", port: int, speed: float, *, json: bool) -> None:
    import asyncio

    from genesis.adapters.venue.shell import serving
    from genesis.app.json_output import json_text
    from genesis.app.venue_view import addresses, people_text
    from genesis.ports.errors import InputError

    try:
        async with serving(venue, port=port, speed=speed) as bound:
            symbols = sorted(venue.core.exchange.markets)
            print(json_text(addresses(bound, symbols)) if json else people_text(bound, symbols), flush=True)
            await asyncio.Event().wait()
    except OSError as error:
        raise InputError(f"--port {port}: {error.strerror or error}") from error
