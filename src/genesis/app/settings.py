"""Settings of this machine, from the environment and `.env`: where state lives, where HTTP listens, which keys.

The environment wins over the file. What a run trades is not here but in its options and its configuration.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from attrs import AttrsInstance, evolve, field, fields, frozen

from genesis.ports.errors import InputError
from genesis.ports.secrets import Secret

if TYPE_CHECKING:
    from typed_settings.converters import Converter
    from typed_settings.loaders import Loader

DOTENV: Final = Path(".env")
NONE: Final = Secret("")

TAKEN: Final[dict[str, Secret]] = {}
"""Variables that were taken out of the environment, and are as if they were there still; for this process alone."""

Loaded = TypeVar("Loaded", bound=AttrsInstance)


@frozen
class Settings:
    """`GENESIS_HOME`, `GENESIS_HOST`, `GENESIS_PORT`, `GENESIS_SPEED`, `GENESIS_CONFIG`, and what is logged:

    `GENESIS_LOG`, `GENESIS_LOG_FORMAT` and `GENESIS_LOG_SAMPLE`.

    `GENESIS_REST_URL` and `GENESIS_WS_URL` lead a live session and `kill` to another exchange than Bitfinex, such as a
    local venue; `GENESIS_LOCKS` is where this machine's locks of keys are, whatever the data directory.

    `GENESIS_EXPOSE` lets other machines reach the HTTP side, over TLS with `GENESIS_TLS_CERT` and `GENESIS_TLS_KEY`,
    under the `GENESIS_NAMES` alone (with commas between).

    `GENESIS_AUDIT_WITNESS` is where the heads of the audit log are kept, `GENESIS_AUDIT_KEY` what they are signed with.
    """

    home: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = field(default=8000)
    speed: str = "60"
    config: Path | None = None
    log: str = "WARNING"
    log_format: str = "text"
    log_sample: str = ""
    audit_witness: Path | None = None
    audit_key: Secret = NONE
    rest_url: str = ""
    ws_url: str = ""
    locks: Path = Path("~/.genesis/locks")
    expose: bool = False
    tls_cert: Path | None = None
    tls_key: Path | None = None
    names: str = ""

    @port.validator
    def _check_port(self, _attribute: object, value: int) -> None:
        if not 0 <= value <= 65_535:
            raise ValueError(f"port must be 0 to 65535, was {value}")


@frozen
class Keys:
    """`BITFINEX_API_KEY`, `BITFINEX_API_SECRET` and their `BITFINEX_WS_…` counterparts, which default to the same."""

    api_key: Secret = NONE
    api_secret: Secret = NONE
    ws_api_key: Secret = NONE
    ws_api_secret: Secret = NONE


@frozen
class AlertSettings:
    """Whom to tell: `GENESIS_ALERT_WEBHOOK`, `…_TELEGRAM_TOKEN` with `…_TELEGRAM_CHAT`, `…_HOSTS` and `…_LEVEL`."""

    webhook: Secret = NONE
    telegram_token: Secret = NONE
    telegram_chat: str = ""
    hosts: str = ""
    level: str = "warning"


_WITH_SECRETS: Final[tuple[tuple[str, type[AttrsInstance]], ...]] = (
    ("BITFINEX_", Keys),
    ("GENESIS_", Settings),
    ("GENESIS_ALERT_", AlertSettings),
)


def load_alert_settings(dotenv: Path = DOTENV) -> AlertSettings:
    """Return whom to tell, nobody where nothing is set; raises `InputError` for what cannot be used."""
    return _load(AlertSettings, "GENESIS_ALERT_", dotenv)


def load_settings(dotenv: Path = DOTENV) -> Settings:
    """Return the settings; raises `InputError` naming the variable that cannot be used."""
    settings = _load(Settings, "GENESIS_", dotenv)
    paths = ("GENESIS_HOME", "GENESIS_CONFIG", "GENESIS_AUDIT_WITNESS")
    if empty := [name for name in paths if _value(name, dotenv) == ""]:
        raise InputError(f"{empty[0]} is empty: give it a value, or leave it out")
    return settings


def find_home(dotenv: Path = DOTENV) -> Path:
    """Return `GENESIS_HOME`, though other settings cannot be used; where it cannot be read either, what it is else."""
    try:
        name = _value("GENESIS_HOME", dotenv)
    except (OSError, UnicodeDecodeError):
        name = os.environ.get("GENESIS_HOME")
    return Path(name) if name else Settings().home


def load_keys(dotenv: Path = DOTENV) -> Keys:
    """Return the keys, empty where there are none; one may be a reference to where it is kept.

    Raises `InputError` where a WebSocket key comes without its secret, or the other way round.
    """
    keys = _load(Keys, "BITFINEX_", dotenv)
    if bool(keys.ws_api_key) is not bool(keys.ws_api_secret):
        raise InputError("BITFINEX_WS_API_KEY and BITFINEX_WS_API_SECRET are set together or not at all")
    if keys.ws_api_key:
        return keys
    return evolve(keys, ws_api_key=keys.api_key, ws_api_secret=keys.api_secret)


def secret_settings(dotenv: Path = DOTENV) -> dict[str, Secret]:
    """Return every secret that is set, by its variable; a reference is one as well."""
    found: dict[str, Secret] = {}
    for prefix, kind in _WITH_SECRETS:
        group = _load(kind, prefix, dotenv)
        for each in fields(kind):
            value: object = getattr(group, each.name)
            if isinstance(value, Secret) and value:
                found[f"{prefix}{each.name.upper()}"] = value
    return found


def take_secrets() -> None:
    """Take the variables that hold secrets out of the environment, so that no child of this process inherits them."""
    from genesis.adapters.secrets_env import take_variable

    for prefix, kind in _WITH_SECRETS:
        for name in (f"{prefix}{each.name.upper()}" for each in fields(kind) if each.type is Secret):
            if name in os.environ:
                TAKEN[name] = take_variable(name)


def _load(kind: type[Loaded], prefix: str, dotenv: Path) -> Loaded:
    import typed_settings
    from typed_settings.exceptions import TsError
    from typed_settings.loaders import DotEnvLoader, EnvLoader

    loaders: list[Loader] = [DotEnvLoader(prefix, dotenv)] if dotenv.is_file() else []
    loaders.append(EnvLoader(prefix))
    try:
        return _with_taken(typed_settings.load_settings(kind, loaders, converter=_converter()), prefix)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{dotenv}: cannot be read as UTF-8 text ({error})") from None
    except (TsError, BaseExceptionGroup) as error:
        said = "; ".join(_reasons(error))
        raise InputError(f"a {prefix}… variable of the environment or of {dotenv} cannot be used: {said}") from None


def _with_taken(loaded: Loaded, prefix: str) -> Loaded:
    """Return *loaded* with the variables that were taken out of the environment since the start."""
    values: dict[str, object] = {}
    for each in fields(type(loaded)):
        name = f"{prefix}{each.name.upper()}"
        is_taken = name in TAKEN and name not in os.environ
        values[each.name] = TAKEN[name] if is_taken else getattr(loaded, each.name)
    return type(loaded)(**values)


def _value(name: str, dotenv: Path) -> str | None:
    from dotenv import dotenv_values

    return os.environ.get(name, dotenv_values(dotenv).get(name) if dotenv.is_file() else None)


def _converter() -> "Converter":
    """Return the library's own, taught about secrets."""
    from typed_settings.converters import get_default_cattrs_converter

    converter = get_default_cattrs_converter()
    converter.register_structure_hook(Secret, lambda value, _: value if isinstance(value, Secret) else Secret(value))
    return converter


def _reasons(error: BaseException) -> Iterator[str]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _reasons(each)
    else:
        yield " ".join(str(error.__cause__ or error).split())
