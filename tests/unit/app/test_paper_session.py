"""A paper session that is stopped before it begins."""

import asyncio
import logging
from collections.abc import Coroutine
from pathlib import Path

import pytest

from genesis.app.paper_session import run_session
from genesis.app.run_watch import People
from genesis.app.session_plan import SessionOptions, plan_session
from genesis.app.settings import Settings


def test_a_session_interrupted_before_its_first_candle_ends_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(work: Coroutine[object, object, None]) -> None:
        work.close()
        raise KeyboardInterrupt

    monkeypatch.setenv("GENESIS_HOME", str(tmp_path))
    plan = plan_session(SessionOptions(data=("synthetic:1:1",), port="0"), Settings(home=tmp_path))
    monkeypatch.setattr(asyncio, "run", interrupted)
    run_session(plan, tmp_path, People((), logging.WARNING, "a test", tmp_path), json=False)
    assert capsys.readouterr().out.endswith("interrupted\n")
    assert not (tmp_path / "sessions").exists()
