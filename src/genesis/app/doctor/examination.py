"""One look at everything, in the order in which a session would stumble over it."""

from pathlib import Path
from typing import Final

from attrs import frozen

from genesis.adapters.clock_system import SystemClock
from genesis.app.doctor import exchange, house, machine
from genesis.app.doctor.finding import Finding
from genesis.app.logs import guarded_keys
from genesis.app.settings import DOTENV, load_settings
from genesis.ports.errors import GenesisError

LOCK: Final = Path(__file__).parents[4] / "requirements" / "core.lock"
"""There in a checkout alone."""


@frozen
class Scope:
    """What to look at: the exchange at *url* or, offline, no exchange at all."""

    url: str = ""
    is_offline: bool = False
    dotenv: Path = DOTENV
    lock: Path | None = LOCK if LOCK.is_file() else None


async def examine(scope: Scope) -> list[Finding]:
    """Return what there is to say; never raises for what it looks at."""
    found = [*machine.look_at_versions(scope.lock), *machine.look_at_limits()]
    try:
        settings = load_settings(scope.dotenv)
    except GenesisError as error:
        return [*found, Finding("settings", "failed", str(error), "correct the variable, then run doctor again")]
    home = settings.home
    found += [*machine.look_at_disk(home), *machine.look_at_directory(home)]
    found += [*house.look_at_settings(settings, scope.dotenv), *house.look_at_alerts(scope.dotenv)]
    found += [*house.look_at_config(settings), *machine.look_at_port(settings.host, settings.port)]
    found += [*house.look_at_latch(home), *house.look_at_journal(home), *house.look_at_candles(home)]
    if not scope.is_offline:
        found += [each async for each in exchange.look_at_exchange(scope.url, home, SystemClock())]
        try:
            keys = guarded_keys(scope.dotenv)
        except GenesisError as error:
            found.append(Finding("key", "failed", str(error), "correct the variable"))
        else:
            found += [each async for each in exchange.look_at_key(keys, home, scope.url)]
    return found
