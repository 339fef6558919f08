"""A day of one-minute candles in lock-step over the wire: venue, sockets, streams, core and back, in one process.

Run as `python -m tests.bench.wire`. To beat: 30 s for the day. The decisions are compared with the backtest's.
"""

from statistics import quantiles
from time import perf_counter, process_time

from genesis.app.backtest import run_event
from genesis.domain.candle import Candles
from genesis.domain.simulation.synthetic import synthetic_candles
from genesis.domain.statistics.record import decision_hash
from tests.bench._turns import report
from tests.simulation.wire_house import Listener, over_the_wire, terms_of


def measure(strategy: str, candles: Candles) -> dict[str, object]:
    """Trade *candles* over the wire once; the round trip of an order is from its sending to its acknowledgement."""
    terms, listener = terms_of(strategy), Listener()
    begin, begin_cpu = perf_counter(), process_time()
    record = over_the_wire(terms, candles, listener)
    seconds, cpu_s = perf_counter() - begin, process_time() - begin_cpu
    market_s = (int(candles.mts[-1]) - int(candles.mts[0])) / 1000
    percentiles = [1000 * each for each in quantiles(listener.round_trips, n=100)]
    return {
        "candles": len(candles),
        "fills": len(record.fills),
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu_s, 2),
        "times_real_time": round(market_s / seconds),
        "round_trip_p50_ms": round(percentiles[49], 2),
        "round_trip_p99_ms": round(percentiles[98], 2),
        "same_decisions_as_backtest": decision_hash(record) == decision_hash(run_event(terms, candles).record),
    }


def figures() -> dict[str, dict[str, object]]:
    """Return the figures of a day, for each strategy."""
    day = synthetic_candles(1, 1.0)
    return {f"day, {strategy}": measure(strategy, day) for strategy in ("ema_cross", "rsi_reversion")}


def main() -> None:
    """Print the figures."""
    report("wire", figures)


if __name__ == "__main__":
    main()
