"""`doctor` finds what is wrong with a machine and what is on it, against an exchange on loopback."""

import asyncio
import contextlib
import json
import socket
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from genesis.adapters.journal_sqlite.reading import APPLICATION_ID
from genesis.app.cli import CommandLine
from genesis.app.commands import namespace
from genesis.app.doctor.examination import LOCK
from genesis.app.doctor.exchange import clock_finding
from genesis.app.doctor.finding import Finding, is_well
from genesis.app.doctor.machine import locked, look_at_directory, look_at_versions
from genesis.app.doctor.mounts import file_system
from tests.fakes.bitfinex_server import KEY, SECRET, BitfinexServer

TRADING = [["account", 1, 0], ["orders", 1, 1], ["wallets", 1, 0], ["withdraw", 0, 0]]
MOUNTS = r"""
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 21 0:25 / /dev/shm rw,nosuid - tmpfs tmpfs rw
31 21 0:26 / /mnt/my\040disk rw - nfs4 server:/x rw
32 21 0:27 / /mnt/twice rw - ext4 /dev/sdb rw
33 21 0:28 / /mnt/twice rw - fuse.sshfs sshfs rw
34 21 0:29 / /data rw - overlay overlay rw
nonsense
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory of its own, in a working folder without an .env."""
    monkeypatch.chdir(tmp_path)
    for name in ("BITFINEX_API_KEY", "BITFINEX_API_SECRET", "GENESIS_CONFIG", "GENESIS_ALERT_WEBHOOK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GENESIS_HOME", "home")
    monkeypatch.setenv("GENESIS_PORT", "0")
    (tmp_path / "home").mkdir(mode=0o700)
    return tmp_path / "home"


def examined(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:  # Any: JSON
    """Return the exit code and each check by its name."""
    with pytest.raises(SystemExit) as end:
        CommandLine("genesis", namespace()).main(["genesis", "doctor", "--json", *words])
    found = json.loads(capsys.readouterr().out)
    assert found["is_well"] is (end.value.code == 0)
    return int(end.value.code or 0), {each["check"]: each for each in found["checks"]}


async def at_venue(capsys: pytest.CaptureFixture[str], server: BitfinexServer) -> tuple[int, dict[str, Any]]:
    return await asyncio.to_thread(examined, capsys, "--url", server.url)


async def test_a_machine_in_order_is_well_and_the_key_is_looked_at(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BITFINEX_API_KEY", KEY)
    monkeypatch.setenv("BITFINEX_API_SECRET", SECRET)
    async with BitfinexServer() as server:
        server.answers["auth/r/permissions"] = TRADING
        code, found = await at_venue(capsys, server)
        assert (code, found["key"]["verdict"]) == (1, "failed")  # its nonce store was never made
        assert "--new-key" in found["key"]["advice"]
        await asyncio.to_thread(make_nonce_store, capsys)
        code, found = await asyncio.to_thread(examined, capsys, "--url", server.url)
        assert code == 0, found
        assert found["key"]["found"] == "can trade, and can neither withdraw nor transfer"
        assert (found["exchange"]["verdict"], found["clock"]["verdict"]) == ("good", "good")
        server.answers["auth/r/permissions"] = [*TRADING[:-1], ["withdraw", 1, 1]]
        code, found = await asyncio.to_thread(examined, capsys, "--url", server.url)
        assert (code, found["key"]["found"]) == (1, "can withdraw")
    assert home.is_dir()


def make_nonce_store(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        CommandLine("genesis", namespace()).main(["genesis", "auth.headers", "--new-key", "auth/r/wallets"])
    capsys.readouterr()


@pytest.mark.usefixtures("home")
async def test_b5_a_clock_that_is_ahead_and_a_platform_in_maintenance_are_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def earlier(_: web.Request, __: bytes) -> web.StreamResponse:
        date = format_datetime(datetime.now(UTC) - timedelta(minutes=5), usegmt=True)
        return web.Response(body=b"[0]", headers={"date": date})

    async with BitfinexServer() as server:
        server.next("platform/status", earlier)
        code, found = await at_venue(capsys, server)
    assert code == 1
    assert found["clock"]["verdict"] == "failed"
    assert "ahead of the exchange" in found["clock"]["found"]
    assert found["exchange"]["found"] == "the platform is in maintenance"


@pytest.mark.usefixtures("home")
def test_an_exchange_that_does_not_answer_proves_nothing_and_fails_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        code, found = examined(capsys, "--url", f"http://127.0.0.1:{taken.getsockname()[1]}/v2/")
    assert code == 0
    assert (found["exchange"]["verdict"], found["clock"]["verdict"]) == ("unproven", "unproven")


def kill(home: Path) -> None:
    (home / "kill.latch").write_text("too wild")


def spoil_journal(home: Path) -> None:
    (home / "journal").mkdir()
    (home / "journal" / "1.sqlite").write_bytes(b"SQLite format 3\x00" + b"\xff" * 4_096)


def older_journal(home: Path) -> None:
    (home / "journal").mkdir()
    with contextlib.closing(sqlite3.connect(home / "journal" / "1.sqlite")) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        connection.execute("CREATE TABLE entries (x)")


def test_a_journal_of_another_version_is_no_damage(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    older_journal(home)
    code, found = examined(capsys, "--offline")
    assert (code, found["journal"]["verdict"]) == (0, "unproven")
    assert "format 1" in found["journal"]["found"]


def spoil_archive(home: Path) -> None:
    (home / "candles").mkdir()
    (home / "candles" / "tBTCUSD-1m.parquet").write_bytes(b"PAR1nothingPAR1")


def open_to_all(home: Path) -> None:
    home.chmod(0o777)


@pytest.mark.parametrize(
    ("spoil", "check", "words"),
    [
        (kill, "kill", "kill.reset"),
        (spoil_journal, "journal", "look at the account"),
        (spoil_archive, "candles", "import the series again"),
        (open_to_all, "directory", "chmod go-w"),
    ],
)
def test_what_is_broken_fails_and_says_what_to_do(
    home: Path, capsys: pytest.CaptureFixture[str], spoil: Callable[[Path], None], check: str, words: str
) -> None:
    spoil(home)
    code, found = examined(capsys, "--offline")
    assert (code, found[check]["verdict"]) == (1, "failed")
    assert words in found[check]["advice"]


@pytest.mark.parametrize(
    ("name", "value", "check"),
    [
        ("GENESIS_PORT", "many", "settings"),
        ("GENESIS_LOG_SAMPLE", "order=1", "settings.log"),
        ("BITFINEX_WS_API_KEY", "alone-and-long-enough", "settings.keys"),
        ("GENESIS_CONFIG", "nowhere.json", "config"),
        ("GENESIS_ALERT_WEBHOOK", "https://hooks.test/abcdefgh", "alerts"),
        ("GENESIS_ALERT_LEVEL", "loud", "alerts"),
    ],
)
@pytest.mark.usefixtures("home")
def test_a_setting_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, check: str
) -> None:
    monkeypatch.setenv(name, value)
    code, found = examined(capsys, "--offline")
    assert (code, found[check]["verdict"]) == (1, "failed")
    assert any(words in found[check]["found"] for words in (name, value, "GENESIS_ALERT_HOSTS", "port"))


def test_a_file_of_keys_that_others_can_read_and_a_port_that_is_taken_are_warned_of(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home.parent / ".env").write_text("GENESIS_SPEED=60\n")
    (home.parent / ".env").chmod(0o644)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("GENESIS_PORT", str(taken.getsockname()[1]))
        code, found = examined(capsys, "--offline")
    assert code == 0
    assert [found[check]["verdict"] for check in ("settings.file", "port")] == ["warning", "warning"]
    assert found["settings.file"]["advice"] == "chmod 600 .env"


def test_gaps_of_the_archive_are_counted(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        f"{1_514_764_800_000 + 60_000 * minute},100,101,102,99,1" for minute in range(60) if minute not in range(10, 30)
    ]
    file = home.parent / "tBTCUSD-1m.csv"
    file.write_text("mts,open,close,high,low,volume\n" + "\n".join(rows) + "\n")
    with pytest.raises(SystemExit) as end:
        CommandLine("genesis", namespace()).main(["genesis", "data.import", str(file)])
    assert end.value.code == 0, capsys.readouterr().err
    capsys.readouterr()
    code, found = examined(capsys, "--offline")
    assert (code, found["candles"]["verdict"]) == (0, "warning")
    assert "1 gaps with 20 of 60 intervals, the longest of 20" in found["candles"]["found"]
    assert "data.download tBTCUSD 1m" in found["candles"]["advice"]


def test_a_missing_directory_is_made_later_where_that_is_possible(tmp_path: Path) -> None:
    (found,) = look_at_directory(tmp_path / "a" / "b")
    assert found.verdict == "good"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/x", "ext4"),
        ("/dev/shm/var", "tmpfs"),
        ("/mnt/my disk/var", "nfs4"),
        ("/mnt/my", "ext4"),
        ("/mnt/twice/var", "fuse.sshfs"),
        ("/data", "overlay"),
    ],
)
def test_a24_the_file_system_is_that_of_the_innermost_mount(path: str, kind: str) -> None:
    assert file_system(Path(path), MOUNTS) == kind


@pytest.mark.parametrize(
    ("skew_s", "verdict"),
    [
        (0.0, "good"),
        (1.2, "good"),
        (-1.2, "good"),
        (3.0, "warning"),
        (-3.0, "warning"),
        (7.0, "failed"),
        (-3600.0, "failed"),
    ],
)
def test_b5_skew_is_judged_by_how_far_it_is(skew_s: float, verdict: str) -> None:
    theirs = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
    ours_us = round((theirs.timestamp() + 0.5 + skew_s) * 1e6)
    found = clock_finding(format_datetime(theirs, usegmt=True), ours_us, 0.0)
    assert found.verdict == verdict
    assert ("ahead" in found.found) is (skew_s > 0)


@pytest.mark.parametrize("date", ["", "yesterday", "Thu, 99 Xxx 9999 99:99:99 GMT"])
def test_a_date_that_is_none_proves_nothing(date: str) -> None:
    assert clock_finding(date, 0, 0.0).verdict == "unproven"


def test_what_is_installed_is_compared_with_the_lock(tmp_path: Path) -> None:
    lock = tmp_path / "core.lock"
    lock.write_text("attrs==0.0.1 \\\n    --hash=sha256:00\nno-such-package==1 \\\n    --hash=sha256:00\n")
    found = {each.check: each for each in look_at_versions(lock)}
    assert found["versions.lock"].verdict == "warning"
    assert "instead of 0.0.1" in found["versions.lock"].found
    assert "no-such-package is missing" in found["versions.lock"].found
    assert {each.check: each.verdict for each in look_at_versions(None)}["versions.lock"] == "unproven"


def test_a_lock_is_read_whole() -> None:
    names = [name for name, _ in locked(LOCK.read_text(encoding="utf-8"))]
    assert {"numba", "prometheus-client", "litestar"} <= set(names)


def test_a_finding_that_is_not_good_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="advice"):
        Finding("x", "failed", "broken")
    with pytest.raises(ValueError, match="advice"):
        Finding("x", "good", "fine", "do something")
    assert is_well([Finding("x", "warning", "odd", "look")])
