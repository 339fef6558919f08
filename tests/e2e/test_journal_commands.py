"""A recorded session as a person meets it: verify, replay on any hash seed, explain; kill, refuse, reset."""

import getpass
import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "from genesis.app.cli import main; main()"]


def ended(home: Path, *words: str, seed: str = "random") -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "GENESIS_HOME": str(home), "PYTHONHASHSEED": seed}
    return subprocess.run([*COMMAND, *words], env=environment, capture_output=True, text=True, timeout=120)


def answered(home: Path, *words: str, seed: str = "random") -> dict[str, object]:
    done = ended(home, *words, "--json", seed=seed)
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with one recorded session."""
    folder = tmp_path_factory.mktemp("home")
    summary = answered(folder, "run", "--data", "synthetic:3:1", "--speed", "max", "--port", "0")
    assert summary["fills"]
    return folder


@pytest.fixture
def copy(home: Path, tmp_path: Path) -> Path:
    """A copy of the journal, to be changed."""
    (journal,) = (home / "journal").glob("*.sqlite")
    for name in (journal.name, f"{journal.name}.witness"):
        (tmp_path / name).write_bytes((home / "journal" / name).read_bytes())
    return tmp_path / journal.name


def test_a_session_is_journalled_whole(home: Path) -> None:
    verdict = answered(home, "journal.verify")
    assert verdict["whole"] is True
    assert isinstance(verdict["rows"], int)
    assert verdict["rows"] > 1000
    assert ", whole" in ended(home, "journal.verify").stdout


@pytest.mark.parametrize("seed", ["0", "1", "31415"])
def test_i24_a_replay_makes_every_decision_again_on_any_hash_seed(home: Path, seed: str) -> None:
    found = answered(home, "replay", seed=seed)
    assert found["same"] is True
    assert found["ended"] == "data_ended"
    assert isinstance(found["decisions"], int)
    assert found["decisions"] > 50


def test_replay_names_the_first_decision_that_differs(copy: Path) -> None:
    # The forger knows the format: the chain is right again, only the decision is another one.
    from genesis.adapters.journal_sqlite.reading import read_journal
    from genesis.domain.journal.chain import Head, chained, head_of

    rows = [row for row, _ in read_journal(copy)]
    at = [index for index, row in enumerate(rows) if '"side":"buy"' in row.payload and row.kind == "decision"][3]
    rows[at] = rows[at]._replace(payload=rows[at].payload.replace('"side":"buy"', '"side":"sell"'))
    head = Head()
    with closing(sqlite3.connect(copy)) as connection, connection:
        for row in rows:
            new = chained(head, row.written_us, row.kind, row.payload)
            head = head_of(new)
            connection.execute("UPDATE entries SET payload=?, hash=? WHERE seq=?", (new.payload, new.hash, new.seq))
    done = ended(copy.parent, "replay", str(copy), "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["same_code"] is True
    difference = json.loads(done.stdout)["difference"]
    assert '"side":"sell"' in difference["recorded"]
    assert '"side":"buy"' in difference["replayed"]
    assert difference["row"] < at + 1
    said = ended(copy.parent, "replay", str(copy)).stdout
    assert "differs" in said
    assert "written by this same code" in said


def test_replay_tells_a_strategy_that_was_changed_since(tmp_path: Path) -> None:
    code = (
        "from genesis.domain.strategy.features import *\nfrom genesis.domain.strategy.specification import strategy\n"
    )
    body = "@strategy\ndef mine(n: int = {n}):\n    return where(close > ema(close, n), 1.0, 0.0)\n"
    file = tmp_path / "own.py"
    file.write_text(code + body.format(n=20))
    answered(tmp_path, "run", "--data", "synthetic:3:1", "--speed", "max", "--port", "0", "--strategy", f"{file}:mine")
    assert answered(tmp_path, "replay")["same"] is True
    file.write_text((code + body.format(n=20)).replace("1.0, 0.0", "0.5, 0.0"))
    done = ended(tmp_path, "replay")
    assert done.returncode == 1
    assert "the expression of main was" in done.stdout


def test_verify_exits_1_and_names_the_row(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("DELETE FROM entries WHERE seq = 100")
    done = ended(copy.parent, "journal.verify", str(copy), "--json")
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert answer["whole"] is False
    assert answer["problem"].startswith("row 100 ")
    assert ended(copy.parent, "replay", str(copy)).returncode == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("journal.verify",), "has no journal yet"),
        (("replay", "nowhere.sqlite"), "there is no such journal"),
        (("journal.verify", "nowhere.sqlite"), "nowhere.sqlite"),
        (("explain",), "explain CID"),
        (("explain", "x"), "explain CID"),
        (("kill.reset",), "kill.reset --reason"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_and_exit_code_2(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = ended(tmp_path, *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_explain_says_why_how_large_when_and_what_came_of_it(home: Path) -> None:
    wrong = ended(home, "explain", "99999").stderr
    assert "has no order 99999; it has" in wrong
    first = wrong.split()[-3]
    found = answered(home, "explain", first)
    assert found["cid"] == int(first)
    assert found["side"] == "buy"
    assert found["outcome"] == "filled"
    assert found["target"] == 1.0
    assert found["weight_pct"] == "100"
    assert found["sizes"] == [{"after": "position_cap", "weight_pct": "100"}]
    nodes = {node["node"]: node["value"] for node in found["nodes"]}  # type: ignore[attr-defined]  # a list of objects
    assert nodes["ema(close, 12)"] > nodes["ema(close, 26)"]
    said = [each["what"] for each in found["timings_us"]]  # type: ignore[attr-defined]  # a list of objects
    assert said[0] == "sending"
    assert {"fill", "closed"} <= set(said)
    evidence = {each["what"]: each for each in found["evidence"]}  # type: ignore[attr-defined]  # a list of objects
    assert evidence["traded"]["exchange_id"] == evidence["closed"]["exchange_id"]
    assert evidence["traded"]["trade_id"]
    text = ended(home, "explain", first).stdout
    for word in (
        "outcome: filled",
        "strategy: ema_cross(fast=12, slow=26)",
        "ema(close, 12) = ",
        "after position_cap: 100 %",
    ):
        assert word in text


def test_e16_e17_a_kill_holds_over_restarts_until_a_reason_is_given(tmp_path: Path) -> None:
    run = ("run", "--data", "synthetic:3:1", "--speed", "max", "--port", "0")
    assert ended(tmp_path, "kill", "too", "wild").stdout.rstrip().endswith("(too wild)")
    for _ in range(2):
        refused = ended(tmp_path, *run)
        assert refused.returncode == 2
        assert "kill latch is set (too wild)" in refused.stderr
    assert not (tmp_path / "journal").exists()
    assert ended(tmp_path, "kill.reset").returncode == 2
    assert ended(tmp_path, "kill.reset", "--reason", "looked into it").returncode == 0
    log = (tmp_path / "logs" / "config_audit.log").read_text().splitlines()
    killed, reset = (json.loads(line)["entry"] for line in log)
    who = getpass.getuser()
    assert killed == {"action": "kill", "reason": "too wild", "orders": "", "who": who}
    assert reset == {"action": "kill.reset", "reason": "looked into it", "was": "too wild", "who": who}
    assert ended(tmp_path, *run).returncode == 0


def test_e16_a_kill_needs_no_settings_that_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENESIS_PORT", "no port")
    assert ended(tmp_path, "replay").returncode == 2
    done = ended(tmp_path, "kill", "enough")
    assert done.returncode == 0
    assert (tmp_path / "kill.latch").read_text() == "enough"


def test_i27_a_latch_is_not_reset_unless_the_reason_is_in_the_audit_log(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")
    killed = ended(tmp_path, "kill", "enough")
    assert killed.returncode == 0  # which no log that cannot be written stops
    assert "this kill is not in the audit log" in killed.stderr
    refused = ended(tmp_path, "kill.reset", "--reason", "calm")
    assert refused.returncode == 2
    assert "logs" in refused.stderr
    assert (tmp_path / "kill.latch").exists()


def test_i9_a_kill_ends_a_running_session_which_says_so_in_its_journal(tmp_path: Path) -> None:
    words = ("run", "--data", "synthetic:3:2", "--speed", "6000", "--port", "0", "--json")
    environment = {**os.environ, "GENESIS_HOME": str(tmp_path)}
    with subprocess.Popen(
        [*COMMAND, *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert next(line for line in process.stderr if line.startswith("journal"))
        assert ended(tmp_path, "kill", "enough").returncode == 0
        assert process.wait(60) == 2
        assert "kill latch is set (enough)" in process.stderr.read()
    assert answered(tmp_path, "journal.verify")["whole"] is True
    assert answered(tmp_path, "replay")["ended"] == "killed"


@pytest.mark.parametrize(("number", "code", "end"), [(signal.SIGTERM, 0, "stopped"), (signal.SIGKILL, -9, "")])
def test_a9_a1_a_stopped_or_killed_session_leaves_a_whole_journal_that_replays(
    tmp_path: Path, number: signal.Signals, code: int, end: str
) -> None:
    words = ("run", "--data", "synthetic:3:2", "--speed", "60000", "--port", "0", "--json")
    environment = {**os.environ, "GENESIS_HOME": str(tmp_path)}
    with subprocess.Popen(
        [*COMMAND, *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert next(line for line in process.stderr if line.startswith("journal"))
        while rows_of(tmp_path) < 50:
            assert process.poll() is None
        assert (tmp_path / "kill.latch.spare").exists()
        process.send_signal(number)
        process.communicate(timeout=60)
        assert process.returncode == code
    assert answered(tmp_path, "journal.verify")["whole"] is True
    found = answered(tmp_path, "replay")
    assert found["same"] is True
    assert found["ended"] == end


def rows_of(home: Path) -> int:
    """Count what is durable by now, beside the writer."""
    for path in (home / "journal").glob("*.sqlite"):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            try:
                (count,) = connection.execute("SELECT count(*) FROM entries").fetchone()
            except sqlite3.OperationalError:  # its table is still being made
                return 0
            return int(count)
    return 0


def test_a15_a_session_whose_disk_is_full_ends_with_one_sentence_and_keeps_what_it_wrote(tmp_path: Path) -> None:
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000));"
        "from genesis.app.cli import main; main()"
    )
    words = ("run", "--data", "synthetic:3:30", "--speed", "max", "--port", "0", "--json")
    environment = {**os.environ, "GENESIS_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program, *words], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 2
    assert "disk" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert answered(tmp_path, "journal.verify")["whole"] is True
    found = answered(tmp_path, "replay")
    assert found["same"] is True
    assert found["ended"] == ""
