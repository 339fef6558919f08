"""Whether other machines may reach the HTTP side: only where a person said so, over TLS, under names they gave."""

import ipaddress
import re
from typing import Final

from genesis.adapters.http.server import Exposure
from genesis.app.settings import Settings
from genesis.ports.errors import InputError

_HOST: Final = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?")


def exposure_of(settings: Settings) -> Exposure | None:
    """Return the leave that the settings give, None for none; raises `InputError` for half of one."""
    given = {
        "GENESIS_TLS_CERT": settings.tls_cert,
        "GENESIS_TLS_KEY": settings.tls_key,
        "GENESIS_NAMES": settings.names,
    }
    if not settings.expose:
        if told := [name for name, value in given.items() if value]:
            raise InputError(f"{told[0]} is set, but not GENESIS_EXPOSE: set it to true to let other machines in")
        return None
    if missing := [name for name, value in given.items() if not value]:
        raise InputError(f"GENESIS_EXPOSE lets other machines in, which needs {', '.join(missing)} as well")
    assert settings.tls_cert is not None
    assert settings.tls_key is not None
    names = tuple(_bare_host(name.strip()) for name in settings.names.split(",") if name.strip())
    return Exposure(settings.tls_cert, settings.tls_key, names)


def _bare_host(name: str) -> str:
    """Return *name* as clients send it, which write hosts small; raises `InputError` for anything but a host."""
    host = name.lower()
    try:
        if host.startswith("[") and host.endswith("]"):
            return f"[{ipaddress.IPv6Address(host[1:-1])}]"
        if _HOST.fullmatch(host.encode("idna").decode("ascii")):
            return host
    except ValueError:  # what is no address, or no name in any script
        pass
    raise InputError(
        f"GENESIS_NAMES has {name!r}, which no client can call: write hosts alone, such as trader.example, "
        "192.0.2.1 or [2001:db8::1], without scheme, port or path"
    )
