"""What `inv` promises: a whole environment or one sentence. Real processes, a tiny project, no network."""

import ast
import hashlib
import importlib.machinery
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest

INV = Path(__file__).parents[2] / "inv"
OLD_PYTHONS = sorted(
    str(path)
    for pattern in ("2.7*", "3.[6-9].*", "3.10.*")
    for path in Path.home().glob(f".pyenv/versions/{pattern}/bin/python")
)
BACKEND = """
import pathlib, zipfile

def build_editable(directory, config_settings=None, metadata_directory=None):
    name, info = "tiny_project-1-py3-none-any.whl", "tiny_project-1.dist-info/"
    with zipfile.ZipFile(pathlib.Path(directory) / name, "w") as wheel:
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: tiny-project\\nVersion: 1\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    with open("builds.txt", "a") as builds:
        builds.write("built\\n")
    return name
"""


def load() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("bootstrap", str(INV))
    spec = importlib.util.spec_from_loader("bootstrap", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def wheel(folder: Path, name: str) -> str:
    """Put a wheel of *name* into *folder*; its line in a lock."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", "")
        archive.writestr(f"{name}-1.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        archive.writestr(f"{name}-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{name}-1.dist-info/RECORD", "")
    return f"{name}==1 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "a checkout"
    (root / "requirements").mkdir(parents=True)
    shutil.copy(INV, root / "inv")
    (root / "requirements" / "build.lock").write_text(wheel(tmp_path / "wheels", "tinytool"))
    (root / "requirements" / "dev.lock").write_text(wheel(tmp_path / "wheels", "tinylibrary"))
    (root / "backend.py").write_text(BACKEND)
    (root / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (root / "tasks.py").write_text(
        "import sys, tinylibrary, tinytool\nprint(sys.prefix, sys.argv[1:])\nsys.exit(7 if 'fail' in sys.argv else 0)\n"
    )
    return root


def environment(root: Path, **more: str) -> Mapping[str, str]:
    """This process's variables, with pip shut off from everything but the test's own wheels."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    wheels = (root.parent / "wheels").as_uri()
    return {**kept, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": wheels, **more}


def start(root: Path, *arguments: str, python: str = sys.executable, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [python, str(root / "inv"), *arguments],
        cwd=root.parent,
        env=environment(root, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run(root: Path, *arguments: str, python: str = sys.executable, **more: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `inv`."""
    process = start(root, *arguments, python=python, **more)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def sentence(err: str) -> str:
    """The one line `inv` ends with; a traceback or a second sentence fails."""
    lines = [line for line in err.splitlines() if "making .venv" not in line]
    assert len(lines) == 1, err
    assert lines[0].startswith("inv: ")
    return lines[0]


def test_a_fresh_checkout_becomes_a_locked_environment_and_stays_one(checkout: Path) -> None:
    code, out, _ = run(checkout, "task", "--flag", "two words")
    assert code == 0
    assert out == f"{checkout / '.venv'} ['task', '--flag', 'two words']\n"

    code, _, err = run(checkout, "fail")
    assert (code, err) == (7, "")
    assert (checkout / "builds.txt").read_text().count("built") == 1

    with (checkout / "pyproject.toml").open("a") as project:
        project.write("[tool.x]\n")
    marker = checkout / ".venv" / "marker"
    marker.touch()
    assert run(checkout)[0] == 0
    assert (checkout / "builds.txt").read_text().count("built") == 2
    assert marker.exists(), "a change of the project alone keeps the environment"

    with (checkout / "requirements" / "dev.lock").open("a") as lock:
        lock.write("# another lock\n")
    assert run(checkout)[0] == 0
    assert not marker.exists(), "a change of a lock makes the environment anew"
    assert not (checkout / ".venv.log").exists()


@pytest.mark.skipif(os.name == "nt", reason="kills a process group by POSIX signals")
def test_a_killed_creation_is_begun_again(checkout: Path) -> None:
    process = start(checkout)
    assert process.stdout is not None
    assert process.stderr is not None
    python = checkout / ".venv" / "bin" / "python"
    while not python.exists() and process.poll() is None:
        time.sleep(0.01)  # another process makes it: there is no clock of ours to move
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert python.exists()

    code, out, _ = run(checkout)
    assert (code, out) == (0, f"{checkout / '.venv'} []\n")


def test_two_at_once_make_one_environment(checkout: Path) -> None:
    both = [start(checkout, str(number)) for number in range(2)]
    ends = [(*process.communicate(timeout=120), process.returncode) for process in both]
    assert [end[2] for end in ends] == [0, 0], ends
    assert (checkout / "builds.txt").read_text().count("built") == 1


def test_no_network_is_one_sentence(checkout: Path) -> None:
    (checkout / "requirements" / "build.lock").write_text(f"attrs==25.1.0 --hash=sha256:{'0' * 64}\n")
    nowhere = {"PIP_NO_INDEX": "0", "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    code, out, err = run(checkout, **nowhere)
    assert (code, out) == (2, "")
    assert "connect to the network" in sentence(err)


def test_a_package_that_is_not_the_locked_one_is_refused(checkout: Path) -> None:
    lock = checkout / "requirements" / "dev.lock"
    lock.write_text(lock.read_text()[:-65] + "0" * 64 + "\n")
    code, _, err = run(checkout)
    assert code == 2
    assert "not the locked one" in sentence(err)
    assert not (checkout / ".venv" / "genesis.stamp").exists()


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_python_without_the_venv_module_is_one_sentence(checkout: Path, module: str) -> None:
    absent = checkout.parent / "absent"
    absent.mkdir()
    (absent / f"{module}.py").write_text(f"raise ImportError('No module named {module}')\n")
    code, out, err = run(checkout, PYTHONPATH=str(absent))
    assert (code, out) == (2, "")
    assert "python3-venv" in sentence(err)


def test_a_folder_that_cannot_be_written_is_one_sentence(checkout: Path) -> None:
    (checkout / ".venv.lock").mkdir()  # refuses to be opened for root too, whom permissions do not stop
    code, out, err = run(checkout)
    assert (code, out) == (2, "")
    assert "make the folder writable" in sentence(err)


def test_a_missing_lock_is_one_sentence(checkout: Path) -> None:
    (checkout / "requirements" / "dev.lock").unlink()
    code, _, err = run(checkout)
    assert code == 2
    assert "dev.lock is missing" in sentence(err)


@pytest.mark.parametrize("python", OLD_PYTHONS or [pytest.param("", marks=pytest.mark.skip("no old Python here"))])
def test_an_old_python_is_told_so(checkout: Path, python: str) -> None:
    code, out, err = run(checkout, python=python)
    assert (code, out) == (2, "")
    assert "Python 3.11 or newer is needed" in sentence(err)


def test_the_script_is_in_the_syntax_of_old_pythons() -> None:
    ast.parse(INV.read_text(encoding="ascii"), feature_version=(3, 4))


def test_the_script_needs_nothing_but_the_standard_library() -> None:
    tree = ast.parse(INV.read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree))
    assert names <= sys.stdlib_module_names


def test_the_interpreter_is_where_each_system_puts_it() -> None:
    bootstrap = load()
    assert bootstrap.venv_python("place", windows=False) == os.path.join("place", "bin", "python")
    assert bootstrap.venv_python("place", windows=True) == os.path.join("place", "Scripts", "python.exe")


def test_locks_hold_hashes_and_no_address() -> None:
    locks = sorted((INV.parent / "requirements").glob("*.lock"))
    assert [lock.stem for lock in locks] == ["build", "cluster", "core", "dev"]
    for lock in locks:
        text = lock.read_text()
        assert "://" not in text
        assert "--index" not in text
        assert "--find-links" not in text
        requirements = text.replace("\\\n", " ").splitlines()
        assert requirements
        assert all("--hash=sha256:" in line for line in requirements)
