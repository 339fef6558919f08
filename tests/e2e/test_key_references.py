"""Settings may say where a key is kept instead of the key itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.op import FakeOp

KEY, SECRET = "Kq7PlantedKeyZ3xW", "S9plantedSecretV4tR"
ROOT = Path(__file__).parents[2]


def headers(folder: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "GENESIS_HOME": str(folder / "home"),
        **variables,
    }
    program = [sys.executable, "-c", "from genesis.app.cli import main; main()", "auth.headers", "auth/r/wallets"]
    return subprocess.run(
        [*program, "--new-key", "--reveal"], env=environment, capture_output=True, text=True, cwd=folder
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(SECRET + "\n")
    path.chmod(0o600)
    return path


def test_keys_come_from_where_the_settings_say(tmp_path: Path, file: Path) -> None:
    op = FakeOp(tmp_path / "bin")
    op.put("Trading/Bitfinex/key", KEY)
    done = headers(
        tmp_path, BITFINEX_API_KEY="op:Trading/Bitfinex/key", BITFINEX_API_SECRET=f"file:{file}", PATH=op.path
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert f"bfx-apikey: {KEY}" in done.stdout
    assert SECRET not in done.stdout
    (tmp_path / ".env").write_text("BITFINEX_API_KEY=env:MY_KEY\nBITFINEX_API_SECRET=env:MY_SECRET\n")
    again = headers(tmp_path, MY_KEY=KEY, MY_SECRET=SECRET, GENESIS_HOME=str(tmp_path / "other"))
    assert again.stdout.splitlines()[1] == done.stdout.splitlines()[1]


def test_a_key_that_cannot_be_had_is_one_sentence(tmp_path: Path, file: Path) -> None:
    file.chmod(0o644)
    for reference, said in (
        (f"file:{file}", "has mode 0644"),
        ("env:NOT_THERE", "env:NOT_THERE: there is no such variable"),
        ("keyring:genesis/key", "not known to keep secrets safe"),
        ("op:a/b", "write op:VAULT/ITEM/FIELD"),
    ):
        done = headers(tmp_path, BITFINEX_API_KEY=reference, BITFINEX_API_SECRET=SECRET, HOME=str(tmp_path))
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert SECRET not in done.stderr
