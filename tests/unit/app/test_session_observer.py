"""What a session tells of its connections and orders."""

import genesis
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.app.session_observer import SessionObserver
from genesis.domain.core import one_desk
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import Alert, AlertCode, Asked, OperatorAsked
from genesis.domain.instrument import spot_instrument
from genesis.domain.link import Link, LinkState
from genesis.domain.statistics.record import Recorder
from genesis.domain.strategy.features import volume
from genesis.domain.units import Mts, Symbol, atoms

INSTRUMENT = spot_instrument(Symbol("tBTCUSD"))


class House:
    """A session that has begun, and what others see of it."""

    def __init__(self) -> None:
        self.monitor = MemoryMonitor(ManualClock(), MemoryMetrics(), version=genesis.__version__, mode="paper")
        self.metrics = MemoryMetrics()
        self.core = one_desk(DeskSettings(INSTRUMENT, volume), atoms(1000))
        self.observer = SessionObserver(Recorder(INSTRUMENT, atoms(1000)), self.metrics, self.monitor)
        self.observer.begin(self.core)

    def link(self, name: str, link: Link) -> str:
        self.observer.link(LinkState(Mts(1), name, link, "because"))
        return self.monitor.health().status


def test_a_session_is_degraded_while_any_link_is_down() -> None:
    house = House()
    assert house.link("account", Link.OPEN) == "running"
    assert house.link("public-1", Link.RECONNECT) == "degraded"
    assert "public-1" in house.monitor.health().reason
    assert house.link("account", Link.MAINTENANCE) == "degraded"
    assert house.link("public-1", Link.OPEN) == "degraded"
    assert house.link("account", Link.OPEN) == "running"
    assert house.metrics.snapshot().gauges['link_open{link="account"}'] == 1.0


def test_no_link_ends_a_halt_and_a_refused_order_is_none() -> None:
    house = House()
    house.observer.alert(Alert(Mts(1), AlertCode.ORDER_REJECTED, "order 1: no"))
    assert house.monitor.health().status == "running"
    alert, *_ = house.core.handle(OperatorAsked(Mts(1), Asked.HALT, "", "enough"))
    assert isinstance(alert, Alert)
    house.observer.alert(alert)
    assert house.link("account", Link.OPEN) == "halted"


def test_a_session_that_was_halted_before_its_restart_says_so() -> None:
    house = House()
    house.core.handle(OperatorAsked(Mts(1), Asked.HALT, "", "enough"))
    house.observer.begin(house.core)
    assert house.monitor.health().status == "halted"
    assert house.link("account", Link.OPEN) == "halted"


def test_round_trips_of_orders_are_a_distribution() -> None:
    house = House()
    for seconds in (0.001, 0.002, 0.5):
        house.observer.round_trip(seconds)
    found = house.metrics.snapshot().distributions["order_round_trip_seconds"]
    assert (found.count, found.min, found.max) == (3, 0.001, 0.5)
    assert house.observer.round_trip_s == 0.5
