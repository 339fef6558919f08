"""The configuration tasks, as a person calls them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]


class End(NamedTuple):
    """How a process ended."""

    code: int
    out: str
    err: str


def genesis(*words: str) -> End:
    program = [sys.executable, "-c", "from genesis.app.cli import main; main()"]
    ran = subprocess.run([*program, *words], capture_output=True, text=True, timeout=60, cwd=ROOT)
    return End(ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.json"
    path.write_text('{"dry_run": true, "fees": {"fee_bps": 12.50}}')
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.json"
    path.write_text('{"fees": {"fee_bps": -1}, "data": {"paths": []}}')
    return path


def test_a_valid_file_is_called_valid(good: Path) -> None:
    assert genesis("config.validate", str(good)) == (0, f"{good} is valid\n", "")


def test_every_problem_is_listed_and_the_exit_code_is_one(bad: Path) -> None:
    code, out, err = genesis("config.validate", str(bad))
    assert (code, err) == (1, "")
    assert sorted(line.split()[0] for line in out.splitlines()[1:]) == ["$.data.paths", "$.dry_run", "$.fees.fee_bps"]
    assert all("(line 1)" in line for line in out.splitlines()[1:])


def test_json_is_one_object_and_nothing_else(bad: Path) -> None:
    code, out, err = genesis("config.validate", str(bad), "--json")
    document = json.loads(out)
    assert (code, err, document["valid"], len(document["errors"])) == (1, "", False, 3)


def test_a_diff_names_paths_and_keeps_the_digits(good: Path, bad: Path) -> None:
    code, out, _ = genesis("config.diff", str(good), str(bad))
    assert code == 0
    assert out.splitlines() == [
        'added $.data: {"paths":[]}',
        "removed $.dry_run: true",
        "changed $.fees.fee_bps: 12.5 -> -1",
    ]
    changes = json.loads(genesis("config.diff", str(good), str(bad), "--json").out)["changes"]
    assert [change["path"] for change in changes] == ["$.data", "$.dry_run", "$.fees.fee_bps"]
    assert genesis("config.diff", str(good), str(good)).out == "no difference\n"


@pytest.mark.parametrize("words", [["config.validate"], ["config.diff"], ["config.validate", "none.json"]])
def test_a_mistake_is_one_sentence_and_exit_code_two(words: list[str]) -> None:
    code, out, err = genesis(*words)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GENESIS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.usefixtures("home")
def test_a_configuration_is_put_in_force_changed_and_rolled_back(good: Path) -> None:
    assert genesis("config.audit").out == "nothing was applied yet: version 0 holds, a dry run without limits\n"
    code, out, err = genesis("config.apply", str(good), "--reason", "the first")
    assert (code, err, out.splitlines()[0][:21]) == (0, "", "version 1 is in force")
    shown = genesis("config.show")
    assert json.loads(shown.out) == {"dry_run": True, "fees": {"fee_bps": 12.5}}
    assert shown.err.startswith("version 1, ")
    good.write_text(shown.out.replace("12.5", "9"))
    assert (
        "changed $.fees.fee_bps: 12.5 -> 9\nwaits for a restart: $.fees.fee_bps"
        in genesis("config.diff", str(good)).out
    )
    code, out, _ = genesis("config.apply", str(good), "--reason", "late")
    assert (code, "version 1 by" in out, "what yours would change in it:" in out) == (1, True, True)
    assert genesis("config.apply", str(good), "--expect", "1", "--reason", "cheaper").code == 0
    assert genesis("config.rollback", "1", "--expect", "2", "--reason", "not so").code == 0
    versions = json.loads(genesis("config.audit", "--json").out)["versions"]
    assert [(each["version"], each["reason"], each["rolled_back_to"]) for each in versions[1:]] == [
        (1, "the first", None),
        (2, "cheaper", None),
        (3, "not so", 1),
    ]
    assert json.loads(genesis("config.show", "--number", "2").out)["fees"] == {"fee_bps": 9}
    verified = json.loads(genesis("audit.verify", "--json").out)
    assert (verified["whole"], verified["lines"], verified["witnessed"]) == (True, 3, True)


@pytest.mark.usefixtures("home")
def test_e5_going_live_by_mistake_takes_more_than_one_call(good: Path) -> None:
    good.write_text('{"dry_run": false}')
    for _ in range(2):
        code, out, _ = genesis("config.apply", str(good), "--reason", "oops", "--confirm", "set $.dry_run to false")
        assert (code, "nothing was changed yet" in out, "set $.dry_run to false" in out) == (1, True, True)
    assert json.loads(genesis("config.show").out) == {"dry_run": True}


def test_e4_audit_verify_names_the_first_bad_line_and_a_cut_tail(home: Path, good: Path) -> None:
    for number, fee in enumerate((1, 2, 3)):
        good.write_text(f'{{"dry_run": true, "fees": {{"fee_bps": {fee}}}}}')
        assert genesis("config.apply", str(good), "--expect", str(number), "--reason", "r").code == 0
    log = home / "logs" / "config_audit.log"
    lines = log.read_text().splitlines(keepends=True)
    log.write_text(lines[0] + lines[1].replace('"reason":"r"', '"reason":"q"') + lines[2])
    code, out, _ = genesis("audit.verify")
    assert (code, out) == (1, f"{log}: line 2 does not match its own hash\n")
    refused = genesis("config.apply", str(good), "--expect", "3", "--reason", "r")
    assert (refused.code, "line 2 does not match its own hash" in refused.err) == (2, True)
    log.write_text("".join(lines[:2]))
    assert genesis("audit.verify").out == f"{log}: line 3 is missing: 3 lines were witnessed\n"
    log.write_text("".join(lines))
    (home / "audit" / "config_audit.witness").unlink()
    assert "its witness is gone" in genesis("audit.verify").out
    assert genesis("audit.adopt", "--reason", "the disk was replaced").code == 0
    assert genesis("audit.verify").out == f"{log}: 4 lines, whole\n"


def test_e3_a_hand_edit_is_told_and_changes_nothing(home: Path, good: Path) -> None:
    assert genesis("config.apply", str(good), "--reason", "r").code == 0
    (home / "config" / "current.json").write_text('{"dry_run": false}')
    code, out, err = genesis("config.show")
    assert (code, json.loads(out)["dry_run"]) == (0, True)
    assert "error: config config.drift: path " in err


def test_e6_a_secret_is_refused_and_shown_nowhere(home: Path, good: Path, tmp_path: Path) -> None:
    secret = "mQ3xTz8Lr0WvYb6" + "Nc1KeHj9Sd5Fg7PaUo2Ii4"
    clean = tmp_path / "clean.json"
    clean.write_text('{"dry_run": true}')
    good.write_text(f'{{"dry_run": true,\n"x-mine": {{"api_key": "{secret}"}}}}')
    ends = [
        genesis("config.validate", str(good)),
        genesis("config.validate", str(good), "--json"),
        genesis("config.apply", str(good), "--reason", "r"),
        genesis("config.diff", str(clean), str(good)),
        genesis("config.diff", str(good)),
        genesis("run", "--config", str(good), "--until", "1m"),
    ]
    assert [end.code for end in ends] == [1, 1, 1, 0, 0, 2]
    assert "$.x-mine.api_key (line 2)" in ends[0].out
    assert not [end for end in ends if secret[:8] in end.out + end.err]
    assert not [path for path in home.rglob("*") if path.is_file() and secret[:8].encode() in path.read_bytes()]
