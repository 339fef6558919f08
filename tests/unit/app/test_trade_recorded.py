"""I1, I2, I8, I9, I29: the journal has it first; without a journal, or with the latch set, nothing leaves."""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence

import pytest
from attrs import evolve

from genesis.adapters.memory.candle_market import CandleMarket
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.journal import MemoryDisk, MemoryJournal
from genesis.adapters.memory.kill_latch import MemoryKillLatch
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.app.backtest import RunObserver
from genesis.app.paper import Component
from genesis.app.recording import LatchWatch
from genesis.app.trade import Recording, trade, trade_recorded
from genesis.app.trade_beside import trade_beside
from genesis.domain.candle import Candle
from genesis.domain.core import TradingCore, one_desk
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import (
    Alert,
    Asked,
    Cancel,
    CandleClosed,
    Decision,
    Event,
    LookUp,
    OperatorAsked,
    OrderReported,
    Submit,
)
from genesis.domain.execution.evidence import Accepted, AnswerLost, Evidence, NothingLeft, Refused, SendBegan, Traded
from genesis.domain.execution.orders import PROTECTION
from genesis.domain.instrument import spot_instrument
from genesis.domain.journal.encoding import decode
from genesis.domain.journal.entries import RecordedEntry, RecordedSubmit
from genesis.domain.order import Cid, OrderId, Side
from genesis.domain.risk.gate import Approved
from genesis.domain.saved import Saved
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.statistics.record import Recorder
from genesis.domain.strategy.features import volume
from genesis.domain.units import Mts, Symbol, atoms
from genesis.ports.errors import Killed, StoreError, StoreFull

SETTINGS = DeskSettings(spot_instrument(Symbol("tBTCUSD")), volume)
TARGETS = (math.nan, 1.0, 1.0, 0.0, 0.5, 0.0, 1.0, 1.0)
"""One a candle: the candles of these tests carry the target in their volume."""


async def candles() -> AsyncIterator[list[Candle]]:
    for at, target in enumerate(TARGETS):
        yield [Candle(Mts(60_000 * at), 100.0 + at, 102.0 + at, 99.0, 101.0 + at, target)]


class WatchedMarket(CandleMarket):
    """The in-memory market, which notes what the disk held when an order arrived."""

    def __init__(self, disk: MemoryDisk, answer: Evidence | None = None) -> None:
        super().__init__(SETTINGS.instrument, Costs(), candles())
        self.arrived: list[tuple[Cid, list[RecordedEntry]]] = []
        self.canceled: list[Cancel] = []
        self.looked_up: list[LookUp] = []
        self.order: list[str] = []
        self._disk = disk
        self._answer = answer

    def submit(self, order: Approved) -> None:
        request = order.order
        self.order.append("submit")
        self.arrived.append((request.cid, durable(self._disk)))
        if self._answer is None:
            super().submit(order)
        else:
            self._answers.append(OrderReported(request.mts, request.symbol, request.cid, self._answer))

    def cancel(self, cancel: Cancel) -> None:
        self.order.append("cancel")
        self.canceled.append(cancel)

    def look_up(self, wanted: LookUp) -> None:
        self.looked_up.append(wanted)


class Impatient(TradingCore):
    """A core that wants an order cancelled with each that it sends."""

    def handle(self, event: Event) -> tuple[Decision, ...]:
        decisions = super().handle(event)
        sent = [each for each in decisions if isinstance(each, Submit)]
        cancel = Cancel(SETTINGS.instrument.symbol, Cid(7), OrderId(7), Mts(0), "no longer wanted")
        return (*decisions, cancel) if sent else decisions


class House:
    """A core, a market and a journal in memory."""

    def __init__(self, answer: Evidence | None = None) -> None:
        self.disk = MemoryDisk()
        self.clock = ManualClock()
        self.journal = MemoryJournal(self.disk, self.clock)
        self.latch = MemoryKillLatch()
        self.market = WatchedMarket(self.disk, answer)
        self.core = one_desk(SETTINGS, atoms(10_000))
        self.observer = RunObserver(Recorder(SETTINGS.instrument, atoms(10_000), None))

    async def run(self) -> list[RecordedEntry]:
        """Run, then crash: return what is durable."""
        await trade_recorded(self.core, self.market, self.observer, Recording(self.journal, self.latch))
        await self.journal.commit()
        return durable(self.disk)


class Sender:
    """Sends cancels in a task of its own, as a real market does."""

    def __init__(self) -> None:
        self.wanted: asyncio.Queue[Cancel] = asyncio.Queue()
        self.sent = asyncio.Event()
        self.out: list[Cancel] = []

    async def cancelled(self) -> None:
        await self.sent.wait()

    async def run(self) -> None:
        while True:
            cancel = await self.wanted.get()
            await asyncio.sleep(0)  # the way to the exchange
            self.out.append(cancel)
            self.sent.set()


def durable(disk: MemoryDisk) -> list[RecordedEntry]:
    return [decode(row.kind, row.payload) for row in disk.rows]


async def test_i1_no_order_arrives_before_its_intent_and_its_sending_are_durable() -> None:
    house = House()
    await house.run()
    assert len(house.market.arrived) == 5
    for cid, before in house.market.arrived:
        *_, intent, sending = before
        assert isinstance(intent, RecordedSubmit)
        assert intent.order.cid == cid
        assert isinstance(sending, OrderReported)
        assert (sending.cid, sending.evidence) == (cid, SendBegan())


async def test_i29_the_journal_holds_all_events_and_decisions_in_the_order_in_which_they_were_made() -> None:
    house = House()
    found = await house.run()
    closes = [entry.candle.volume for entry in found if isinstance(entry, CandleClosed)]
    assert repr(closes) == repr(list(TARGETS))
    letters = {"CandleClosed": "c", "Quote": "q", "RequestQuote": "r", "RecordedSubmit": "S", "Booked": "b"}
    letters |= {"SendBegan": "s", "Traded": "f", "Saved": "v"}
    kinds = "".join(
        letters[type(entry.evidence if isinstance(entry, OrderReported) else entry).__name__] for entry in found
    )
    assert kinds == "ccr" + "qSsfbc" + "cr" + 3 * "qSsfbcr" + "qSsfbcv"


async def test_the_state_of_the_core_is_written_after_so_many_facts_about_orders() -> None:
    house = House()
    await trade_recorded(house.core, house.market, house.observer, Recording(house.journal, house.latch, 2))
    await house.journal.commit()
    found = durable(house.disk)
    states = [at for at, entry in enumerate(found) if isinstance(entry, Saved)]
    facts = [sum(isinstance(entry, OrderReported) for entry in found[:at]) for at in states]
    assert facts == [4, 8, 10]  # of each two one is the beginning of the order, which is not counted


async def test_i29_the_core_never_sees_an_event_that_the_journal_did_not_take() -> None:
    house = House()
    for _ in range(3):
        await house.journal.append(LookUp(Symbol("tBTCUSD"), Cid(1), Mts(1)))
    house.disk.failure = StoreFull("no room")
    with pytest.raises(StoreError):
        await house.journal.commit()
    with pytest.raises(StoreFull):
        await house.run()
    assert house.core.equity == atoms(10_000)
    assert house.observer._recorder.candles == 0


async def test_a15_i8_without_a_durable_intent_nothing_is_sent() -> None:
    house = House()
    house.disk.failure = StoreFull("no room")
    with pytest.raises(StoreFull, match="no room"):
        await house.run()
    assert house.market.arrived == []


async def test_recording_changes_no_decision() -> None:
    house, plain = House(), House()
    await house.run()
    await trade(plain.core, plain.market, plain.observer)
    assert house.observer._recorder.fills == plain.observer._recorder.fills
    assert house.core.desks["main"].ledger == plain.core.desks["main"].ledger


async def test_i9_with_the_latch_set_no_order_leaves_and_the_journal_says_why() -> None:
    house = House()
    house.latch.pull("enough")
    with pytest.raises(Killed, match=r"order 1 was not sent.*enough"):
        await house.run()
    await house.journal.commit()
    assert house.market.arrived == []
    *_, not_sent, alert, _ = durable(house.disk)
    assert isinstance(not_sent, OrderReported)
    assert (not_sent.cid, not_sent.evidence) == (1, NothingLeft("killed: enough"))
    assert isinstance(alert, Alert)


async def test_i9_a_latch_pulled_between_two_orders_stops_the_second() -> None:
    house = House()

    class Pulling(RunObserver):
        def fill(self, strategy: str, fill: object) -> None:
            del strategy, fill
            house.latch.pull("after the first")

    house.observer = Pulling(house.observer._recorder)
    with pytest.raises(Killed):
        await house.run()
    assert [cid for cid, _ in house.market.arrived] == [1]


@pytest.mark.parametrize("answer", [AnswerLost("10 s passed"), Refused("not enough"), NothingLeft("no route")])
async def test_i2_whatever_becomes_of_an_order_is_durable_and_it_is_not_sent_again(answer: Evidence) -> None:
    house = House(answer)
    found = await house.run()
    told = [entry for entry in found if isinstance(entry, OrderReported) and entry.evidence == answer]
    cids = [cid for cid, _ in house.market.arrived]
    assert [entry.cid for entry in told] == cids
    assert len(set(cids)) == len(cids)


async def test_i2_an_unknown_order_is_looked_up_and_nothing_is_sent_meanwhile() -> None:
    house = House(AnswerLost("10 s passed"))
    await house.run()
    assert len(house.market.arrived) == 1
    assert [wanted.cid for wanted in house.market.looked_up] == [1]


async def test_a15_when_the_journal_fails_what_is_open_is_canceled_and_written_in_the_reserve() -> None:
    house = House(Accepted(OrderId(9)))
    real = house.market.submit

    def submit(order: Approved) -> None:
        real(order)
        house.journal._poison = StoreFull("no room")

    house.market.submit = submit  # type: ignore[method-assign]  # the disk fills while the order is on its way
    with pytest.raises(StoreFull):
        await house.run()
    assert [cancel.cid for cancel in house.market.canceled] == [1]
    assert [kind for _, kind, _ in house.disk.reserve] == ["decision"]


class Failing(House):
    """A house in which an entry and a stop are open when its disk fails, once its first order has left."""

    def __init__(self, *, is_unreadable: bool = False, is_killed: bool = False) -> None:
        super().__init__(Accepted(OrderId(9)))
        real = self.market.submit

        def submit(order: Approved) -> None:
            real(order)
            orders = self.core.books.orders
            orders.intend(evolve(order.order, cid=Cid(98)), "main", 0)
            orders.intend(evolve(order.order, cid=Cid(99), side=Side.SELL), "main", PROTECTION)
            self.journal._poison = StoreError("input/output error")
            if is_killed:
                self.latch.pull("get me out")
            if is_unreadable:
                break_latch(self.latch)

        self.market.submit = submit  # type: ignore[method-assign]


def break_latch(latch: MemoryKillLatch) -> None:
    """Let a latch be as a file on a disk that is dead."""
    latch.was_pulled = lambda: False  # type: ignore[method-assign]
    latch.reason = lambda: "cannot be read"  # type: ignore[method-assign]


async def test_a15_when_the_journal_fails_the_stops_of_positions_stay_at_the_exchange() -> None:
    house = Failing()
    with pytest.raises(StoreError):
        await house.run()
    assert [cancel.cid for cancel in house.market.canceled] == [1, 98]


async def test_a15_a_disk_that_dies_with_the_latch_on_it_takes_no_stop_away() -> None:
    house = Failing(is_unreadable=True)
    with pytest.raises((Killed, StoreError)):
        await house.run()
    assert {cancel.cid for cancel in house.market.canceled} == {1, 98}


async def test_e16_a_kill_while_the_journal_fails_cancels_the_stops_too() -> None:
    house = Failing(is_killed=True)
    with pytest.raises(StoreError):
        await house.run()
    assert [cancel.cid for cancel in house.market.canceled] == [1, 98, 99]


async def test_e16_a_session_that_is_stopped_while_its_latch_cannot_be_read_keeps_its_stops() -> None:
    house = Resting()
    trading = asyncio.ensure_future(house.trade())
    await house.rests.wait()
    orders = house.core.books.orders
    orders.intend(evolve(orders.by_cid[Cid(1)].life.order, cid=Cid(99)), "main", PROTECTION)
    break_latch(house.latch)
    trading.cancel()
    with pytest.raises((asyncio.CancelledError, ExceptionGroup)):
        await trading
    assert {cancel.cid for cancel in house.sender.out} <= {1}


async def test_a15_a_reserve_that_takes_nothing_keeps_no_cancel_here(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(Accepted(OrderId(9)))
    world = house.core.books.orders
    real = house.market.submit

    def submit(order: Approved) -> None:
        real(order)
        world.intend(evolve(order.order, cid=Cid(99)), "main", 0)
        house.journal._poison = StoreFull("no room")

    async def append_reserved(entry: object) -> None:
        raise StoreError(f"no room for {entry}")

    monkeypatch.setattr(house.market, "submit", submit)  # the disk fails while two orders are open
    monkeypatch.setattr(house.journal, "append_reserved", append_reserved)
    with pytest.raises(StoreFull):
        await house.run()
    assert [cancel.cid for cancel in house.market.canceled] == [1, 99]


async def test_a15_a_journal_that_fails_while_nothing_happens_lets_the_cancels_out_first() -> None:
    house = House(Accepted(OrderId(9)))
    sender = Sender()
    real_submit, real_events = house.market.submit, house.market.events

    def submit(order: Approved) -> None:
        real_submit(order)
        house.disk.failure = StoreFull("no room")  # found by the journal itself, at its next group commit

    async def events() -> AsyncIterator[Event]:
        async for event in real_events():
            yield event
            if house.disk.failure is not None and isinstance(event, OrderReported):
                await asyncio.sleep(0)  # the journal begins to wait
                house.clock.move(1.0)
                await asyncio.Event().wait()

    house.market.submit = submit  # type: ignore[method-assign]  # the disk fills while the order rests
    house.market.events = events  # type: ignore[method-assign]  # and then nothing comes any more
    house.market.cancel = sender.wanted.put_nowait  # type: ignore[method-assign, assignment]  # sends it later
    recording = Recording(house.journal, house.latch)
    with pytest.raises(ExceptionGroup) as raised:
        await trade_beside(house.core, house.market, house.observer, (sender,), recording, sender.cancelled, tuple)
    assert raised.group_contains(StoreFull)
    assert [cancel.cid for cancel in sender.out] == [1]


async def test_a15_a_session_that_is_stopped_on_a_full_disk_lets_the_cancels_out_first() -> None:
    house = House(Accepted(OrderId(9)))
    sender, rests = Sender(), asyncio.Event()
    real_submit, real_events = house.market.submit, house.market.events

    def submit(order: Approved) -> None:
        real_submit(order)
        rests.set()

    async def events() -> AsyncIterator[Event]:
        async for event in real_events():
            yield event
            if rests.is_set() and isinstance(event, OrderReported):
                house.journal._poison = StoreFull("no room")  # found when the last state is to be written
                rests.clear()
                stopping.cancel()
                await asyncio.Event().wait()

    house.market.submit = submit  # type: ignore[method-assign]
    house.market.events = events  # type: ignore[method-assign]
    house.market.cancel = sender.wanted.put_nowait  # type: ignore[method-assign, assignment]  # sends it later
    recording = Recording(house.journal, house.latch)
    stopping = asyncio.ensure_future(
        trade_beside(house.core, house.market, house.observer, (sender,), recording, sender.cancelled, tuple)
    )
    with pytest.raises(ExceptionGroup) as raised:
        await stopping
    assert raised.group_contains(StoreFull)
    assert [(cancel.cid, cancel.reason) for cancel in sender.out] == [(1, "no room")]


class Resting(House):
    """A house whose first order rests at the exchange, and then nothing happens any more."""

    def __init__(self) -> None:
        super().__init__(Accepted(OrderId(9)))
        self.sender, self.rests = Sender(), asyncio.Event()
        self.monitor = MemoryMonitor(self.clock, MemoryMetrics(), version="0", mode="paper")
        self._real_events = self.market.events
        self.market.events = self._events  # type: ignore[method-assign]
        self.market.cancel = self.sender.wanted.put_nowait  # type: ignore[method-assign, assignment]  # sends it later

    async def _events(self) -> AsyncIterator[Event]:
        async for event in self._real_events():
            yield event
            if isinstance(event, OrderReported):
                self.rests.set()
                await asyncio.Event().wait()

    async def trade(self, uncancelled: Sequence[Cid] = ()) -> None:
        recording = Recording(self.journal, self.latch)
        parts: tuple[Component, ...] = (self.sender, LatchWatch(self.latch, self.clock, self.monitor))
        ways = (recording, self.sender.cancelled, lambda: uncancelled)
        await trade_beside(self.core, self.market, self.observer, parts, *ways)


async def test_e16_a_kill_cancels_what_is_open_before_the_session_ends_and_writes_it_down() -> None:
    house = Resting()
    trading = asyncio.ensure_future(house.trade())
    await house.rests.wait()
    house.latch.pull("get me out")
    house.clock.move(1.0)
    with pytest.raises(ExceptionGroup) as raised:
        await trading
    assert raised.group_contains(Killed, match="get me out")
    health = house.monitor.health()
    assert (health.status, health.reason) == ("stopping", "the kill latch is set (get me out)")
    assert [(cancel.cid, cancel.id, cancel.reason) for cancel in house.sender.out] == [(1, 9, "killed: get me out")]
    await house.journal.commit()
    *_, state, cancel = durable(house.disk)
    assert (type(state), cancel) == (Saved, house.sender.out[0])
    assert len(house.market.arrived) == 1


async def test_e16_a_kill_that_is_found_when_an_order_is_to_leave_cancels_what_is_open() -> None:
    house = House(Accepted(OrderId(9)))
    real = house.core.handle

    def handle(event: Event) -> tuple[object, ...]:
        decisions = real(event)
        for decision in decisions:
            if isinstance(decision, Submit):  # another one rests already when this one is to leave
                house.core.books.orders.intend(evolve(decision.order.order, cid=Cid(99)), "main", 0)
        return decisions

    house.core.handle = handle  # type: ignore[method-assign, assignment]
    house.latch.pull("enough")
    with pytest.raises(Killed):
        await house.run()
    assert [cancel.cid for cancel in house.market.canceled] == [99]


async def test_e16_what_a_kill_could_not_cancel_is_named(caplog: pytest.LogCaptureFixture) -> None:
    house = Resting()
    trading = asyncio.ensure_future(house.trade(uncancelled=(Cid(1),)))
    await house.rests.wait()
    house.latch.pull("get me out")
    house.clock.move(1.0)
    with pytest.raises(ExceptionGroup):
        await trading
    (record,) = [each for each in caplog.records if each.getMessage() == "order.not_cancelled"]
    assert record.__dict__["fields"]["cids"] == "1"


async def test_e16_a_kill_cancels_though_the_journal_takes_nothing_any_more() -> None:
    house = Resting()
    trading = asyncio.ensure_future(house.trade())
    await house.rests.wait()
    house.journal._poison = StoreFull("no room")
    house.latch.pull("get me out")
    house.clock.move(1.0)
    with pytest.raises(ExceptionGroup):
        await trading
    assert {cancel.cid for cancel in house.sender.out} == {1}
    assert [kind for _, kind, _ in house.disk.reserve] == ["decision"]


async def test_a_fill_reaches_the_core_after_the_journal() -> None:
    house = House()
    seen: list[bool] = []
    real = house.core.handle

    def handle(event: Event) -> tuple[object, ...]:
        if isinstance(event, OrderReported) and isinstance(event.evidence, Traded):
            last = house.journal._accepted[-1] if house.journal._accepted else house.disk.rows[-1]
            seen.append(decode(last.kind, last.payload) == event)
        return real(event)

    house.core.handle = handle  # type: ignore[method-assign, assignment]  # looks at the journal in the moment of handling
    await house.run()
    assert seen == [True] * 5


async def test_i36_a_cancel_waits_for_no_disk_on_which_the_order_beside_it_has_to_be() -> None:
    house = House()
    core = Impatient(house.core.settings, {each.name: each.ledger for each in house.core.desks.values()})
    house.core = core
    await house.run()
    assert len(house.market.canceled) == len(house.market.arrived) > 0
    assert house.market.order[:2] == ["cancel", "submit"]


class Halting(WatchedMarket):
    """A market in whose stream a person asks for a halt; notes what was durable when the next event was taken."""

    before_next: tuple[RecordedEntry, ...] = ()

    async def events(self) -> AsyncIterator[Event]:
        yield OperatorAsked(Mts(0), Asked.HALT, "", "a person wants it")
        self.before_next = tuple(durable(self._disk))


async def test_i8_what_a_person_asked_for_is_durable_before_they_are_answered() -> None:
    house = House()
    house.market = market = Halting(house.disk)
    await house.run()
    assert [each.asked for each in market.before_next if isinstance(each, OperatorAsked)] == [Asked.HALT]
