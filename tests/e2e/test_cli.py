"""The manners of the command line: words, exit codes, one sentence for a mistake, and a quick start."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from genesis.app.cli import CommandLine
from genesis.app.commands import Command, add_command, command, namespace
from genesis.app.invoking import Collection, Context, Exit
from genesis.ports.errors import InputError

ROOT = Path(__file__).parents[2]


class End(NamedTuple):
    code: object
    out: str
    err: str


@command(
    "data.import",
    words="paths",
    repeated=("param",),
    help={"paths": "Files to read.", "from_": "First day.", "size": "A share."},
)
def import_(
    _: Context,
    paths: Sequence[str] = (),
    param: Sequence[str] = (),
    from_: str = "",
    config: str = "",
    size: float = 1.0,
    repair: bool = False,
) -> None:
    """Read files.

    A second paragraph.
    """
    print(list(paths), list(param), from_, config, size, repair)


@command("plain")
def plain(_: Context, json: bool = False, count: int = 0) -> None:
    """Do something plain."""
    del count
    print("plain", json)


@command("refuse")
def refuse(_: Context) -> None:
    """Refuse the input."""
    raise InputError("prices.csv, line 3: high is below low: repair the file.")


@command("differ")
def differ(_: Context) -> None:
    """Find a difference."""
    raise Exit("decisions differ", code=1)


@command("interrupt")
def interrupt(_: Context) -> None:
    """Be interrupted."""
    raise KeyboardInterrupt


def call(capsys: pytest.CaptureFixture[str], *words: str) -> End:
    collection = Collection()
    for task in (import_, plain, refuse, differ, interrupt):
        assert isinstance(task, Command)
        add_command(collection, task)
    with pytest.raises(SystemExit) as end:
        CommandLine("genesis", collection).main(["genesis", *words])
    captured = capsys.readouterr()
    return End(end.value.code, captured.out, captured.err)


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (("a", "b"), "['a', 'b'] []   1.0 False"),
        (("--paths", "a", "b", "--paths=c"), "['a', 'b', 'c'] []   1.0 False"),
        (("a", "--param", "fast=5", "--param", "slow=9", "b"), "['a', 'b'] ['fast=5', 'slow=9']   1.0 False"),
        (("a", "--repair", "b", "--size", "0.5"), "['a', 'b'] []   0.5 True"),
        (("--from", "2017-01-01", "--config", "x.json", "a"), "['a'] [] 2017-01-01 x.json 1.0 False"),
        (("plain", "data.import"), "['plain', 'data.import'] []   1.0 False"),
        (("../a folder/b.csv.gz",), "['../a folder/b.csv.gz'] []   1.0 False"),
        ((), "[] []   1.0 False"),
    ],
)
def test_bare_words_go_to_the_option_that_takes_them(
    capsys: pytest.CaptureFixture[str], words: Sequence[str], printed: str
) -> None:
    assert call(capsys, "data.import", *words) == End(0, printed + "\n", "")


def test_tasks_without_words_follow_one_another(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, "plain", "--json", "plain") == End(0, "plain True\nplain False\n", "")


def test_one_call_leaves_nothing_behind_for_the_next(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, "data.import", "a").out.startswith("['a']")
    assert call(capsys, "data.import", "b").out.startswith("['b']")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("refuse",), "genesis: prices.csv, line 3: high is below low: repair the file."),
        (("nonsense",), "genesis: No idea what 'nonsense' is!"),
        (("plain", "--nonsense"), "genesis: No idea what '--nonsense' is!"),
        (("plain", "word"), "genesis: No idea what 'word' is!"),
        (("plain", "--jsn"), "genesis: No idea what '--jsn' is! Did you mean --json?"),
        (("import",), "genesis: No idea what 'import' is! Did you mean data.import?"),
        (("data.import", "--size", "big"), "genesis: data.import --size big: 'big' is no number"),
        (("plain", "--count=nan"), "genesis: plain --count=nan: 'nan' is no whole number"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], words: Sequence[str], said: str
) -> None:
    assert call(capsys, *words) == End(2, "", said + "\n")


def test_a_task_says_no_with_its_own_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, "differ") == End(1, "", "decisions differ\n")


def test_an_interrupt_ends_quietly(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, "interrupt") == End(130, "", "")


@pytest.mark.parametrize("words", [("data.import", "--help"), ("--help", "data.import")])
def test_help_of_a_task_tells_its_words_and_options(capsys: pytest.CaptureFixture[str], words: Sequence[str]) -> None:
    code, out, err = call(capsys, *words)
    assert (code, err) == (0, "")
    assert out.startswith("Usage: genesis data.import [--options] [PATHS...]\n")
    assert all(text in out for text in ("A second paragraph.", "--from", "First day.", "Files to read.", "--repair"))


@pytest.mark.parametrize("words", [(), ("--help",), ("--list",)])
def test_help_lists_every_task_with_its_sentence(capsys: pytest.CaptureFixture[str], words: Sequence[str]) -> None:
    code, out, err = call(capsys, *words)
    assert (code, err) == (0, "")
    for line in ("data.import", "Read files.", "plain", "Do something plain."):
        assert line in out


def test_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, "--version") == End(0, "genesis 0.1.0\n", "")


def test_every_run_time_task_has_help_for_itself_and_each_option() -> None:
    for context in namespace().to_contexts():
        task = namespace()[context.name]
        assert task.__doc__, context.name
        for argument in context.args.values():
            assert argument.help or argument.name == "json", f"{context.name} --{argument.name} has no help"


def test_a_checkout_shows_the_run_time_tasks_of_the_package() -> None:
    listed = subprocess.run(
        [sys.executable, "tasks.py", "--list"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    for name in (*namespace().task_names, "test", "lint", "types", "check", "bench", "drill", "build", "lock"):
        assert name in listed


def test_the_command_starts_without_heavy_libraries() -> None:
    heavy = "aiohttp asyncio cattrs litestar msgspec numba numpy plotly polars rich ssl structlog unittest"
    code = f"import sys, genesis.app.cli as cli; cli.namespace(); print(set('{heavy}'.split()) & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout == "set()\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_behind_the_output_is_one_sentence_and_exit_code_2() -> None:
    with Path("/dev/full").open("w") as full:
        told = subprocess.run(
            [sys.executable, "tasks.py", "--list"], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert told.returncode == 2
    assert told.stderr.startswith("./inv: ")
    assert told.stderr.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="closes the descriptor through a POSIX shell")
def test_a_command_without_output_ends_well() -> None:
    told = subprocess.run(["sh", "-c", f"'{sys.executable}' tasks.py --list >&-"], cwd=ROOT, stderr=subprocess.PIPE)
    assert (told.returncode, told.stderr) == (0, b"")


def test_a_terminal_that_has_only_ascii_shows_the_rest_escaped() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    words = [sys.executable, "tasks.py", "backtest", "--help"]
    told = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (told.returncode, told.stderr) == (0, "")
    assert "1D\\u2026" in told.stdout


def test_a_closed_pipe_is_no_error() -> None:
    process = subprocess.Popen(
        [sys.executable, "tasks.py", "--list"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate()
    assert (process.returncode, err) == (0, b"")
