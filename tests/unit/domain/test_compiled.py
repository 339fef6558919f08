"""The door to numba: one source for both speeds, and machine code that is never older than it."""

import math
import subprocess
import sys
from pathlib import Path
from types import FunctionType

import numpy as np
import pytest
from numba.core.errors import TypingError

from genesis.domain.candle import Floats
from genesis.domain.compiled import fingerprint, kernel, step

RATE = 3.0


@step
def tripled(x: float) -> float:
    return RATE * x


@kernel
def triple(values: Floats, out: Floats) -> None:
    for i in range(len(values)):
        out[i] = tripled(values[i])


@kernel
def triple_twice(values: Floats, out: Floats) -> None:
    triple(values, out)
    triple(out, out)


@kernel
def inverse(values: Floats, out: Floats) -> None:
    for i in range(len(values)):
        out[i] = 1.0 / values[i]


@kernel
def allocating(values: Floats) -> float:
    return float(np.empty(len(values))[0])


def test_a_step_stays_the_plain_function() -> None:
    assert tripled(2.0) == 6.0
    assert isinstance(tripled, FunctionType)


def test_a_kernel_and_its_plain_function_agree() -> None:
    values = np.array([0.1, -0.0, math.nan, math.inf])
    compiled, plain = np.empty(4), np.empty(4)
    triple(values, compiled)
    triple.py_func(values, plain)
    assert compiled.view(np.int64).tolist() == plain.view(np.int64).tolist()


def test_a_kernel_may_call_a_kernel() -> None:
    out = np.empty(2)
    triple_twice(np.array([1.0, 2.0]), out)
    assert out.tolist() == [9.0, 18.0]


def test_compiled_code_divides_by_zero_as_the_processor_does() -> None:
    out = np.empty(2)
    inverse(np.array([0.0, -0.0]), out)
    assert out.tolist() == [math.inf, -math.inf]


def test_a_kernel_that_allocates_is_refused() -> None:
    with pytest.raises(TypingError, match="No implementation of function"):
        allocating(np.ones(1))


def test_the_fingerprint_covers_steps_and_constants(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(triple.py_func)
    monkeypatch.setitem(globals(), "RATE", 4.0)
    other_constant = fingerprint(triple.py_func)
    monkeypatch.setitem(globals(), "tripled", lambda x: x + RATE)
    other_step = fingerprint(triple.py_func)
    assert len({before, other_constant, other_step, fingerprint(inverse.py_func)}) == 4


def test_the_fingerprint_reaches_through_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(triple_twice.py_func)
    monkeypatch.setitem(globals(), "RATE", 4.0)
    assert fingerprint(triple_twice.py_func) != before


MODULES = {
    "constants.py": "FACTOR = 2.0\n",
    "steps.py": (
        "from constants import FACTOR\n"
        "from genesis.domain.compiled import step\n"
        "@step\n"
        "def scaled(x):\n"
        "    return FACTOR * x\n"
    ),
    "loops.py": (
        "from genesis.domain.compiled import kernel\n"
        "from steps import scaled\n"
        "@kernel\n"
        "def run(x):\n"
        "    return scaled(x)\n"
        "print(run(1.0), sum(run.compiled.stats.cache_hits.values()))\n"
    ),
}


def run_loops(folder: Path) -> str:
    source = Path(__file__).parents[3] / "src"
    script = f"import sys; sys.path[:0] = [{str(folder)!r}, {str(source)!r}]; import loops"
    done = subprocess.run([sys.executable, "-B", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_cache_is_used_and_never_older_than_a_step_in_another_file(tmp_path: Path) -> None:
    for name, text in MODULES.items():
        (tmp_path / name).write_text(text)
    assert run_loops(tmp_path) == "2.0 0"
    assert run_loops(tmp_path) == "2.0 1"
    (tmp_path / "constants.py").write_text("FACTOR = 5.0\n")
    assert run_loops(tmp_path) == "5.0 0"
    assert run_loops(tmp_path) == "5.0 1"


def test_without_a_folder_for_the_cache_kernels_still_run(tmp_path: Path) -> None:
    for name, text in MODULES.items():
        (tmp_path / name).write_text(text)
    no_folder = "import numba\nnumba.config.CACHE_LOCATOR_CLASSES = 'IPythonCacheLocator'\n"
    (tmp_path / "loops.py").write_text(no_folder + MODULES["loops.py"])
    assert run_loops(tmp_path) == "2.0 0"
    assert run_loops(tmp_path) == "2.0 0"
