"""I1, I2, I8, I9, I29: the journal has it first; without a journal, or with the latch set, nothing leaves."""

import asyncio
import math
from collections.abc import AsyncIterator

import pytest

from genesis.adapters.memory.candle_market import CandleMarket
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.journal import MemoryDisk, MemoryJournal
from genesis.adapters.memory.kill_latch import MemoryKillLatch
from genesis.app.backtest import RunObserver
from genesis.app.trade import Recording, trade, trade_recorded
from genesis.domain.candle import Candle
from genesis.domain.core import CoreSettings, TradingCore
from genesis.domain.events import CandleClosed, Event, OrderFilled
from genesis.domain.instrument import spot_instrument
from genesis.domain.journal.encoding import decode
from genesis.domain.journal.entries import (
    OrderNotSent,
    OrderRefused,
    OrderSending,
    OrderSent,
    OrderUnknown,
    RecordedEntry,
    RecordedSubmit,
)
from genesis.domain.ledger import Ledger
from genesis.domain.order import Cid
from genesis.domain.risk.gate import Approved
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.statistics.record import Recorder
from genesis.domain.strategy.features import volume
from genesis.domain.units import Mts, Symbol, atoms
from genesis.ports.errors import (
    AuthRefused,
    ExchangeError,
    Killed,
    OutcomeUnknown,
    Rejected,
    StoreError,
    StoreFull,
    Unreachable,
)

SETTINGS = CoreSettings(spot_instrument(Symbol("tBTCUSD")), volume)
TARGETS = (math.nan, 1.0, 1.0, 0.0, 0.5, 0.0, 1.0, 1.0)
"""One a candle: the candles of these tests carry the target in their volume."""


async def candles() -> AsyncIterator[list[Candle]]:
    for at, target in enumerate(TARGETS):
        yield [Candle(Mts(60_000 * at), 100.0 + at, 102.0 + at, 99.0, 101.0 + at, target)]


class WatchedMarket(CandleMarket):
    """The in-memory market, which notes what the disk held when an order arrived."""

    def __init__(self, disk: MemoryDisk, error: BaseException | None = None) -> None:
        super().__init__(SETTINGS.instrument, Costs(), candles())
        self.arrived: list[tuple[Cid, list[RecordedEntry]]] = []
        self._disk = disk
        self._error = error

    async def submit(self, order: Approved) -> None:
        self.arrived.append((order.order.cid, durable(self._disk)))
        if self._error is not None:
            raise self._error
        await super().submit(order)


class House:
    """A core, a market and a journal in memory."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.disk = MemoryDisk()
        self.journal = MemoryJournal(self.disk, ManualClock())
        self.latch = MemoryKillLatch()
        self.market = WatchedMarket(self.disk, error)
        self.core = TradingCore(SETTINGS, Ledger(atoms(10_000)))
        self.observer = RunObserver(Recorder(SETTINGS.instrument, atoms(10_000), None))

    async def run(self) -> list[RecordedEntry]:
        """Run, then crash: return what is durable."""
        await trade_recorded(self.core, self.market, self.observer, Recording(self.journal, self.latch))
        await self.journal.commit()
        return durable(self.disk)


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
        assert sending == OrderSending(cid)


async def test_i29_the_journal_holds_all_events_and_decisions_in_the_order_in_which_they_were_made() -> None:
    house = House()
    found = await house.run()
    closes = [entry.candle.volume for entry in found if isinstance(entry, CandleClosed)]
    assert repr(closes) == repr(list(TARGETS))
    kinds = "".join(
        {"CandleClosed": "c", "Quote": "q", "RequestQuote": "r", "RecordedSubmit": "S", "OrderSending": "s"}.get(
            type(entry).__name__,
            {"OrderSent": "t", "OrderFilled": "f", "OrderClosed": "x"}.get(type(entry).__name__, "?"),
        )
        for entry in found
    )
    assert kinds == "ccr" + "qSstfxc" + "cr" + 3 * "qSstfxcr" + "qSstfxc"


async def test_i29_the_core_never_sees_an_event_that_the_journal_did_not_take() -> None:
    house = House()
    for _ in range(3):
        await house.journal.append(OrderSent(Cid(1)))
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
    assert house.core.ledger == plain.core.ledger


async def test_i9_with_the_latch_set_no_order_leaves_and_the_journal_says_why() -> None:
    house = House()
    house.latch.pull("enough")
    with pytest.raises(Killed, match=r"order 1 was not sent.*enough"):
        await house.run()
    await house.journal.commit()
    assert house.market.arrived == []
    assert durable(house.disk)[-1] == OrderNotSent(Cid(1), "killed: enough")


async def test_i9_a_latch_pulled_between_two_orders_stops_the_second() -> None:
    house = House()

    class Pulling(RunObserver):
        def fill(self, fill: object) -> None:
            del fill
            house.latch.pull("after the first")

    house.observer = Pulling(house.observer._recorder)
    with pytest.raises(Killed):
        await house.run()
    assert [cid for cid, _ in house.market.arrived] == [1]


@pytest.mark.parametrize(
    ("error", "stage"),
    [
        (AuthRefused("key", endpoint="order"), OrderRefused),
        (OutcomeUnknown("10 s passed", endpoint="order"), OrderUnknown),
        (ExchangeError("whatever", endpoint="order"), OrderUnknown),
    ],
)
async def test_i2_what_a_failed_send_proves_is_durable_and_it_is_not_sent_again(
    error: ExchangeError, stage: type[OrderNotSent]
) -> None:
    house = House(error)
    with pytest.raises(type(error)):
        await house.run()
    last = durable(house.disk)[-1]
    assert isinstance(last, stage)
    assert last == stage(Cid(1), str(error))
    assert len(house.market.arrived) == 1


@pytest.mark.parametrize(
    ("error", "stage"),
    [
        (Unreachable("no route", endpoint="order"), OrderNotSent),
        (Rejected("not enough", endpoint="order"), OrderRefused),
    ],
)
async def test_an_order_that_provably_is_not_there_ends_no_session(
    error: ExchangeError, stage: type[OrderNotSent]
) -> None:
    house = House(error)
    assert stage(Cid(1), str(error)) in await house.run()


async def test_i2_a_send_cancelled_while_it_waits_is_unknown() -> None:
    house = House(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await house.run()
    await house.journal.commit()
    last = durable(house.disk)[-1]
    assert isinstance(last, OrderUnknown)
    assert last.cid == 1


async def test_a_fill_reaches_the_core_after_the_journal() -> None:
    house = House()
    seen: list[bool] = []
    real = house.core.handle

    def handle(event: Event) -> tuple[object, ...]:
        if isinstance(event, OrderFilled):
            last = house.journal._accepted[-1] if house.journal._accepted else house.disk.rows[-1]
            seen.append(decode(last.kind, last.payload) == event)
        return real(event)

    house.core.handle = handle  # type: ignore[method-assign, assignment]  # looks at the journal in the moment of handling
    await house.run()
    assert seen == [True] * 5
