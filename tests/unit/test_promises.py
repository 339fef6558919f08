"""The page of promises names no test that is not there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs" / "promises.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", sorted({file for file, _ in NAMED}))
def test_every_test_that_the_page_names_is_there(file: str) -> None:
    body = ast.parse((ROOT / file).read_text(encoding="utf-8")).body
    there = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    there |= {
        target.id
        for node in body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert {name for path, name in NAMED if path == file} <= there


def test_the_page_names_many_tests() -> None:
    assert len(NAMED) > 40
