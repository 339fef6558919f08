"""The snippets of the page about the local venue run as they stand, but for the port."""

import asyncio
import re
import shutil
import sys
from pathlib import Path

import pytest

from genesis.adapters.venue.faults import script_from_toml
from genesis.adapters.venue.shell import serving
from tests.e2e.node_house import node_path, run_node
from tests.e2e.venue_house import quiet_venue

PAGE = (Path(__file__).parents[2] / "docs" / "local-venue.md").read_text()
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
EXPECTED = ("SUCCESS ACTIVE", "open 999955.0", "1700000060000")


@pytest.mark.parametrize(("snippet", "expected"), list(zip(SNIPPETS, EXPECTED, strict=True)))
async def test_a_python_snippet_runs_and_says_what_it_should(snippet: str, expected: str) -> None:
    async with serving(quiet_venue()) as port:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "ignore", "-c", snippet.replace("8799", str(port))),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complained = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, complained.decode()
    assert said.decode().strip() == expected


async def test_the_javascript_snippet_runs_and_says_what_it_should() -> None:
    [snippet] = re.findall(r"```js\n(.*?)```", PAGE, re.DOTALL)
    node_path()
    async with serving(quiet_venue()) as port:
        said = await run_node(snippet.replace("8799", str(port)))
    assert said.strip() == "5"


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="curl or openssl is not here")
async def test_the_shell_snippet_runs_and_says_what_it_should() -> None:
    [snippet] = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    async with serving(quiet_venue()) as port:
        process = await asyncio.create_subprocess_exec(
            *("sh", "-euc", snippet.replace("8799", str(port))),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complained = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, complained.decode()
    assert b'["exchange","BTC",100,0,100,null,null]' in said


def test_the_fault_script_can_be_read() -> None:
    [script] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert [rule.id for rule in script_from_toml(script, "the page").fault] == ["lost-ack", "gateway"]
