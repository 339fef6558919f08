"""Settings of this machine, from the environment and `.env`: where state lives, where HTTP listens, which keys.

The environment wins over the file. What a run trades is not here but in its options and its configuration.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from attrs import field, frozen

from genesis.ports.errors import InputError

if TYPE_CHECKING:
    from typed_settings.loaders import Loader

DOTENV: Final = Path(".env")

Loaded = TypeVar("Loaded")


@frozen
class Settings:
    """`GENESIS_HOME`, `GENESIS_HOST`, `GENESIS_PORT`, `GENESIS_SPEED` and `GENESIS_CONFIG`."""

    home: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = field(default=8000)
    speed: str = "60"
    config: Path | None = None

    @port.validator
    def _check_port(self, _attribute: object, value: int) -> None:
        if not 0 <= value <= 65_535:
            raise ValueError(f"port must be 0 to 65535, was {value}")


@frozen
class Keys:
    """`BITFINEX_API_KEY`, `BITFINEX_API_SECRET` and their `BITFINEX_WS_…` counterparts, which default to the same."""

    api_key: str = field(default="", repr=False)
    api_secret: str = field(default="", repr=False)
    ws_api_key: str = field(default="", repr=False)
    ws_api_secret: str = field(default="", repr=False)


def load_settings(dotenv: Path = DOTENV) -> Settings:
    """Return the settings; raises `InputError` naming the variable that cannot be used."""
    settings = _load(Settings, "GENESIS_", dotenv)
    if empty := [name for name in ("GENESIS_HOME", "GENESIS_CONFIG") if _value(name, dotenv) == ""]:
        raise InputError(f"{empty[0]} is empty: give it a value, or leave it out")
    return settings


def load_keys(dotenv: Path = DOTENV) -> Keys:
    """Return the keys; empty texts where there are none."""
    return _load(Keys, "BITFINEX_", dotenv)


def _load(kind: type[Loaded], prefix: str, dotenv: Path) -> Loaded:
    import typed_settings
    from typed_settings.exceptions import TsError
    from typed_settings.loaders import DotEnvLoader, EnvLoader

    loaders: list[Loader] = [DotEnvLoader(prefix, dotenv)] if dotenv.is_file() else []
    loaders.append(EnvLoader(prefix))
    try:
        return typed_settings.load_settings(kind, loaders)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{dotenv}: cannot be read as UTF-8 text ({error})") from None
    except (TsError, BaseExceptionGroup) as error:
        said = "; ".join(_reasons(error))
        raise InputError(f"a {prefix}… variable of the environment or of {dotenv} cannot be used: {said}") from None


def _value(name: str, dotenv: Path) -> str | None:
    from dotenv import dotenv_values

    return os.environ.get(name, dotenv_values(dotenv).get(name) if dotenv.is_file() else None)


def _reasons(error: BaseException) -> Iterator[str]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _reasons(each)
    else:
        yield " ".join(str(error.__cause__ or error).split())
