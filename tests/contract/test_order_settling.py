"""D9: what may settle an order that nothing can be proven about, and what the next session makes of it."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve

from genesis.adapters.clock_system import SystemClock
from genesis.adapters.journal_sqlite.folder import journals, next_journal
from genesis.adapters.journal_sqlite.reading import read_journal, verify_journal
from genesis.adapters.journal_sqlite.writing import SqliteJournal
from genesis.app import order_settling
from genesis.app.account_plan import AccountPlan, PlannedStrategy
from genesis.app.account_recovery import last_journal, recover
from genesis.app.order_settling import settle_order, tried
from genesis.app.order_word import Word
from genesis.app.replay import replay
from genesis.app.settings import Settings
from genesis.app.strategies import build_deciding, find_any_strategy
from genesis.domain.candle import Candle
from genesis.domain.core import TradingCore
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import AccountShown, CandleClosed, Event, OrderReported, Quote, StrategyLimitsApplied
from genesis.domain.exchange.account import Wallet
from genesis.domain.exchange.orders import FillReport, ReportedStatus
from genesis.domain.execution.evidence import Accepted, AnswerLost, Evidence, SendBegan, Traded, Vouched
from genesis.domain.execution.look import Look
from genesis.domain.execution.order_life import Status
from genesis.domain.journal.chain import Head
from genesis.domain.order import Cid, OrderId, Side
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.risk.limits import OFF
from genesis.domain.saved import Saved
from genesis.domain.units import PPB, Atoms, Mts, Ppb, atoms
from genesis.ports.errors import InputError, StoreError
from tests.contract.test_account_recovery import began
from tests.unit.domain.accounts import BTC, CASH, INSTRUMENT, wallet
from tests.unit.domain.test_core_account import shown

DAY_MS = 86_400_000
OWNER = 7
ALWAYS_LONG = """
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.features import close, where
from genesis.domain.strategy.specification import strategy

@strategy
def long() -> Expr:
    return where(close > 0.0, 1.0, 0.0)
"""
WALLETS = (wallet("USD", Decimal(1_000)), wallet("BTC", Decimal(0)))


class LongAgo:
    """The journal of a session that lost the answer to a purchase of ten bitcoin at 100, twenty days ago."""

    def __init__(self, home: Path, owner: int = OWNER) -> None:
        self.home = home
        self.owner = owner
        self.sent = Mts(SystemClock().now() - 20 * DAY_MS)
        self.cid = Cid(self.sent * 16)
        (home / "mine.py").write_text(ALWAYS_LONG)
        name = f"{home / 'mine.py'}:long"
        params, deciding = build_deciding(find_any_strategy(name), {})
        desk = DeskSettings(INSTRUMENT, deciding, 1.0, RiskLimits(), "main")
        self.plan = AccountPlan((PlannedStrategy(name, params, desk, CASH),), OFF)
        self.path = home / "journal" / f"{self.sent}.sqlite"

    async def write(self, *events: Event) -> None:
        """Write the session, with *events* after what made the order."""
        core, price = self.plan.core(needs_account=True), INSTRUMENT.price(100)
        journal = SqliteJournal(self.path, SystemClock())
        strategies = tuple(each.began() for each in self.plan.strategies)
        await journal.append(evolve(began("live"), strategies=strategies, owner=self.owner))
        for event in (
            self.look(0, wallets=WALLETS),
            CandleClosed(BTC, Candle(self.sent, 100.0, 100.0, 100.0, 100.0, 1.0)),
            Quote(BTC, self.sent, price, price, (self.cid,)),
            self.reported(SendBegan()),
            *events,
        ):
            await journal.append(event)
            for decision in core.handle(event):
                await journal.append(decision)
        await journal.close()
        assert core.books.orders.by_cid[self.cid].life.order.amount == atoms(10)

    def limited(self, limits: RiskLimits) -> AccountPlan:
        """The plan with other limits of its strategy."""
        planned = self.plan.strategies[0]
        return AccountPlan((evolve(planned, desk=evolve(planned.desk, limits=limits)),), OFF)

    def reported(self, evidence: Evidence) -> OrderReported:
        return OrderReported(self.sent, BTC, self.cid, evidence)

    def lost(self) -> OrderReported:
        return self.reported(AnswerLost("reset"))

    def look(self, days: int, *orders: int, wallets: tuple[Wallet, ...] = ()) -> AccountShown:
        """A look at the account so many *days* after, with open orders of those cids."""
        reports = tuple(shown(cid, 55, Side.BUY, "10", ReportedStatus.ACTIVE) for cid in orders)
        return AccountShown(Mts(self.sent + days * DAY_MS), Look(reports, wallets=wallets))

    def settle(self, word: Word) -> str:
        return settle_order(self.cid, word, Settings(home=self.home, locks=self.home / "locks"))

    def next_core(self) -> TradingCore:
        """The core with which the next session begins."""
        path = last_journal(self.home / "journal", "live", self.owner)
        assert path is not None
        return recover(path, self.plan.settings(needs_account=True), {"main": CASH}).core


@pytest.fixture
def long_ago(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LongAgo:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BITFINEX_API_KEY", "a-key-of-the-settling-drills")
    monkeypatch.setenv("BITFINEX_API_SECRET", "a-secret-of-the-settling-drills")
    return LongAgo(tmp_path)


async def test_d9_an_order_that_never_was_is_settled_and_the_next_session_is_free(long_ago: LongAgo) -> None:
    await long_ago.write(long_ago.lost(), long_ago.look(14))
    assert long_ago.next_core().desks["main"].in_flight is not None
    said = await asyncio.to_thread(long_ago.settle, Word("the exchange's support says that it never was"))
    assert said.startswith(f"order {long_ago.cid} is absent, 0 of it filled; journal: ")
    core = long_ago.next_core()
    life = core.books.orders.by_cid[long_ago.cid].life
    assert (life.status, life.reason) == (Status.ABSENT, "the exchange's support says that it never was")
    assert core.desks["main"].in_flight is None
    assert core.books.pending(BTC) == ()
    logged = (long_ago.home / "logs" / "config_audit.log").read_text()
    assert '"action":"order.settle"' in logged.replace(" ", "")
    for path in (long_ago.home / "journal").glob("*.sqlite"):
        assert isinstance(verify_journal(path), Head)
        found = replay(path)
        assert (found.difference, found.events > 0) == (None, True)


async def test_d9_an_order_that_was_filled_is_booked_as_a_person_says(long_ago: LongAgo) -> None:
    await long_ago.write(long_ago.lost(), long_ago.look(14))
    await asyncio.to_thread(long_ago.settle, Word("the ledger of the account", "4", "99.5", "0.01"))
    core = long_ago.next_core()
    assert core.books.orders.by_cid[long_ago.cid].life.status is Status.CANCELED
    assert core.position(BTC) == atoms("3.99")
    assert core.cash == CASH - atoms(398)


async def test_d9_what_was_in_flight_when_the_process_died_is_settled_too(long_ago: LongAgo) -> None:
    await long_ago.write(long_ago.look(14))
    await asyncio.to_thread(long_ago.settle, Word("the ledger of the account", "10", "100"))
    assert long_ago.next_core().position(BTC) == atoms(10)


async def test_d9_nothing_is_settled_while_a_proof_is_possible(long_ago: LongAgo) -> None:
    await long_ago.write(long_ago.lost(), long_ago.look(12))
    with pytest.raises(InputError, match="no look at the account was taken after that"):
        await asyncio.to_thread(long_ago.settle, Word("I think so"))
    assert [path.name for path in (long_ago.home / "journal").glob("*.sqlite")] == [long_ago.path.name]


async def test_d9_what_the_exchange_still_shows_is_its_own_to_tell(long_ago: LongAgo) -> None:
    await long_ago.write(long_ago.lost(), long_ago.look(14, long_ago.cid))
    with pytest.raises(InputError, match="the exchange still shows it"):
        await asyncio.to_thread(long_ago.settle, Word("I think so"))


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (Word("more than was ordered", "11", "100"), "nobody can vouch for 11 of 10"),
        (Word("at no price", "5"), "nobody can vouch for 5 of 10, 0 booked, at None"),
        (Word("no number", "ten", "100"), "'ten' is not a number"),
        (Word("too fine", "0.000000001", "100"), "has more than 8 decimals"),
    ],
)
async def test_d9_a_word_that_cannot_be_true_settles_nothing(word: Word, said: str, long_ago: LongAgo) -> None:
    await long_ago.write(long_ago.lost(), long_ago.look(14))
    with pytest.raises(InputError, match=said):
        await asyncio.to_thread(long_ago.settle, word)
    assert long_ago.next_core().books.orders.by_cid[long_ago.cid].life.status is Status.UNKNOWN


AS_IF_FILLED = (wallet("USD", Decimal(0)), wallet("BTC", Decimal(10)))


@pytest.mark.parametrize(
    ("word", "wallets", "said"),
    [
        (
            Word("never was"),
            AS_IF_FILLED,
            "10 BTC and -1000 USD more than is booked without it, so 10 of it were filled",
        ),
        (Word("a part", "4", "100"), AS_IF_FILLED, "so 10 of it were filled"),
        (Word("all of it", "10", "100"), WALLETS, "0 BTC and 0 USD more than is booked without it, so nothing came"),
        (Word("all fee", "10", "100", "10"), (), "a fee of 10 BTC is all of the 10 that it is taken from"),
        (Word("rebate", "10", "100", "-0.011"), (), "a larger rebate than there is, 0.01 at the most"),
        (Word("a digit too many", "10", "1000.1"), (), "the price 1000.1 is more than 10 times off the last, 100"),
        (Word("a digit too few", "10", "9.99"), (), "the price 9.99 is more than 10 times off the last, 100"),
        (Word("a price of nothing", "", "100"), (), "nothing of it is left to be booked"),
        (Word("a fee of nothing", "0", "", "0.1"), (), "nothing of it is left to be booked"),
    ],
)
async def test_d9_a_word_against_what_is_known_settles_nothing(
    word: Word, wallets: tuple[Wallet, ...], said: str, long_ago: LongAgo
) -> None:
    await long_ago.write(long_ago.lost(), long_ago.look(14, wallets=wallets))
    with pytest.raises(InputError, match=said):
        await asyncio.to_thread(long_ago.settle, word)
    assert [path.name for path in (long_ago.home / "journal").glob("*.sqlite")] == [long_ago.path.name]


@pytest.mark.parametrize(
    ("word", "wallets"),
    [
        (Word("never was"), WALLETS),
        (Word("all of it", "10", "100", "0.02"), (wallet("USD", Decimal(0)), wallet("BTC", Decimal("9.98")))),
        (Word("a deposit of coins"), (wallet("USD", Decimal(1_000)), wallet("BTC", Decimal(3)))),
        (Word("sold by hand since", "10", "100"), (wallet("USD", Decimal(900)), wallet("BTC", Decimal(0)))),
    ],
)
async def test_d9_wallets_that_do_not_speak_against_a_word_let_it_pass(
    word: Word, wallets: tuple[Wallet, ...], long_ago: LongAgo
) -> None:
    await long_ago.write(long_ago.lost(), long_ago.look(14, wallets=wallets))
    await asyncio.to_thread(long_ago.settle, word)
    assert long_ago.next_core().desks["main"].in_flight is None


async def test_d9_a_fill_in_a_look_is_proof_though_no_report_names_its_order(long_ago: LongAgo) -> None:
    fill = FillReport(
        9, BTC, long_ago.sent, OrderId(55), long_ago.cid, Side.BUY, Decimal(10), Decimal(100), None, Decimal(0), "BTC"
    )
    look = Look(fills=(fill,), wallets=AS_IF_FILLED)
    await long_ago.write(long_ago.lost(), AccountShown(Mts(long_ago.sent + 14 * DAY_MS), look))
    with pytest.raises(InputError, match="is filled and booked: there is nothing to settle"):
        await asyncio.to_thread(long_ago.settle, Word("never was"))
    assert long_ago.next_core().position(BTC) == atoms(10)


@pytest.mark.parametrize("seen", [[Accepted(OrderId(55))], []])
async def test_d9_the_very_match_that_was_vouched_for_is_booked_once(seen: list[Evidence], long_ago: LongAgo) -> None:
    await long_ago.write(*(long_ago.reported(each) for each in seen or [AnswerLost("reset")]), long_ago.look(14))
    await asyncio.to_thread(long_ago.settle, Word("the ledger of the account", "10", "100"))
    core = long_ago.next_core()
    fill = FillReport(
        9, BTC, long_ago.sent, OrderId(55), long_ago.cid, Side.BUY, Decimal(10), Decimal(99), None, Decimal(0), "BTC"
    )
    wallets = (wallet("USD", Decimal(10)), wallet("BTC", Decimal(10)))
    core.handle(AccountShown(Mts(long_ago.sent + 20 * DAY_MS), Look(fills=(fill,), wallets=wallets)))
    assert (core.halted, core.position(BTC), core.cash) == (None, atoms(10), 0)
    assert (core.books.net_amount(BTC), core.books.cash()) == (atoms(10), atoms(10))


async def test_d9_a_word_that_would_stop_everything_is_tried_and_not_written(long_ago: LongAgo) -> None:
    await long_ago.write(long_ago.lost(), long_ago.look(14))
    core = long_ago.next_core()
    with pytest.raises(InputError, match=r"this would stop everything.*nobody can vouch for 11 of 10"):
        tried(core, long_ago.reported(Vouched("more than was ordered", atoms(11), INSTRUMENT.price(100))))
    assert core.halted is None
    assert core.books.orders.by_cid[long_ago.cid].life.status is Status.UNKNOWN


async def test_d9_what_the_exchange_once_had_was_there(long_ago: LongAgo) -> None:
    await long_ago.write(long_ago.reported(Accepted(OrderId(55))), long_ago.look(14))
    with pytest.raises(InputError, match="the exchange had it as 55"):
        await asyncio.to_thread(long_ago.settle, Word("I think so"))
    await asyncio.to_thread(long_ago.settle, Word("cancelled by the exchange, says its ledger", "0"))
    assert long_ago.next_core().books.orders.by_cid[long_ago.cid].life.status is Status.CANCELED
    with pytest.raises(InputError, match="there is nothing to settle"):
        await asyncio.to_thread(long_ago.settle, Word("again", "0"))


async def test_d9_settling_an_order_judges_nothing_anew(long_ago: LongAgo) -> None:
    """A limit that was raised during the session is in force: the one that it began with is breached and over."""
    loose = long_ago.limited(RiskLimits(max_drawdown=Ppb(PPB // 2)))
    long_ago.plan = long_ago.limited(RiskLimits(max_drawdown=Ppb(PPB // 20)))
    await long_ago.write(
        StrategyLimitsApplied(long_ago.sent, "main", loose.strategies[0].desk.limits),
        long_ago.reported(Accepted(OrderId(55))),
        long_ago.reported(Traded(1, OrderId(55), long_ago.sent, atoms(5), INSTRUMENT.price(100), Atoms(0), "BTC")),
        CandleClosed(BTC, Candle(Mts(long_ago.sent + 60_000), 80.0, 80.0, 80.0, 80.0, 1.0)),
        long_ago.look(14, wallets=(wallet("USD", Decimal(500)), wallet("BTC", Decimal(5)))),
    )
    await asyncio.to_thread(long_ago.settle, Word("support says that it was cancelled", "5"))
    path = last_journal(long_ago.home / "journal", "live", OWNER)
    assert path is not None
    state = next(entry for _, entry in read_journal(path) if isinstance(entry, Saved))
    assert [(desk.halts, desk.limits) for desk in state.desks] == [((), loose.strategies[0].desk.limits)]
    long_ago.plan = loose
    desk = long_ago.next_core().desks["main"]
    assert (desk.halted, desk.position) == (None, atoms(5))
    assert replay(path).difference is None


async def test_d9_an_order_outlives_the_file_of_its_strategy(long_ago: LongAgo) -> None:
    await long_ago.write(long_ago.lost(), long_ago.look(14))
    (long_ago.home / "mine.py").unlink()
    await asyncio.to_thread(long_ago.settle, Word("the ledger of the account", "10", "100"))
    assert long_ago.next_core().position(BTC) == atoms(10)


async def test_d9_nobody_else_writes_the_journal_meanwhile(long_ago: LongAgo) -> None:
    await long_ago.write(long_ago.lost(), long_ago.look(14))
    session = SqliteJournal(long_ago.path, SystemClock())
    with pytest.raises(StoreError, match="another process writes this journal"):
        await asyncio.to_thread(long_ago.settle, Word("the exchange's support says that it never was"))
    await session.close()


class Ahead(SystemClock):
    """The clock of a machine that is a month ahead."""

    def now(self) -> Mts:
        return Mts(super().now() + 30 * DAY_MS)


class Behind(SystemClock):
    """The clock of a machine that is a year behind."""

    def now(self) -> Mts:
        return Mts(super().now() - 365 * DAY_MS)


@pytest.mark.parametrize("clock", [Ahead, Behind])
async def test_d9_a_clock_that_is_wrong_moves_neither_the_core_nor_what_comes_later(
    clock: type[SystemClock], long_ago: LongAgo, monkeypatch: pytest.MonkeyPatch
) -> None:
    await long_ago.write(long_ago.lost(), long_ago.look(14))
    before = long_ago.next_core().now
    monkeypatch.setattr(order_settling, "SystemClock", clock)
    await asyncio.to_thread(long_ago.settle, Word("support says that it never was"))
    core = long_ago.next_core()
    assert (core.now, core.desks["main"].in_flight) == (before, None)
    folder = long_ago.home / "journal"
    later = next_journal(folder, SystemClock().now())
    assert int(later.stem) <= SystemClock().now()
    assert [*journals(folder)][-1] == long_ago.path
