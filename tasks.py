"""The tasks of a checkout: `./inv --list`. Run-time tasks come from the package; these few are for development."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from genesis.app.cli import CommandLine
from genesis.app.commands import add_command, command, namespace
from genesis.app.invoking import Collection, Context, Exit

ROOT = Path(__file__).parent
CODE = ("src", "tests", "tasks.py")
LINTERS: Mapping[str, Sequence[str]] = {
    "ruff": ("-m", "ruff", "check", "--quiet", *CODE, "inv"),
    "black": ("-m", "black", "--check", *CODE, "inv"),
    "layers": ("-c", "from importlinter.cli import lint_imports_command as lint; lint()"),
    "bandit": ("-m", "bandit", "--quiet", "--recursive", "--configfile", "pyproject.toml", "src", "tasks.py", "inv"),
}
# The extras of each lock. cluster.lock holds them all and is solved first, so that all agree on every version.
LOCKS: Mapping[str, Sequence[str]] = {"core": (), "dev": ("research", "cluster", "secrets", "dev")}
UV = (
    *("uv", "pip", "compile", "--universal", "--python-version", "3.11", "--generate-hashes", "--quiet", "--no-config"),
    *("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
)


def python(*arguments: str) -> None:
    """Run this Python with *arguments* at the root of the checkout; end with its exit code if that is not 0."""
    code = subprocess.run([sys.executable, *arguments], cwd=ROOT, check=False).returncode
    if code:
        raise Exit(code=code)


@command(
    "test",
    words="paths",
    help={
        "paths": "Only the tests in these files or folders.",
        "select": "Only tests whose name matches, as with pytest -k.",
        "mark": "Only tests with these marks, as with pytest -m.",
        "workers": "Processes to spread them over; auto is one a core, 0 none but this one.",
    },
)
def test(
    _: Context, paths: Sequence[str] = (), select: str = "", mark: str = "not network", workers: str = "auto"
) -> None:
    """Run the tests."""
    places = [str(Path(path).resolve()) for path in paths]
    # Who has nothing left to do takes over from the others: some tests last a second, some a minute.
    python("-m", "pytest", "-m", mark, "-k", select, "-n", workers, "--dist", "worksteal", *places)


@command("lint", words="tools", help={"tools": f"Only these, of {', '.join(LINTERS)}."})
def lint(_: Context, tools: Sequence[str] = ()) -> None:
    """Check style, layers and known traps."""
    if unknown := [tool for tool in tools if tool not in LINTERS]:
        raise Exit(f"no linter named {', '.join(unknown)}: there are {', '.join(LINTERS)}.", code=2)
    for tool in tools or LINTERS:
        python(*LINTERS[tool])


@command("types")
def types(_: Context) -> None:
    """Check the types, strictly."""
    python("-m", "mypy")


@command("audit")
def audit(_: Context) -> None:
    """Ask the public databases for known holes in what the locks install."""
    python("-m", "tests.security.all_checks", "known holes")


@command("security", help={"accept": "Take what looks like a secret now for none; look at the difference."})
def security(_: Context, accept: bool = False) -> None:
    """Write the parts list (SBOM), and look for known holes, dangerous code and secrets in files.

    Exits 1 for whatever is found, and where a database could not be asked: that proves nothing.
    """
    python("-m", "tests.security.all_checks", *(["--accept"] if accept else []))


@command("check")
def check(context: Context) -> None:
    """Do all that CI does: lint, types and the tests, which look for dangerous code and secrets, too."""
    lint(context)
    types(context)
    test(context)
    print("known holes: NOT AUDITED: that asks a public database, and nothing is proven without; ./inv audit does")


@command(
    "bench",
    words="names",
    help={"names": "Only these modules of tests/bench.", "json": "Print one JSON object, for machines."},
)
def bench(_: Context, names: Sequence[str] = (), json: bool = False) -> None:
    """Measure the figures: each module of tests/bench is a program that prints what it measured."""
    found = {path.stem: path for path in sorted((ROOT / "tests" / "bench").glob("[a-z]*.py"))}
    if unknown := [name for name in names if name not in found]:
        raise Exit(f"no bench named {', '.join(unknown)}: there are {', '.join(found) or 'none'}.", code=2)
    for name in names or found:
        python("-m", f"tests.bench.{name}", *(["--json"] if json else []))


@command(
    "drill",
    help={
        "kills": "How many processes to kill.",
        "seed": "Where and when they are killed; the ledger counts each seed by itself.",
        "only": "Run the drill with this number again, whatever the ledger has; below 0 for none.",
        "json": "Print one JSON object.",
    },
)
def drill(_: Context, kills: int = 300, seed: int = 1, only: int = -1, json: bool = False) -> None:
    """Kill the real process while it trades over real sockets, start it again, and hold it against the exchange.

    Drills that passed with this code are in GENESIS_HOME/simulation and are not run again: a campaign of thousands can
    be stopped and goes on where it was. Exits 1 where something was found.
    """
    if kills < 1:
        raise Exit(f"--kills {kills}: give 1 or more.", code=2)
    one = ["--only", str(only)] if only >= 0 else []
    python("-m", "tests.simulation.drill", str(kills), str(seed), *one, *(["--json"] if json else []))


@command("build")
def build(_: Context) -> None:
    """Make the wheel and the source archive in dist/."""
    python("-m", "hatchling", "build")


@command("docs")
def docs(_: Context) -> None:
    """Make the API reference from the docstrings, in build/docs; a warning fails."""
    python("-m", "tests.docs.reference")


@command(
    "image",
    help={
        "check": "Try it, too: user, root file system, decisions, a user's walk through a session, health, kill.",
        "tag": "The name of the image.",
        "base": "The Python image to build on, instead of the Dockerfile's.",
        "builder": "A program that builds the image from a context and a tag, instead of the container engine.",
    },
)
def image(_: Context, check: bool = False, tag: str = "genesis:latest", base: str = "", builder: str = "") -> None:
    """Build the container image with docker, podman or buildah."""
    chosen = [word for option, value in (("--base", base), ("--builder", builder)) if value for word in (option, value)]
    python("-m", "tests.image.trial", tag, *chosen, *(["--check"] if check else []))


@command("lock", help={"upgrade": "Take the newest versions instead of keeping those of the lock."})
def lock(_: Context, upgrade: bool = False) -> None:
    """Solve requirements/*.lock again: versions and hashes for every platform, and no address."""
    every = ROOT / "requirements" / "cluster.lock"
    newest = ("--upgrade",) if upgrade else ()
    compile_lock(every, "pyproject.toml", "--all-extras", *newest)
    compile_lock(every.with_name("build.lock"), "requirements/build.in", "--constraints", str(every))
    for name, extras in LOCKS.items():
        chosen = [word for extra in extras for word in ("--extra", extra)]
        compile_lock(every.with_name(f"{name}.lock"), "pyproject.toml", *chosen, "--constraints", str(every))


def compile_lock(target: Path, source: str, *options: str) -> None:
    """Solve *source* into *target*; refuse a file that would name an address."""
    python("-m", *UV, source, "--output-file", str(target), *options)
    text = target.read_text()
    if "://" in text or "--index" in text or "--find-links" in text:
        raise Exit(f"{target} names an address: solve it with the ordinary registry.", code=2)


def tasks() -> Collection:
    """The run-time tasks of the package and those of this file."""
    collection = namespace()
    for task in (test, lint, types, audit, security, check, bench, drill, build, docs, image, lock):
        add_command(collection, task)
    return collection


ns = tasks()

if __name__ == "__main__":
    CommandLine("./inv", ns).main()
