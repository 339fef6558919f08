"""The bench measures all there is; what it measures on a busy machine is nobody's claim."""

import json

from genesis.domain.indicators.catalog import INDICATORS
from tests.bench.indicators import PEERS, measure


def test_the_bench_has_figures_of_every_indicator_and_fits_into_json() -> None:
    figures = json.loads(json.dumps(measure(rows=500, runs=1, stream_rows=50)))
    assert set(figures) == {indicator.name for indicator in INDICATORS} | {"adx alone"}
    assert {name for name, each in figures.items() if "ratio" in each} == set(PEERS)
    assert all(number > 0.0 for each in figures.values() for number in each.values())
