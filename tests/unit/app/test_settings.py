"""Settings from the environment and .env."""

from pathlib import Path

import pytest

from genesis.app.settings import load_keys, load_settings
from genesis.ports.errors import InputError


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "HOST", "PORT", "SPEED", "CONFIG"):
        monkeypatch.delenv(f"GENESIS_{name}", raising=False)
    for name in ("API_KEY", "API_SECRET", "WS_API_KEY", "WS_API_SECRET"):
        monkeypatch.delenv(f"BITFINEX_{name}", raising=False)


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / ".env"
    file.write_text("GENESIS_PORT=9001\nGENESIS_HOME=/data\n")
    monkeypatch.setenv("GENESIS_PORT", "9002")
    settings = load_settings(file)
    assert settings.port == 9002
    assert settings.home == Path("/data")


def test_there_are_defaults_for_all(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / ".env")
    assert (settings.home, settings.host, settings.port, settings.speed) == (
        Path("var").resolve(),
        "127.0.0.1",
        8000,
        "60",
    )


@pytest.mark.parametrize("port", ["70000", "x", "-1"])
def test_a_wrong_value_names_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("GENESIS_PORT", port)
    with pytest.raises(InputError, match=r"GENESIS_.*port"):
        load_settings(tmp_path / ".env")


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"\.env: cannot be read as UTF-8"):
        load_settings(file)


@pytest.mark.parametrize("name", ["GENESIS_HOME", "GENESIS_CONFIG"])
def test_an_empty_path_is_no_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "")
    with pytest.raises(InputError, match=f"{name} is empty"):
        load_settings(tmp_path / ".env")


def test_secrets_do_not_show_in_the_repr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BITFINEX_API_SECRET", "planted-canary")
    keys = load_keys(tmp_path / ".env")
    assert keys.api_secret == "planted-canary"
    assert "canary" not in repr(keys)
