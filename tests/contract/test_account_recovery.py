"""I3, I25: a session begins where the last one that knew the account ended."""

import shutil
import sqlite3
from collections import deque
from collections.abc import Mapping
from contextlib import closing
from decimal import Decimal
from enum import Enum
from pathlib import Path

import pytest
from attrs import evolve

from genesis.adapters.journal_sqlite.folder import journals, next_journal
from genesis.adapters.journal_sqlite.reading import APPLICATION_ID, read_journal, witness_path
from genesis.adapters.journal_sqlite.witness import Witness
from genesis.adapters.journal_sqlite.writing import SqliteJournal
from genesis.adapters.memory.clock import ManualClock
from genesis.app.account_recovery import Recovered, last_journal, left, recover
from genesis.app.recovery import begin_again
from genesis.domain.core import FIRST_CID, TradingCore, one_desk
from genesis.domain.core_settings import CoreSettings
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import (
    AccountShown,
    Adopted,
    AlertCode,
    Asked,
    Cancel,
    Decision,
    Event,
    OperatorAsked,
    OrderReported,
    StrategyEnabled,
    TimePassed,
)
from genesis.domain.exchange.orders import Account
from genesis.domain.execution.evidence import AnswerLost
from genesis.domain.execution.look import Look
from genesis.domain.execution.plans import Market, Plan, PostOnly, Twap
from genesis.domain.execution.protection import Bracket, Protection
from genesis.domain.instrument import spot_instrument
from genesis.domain.journal.entries import FORMAT, Entry, SessionBegan, SessionEnd, SessionEnded, StrategyBegan
from genesis.domain.ledger import Ledger
from genesis.domain.order import OrderId, OrderType
from genesis.domain.risk.guards import OnBreach, RiskLimits
from genesis.domain.risk.limits import OFF, AccountLimits, RateLimit
from genesis.domain.risk.refusal import RefusalCode
from genesis.domain.saved import restore, saved
from genesis.domain.strategy.features import volume
from genesis.domain.units import PPB, Mts, Ppb, Symbol, atoms, decimal_from_atoms
from genesis.ports.errors import InputError, StoreError
from tests.order_reports import RESTING
from tests.unit.domain.accounts import BTC, CASH, World, wallet

FOREIGN = evolve(RESTING, id=OrderId(777), mts_created=Mts(1), mts_updated=Mts(2), price=Decimal(90))
STATE = saved(one_desk(DeskSettings(spot_instrument(Symbol("tBTCUSD")), volume), atoms(1)))
FAILED = SessionEnded(SessionEnd.FAILED, "StoreError: the nonces cannot be read")


def began(mode: str) -> SessionBegan:
    return SessionBegan(
        format=FORMAT,
        version="1",
        mode=mode,
        strategies=(),
        limits=OFF,
        account=Account.EXCHANGE,
        needs_account=True,
        first_cid=FIRST_CID,
        fee=Ppb(0),
        slippage=Ppb(0),
        data_sha256="",
    )


async def written(path: Path, *entries: Entry) -> Path:
    journal = SqliteJournal(path, ManualClock())
    for entry in entries:
        await journal.append(entry)
    await journal.close()
    return path


@pytest.mark.parametrize("failed", [(), (began("live"),), (began("live"), FAILED)])
async def test_i3_a_session_that_failed_before_it_began_does_not_hide_the_one_before(
    tmp_path: Path, failed: tuple[Entry, ...]
) -> None:
    known = await written(tmp_path / "1.sqlite", began("live"), STATE)
    await written(tmp_path / "2.sqlite", began("live, dry run"), STATE)
    await written(tmp_path / "3.sqlite", *failed)
    assert last_journal(tmp_path, "live", 0) == known


APPLICATION = f"PRAGMA application_id={APPLICATION_ID}"
TABLE = "CREATE TABLE entries (seq INTEGER PRIMARY KEY)"
SYNCED = bytes.fromhex("d9d505f920a163d7")
"""How a rollback journal of SQLite begins once it was synced (SQLite, "File format")."""


def stopped(path: Path, *statements: str, within: str = "") -> Path:
    """What the maker of a journal leaves that was stopped after *statements*, or *within* one that is not over."""
    with closing(Witness(witness_path(path))), closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
        if within:
            undo = path.with_name(f"{path.name}-journal")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(within)
            before = undo.read_bytes()
            connection.execute("COMMIT")
            undo.write_bytes(SYNCED + before[len(SYNCED) :])
    path.touch()
    return path


@pytest.mark.parametrize(("statements", "within"), [((), ""), ((APPLICATION,), ""), ((APPLICATION,), TABLE)])
async def test_a_journal_that_was_never_made_whole_is_passed_over(
    tmp_path: Path, statements: tuple[str, ...], within: str
) -> None:
    known = await written(tmp_path / "1.sqlite", began("live"), STATE)
    blank = stopped(tmp_path / "2.sqlite", *statements, within=within)
    assert last_journal(tmp_path, "live", 0) == known
    assert [*journals(tmp_path)] == [known]
    witness_path(blank).unlink()  # as a power cut may leave it
    assert last_journal(tmp_path, "live", 0) == known


async def test_a_journal_that_is_blank_but_was_witnessed_is_refused(tmp_path: Path) -> None:
    await written(tmp_path / "1.sqlite", began("live"), STATE)
    last = await written(tmp_path / "2.sqlite", began("live"), STATE)
    last.write_bytes(b"")
    with pytest.raises(StoreError, match=r"2\.sqlite: is not a journal of Genesis"):
        last_journal(tmp_path, "live", 0)


@pytest.mark.parametrize(("seq", "said"), [(4, "row 4 is missing: 4 rows were witnessed"), (1, "row 1 is missing")])
async def test_i26_no_session_goes_on_from_a_journal_whose_end_is_gone(tmp_path: Path, seq: int, said: str) -> None:
    await written(tmp_path / "1.sqlite", began("live"), STATE)
    cut = await written(tmp_path / "2.sqlite", began("live"), STATE, TimePassed(Mts(1)), TimePassed(Mts(2)))
    with closing(sqlite3.connect(cut)) as connection, connection:
        connection.execute("DELETE FROM entries WHERE seq >= ?", (seq,))
    with pytest.raises(StoreError, match=said):
        left(last_journal(tmp_path, "live", 0) or tmp_path)


async def test_i26_a_journal_that_was_copied_without_its_log_is_told_and_not_passed_over(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "1.sqlite", ManualClock())
    for entry in (began("live"), STATE):
        await journal.append(entry)
    await journal.commit()
    copied = tmp_path / "copied"
    copied.mkdir()
    for name in ("1.sqlite", "1.sqlite.witness"):
        shutil.copy(tmp_path / name, copied)
    assert last_journal(tmp_path, "live", 0) == tmp_path / "1.sqlite"  # as a kill leaves it: the log is beside it
    with pytest.raises(
        StoreError, match=r"row 1 is missing: 2 rows were witnessed.* a copy is whole only with the -wal"
    ):
        last_journal(copied, "live", 0)
    (copied / "1.sqlite.witness").unlink()
    with pytest.raises(StoreError, match="nobody knows whether the last rows are gone"):
        last_journal(copied, "live", 0)
    await journal.close()


async def test_a_session_comes_after_all_before_it_wherever_the_clock_was(tmp_path: Path) -> None:
    assert next_journal(tmp_path, Mts(7)).name == "7.sqlite"
    await written(next_journal(tmp_path, Mts(99)), began("live"), STATE)
    await written(tmp_path / "a-copy-of-mine.sqlite", began("live"), STATE)
    again = next_journal(tmp_path, Mts(7))
    await written(again, began("live"), STATE)
    assert (again.name, last_journal(tmp_path, "live", 0)) == ("100.sqlite", again)
    assert next_journal(tmp_path, Mts(200)).name == "200.sqlite"


@pytest.mark.parametrize("now", [Mts(7), Mts(99), Mts(150)])
async def test_sessions_that_begin_at_once_never_write_one_journal(tmp_path: Path, now: Mts) -> None:
    await written(tmp_path / "99.sqlite", began("live"), STATE)
    paths = [next_journal(tmp_path, now), next_journal(tmp_path, now)]
    for path in paths:
        await written(path, began("paper"), SessionEnded(SessionEnd.DATA_ENDED))
    assert [len([*read_journal(path)]) for path in paths] == [2, 2]
    assert [*journals(tmp_path)] == [*reversed(paths), tmp_path / "99.sqlite"]


def test_a_folder_that_no_journal_can_be_in_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    folder.touch()
    with pytest.raises(StoreError, match="journal: File exists: check the folder"):
        next_journal(folder, Mts(7))


async def test_the_newest_session_of_the_mode_is_the_last(tmp_path: Path) -> None:
    await written(tmp_path / "1.sqlite", began("live"), STATE)
    known = await written(tmp_path / "2.sqlite", began("live"), STATE, FAILED)
    assert last_journal(tmp_path, "live", 0) == known
    assert last_journal(tmp_path, "paper", 0) is None


async def found(tmp_path: Path, world: World, settings: CoreSettings, *rows: Entry) -> Recovered:
    """What a start of *settings* finds after a session of *rows*, or else one that ended as *world* is."""
    strategies = tuple(
        StrategyBegan(each.name, "", (), "", each.instrument, each.size, each.limits, CASH)
        for each in world.core.settings.desks
    )
    head = evolve(began("live"), strategies=strategies)
    path = await written(tmp_path / "1.sqlite", head, *(rows or [saved(world.core)]))
    return recover(path, settings, {each.name: CASH for each in settings.desks})


async def recovered(tmp_path: Path, world: World, settings: CoreSettings, *rows: Entry) -> TradingCore:
    """The core of what a start finds."""
    return (await found(tmp_path, world, settings, *rows)).core


def fields_of(thing: object, inside: tuple[int, ...] = ()) -> object:
    """All that *thing* is made of, as plain values: what makes two cores the same to the last field."""
    if id(thing) in inside:
        return "above"
    inside = (*inside, id(thing))
    if isinstance(thing, Mapping):
        return [(repr(key), fields_of(each, inside)) for key, each in thing.items()]
    if isinstance(thing, tuple | list | deque | set):
        return [fields_of(each, inside) for each in thing]
    if isinstance(thing, str | int | float | Enum | None):
        return repr(thing)
    names = [*vars(thing)] if hasattr(thing, "__dict__") else [*getattr(thing, "__slots__", ())]
    return [type(thing).__name__, *((name, fields_of(getattr(thing, name, None), inside)) for name in names)]


@pytest.mark.parametrize("protection", [None, Bracket(Ppb(PPB // 20))])
@pytest.mark.parametrize("plan", [Market(), PostOnly(60_000, 600_000)])
async def test_i24_the_core_after_a_crash_is_the_one_that_its_replay_begins_with(
    tmp_path: Path, plan: Plan, protection: Protection | None
) -> None:
    world = World("one", "two", plan=plan, protection=protection, needs_account=True)
    rows: list[Entry] = [saved(world.core)]
    handle = world.core.handle

    def recorded(event: Event) -> tuple[Decision, ...]:
        decisions = handle(event)
        rows.extend((event, *decisions))
        return decisions

    world.core.handle = recorded  # type: ignore[method-assign]  # the journal is between, as in the loop
    world.show()
    world.close(1.0)
    first = world.sent[0]
    if first.type is OrderType.LIMIT:
        world.fill(first, first.amount // 2)
    world.fills = False
    world.close(1.0, 1.0)
    wallets = (wallet("USD", decimal_from_atoms(world.cash)), wallet("BTC", decimal_from_atoms(world.coins)))
    world.show(Look(open_orders=(FOREIGN,), wallets=wallets))
    world.handle(OperatorAsked(Mts(1), Asked.CANCEL_ALL, "", "start afresh"))
    settings = world.core.settings
    core = await recovered(tmp_path, world, settings, *rows)
    replayed = TradingCore(settings, {each.name: Ledger(CASH) for each in settings.desks})
    restore(replayed, saved(core))
    assert fields_of(core) == fields_of(replayed)
    assert core.position(BTC) > 0
    open_cids = [own.life.order.cid for own in core.books.orders.open()]
    assert open_cids
    again = core.handle(AccountShown(Mts(1), Look(open_orders=(FOREIGN,), wallets=wallets)))
    assert {each.cid for each in again if isinstance(each, Cancel)} == {*open_cids}


async def test_a_start_brings_no_part_of_a_plan_nearer_wherever_the_clock_of_the_machine_is(tmp_path: Path) -> None:
    world = World("one", plan=Twap(10, 600_000), needs_account=True)
    world.show()
    world.close(1.0)
    world.fills = False
    world.minute += 10
    world.handle(TimePassed(Mts(60_000 * world.minute)))  # the second part is being sent when the process dies
    lost, now = world.sent[-1], world.core.now
    journal = SqliteJournal(tmp_path / "1.sqlite", ManualClock(Mts(now + 3_600_000)))
    await begin_again(world.core, journal)
    await journal.close()
    assert world.core.now == now
    events = [entry for _, entry in read_journal(tmp_path / "1.sqlite")]
    assert OrderReported(now, BTC, lost.cid, AnswerLost("the session ended while it was being sent")) in events


async def test_i9_what_a_person_wanted_cancelled_is_asked_for_again_after_every_start(tmp_path: Path) -> None:
    world = World("one", needs_account=True)
    world.show()
    world.fills = False
    world.close(1.0)
    world.handle(OperatorAsked(Mts(1), Asked.CANCEL_ALL, "", "start afresh"))
    for number in range(2):  # after a stop, and after another that saw no account
        folder = tmp_path / str(number)
        folder.mkdir()
        world.core = await recovered(folder, world, world.core.settings)
    world.canceled.clear()
    world.show()
    assert world.canceled == [1]


async def test_i12_a_rate_that_is_new_counts_the_orders_of_before_the_start(tmp_path: Path) -> None:
    world = World("one")
    for target in (1.0, 0.0, 1.0, 0.0):
        world.close(target)
    limits = AccountLimits(rates=(RateLimit(4, 86_400_000),))
    world.core = await recovered(tmp_path, world, evolve(world.core.settings, limits=limits))
    world.close(1.0)
    assert len(world.sent) == 4
    assert world.core.refusals == {RefusalCode.ORDER_RATE: 1}


@pytest.mark.parametrize("on_breach", OnBreach)
async def test_a_limit_that_is_breached_where_a_session_begins_is_told_at_that_start_alone(
    tmp_path: Path, on_breach: OnBreach
) -> None:
    world = World("one")
    world.close(1.0)
    world.price = 90
    world.close(0.0)
    limits = RiskLimits(max_drawdown=Ppb(PPB // 20), on_breach=on_breach)
    desks = tuple(evolve(each, limits=limits) for each in world.core.settings.desks)
    settings = evolve(world.core.settings, desks=desks)
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    start = await found(first, world, settings)
    assert [each.code for each in start.breaches] == [AlertCode.MAX_DRAWDOWN]
    assert not start.core.desks["one"].may_add_risk(start.core.now)
    world.core = start.core
    again = await found(second, world, settings)
    assert again.breaches == ()
    assert not again.core.desks["one"].may_add_risk(again.core.now)


@pytest.mark.parametrize("is_switched_off", [False, True])
@pytest.mark.parametrize(("was_enabled", "is_enabled"), [(True, False), (False, True), (True, True)])
async def test_the_configuration_enables_at_a_start_and_what_an_operator_switched_off_stays_off(
    tmp_path: Path, *, was_enabled: bool, is_enabled: bool, is_switched_off: bool
) -> None:
    world = World("one")
    world.handle(StrategyEnabled(Mts(1), "one", is_enabled=was_enabled))
    if is_switched_off:
        world.handle(OperatorAsked(Mts(1), Asked.STRATEGY_OFF, "one", "broken"))
    desks = world.core.settings.desks
    settings = evolve(world.core.settings, desks=tuple(evolve(each, enabled=is_enabled) for each in desks))
    core = await recovered(tmp_path, world, settings)
    assert core.desks["one"].is_on == (is_enabled and not is_switched_off)


async def test_the_journal_of_another_account_is_not_continued(tmp_path: Path) -> None:
    known = await written(tmp_path / "1.sqlite", evolve(began("live"), owner=7), STATE)
    await written(tmp_path / "2.sqlite", evolve(began("live"), owner=8), STATE)
    assert last_journal(tmp_path, "live", 7) == known
    assert last_journal(tmp_path, "live", 9) is None


@pytest.mark.parametrize(
    ("name", "symbol", "said"),
    [
        ("one", "tETHUSD", "one traded tBTCUSD .* and trades tETHUSD now"),
        ("new", "tBTCUSD", "one is gone and holds 10 BTC"),
        ("new", "tBTCEUR", "one traded tBTCUSD .* with its quote currency"),
    ],
)
async def test_a_strategy_that_is_gone_or_trades_something_else_is_refused(
    tmp_path: Path, name: str, symbol: str, said: str
) -> None:
    world = World("one")
    world.close(1.0)
    (desk,) = world.core.settings.desks
    other = evolve(desk, name=name, instrument=spot_instrument(Symbol(symbol)))
    with pytest.raises(InputError, match=said):
        await recovered(tmp_path, world, evolve(world.core.settings, desks=(other,)))


async def test_a_strategy_that_holds_nothing_goes_and_the_account_is_still_the_sum(tmp_path: Path) -> None:
    world = World("one", "two")
    for target, other in ((1.0, 1.0), (0.0, 1.0)):
        world.close(target, other)
    two = world.core.settings.desks[1]
    world.core = await recovered(tmp_path, world, evolve(world.core.settings, desks=(two,)))
    assert list(world.core.desks) == ["two"]
    assert not [each for each in world.show() if isinstance(each, Adopted)]
    assert world.core.books.house.of("USD") == CASH
    assert world.core.desks["two"].position == atoms(10)
    world.close(0.0, 0.0)
    assert world.core.position(BTC) == 0


async def test_a_strategy_that_is_new_begins_with_its_cash_out_of_what_no_strategy_has(tmp_path: Path) -> None:
    world = World("one")
    world.close(1.0)
    world.show()
    held, free = world.core.desks["one"].position, world.core.books.house.of("USD")
    (desk,) = world.core.settings.desks
    both = evolve(world.core.settings, desks=(desk, evolve(desk, name="two")))
    world.core = await recovered(tmp_path, world, both)
    assert world.core.desks["two"].ledger.cash == CASH
    assert world.core.desks["two"].equity == CASH
    assert (world.core.desks["one"].position, world.core.books.house.of("USD")) == (held, free - CASH)
    assert not [each for each in world.show() if isinstance(each, Adopted)]
    world.close(1.0, 1.0)
    assert world.core.desks["two"].position > 0


async def test_a_strategy_with_an_order_that_may_fill_stays(tmp_path: Path) -> None:
    world = World("one", "two")
    world.fills = False
    world.close(1.0)
    with pytest.raises(InputError, match=r"one is gone and has orders that may still fill \(1\)"):
        await recovered(tmp_path, world, evolve(world.core.settings, desks=world.core.settings.desks[1:]))
