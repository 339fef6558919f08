"""The official JavaScript client: where it is, or why it is not here.

A folder of `NODE_PATH` that has it is taken as it is. Otherwise npm installs the pinned version, once, into `build/`,
which is not part of the repository."""

import asyncio
import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import pytest

PACKAGE: Final = "bitfinex-api-node"
VERSION: Final = "7.0.0"
KEPT: Final = Path(__file__).parents[2] / "build" / f"{PACKAGE}-{VERSION}"
INSTALL: Final = ("install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--fetch-retries=0")
PATIENCE_S: Final = 120


def node_path() -> str:
    """Return the folder that `NODE_PATH` should name; skips the test, with the reason, where there is none."""
    found, reason = _found()
    if not found:
        pytest.skip(reason)
    return found


@functools.cache
def _found() -> tuple[str, str]:
    """Return the folder and why there is none; tried once a run."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None:
        return "", "node is not here"
    given = os.environ.get("NODE_PATH", "")
    if given and _has_package(node, given):
        return given, ""
    modules = KEPT / "node_modules"
    if _has_package(node, str(modules)):
        return str(modules), ""
    if npm is None:
        return "", f"{PACKAGE} is not in NODE_PATH, and npm is not here to install it"
    trouble = _install(npm)
    return ("", trouble) if trouble else (str(modules), "")


def _has_package(node: str, modules: str) -> bool:
    probe = [node, "-e", f"require('{PACKAGE}')"]
    environment = {**os.environ, "NODE_PATH": modules}
    return subprocess.run(probe, capture_output=True, check=False, env=environment).returncode == 0


def _install(npm: str) -> str:
    """Install the client next to its final place and move it there whole; return what went wrong."""
    KEPT.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KEPT.parent) as work:
        try:
            ended = subprocess.run(
                [npm, *INSTALL, "--prefix", work, f"{PACKAGE}@{VERSION}"],
                capture_output=True,
                text=True,
                check=False,
                timeout=PATIENCE_S,
            )
        except subprocess.TimeoutExpired:
            return f"npm did not install {PACKAGE} {VERSION} within {PATIENCE_S} s"
        if ended.returncode:
            lines = [line for line in ended.stderr.splitlines() if "npm error" in line.lower()]
            return f"npm could not install {PACKAGE} {VERSION}: {' '.join(lines[:2])}"
        shutil.rmtree(KEPT, ignore_errors=True)
        Path(work).rename(KEPT)
        Path(work).mkdir()  # what the context manager wants to remove
    return ""


async def run_node(script: str, *arguments: str) -> str:
    """Run *script* and return what it printed; fails the test with what it complained about."""
    process = await asyncio.create_subprocess_exec(
        *("node", "-e", script, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "NODE_PATH": node_path()},
    )
    try:
        said, complained = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, (said + complained).decode()
    return said.decode()
