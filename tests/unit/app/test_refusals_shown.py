"""A refusal on its way to people: the event log, the read model of the page and the API, and `explain --refusals`."""

from collections import Counter
from pathlib import Path

from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.adapters.memory.session_view import MemorySessionView
from genesis.adapters.metrics_prometheus import PrometheusMetrics
from genesis.app.explain_refusals import Refusals, document, lines
from genesis.app.loop_pulse import LoopPulse
from genesis.app.metric_catalogue import CATALOGUE
from genesis.app.session_feeding import SessionAbout, SessionFeeding, empty_overview
from genesis.app.session_metrics import SessionMetrics
from genesis.app.session_observer import SessionObserver
from genesis.domain.candle import Candle
from genesis.domain.core import TradingCore
from genesis.domain.core_settings import CoreSettings
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import CandleClosed, OrderRefused, Quote
from genesis.domain.instrument import spot_instrument
from genesis.domain.ledger import Ledger
from genesis.domain.order import Side
from genesis.domain.risk.limits import AccountLimits
from genesis.domain.risk.refusal import RefusalCode
from genesis.domain.statistics.record import Recorder
from genesis.domain.strategy.features import volume
from genesis.domain.units import Atoms, Mts, Symbol, atoms
from genesis.ports.session_view import Guard

INSTRUMENT = spot_instrument(Symbol("tBTCUSD"))
ABOUT = SessionAbout("paper", INSTRUMENT.symbol, "1m", {"main": "own"}, {})


def told(amount: Atoms | None) -> OrderRefused:
    code = RefusalCode.STALE_DATA
    return OrderRefused(Mts(7), INSTRUMENT.symbol, "main", Side.BUY, amount, code, "900 ms", "<= 500 ms")


def test_i41_the_last_refusal_of_each_guard_is_shown_with_what_it_saw(tmp_path: Path) -> None:
    clock, metrics = ManualClock(), MemoryMetrics()
    view, monitor = MemorySessionView(empty_overview(ABOUT)), MemoryMonitor(clock, metrics, version="0", mode="paper")
    feeding = SessionFeeding(view, ABOUT, clock)
    observer = SessionObserver(Recorder(INSTRUMENT, atoms(1000)), metrics, monitor, feeding)
    desk = DeskSettings(INSTRUMENT, volume, name="main")
    core = TradingCore(CoreSettings((desk,), AccountLimits(max_exposure=atoms(999))), {"main": Ledger(atoms(1000))})
    observer.begin(core)
    core.handle(CandleClosed(INSTRUMENT.symbol, Candle(Mts(0), 100.0, 100.0, 100.0, 100.0, 1.0)))
    (refused,) = core.handle(Quote(INSTRUMENT.symbol, Mts(60_000), INSTRUMENT.price(100), INSTRUMENT.price(100)))
    assert isinstance(refused, OrderRefused)
    observer.refused(refused)
    feeding.flush()
    shown = {guard.name: guard for guard in view.overview().guards}
    assert shown["exposure_total"] == Guard(
        "exposure_total", 1, "main: buy 10 tBTCUSD", Mts(60_000), observed="1000", allowed="<= 999"
    )
    assert shown["balance"] == Guard("balance", 0)
    note = monitor.dashboard().notes[-1]
    assert (note.category, note.name) == ("risk", "risk.refused")
    assert note.fields["code"] == "exposure_total"
    assert (note.fields["observed"], note.fields["allowed"]) == ("1000", "<= 999")
    page = SessionMetrics(PrometheusMetrics(CATALOGUE), monitor, observer, tmp_path, LoopPulse(clock), feeding).page()
    assert b'genesis_refusals{code="exposure_total"} 1.0\n' in page


def test_i41_refusals_are_explained_in_words_and_as_json() -> None:
    found = Refusals((told(None), told(atoms(2))), Counter({RefusalCode.STALE_DATA: 3}))
    assert lines(found) == [
        "stale_data: 3",
        "the last 2:",
        "  7 main buy tBTCUSD: stale_data: observed 900 ms, allowed <= 500 ms",
        "  7 main buy 2 tBTCUSD: stale_data: observed 900 ms, allowed <= 500 ms",
    ]
    assert document(found) == {
        "refusals": {"stale_data": 3},
        "last": [
            {
                "mts": 7,
                "code": "stale_data",
                "observed": "900 ms",
                "allowed": "<= 500 ms",
                "strategy": "main",
                "side": "buy",
                "amount": amount,
                "symbol": "tBTCUSD",
            }
            for amount in (None, "2")
        ],
    }
    assert lines(Refusals((), Counter())) == ["nothing was refused"]
