"""The paper session as a person runs it: a real process, real HTTP, a real Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from genesis.adapters.journal_sqlite.reading import read_journal
from genesis.app.access import credentials_of
from genesis.domain.events import LimitsApplied, StrategyLimitsApplied
from genesis.ports.access import Role

CODE = "from genesis.app.cli import main; main()"
COMMAND = [sys.executable, "-c", CODE]


def _environment(home: Path) -> dict[str, str]:
    return {**os.environ, "GENESIS_HOME": str(home), "PYTHONUNBUFFERED": "1"}


def ended(home: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*COMMAND, *words], env=_environment(home), capture_output=True, text=True, timeout=120)


@contextmanager
def running(home: Path, *words: str, first: str = "") -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A session that has begun, and its URL; it is ended when the test is over. It runs the code *first*."""
    words = ("run", "--port", "0", "--json", *words)
    with subprocess.Popen(
        [sys.executable, "-c", first + CODE, *words],
        env=_environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            url = next(line.split()[-1] for line in process.stderr if line.startswith("paper session"))
            yield process, url
        finally:
            process.kill()


def asked(url: str, body: object = None, token: str = "") -> tuple[int, Any]:  # Any: JSON
    raw = None if body is None else json.dumps(body).encode()
    proof = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, data=raw, headers={"Content-Type": "application/json", **proof})
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)


def test_an_event_strategy_trades_on_paper_and_its_journal_replays_to_the_same_decisions(tmp_path: Path) -> None:
    words = ("--strategy", "trailing_breakout", "--param", "period=10", "--data", "synthetic:2:1")
    ran = ended(tmp_path, "run", *words, "--over", "memory", "--speed", "max", "--port", "0", "--json")
    assert ran.returncode == 0, ran.stderr
    (journal,) = (tmp_path / "journal").glob("*.sqlite")
    replayed = ended(tmp_path, "replay", str(journal), "--json")
    assert replayed.returncode == 0, replayed.stdout
    backtest = ended(tmp_path, "backtest", *words, "--engine", "event", "--json")
    said, expected = json.loads(ran.stdout), json.loads(backtest.stdout)
    assert said["fills"] == expected["fills"] > 0
    assert said["decision_hash"] == expected["decision_hash"]


def test_a_session_answers_over_http_and_ends_well_on_ctrl_c(tmp_path: Path) -> None:
    with running(tmp_path, "--data", "synthetic:3:2", "--speed", "6000") as (process, url):
        status, health = asked(f"{url}/health")
        assert status == 200
        assert health["status"] == "running"
        assert health["mode"] == "paper"
        status, dashboard = asked(f"{url}/observability/dashboard")
        assert status == 200
        assert dashboard.keys() >= {"counters", "gauges", "events"}
        assert asked(f"{url}/config/validate", {"dry_run": True}) == (200, {"errors": [], "valid": True})
        assert asked(f"{url}/config/audit", {"who": "nobody"})[0] == 401
        token = credentials_of(tmp_path).issue_token("trader", Role.TRADE, 1)
        status, receipt = asked(f"{url}/config/audit", {"who": "a trader"}, token)
        assert status == 201
        assert receipt["seq"] == 1
        assert asked(f"{url}/nowhere")[0] == 404
        assert process.stderr is not None
        login = next(line for line in process.stderr if line.startswith("dashboard"))
        process.send_signal(signal.SIGINT)
        stdout, told = process.communicate(timeout=30)
        assert process.returncode == 0
    link = tmp_path / "access" / "link"
    assert str(link) in login
    assert link.read_text().strip().split("#")[1] not in login + stdout + told  # this is no terminal: it is kept
    summary = json.loads(stdout)
    (written,) = (tmp_path / "sessions").glob("*.json")
    assert json.loads(written.read_text()) == summary
    assert summary["engine"] == "paper"
    assert "a trader" in (tmp_path / "logs" / "config_audit.log").read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
def test_a_terminal_is_given_the_link_that_logs_in(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    words = (*COMMAND, "run", "--port", "0", "--json", "--speed", "max", "--until", "1h", "--data", "synthetic:3:1")
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        done = subprocess.run(words, env=_environment(tmp_path), stdout=subprocess.DEVNULL, stderr=theirs, timeout=120)
        os.close(theirs)
        assert done.returncode == 0
        assert (tmp_path / "access" / "link").read_text("ascii").strip() in terminal.read(65_536).decode()


def test_a_session_makes_the_decisions_of_the_backtest(tmp_path: Path) -> None:
    words = ("--data", "synthetic:5:2", "--strategy", "rsi_reversion", "--json")
    session = ended(tmp_path, "run", "--speed", "max", "--port", "0", *words)
    assert session.returncode == 0, session.stderr
    backtest = ended(tmp_path, "backtest", "--engine", "event", *words)
    assert json.loads(session.stdout)["fills"] > 0
    assert json.loads(session.stdout)["decision_hash"] == json.loads(backtest.stdout)["decision_hash"]


def test_the_summary_is_shown_even_where_it_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "sessions").write_text("in the way")
    words = ("--speed", "max", "--port", "0", "--until", "1h", "--json", "--data", "synthetic:1:1")
    done = ended(tmp_path, "run", *words)
    assert done.returncode == 2
    assert json.loads(done.stdout)["engine"] == "paper"
    assert "sessions" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("place", ["home", "home/journal"])
def test_a18_no_session_begins_where_its_journal_cannot_be_written(tmp_path: Path, place: str) -> None:
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("in the way")
    words = ("--speed", "max", "--port", "0", "--until", "1h", "--json", "--data", "synthetic:1:1")
    done = ended(tmp_path / "home", "run", *words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert str(tmp_path / "home") in done.stderr.splitlines()[-1]


def test_orders_over_the_wire_are_timed_and_links_are_told(tmp_path: Path) -> None:
    with running(tmp_path, "--data", "synthetic:3:30", "--speed", "max", "--strategy", "rsi_reversion") as (
        process,
        url,
    ):
        asked_so_far: dict[str, Any] = {"counters": {}}  # Any: JSON
        while not any(name.startswith("fills_total") for name in asked_so_far["counters"]):
            assert process.poll() is None
            asked_so_far = asked(f"{url}/observability/dashboard")[1]
        assert 0 < asked_so_far["distributions"]["order_round_trip_seconds"]["p50"] < 10
        assert asked_so_far["gauges"]['link_open{link="account"}'] == 1
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in stderr
    assert json.loads(stdout)["fills"] > 0


def test_a_session_in_memory_makes_the_decisions_of_one_over_the_wire(tmp_path: Path) -> None:
    words = ("run", "--speed", "max", "--port", "0", "--data", "synthetic:7:0.4", "--json")
    in_memory, over_wire = (ended(tmp_path, *words, "--over", over) for over in ("memory", "wire"))
    assert json.loads(in_memory.stdout)["fills"] > 0
    assert json.loads(in_memory.stdout)["decision_hash"] == json.loads(over_wire.stdout)["decision_hash"]


def test_the_journal_of_a_session_over_the_wire_replays_to_its_decisions(tmp_path: Path) -> None:
    session = ended(tmp_path, "run", "--speed", "max", "--port", "0", "--data", "synthetic:7:0.3", "--json")
    (journal,) = (tmp_path / "journal").glob("*.sqlite")
    replayed = ended(tmp_path, "replay", str(journal), "--json")
    assert replayed.returncode == 0, replayed.stderr
    assert json.loads(session.stdout)["fills"] > 0
    assert json.loads(replayed.stdout)["decisions"] > 0


def test_until_ends_the_session_after_that_much_market_time(tmp_path: Path) -> None:
    done = ended(tmp_path, "run", "--speed", "max", "--port", "0", "--until", "1h", "--json", "--data", "synthetic")
    data = json.loads(done.stdout)["data"]
    assert done.returncode == 0
    assert data["last_mts"] - data["first_mts"] < 3_600_000


def test_people_get_lines_and_the_place_of_the_session(tmp_path: Path) -> None:
    done = ended(tmp_path, "run", "--speed", "max", "--port", "0", "--until", "1h", "--data", "synthetic")
    assert done.returncode == 0
    assert "synthetic market" in done.stdout
    (written,) = (tmp_path / "sessions").glob("*.json")
    assert written.name in done.stdout


def test_a_configuration_sets_what_the_options_leave_open(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(
        '{"dry_run": true, "max_drawdown_pct": 0.5,'
        ' "strategy": {"name": "ema_cross", "params": {"fast": 3, "slow": 9}},'
        ' "fees": {"fee_bps": "30"}, "data": {"paths": ["synthetic:2:1"], "cash": "500"}}'
    )
    words = ("run", "--speed", "max", "--port", "0", "--json", "--config", str(config))
    session = json.loads(ended(tmp_path, *words, "--param", "fast=4").stdout)
    assert session["params"] == {"fast": 4, "slow": 9}
    assert (session["cash"], session["fee_bps"], session["max_drawdown_limit_pct"]) == ("500", "30", "0.5")
    assert session["alerts"][0]["code"] == "max_drawdown"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--mode", "wild"), "--mode"),
        (("--mode", "live"), "--timeframe"),
        (("--mode", "live", "--speed", "60"), "--speed"),
        (("--new-key",), "--mode live"),
        (("--over", "air"), "--over"),
        (("--speed", "0"), "--speed"),
        (("--port", "x"), "--port"),
        (("--host", "192.0.2.1"), "192.0.2.1"),
        (("--until", "soon"), "--until"),
        (("--config", "absent.json"), "absent.json"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = ended(tmp_path, "run", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with running(tmp_path, "--data", "synthetic:3:1", "--speed", "60") as (_, url):
        done = ended(tmp_path, "run", "--port", url.rpartition(":")[2])
    assert done.returncode == 2
    assert "in use" in done.stderr


@pytest.mark.parametrize("own", ["", '{"dry_run": true, "risk": {"max_positions": 3}}'])
def test_i15_limits_applied_while_a_session_runs_count_in_it(own: str, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text('{"dry_run": true, "max_drawdown_pct": 3, "risk": {"max_exposure": "0.5"}}')
    home = tmp_path / "home"
    words: tuple[str, ...] = ("--data", "synthetic:3:2", "--speed", "20000", "--over", "memory")
    if own:
        (tmp_path / "own.json").write_text(own)
        words = (*words, "--config", str(tmp_path / "own.json"))
    with running(home, *words) as (process, _):
        applied = ended(home, "config.apply", str(config), "--reason", "lower")
        assert applied.returncode == 0, applied.stderr
        assert process.wait(120) == 0
    (path,) = (home / "journal").glob("*.sqlite")
    entries = [entry for _, entry in read_journal(path)]
    (limits,) = [entry.limits for entry in entries if isinstance(entry, LimitsApplied)]
    assert (limits.max_exposure, limits.max_positions) == (50_000_000, 3 if own else None)
    guards = [entry for entry in entries if isinstance(entry, StrategyLimitsApplied)]
    assert [(each.strategy, each.limits.max_drawdown) for each in guards] == [("main", 30_000_000)]
    assert ended(home, "replay", str(path)).returncode == 0
