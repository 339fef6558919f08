"""Restart with a hundred thousand journalled orders: from the file to a core that could go on.

The journal is made by the loop itself on a market of candles, so it holds what a session's journal holds; its disk is a
temporary folder, and every row's hash is checked on the way.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

from genesis.adapters.journal_sqlite.writing import SqliteJournal
from genesis.adapters.memory.candle_market import CandleMarket
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.kill_latch import MemoryKillLatch
from genesis.app.account_recovery import recover
from genesis.app.backtest import RunObserver
from genesis.app.trade import Recording, trade_recorded
from genesis.domain.candle import Candle
from genesis.domain.core import FIRST_CID, TradingCore
from genesis.domain.core_settings import CoreSettings
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.exchange.orders import Account
from genesis.domain.instrument import spot_instrument
from genesis.domain.journal.entries import FORMAT, SessionBegan, StrategyBegan
from genesis.domain.ledger import Ledger
from genesis.domain.risk.limits import OFF
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.statistics.record import Recorder
from genesis.domain.strategy.features import volume
from genesis.domain.units import Mts, Ppb, Symbol, atoms
from tests.bench._turns import report

ORDERS: Final = 100_000
ROUNDS: Final = 5
CASH: Final = atoms(1_000_000)
DESK: Final = DeskSettings(spot_instrument(Symbol("tBTCUSD")), volume, 0.5)
SETTINGS: Final = CoreSettings((DESK,))
BEGAN: Final = SessionBegan(
    format=FORMAT,
    version="bench",
    mode="live",
    strategies=(StrategyBegan("main", "volume", (), "volume", DESK.instrument, DESK.size, DESK.limits, CASH),),
    limits=OFF,
    account=Account.EXCHANGE,
    needs_account=False,
    first_cid=FIRST_CID,
    fee=Ppb(0),
    slippage=Ppb(0),
    data_sha256="",
)


class UnsyncedJournal(SqliteJournal):
    """Made in minutes instead of hours: what is measured is reading, and the rows are the same."""

    async def commit(self) -> None:
        if len(self._accepted) > 500:
            await super().commit()


async def candles() -> AsyncIterator[list[Candle]]:
    """Yield a target that turns with every candle."""
    for at in range(ORDERS + 1):
        price = 100.0 + at % 7
        yield [Candle(Mts(60_000 * at), price, price, price, price, float(at % 2 == 0))]


async def write(path: Path) -> None:
    """Make the journal of a session with so many orders, cut as by a crash."""
    journal = UnsyncedJournal(path, ManualClock())
    await journal.append(BEGAN)
    core = TradingCore(SETTINGS, {"main": Ledger(CASH)})
    market = CandleMarket(DESK.instrument, Costs(Ppb(0), Ppb(0)), candles())
    observer = RunObserver(Recorder(DESK.instrument, CASH, None))
    await trade_recorded(core, market, observer, Recording(journal, MemoryKillLatch()))
    await journal.close()


def measure() -> Mapping[str, Mapping[str, object]]:
    """Return the figures."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "1.sqlite"
        asyncio.run(write(path))
        seconds, orders = [], 0
        for _ in range(ROUNDS):
            begin = perf_counter()
            orders = recover(path, SETTINGS, {}).core.books.orders.next_cid - 1
            seconds.append(perf_counter() - begin)
        figures = {
            "orders": orders,
            "journal_mib": round(path.stat().st_size / 2**20, 1),
            "restart_s_median": round(median(seconds), 3),
            "restart_s_max": round(max(seconds), 3),
        }
    return {"restart": figures}


def main() -> None:
    """Print the figures."""
    report("recovery", measure)


if __name__ == "__main__":
    main()
