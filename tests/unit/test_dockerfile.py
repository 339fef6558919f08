"""The Dockerfile keeps its rules, and those of `hadolint`, which comes with the development packages."""

import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
INSTRUCTIONS = [
    line.partition(" ")[::2]
    for line in re.sub(r"\\\n\s*", " ", re.sub(r"^\s*#.*\n", "", TEXT, flags=re.MULTILINE)).splitlines()
    if line
]
FINAL = INSTRUCTIONS[[word for word, _ in INSTRUCTIONS].index("FROM", 2) :]


def of(word: str) -> list[str]:
    return [rest for found, rest in INSTRUCTIONS if found == word]


def test_both_stages_stand_on_the_python_image_that_the_builder_chooses() -> None:
    assert re.fullmatch(r"ARG PYTHON_IMAGE=python:3\.\d+-slim", TEXT.splitlines()[0])
    assert of("FROM") == ["${PYTHON_IMAGE} AS build", "${PYTHON_IMAGE}"]


def test_packages_come_as_wheels_by_their_hashes_alone() -> None:
    installs = [part for run in of("RUN") for part in run.split("&&") if " install " in part and "pip" in part]
    assert len(installs) == 3
    for install in installs:
        is_ours = "--no-index" in install and "--no-deps" in install
        assert is_ours or ("--require-hashes" in install and "--only-binary :all:" in install), install
        assert "--no-cache-dir" in install


def test_the_last_stage_installs_nothing_and_runs_as_nobody() -> None:
    runs = " ".join(rest for word, rest in FINAL if word == "RUN")
    assert not re.search(r"apt|pip|curl|wget", runs)
    (user,) = (rest for word, rest in FINAL if word == "USER")
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
    assert [word for word, _ in FINAL].index("USER") > max(
        place for place, (word, _) in enumerate(FINAL) if word in {"RUN", "COPY"}
    )
    assert all(rest.startswith("--from=build ") for word, rest in FINAL if word == "COPY")


def test_state_is_a_volume_and_nothing_else_is_written() -> None:
    words = dict(FINAL)
    assert words["VOLUME"] == '["/data"]'
    assert "GENESIS_HOME=/data" in words["ENV"]
    assert "PYTHONDONTWRITEBYTECODE=1" in words["ENV"]
    assert "NUMBA_CACHE_DIR=/tmp/" in words["ENV"]
    assert "HEALTHCHECK" in words
    assert words["ENTRYPOINT"].startswith('["')  # no shell between the signals and the program


def test_only_what_is_named_goes_into_the_build() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    named = [line[1:].partition("/*")[0] for line in lines if line.startswith("!")]
    sources = {word for rest in of("COPY") if "--from" not in rest for word in rest.split()[:-1] if word[:2] != "--"}
    assert all(any(source == name or source.startswith(f"{name}/") for name in named) for source in sources)
    assert not any(name.startswith((".env", "var", ".git")) for name in named)


LOCKED_FOR = (sys.platform, platform.machine()) == ("linux", "x86_64")


@pytest.mark.skipif(not LOCKED_FOR, reason="hadolint comes as a wheel for Linux on x86_64 alone")
def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(not LOCKED_FOR, reason="hadolint comes as a wheel for Linux on x86_64 alone")
def test_hadolint_finds_something_where_something_is(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(TEXT + "RUN sudo pip install genesis\n")
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, tmp_path / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, "DL3004" in done.stdout) == (1, True), done.stdout


@pytest.mark.parametrize("script", sorted((ROOT / "ops" / "image").iterdir()), ids=lambda path: path.name)
def test_a_script_of_the_image_is_one_that_a_plain_shell_runs(script: Path) -> None:
    assert script.read_text().startswith("#!/bin/sh\n")
    if shutil.which("sh"):
        assert subprocess.run(["sh", "-n", str(script)]).returncode == 0


def test_e7_the_locks_of_keys_are_on_the_volume_and_not_in_a_container_s_own_tmp() -> None:
    (environment,) = [rest for word, rest in FINAL if word == "ENV"]
    assert "GENESIS_LOCKS=/data/locks" in environment.split()
    assert of("VOLUME") == ['["/data"]']
