"""The same sweep on a real Ray cluster of two nodes, one of which is killed in the middle."""

import json
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree
from tempfile import gettempdir, mkdtemp
from typing import Any

import polars as pl
import pytest

from genesis.adapters.sweeps_parquet import ParquetSweep
from genesis.app.cli import CommandLine
from genesis.app.cluster import ClusterRunner
from genesis.app.commands import namespace
from genesis.app.research import Research, research_of, runner_of
from genesis.app.research_options import MarketOptions, SearchOptions, TradingOptions
from genesis.app.sweep import PART, describe, run_sweep
from genesis.ports.errors import InputError

# Ray leaves files of its own unclosed, and says so when they are collected.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")

GRID = ("fast=2:120", "slow=121:172")
STORE_BYTES = 80 * 2**20
CLIENTS_PORT = 21_091
"""Where the head takes clients from afar: above the ports that Ray gives its workers."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:  # Any: Ray has no annotations here
    """Two nodes of one core each, ended whatever happens; no dashboard, nothing reported to anyone."""
    pytest.importorskip("ray")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        from ray.cluster_utils import Cluster

        folder = mkdtemp(prefix="ray")  # sockets lie there, whose paths must be short
        # Ray notes the newest cluster in its usual folder, which only a cluster that lies there makes.
        Path(gettempdir(), "ray").mkdir(exist_ok=True)
        node = {"num_cpus": 1, "object_store_memory": STORE_BYTES, "include_dashboard": False}
        head = {**node, "temp_dir": folder, "ray_client_server_port": CLIENTS_PORT}
        made: Any = Cluster(initialize_head=True, head_node_args=head)
        try:
            patch.setenv("RAY_ADDRESS", made.address)
            yield made
        finally:
            made.shutdown()
            rmtree(folder, ignore_errors=True)


@pytest.fixture
def research(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Research:
    monkeypatch.setenv("GENESIS_HOME", str(tmp_path / "home"))
    strategy = tmp_path / "own.py"
    strategy.write_text(
        "from genesis.domain.strategy.features import close, ema, where\n"
        "from genesis.domain.strategy.specification import strategy\n\n\n"
        "@strategy\n"
        "def own(fast: int = 5, slow: int = 20):\n"
        '    """Long while the fast EMA is above the slow one."""\n'
        "    return where(ema(close, fast) > ema(close, slow), 1.0, 0.0)\n"
    )
    search = SearchOptions(strategy=f"{strategy}:own", param=GRID, where=("slow - fast > 10",))
    return research_of(search, TradingOptions(MarketOptions(data=("synthetic:5:14",))))


def frame(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(sorted(folder.glob("part-*.parquet")))


def test_a_killed_node_costs_its_parts_and_nothing_else(cluster: Any, research: Research, tmp_path: Path) -> None:
    plan = research.plan
    assert plan.parts == -(-119 * 52 // PART) > 5
    second = cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES)
    alive = [True]

    def kill_one(done: int, _total: int) -> None:
        if done == 1 and alive[0]:
            alive[0] = False
            cluster.remove_node(second, allow_graceful=False)

    spread, alone = (ParquetSweep(tmp_path / name, describe(plan), keep=False) for name in ("spread", "alone"))
    tally = run_sweep(plan, spread, ClusterRunner(plan, research.candles, "ray"), kill_one)
    assert not alive[0]
    assert run_sweep(plan, alone, runner_of(research, "2"), lambda _done, _total: None) == tally
    assert frame(tmp_path / "spread").equals(frame(tmp_path / "alone"))


def test_the_command_says_the_same_on_a_cluster(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cluster.address
    monkeypatch.setenv("GENESIS_HOME", str(tmp_path / "home"))
    said = []
    for workers in ("ray", f"ray://127.0.0.1:{CLIENTS_PORT}", "1"):
        words = ("sweep", "synthetic:5:3", "--param", "fast=2:12", "--param", "slow=20:40:5", "--anew", "--json")
        with pytest.raises(SystemExit) as end:
            CommandLine("genesis", namespace()).main(["genesis", *words, "--workers", workers])
        assert end.value.code == 0
        said.append({**json.loads(capsys.readouterr().out), "seconds": 0})
    assert said[0] == said[1] == said[2]


def test_what_ray_says_of_its_nodes_is_not_in_the_output(
    cluster: Any, research: Research, capsys: pytest.CaptureFixture[str]
) -> None:
    from ray._private.worker import print_to_stdstream

    assert cluster.address
    line = {"pid": "raylet", "ip": "127.0.0.1", "job": None, "is_err": False, "lines": ["a node was lost"]}
    with runner_of(research, "ray"):
        print_to_stdstream(line, False)
    print("ours")
    said = capsys.readouterr()
    assert said.out == "ours\n"
    assert "a node was lost" in said.err


def test_budgets_and_measured_slippage_go_to_the_cluster(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cluster.address
    monkeypatch.setenv("GENESIS_HOME", str(tmp_path / "home"))
    words = (
        *("sweep", "synthetic:5:3", "--param", "fast=2:9", "--param", "slow=20", "--anew", "--json"),
        *("--volatility-target-pct", "40", "--regime", "squeeze_breakout", "--regime-share", "1=50"),
        *("--slippage-volatility", "0.1", "--slippage-impact-bps", "5", "--trailing-stop-pct", "1"),
    )
    said = []
    for workers in ("ray", "1"):
        with pytest.raises(SystemExit) as end:
            CommandLine("genesis", namespace()).main(["genesis", *words, "--workers", workers])
        assert end.value.code == 0
        said.append({**json.loads(capsys.readouterr().out), "seconds": 0})
    assert said[0] == said[1]
    assert said[0]["rows"][0]["fills"] > 0


def test_a_client_whose_server_was_lost_asks_again(
    cluster: Any, research: Research, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray

    assert cluster.address
    join, asked = ray.init, []

    def lost_once(**words: Any) -> None:
        asked.append(words["address"])
        join(**words)
        if len(asked) == 1:
            raise ConnectionAbortedError("Initialization failure from server")

    monkeypatch.setattr(ray, "init", lost_once)
    address = f"ray://127.0.0.1:{CLIENTS_PORT}"
    with ClusterRunner(research.plan, research.candles, address) as runner:
        assert dict(runner.run([0])).keys() == {0}
    assert asked == [address, address]


def test_no_cluster_is_one_sentence(research: Research, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    table = ParquetSweep(tmp_path / "none", describe(research.plan), keep=False)
    with pytest.raises(InputError, match="no Ray cluster answers"):
        run_sweep(research.plan, table, runner_of(research, "ray"), lambda _done, _total: None)
