"""Kill a recorded session at many moments and check what is left; print one JSON line a kill. Run as a program.

Each session runs in a fork of this process. It trades on a market that writes every order that reaches it into a file
of its own: the truth of the exchange, which no journal touches.
"""

import asyncio
import json
import math
import os
import random
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from genesis.adapters.journal_sqlite.reading import read_journal, verify_journal
from genesis.adapters.journal_sqlite.witness import Witness
from genesis.adapters.journal_sqlite.writing import SqliteJournal
from genesis.adapters.kill_latch_file import KillLatchFile
from genesis.adapters.memory.candle_market import CandleMarket
from genesis.adapters.memory.clock import ManualClock
from genesis.app.backtest import RunObserver
from genesis.app.replay import replay
from genesis.app.trade import Recording, trade_recorded
from genesis.domain import sizer
from genesis.domain.candle import Candle
from genesis.domain.core import FIRST_CID, one_desk
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import OrderReported
from genesis.domain.exchange.orders import Account
from genesis.domain.execution.evidence import SendBegan, Traded
from genesis.domain.execution.order_life import OrderLife, Status, advance
from genesis.domain.execution.reconciliation import after_crash
from genesis.domain.instrument import spot_instrument
from genesis.domain.journal.chain import BadRow, Head
from genesis.domain.journal.entries import FORMAT, Entry, RecordedSubmit, SessionBegan, StrategyBegan
from genesis.domain.order import Cid
from genesis.domain.risk import sizing
from genesis.domain.risk.gate import Approved
from genesis.domain.risk.limits import OFF
from genesis.domain.risk.sizing import Rebalancing
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.statistics.record import Recorder
from genesis.domain.strategy.shipped import ema_cross
from genesis.domain.units import Mts, Symbol, atoms
from tests.simulation.deaths import around, die_after, die_at_byte, die_when, in_child, moment, patch

STRATEGY = ema_cross.build({"fast": 1, "slow": 2})
SETTINGS = DeskSettings(spot_instrument(Symbol("tBTCUSD")), STRATEGY)
CASH = atoms(10_000)
BEGAN = SessionBegan(
    format=FORMAT,
    version="0",
    mode="paper",
    strategies=(
        StrategyBegan(
            name=SETTINGS.name,
            strategy="ema_cross",
            params=(("fast", "1"), ("slow", "2")),
            expression=str(STRATEGY),
            instrument=SETTINGS.instrument,
            size=1.0,
            limits=SETTINGS.limits,
            cash=CASH,
        ),
    ),
    limits=OFF,
    account=Account.EXCHANGE,
    needs_account=False,
    first_cid=FIRST_CID,
    fee=Costs().fee,
    slippage=Costs().slippage,
    data_sha256="",
)
CANDLES = 60


async def candles() -> AsyncIterator[list[Candle]]:
    for at in range(CANDLES):
        price = 100.0 + 10.0 * math.sin(at)
        yield [Candle(Mts(60_000 * at), price, price + 1, price - 1, price, 1.0)]


class ExchangeOnDisk(CandleMarket):
    """The in-memory market; every order that arrives is in a file before anything else happens."""

    def __init__(self, path: Path) -> None:
        super().__init__(SETTINGS.instrument, Costs(), candles())
        self._orders = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def submit(self, order: Approved) -> None:
        moment("arriving")
        request = order.order
        os.write(self._orders, f"{request.cid} {request.side.value} {request.amount}\n".encode())
        moment("arrived")
        super().submit(order)


async def session(folder: Path) -> None:
    journal = SqliteJournal(folder / "j.sqlite", ManualClock())
    await journal.append(BEGAN)
    await journal.commit()
    core = one_desk(SETTINGS, CASH)
    observer = RunObserver(Recorder(SETTINGS.instrument, CASH, None))
    recording = Recording(journal, KillLatchFile(folder / "kill.latch"))
    await trade_recorded(core, ExchangeOnDisk(folder / "exchange"), observer, recording)
    await journal.close()


class PassingConnection(sqlite3.Connection):
    """A connection that passes a moment before and after each statement."""

    def execute(self, statement: str, *arguments: object) -> sqlite3.Cursor:
        word = statement.split(maxsplit=1)[0]
        moment(f"before {word}")
        cursor = super().execute(statement, *arguments)  # type: ignore[arg-type]  # handed on as they are
        moment(f"after {word}")
        return cursor


def die_at(name: str, count: int) -> None:
    die_when(name, count)
    around(os, "fsync", "fsync")
    around(Witness, "write", "witness")
    real = sqlite3.connect
    patch(sqlite3, "connect", partial(real, factory=PassingConnection))


def traded(prepare: Callable[[], None], folder: Path) -> None:
    """Run a session, to be killed on the way."""
    prepare()
    asyncio.run(session(folder))


def check(folder: Path) -> dict[str, object]:
    """Recover as a restart would, twice, and hold what is there against the truth of the exchange."""
    path, exchange = folder / "j.sqlite", folder / "exchange"
    arrived = [line.split() for line in exchange.read_text().splitlines()] if exchange.exists() else []
    assert len({cid for cid, *_ in arrived}) == len(arrived), "an order was sent twice"
    if not path.exists():
        assert not arrived
        return {"rows": 0, "arrived": 0}
    heads = []
    for _ in range(2):
        journal = SqliteJournal(path, ManualClock())
        heads.append(journal.head)
        asyncio.run(journal.close())
    assert heads[0] == heads[1] == verify_journal(path), "recovery is not idempotent"
    assert not isinstance(heads[0], BadRow)
    lives: dict[Cid, OrderLife] = {}
    filled: set[Cid] = set()
    for _, entry in read_journal(path):
        match entry:
            case RecordedSubmit(order):
                assert order.cid not in lives, "a cid was used twice"
                lives[order.cid] = OrderLife(order)
            case OrderReported(cid=cid, evidence=evidence):
                is_first = isinstance(evidence, SendBegan)
                assert is_first or lives[cid].status is not Status.INTENT, f"A2: order {cid} left without a record"
                lives[cid] = advance(lives[cid], evidence)
                if isinstance(evidence, Traded):
                    filled.add(cid)
            case _:
                pass
    on_exchange = {Cid(int(number)): (side, int(amount)) for number, side, amount in arrived}
    for cid, (side, amount) in on_exchange.items():
        assert cid in lives, f"I1: order {cid} left without a durable intent"
        assert (lives[cid].order.side.value, lives[cid].order.amount) == (side, amount), "another order left"
        end = after_crash(lives[cid])
        after = lives[cid] if end is None else advance(lives[cid], end)
        known = {Status.UNKNOWN, Status.FILLED}
        assert after.status in known, f"A2: order {cid} left, but the journal proves that it did not"
    assert filled <= set(on_exchange), "the journal has fills of what never arrived"
    assert len(on_exchange) - len(filled) <= 1, "more than one order is in doubt"
    if heads[0].seq:
        assert replay(path).difference is None, "I24: the replay decides otherwise"
    doubt = sum(life.status is Status.SENDING for life in lives.values())
    intent_only = sum(life.status is Status.INTENT for life in lives.values())
    return {"rows": heads[0].seq, "arrived": len(arrived), "in_doubt": doubt, "intent_only": intent_only}


def plans(count: int, seed: int) -> list[tuple[str, Callable[[], None]]]:
    """Return *count* ways to die: at moments of the writer, at bytes of its files, and at any time at all."""
    chance = random.Random(seed)
    names = [f"{when} {what}" for when in ("before", "after") for what in ("BEGIN", "COMMIT", "fsync", "witness")]
    names += ["arriving", "arrived", "before CREATE", "after CREATE", "before PRAGMA", "after PRAGMA"]
    found: list[tuple[str, Callable[[], None]]] = []
    for at in range(count):
        kind = at % 3
        if kind == 0:
            name = names[at // 3 % len(names)]
            nth = 1 + chance.randrange(2 if name.endswith(("CREATE", "PRAGMA", "fsync")) else 12)
            found.append((f"{name} {nth}", partial(die_at, name, nth)))
        elif kind == 1:
            limit = chance.randrange(65_536, 265_000)
            found.append((f"byte {limit}", partial(die_at_byte, limit)))
        else:
            seconds = chance.uniform(0.0005, 0.2)
            found.append((f"{seconds:.4f} s", partial(die_after, seconds)))
    return found


def skip_commits() -> None:
    """Break I1: answer that entries are durable when they are not."""

    async def commit(_: SqliteJournal) -> None:
        return

    patch(SqliteJournal, "commit", commit)


def forget_sending() -> None:
    """Break A2: let an order leave without a record that it may have."""
    real = SqliteJournal.append

    async def append(journal: SqliteJournal, entry: Entry) -> Head:
        is_sending = isinstance(entry, OrderReported) and isinstance(entry.evidence, SendBegan)
        return journal.head if is_sending else await real(journal, entry)

    patch(SqliteJournal, "append", append)


def send_twice() -> None:
    """Break I2: send each order again, as after a timeout."""
    real = ExchangeOnDisk.submit

    def submit(market: ExchangeOnDisk, order: Approved) -> None:
        real(market, order)
        real(market, order)
        market._answers.pop()  # the second one rests: its fill is not told

    patch(ExchangeOnDisk, "submit", submit)


def decide_by_chance() -> None:
    """Break I24: let an order's size depend on something that no event says."""
    real = sizing.rebalance

    def rebalance(*arguments: Any) -> Rebalancing:  # Any: handed on as they are
        wish = real(*arguments)
        return wish._replace(amount=wish.amount - os.getpid() % 1000 - 1)

    patch(sizer, "rebalance", rebalance)


BUGS: Final[dict[str, Callable[[], None]]] = {
    "": lambda: None,
    "skip_commits": skip_commits,
    "forget_sending": forget_sending,
    "send_twice": send_twice,
    "decide_by_chance": decide_by_chance,
}


def main(folder: Path, count: int, seed: int, bug: str) -> None:
    def buggy(prepare: Callable[[], None]) -> None:
        BUGS[bug]()
        prepare()

    for number, (name, prepare) in enumerate(plans(count, seed)):
        place = folder / str(number)
        place.mkdir()
        killed = in_child(partial(traded, partial(buggy, prepare), place))
        try:
            found = check(place)
        except Exception as error:
            raise AssertionError(f"kill {number} ({name}), seed {seed}: {error}; files in {place}") from error
        print(json.dumps({"moment": name, "signal": killed, **found}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
