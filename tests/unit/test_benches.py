"""Every bench reads its options before it measures, and gives JSON to machines: `./inv bench --json` runs them all."""

import sys
from importlib import import_module
from pathlib import Path

import pytest

BENCHES = sorted(path.stem for path in (Path(__file__).parents[1] / "bench").glob("[a-z]*.py"))


@pytest.mark.parametrize("name", BENCHES)
def test_a_bench_takes_json_and_says_so_before_it_measures(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [name, "--json", "--help"])
    with pytest.raises(SystemExit) as ended:
        import_module(f"tests.bench.{name}").main()
    assert ended.value.code == 0
    assert "--json" in capsys.readouterr().out
