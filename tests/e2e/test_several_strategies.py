"""Several strategies on one account: one session over the wire, one journal, one replay."""

import json
from pathlib import Path

import pytest

from tests.e2e.test_journal_commands import answered

STRATEGIES = [
    {"name": "trend", "strategy": "ema_cross", "cash": "6000", "params": {"fast": 3, "slow": 8}},
    {"name": "back", "strategy": "rsi_reversion", "cash": "4000", "max_drawdown_pct": 20},
]


@pytest.mark.parametrize("over", ["wire", "memory"])
def test_a_session_of_two_strategies_replays_to_the_same_decisions(tmp_path: Path, over: str) -> None:
    config = tmp_path / "two.json"
    risk: dict[str, object] = {"max_order_notional": "5000", "max_orders_per_day": 1000}
    config.write_text(json.dumps({"dry_run": True, "strategies": STRATEGIES, "risk": risk}))
    options = ("--data", "synthetic:3:1", "--until", "12h", "--speed", "max", "--port", "0", "--over", over)
    found = answered(tmp_path, "run", "--config", str(config), *options)
    assert found["strategy"] == "ema_cross + rsi_reversion"
    assert found["cash"] == "10000"
    assert isinstance(found["fills"], int)
    assert found["fills"] > 0
    replayed = answered(tmp_path, "replay")
    assert replayed["same"] is True
