"""Kill the real process while it trades over real sockets, start it again, and hold it against the exchange; run as a
program, it prints one JSON line a drill. `./inv drill` runs many, with a ledger.

Every process is a fork of a server that has everything imported. The exchange lives on in this process: it sees each
order when it arrives, and reads then what the journal on disk has of it. The market's
time runs sixty times as fast.
"""

import asyncio
import itertools
import json
import logging
import os
import resource
import shutil
import signal
import socket
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final, TextIO

from attrs import asdict, frozen

from genesis.adapters.bitfinex import searcher
from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.bitfinex.socket_aiohttp import AiohttpConnector, AiohttpSocket
from genesis.adapters.bitfinex.transport_aiohttp import AiohttpTransport
from genesis.adapters.journal_sqlite.reading import connect_reading, stored_rows, verify_journal
from genesis.adapters.journal_sqlite.writing import SqliteJournal
from genesis.adapters.kill_latch_file import KillLatchFile
from genesis.adapters.memory.budgets import MemoryBudgets
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.nonce_file.mapped import MappedNonces
from genesis.adapters.nonce_file.opening import open_nonces
from genesis.adapters.venue.keys import all_rights
from genesis.adapters.venue.shell import serving
from genesis.adapters.venue.venue import Venue
from genesis.app import trade
from genesis.app.operated_market import OperatorInbox
from genesis.app.simulation.checker.findings import Findings
from genesis.app.simulation.checker.guards import GuardView
from genesis.app.simulation.checker.journal import Account, JournalView
from genesis.app.simulation.checker.truth import TrueOrder, Truth
from genesis.app.simulation.crowd import PRICES, Traders
from genesis.app.simulation.machine import CASH, KEY, SECRET, Machine
from genesis.app.simulation.operator import Operator
from genesis.app.simulation.options import FaultClass, WorldOptions
from genesis.app.simulation.production import Process, Production
from genesis.domain.core import TradingCore
from genesis.domain.desk import Desk
from genesis.domain.events import Asked, OperatorAsked
from genesis.domain.exchange.account import WalletKind
from genesis.domain.execution import absence
from genesis.domain.execution.order_life import Status
from genesis.domain.execution.orders import PROTECTION
from genesis.domain.instrument import spot_instrument
from genesis.domain.journal.chain import BadRow, Row
from genesis.domain.simulation.exchange_events import ExchangeEvent
from genesis.domain.units import Currency, Mts, Symbol, atoms
from genesis.ports.secrets import Secret

SPEED: Final = 60.0
AT_ONCE: Final = 16
LOOK_S: Final = 0.02
LOOKS_UNTIL_SETTLED: Final = 2_000
"""How often a process is looked at before it is given up: a machine that is short of breath takes longer for them."""
LOOKS_UNTIL_GUARDED: Final = 400
LOOKS_OF_TRADING: Final = 400
MANNERS: Final = ("market", "twap", "iceberg", "guarded", "pair")
"""How orders are carried out, and what guards positions, by turns of the drills."""

HALVES: Final = {"guarded": 1, "pair": 2}
"""Orders at the exchange that one guard of a position is."""

TRADE, GUARD, SETTLE = "trade", "guard", "settle"
"""What a process is there for: to be killed while it trades; to be gone at once when what it holds is guarded; or to
get out of everything, and end in order."""

CAUSE: Final = "cause.txt"
"""What ended a process by a mistake, in the folder of its drill."""

STARTS_MAX: Final = 3

INSTRUMENT: Final = spot_instrument(Symbol("tBTCUSD"), atoms("0.0001"))


def options_of(manner: str) -> WorldOptions:
    faults = (FaultClass.HOSTILE_STRATEGY,)
    desks = 4 if manner in HALVES else 2  # of four none wants more than one order may be worth
    return WorldOptions(0, 1.0, ("tBTCUSD",), desks, faults, 1.0, 10, manners=(manner,) * desks)


PLACES: Final = (
    "before commit",
    "after commit",
    "before record",
    "after record",
    "before send",
    "after send",
    "after receive",
    "before request",
    "after request",
    "after nonce",
    "before fill",
)


@frozen
class HurriedClock:
    """The wall runs sixty times as fast, the same for all processes of a drill; durations are real."""

    begun_mts: int
    begun_s: float

    def now(self) -> Mts:
        return Mts(self.now_us() // 1000)

    def now_us(self) -> int:
        return self.begun_mts * 1000 + int((time.monotonic() - self.begun_s) * SPEED * 1_000_000)

    def monotonic_s(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))


# The process that is killed


moments: Counter[str] = Counter()
deadly: tuple[str, int] = ("", 0)
is_armed: bool = True
"""Whether moments count: for most deaths they do once the first order is about to leave."""


def moment(name: str) -> None:
    """Die here if this is the moment."""
    global is_armed  # noqa: PLW0603  # of this fork alone
    is_armed = is_armed or name == "before record"
    moments[name] += is_armed
    if deadly == (name, moments[name]):
        os.kill(os.getpid(), signal.SIGKILL)


def around(owner: object, name: str, label: str) -> None:
    """Let the async function of *owner* pass a moment before and after each call."""
    real = getattr(owner, name)

    async def passing(*arguments: Any, **named: Any) -> Any:  # Any: handed on as they are
        moment(f"before {label}")
        result = await real(*arguments, **named)
        moment(f"after {label}")
        return result

    setattr(owner, name, passing)


def die_at(name: str, nth: int, *, in_order: bool) -> None:
    global deadly, is_armed  # of this fork alone
    deadly, is_armed = (name, nth), not in_order
    around(SqliteJournal, "commit", "commit")
    around(trade, "_record", "record")
    around(AiohttpSocket, "send", "send")
    around(AiohttpSocket, "receive", "receive")
    around(AiohttpTransport, "request", "request")
    around(MappedNonces, "next", "nonce")
    real = SqliteJournal.append

    async def append(journal: SqliteJournal, entry: Any) -> Any:  # Any: handed on as they are
        if type(entry).__name__ == "OrderReported" and type(entry.evidence).__name__ == "Traded":
            moment("before fill")
        return await real(journal, entry)

    setattr(SqliteJournal, "append", append)  # noqa: B010  # mypy minds the assignment


async def live(folder: Path, port: int, clock: HurriedClock, manner: str, task: str) -> None:
    """Trade for a while, or until its *task* is done."""
    secret, path = Secret(KEY), folder / "journal.sqlite"
    async with AiohttpConnector() as connector:
        journal = SqliteJournal(path, clock)
        nonces = open_nonces(folder / "nonces", secret, clock, create=True)
        machine = Machine(
            options=options_of(manner),
            instruments=(INSTRUMENT,),
            clock=clock,
            metrics=MemoryMetrics(),
            transport=AiohttpTransport(),
            connector=connector,
            rest_url=f"http://127.0.0.1:{port}/v2/",
            socket_url=f"ws://127.0.0.1:{port}/ws/2",
            journal=journal,
            rows=rows_of(path),
            nonces=nonces,
            latch=KillLatchFile(folder / "kill.latch"),
            budgets=MemoryBudgets(),  # a hurried minute is no minute of this machine
            signer=Signer(secret, Secret(SECRET)),
            random=Random(os.getpid()).random,
            inbox=OperatorInbox(),
            set_exchange_us=lambda _: None,  # the Date of its answers is not in a hurry
        )
        process = Production().start(machine)
        running = asyncio.ensure_future(process.run())
        watching = asyncio.ensure_future(_until_done(process, machine.inbox, task))
        await asyncio.wait({running, watching}, return_when="FIRST_COMPLETED")
        running.cancel()
        watching.cancel()
        await asyncio.wait({running, watching})
        await machine.transport.close()
        await journal.close()
    for ended in (running, watching):
        if not ended.cancelled():
            await ended
    assert task == TRADE or not watching.cancelled(), f"it ended before it could {task}"


async def _until_done(process: Process, inbox: OperatorInbox, task: str) -> None:
    """Let the process trade, or wait until what it does is done; raises `AssertionError` where it never is."""
    match task:
        case "trade":
            await _looked(process, lambda _: False, LOOKS_OF_TRADING)
        case "guard":
            if await _looked(process, _is_guarded, LOOKS_UNTIL_GUARDED) or await _looked(process, _is_flat):
                os._exit(0)  # in the middle of everything but what would change what it holds
            raise AssertionError(f"what it holds was not guarded in time: {_told(process)}")
        case "settle":
            asking = Operator(lambda: inbox)
            asking.want(lambda mts: OperatorAsked(mts, Asked.HALT, "", "the drill is over"))
            halting = asyncio.ensure_future(asking.heard())
            settled = await _looked(process, lambda each: halting.done() and _is_flat(each))
            halting.cancel()
            assert settled, f"not settled in time: {_told(process)}"


async def _looked(process: Process, is_done: Callable[[TradingCore], bool], looks: int = LOOKS_UNTIL_SETTLED) -> bool:
    """Look at the process until it is done; return whether it is before the *looks* are used up."""
    for _ in range(looks):
        await asyncio.sleep(LOOK_S)
        core = process._core
        if process.belief() is not None and core.books.standings.is_reconciled and is_done(core):
            return True
    return False


def _is_flat(core: TradingCore) -> bool:
    return not any(core.books.orders.open()) and all(_is_dust(desk) for desk in core.desks.values())


def _is_guarded(core: TradingCore) -> bool:
    """Whether somebody holds something, every position is guarded, and nothing else is on its way."""
    orders = list(core.books.orders.open())
    if not orders or any(own.undertaking != PROTECTION or own.life.status is not Status.WORKING for own in orders):
        return False
    guarded: Counter[str] = Counter()
    for own in orders:
        guarded[own.strategy] += own.life.at_risk
    return all(
        desk.in_flight is None and desk.intent is None and (desk.position == guarded[name] or _is_dust(desk))
        for name, desk in core.desks.items()
    )


def _is_dust(desk: Desk) -> bool:
    return desk.position < INSTRUMENT.amount_min


def _told(process: Process) -> str:
    """Return what a process waits for, in words."""
    core = process._core
    desks = [(desk.name, desk.position, desk.in_flight, desk.intent, desk.halted) for desk in core.desks.values()]
    orders = [(own.life.order.cid, own.undertaking, own.life.status.value) for own in core.books.orders.open()]
    standings = core.books.standings
    return f"standing {standings.now.value}, reconciled {standings.is_reconciled}, orders {orders}, strategies {desks}"


def rows_of(path: Path) -> Sequence[Row]:
    """Return what the journal on disk holds now."""
    if not path.exists():
        return ()
    connection = connect_reading(path)
    try:
        return tuple(stored_rows(connection, path))
    finally:
        connection.close()


# The server of forks


def serve_forks(orders: TextIO, results: int) -> None:
    """Fork a process for each line, and a waiter that tells how it ended."""
    for line in orders:
        if os.fork() == 0:
            number, *arguments = json.loads(line)
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    _be(*arguments)
                    code = 0
                except BaseException:  # noqa: BLE001  # a fork tells what ended it before it is gone
                    Path(arguments[0], CAUSE).write_text(traceback.format_exc())
                finally:
                    os._exit(code)
            _, status = os.waitpid(child, 0)
            how = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            try:
                os.write(results, f"{json.dumps([number, how])}\n".encode())
            finally:  # whoever asked may have given up: nobody wants to read of a broken pipe
                os._exit(0)
        while True:  # take home what has ended
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    break
            except ChildProcessError:
                break


def _be(
    folder: str,
    port: int,
    mts: int,
    begun_s: float,
    manner: str,
    place: str,
    nth: int,
    in_order: bool,
    task: str,
) -> None:
    logging.disable(logging.CRITICAL)
    # How long a proof of absence waits is proven in virtual time: here it would only cost minutes.
    setattr(absence, "GRACE_S", 0.5)  # noqa: B010  # it is Final
    setattr(absence, "BETWEEN_SEARCHES_S", 0.2)  # noqa: B010
    setattr(searcher, "ANSWER_S", 1.0)  # noqa: B010
    if place.endswith(" s"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.setitimer(signal.ITIMER_REAL, float(place[:-2]))
    elif place:
        die_at(place, nth, in_order=in_order)
    asyncio.run(live(Path(folder), port, HurriedClock(mts, begun_s), manner, task))


class Forks:
    """The near end of the server of forks."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._number = 0
        self._waiting: dict[int, asyncio.Future[int]] = {}

    async def run(self, *arguments: object) -> int:
        """Run a process to its end; return its exit code, or the negative number of the signal that ended it."""
        self._number += 1
        ended = self._waiting[self._number] = asyncio.get_running_loop().create_future()
        self._write(f"{json.dumps([self._number, *arguments])}\n")
        how: int = await ended
        return how

    async def listen(self, results: int) -> None:
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(results, "rb")
        )
        async for line in reader:
            number, how = json.loads(line)
            ended = self._waiting.pop(number)
            if not ended.done():  # whoever waited may have given up, for another drill has failed
                ended.set_result(how)
        transport.close()


# The exchange, and the truth


class Drill:
    """One exchange and the processes that come and go on it."""

    def __init__(self, folder: Path, seed: int, options: WorldOptions) -> None:
        self.options = options
        self.path = folder / "journal.sqlite"
        self.begun_mts = time.time_ns() // 1_000_000
        venue = self.venue = Venue(Mts(self.begun_mts), seed=seed, limited=False)
        venue.list_instrument(INSTRUMENT)
        venue.add_driver(Traders(INSTRUMENT, Mts(self.begun_mts), PRICES[INSTRUMENT.symbol], 10, seed))
        user = venue.core.new_user()
        venue.core.keys.add(user, KEY, SECRET, all_rights(write=True))
        self.account = venue.core.exchange.accounts.by_user[user]
        venue.core.exchange.accounts.deposit(user, WalletKind.EXCHANGE, Currency("USD"), CASH, venue.now)
        self.findings = Findings(time.monotonic)
        self.truth = Truth(self.findings, user, lambda _: False, lambda _: True, self._arrived)
        self.guards: set[int] = set()
        """The orders that guard positions, by cid."""
        venue.core.watchers.append(self._watch)

    def _watch(self, events: Sequence[ExchangeEvent], mts: Mts) -> None:
        self.truth.watch(events, mts)
        guarded = sum(order.left for order in self._resting_guards())
        held = self._held()
        self.findings.require(guarded <= held, "I2", f"{held} are held, and guarded by orders over {guarded}")

    def _resting_guards(self) -> list[TrueOrder]:
        ours = (self.truth.ours.get(cid) for cid in self.guards)
        return [order for order in ours if order is not None and order.is_open]

    def _held(self) -> int:
        return self.account.wallet(WalletKind.EXCHANGE, INSTRUMENT.base).balance

    def check_guards(self, manner: str) -> int:
        """Require that every position is guarded, by all halves of its guards; return how many guards there are.

        What a guard did after the process was gone is in no journal: a stop that was triggered into an empty book
        leaves a rest, and the half of a pair that trades ends the other. Only the next process can guard that again.
        """
        resting, held, known = self._resting_guards(), self._held(), self.journal().orders
        ended = [order for cid in self.guards if not (order := self.truth.ours[cid]).is_open]
        unheard = sum(order.amount - order.filled for order in ended if not known[order.cid].is_settled)
        left = held - sum(order.left for order in resting) - unheard
        dust = self.options.desks * INSTRUMENT.amount_min
        self.findings.require(left < dust, "I37", f"{held} are held, of which {left} are guarded by nothing")
        for order in resting:
            halves = sorted(order.open_ids)
            is_whole = len(halves) == HALVES[manner] or order.filled != known[order.cid].booked
            told = f"order {order.cid} guards a position as {manner} with the orders {halves}"
            self.findings.require(is_whole, "I2", told)
        return len(resting)

    def journal(self) -> JournalView:
        """Read the journal as it is on disk now."""
        view = self._view(Findings(time.monotonic))
        view.take(rows_of(self.path))
        return view

    def _view(self, findings: Findings) -> JournalView:
        scales = {str(INSTRUMENT.symbol): INSTRUMENT.price_scale}
        return JournalView(findings, _ignore, GuardView(findings, scales), proof_s_min=0.0)

    def _arrived(self, order: TrueOrder) -> None:
        known = self.journal().orders.get(order.cid)
        if known is not None and known.undertaking == PROTECTION:
            self.guards.add(order.cid)
        self.findings.require(
            known is not None
            and known.began_s is not None
            and (known.amount, known.intent["side"]) == (order.amount, order.side.value),
            "I1",
            f"order {order.cid} arrived, and its intent and its sending were not on disk",
        )

    def check(self) -> dict[str, Any]:  # Any: of each its own
        """Hold what is on disk after the last process against the exchange."""
        head = verify_journal(self.path)
        self.findings.require(not isinstance(head, BadRow), "I26", f"the journal does not verify: {head}")
        rows = rows_of(self.path)
        view = self._view(self.findings)
        view.take(rows)
        for cid, account in view.orders.items():
            true = self.truth.ours.get(cid)
            is_there = account.id is not None or bool(account.trades)
            self.findings.require(account.is_settled, "I37", f"order {cid} is not settled")
            self.findings.require(
                is_there == (true is not None), "I3", f"order {cid}: journal {account}, exchange {true}"
            )
            booked, filled = account.booked, 0 if true is None else true.filled
            self.findings.require(booked == filled, "I16", f"order {cid}: {booked} booked, {filled} filled")
        for undertaking, whole in view.undertakings.items():
            parts = [self.truth.ours.get(cid) for cid, each in view.orders.items() if each.undertaking == undertaking]
            filled = sum(true.filled + true.left for true in parts if true is not None)
            told = f"the parts of undertaking {undertaking} filled {filled} of {whole}"
            self.findings.require(filled <= whole, "I2", told)
        forgotten = sorted(set(self.truth.ours) - set(view.orders))
        self.findings.require(not forgotten, "I3", f"orders {forgotten} are in no journal")
        first, again = (Production().recover(rows, self.options) for _ in range(2))
        self.findings.require(first == again, "I25", "two recoveries differ")
        for currency, amount in first.holdings.items():
            there = self.account.wallet(WalletKind.EXCHANGE, Currency(currency)).balance
            self.findings.require(amount == there, "I18", f"we hold {amount} of {currency}, the exchange has {there}")
        gone = Counter(account.gone for account in view.orders.values() if account.gone)
        return {
            "rows": len(rows),
            "orders": len(self.truth.ours),
            "gone": dict(gone),
            "sessions": view.counts["session_began"],
            "parts": sum(each.undertaking in view.undertakings for each in view.orders.values()),
        }


def _ignore(_: int, __: Account) -> None:
    pass


@frozen
class Passed:
    """What came of a drill in which nothing was found: who was killed where, and what the journal held in the end."""

    number: int
    manner: str
    places: Sequence[str]
    killed: int
    guards: int
    rows: int
    orders: int
    gone: Mapping[str, int]
    sessions: int
    parts: int


async def drill(number: int, seed: int, forks: Forks, folder: Path) -> Passed:
    """Kill a process at a place that the number tells, its successor too at times; check what the last one leaves."""
    chance = Random(f"{seed} {number}")
    manner = MANNERS[number // len(MANNERS) % len(MANNERS)]  # beside the turns of places
    here = Drill(folder, seed + number, options_of(manner))
    async with serving(here.venue, speed=SPEED) as port:
        begun = (str(folder), port, here.begun_mts, time.monotonic(), manner)
        killed, how, guards = 0, 1, 0
        places: list[str] = []
        for _ in range(chance.choice((1, 1, 2))):  # the second one dies in its recovery, or soon after
            place = PLACES[(number + len(places)) % len(PLACES)] if number % 5 else f"{chance.uniform(0.02, 3.0):.4f} s"
            in_order = chance.random() < 0.7
            few = 6 if manner in ("twap", "iceberg") else 3
            nth = chance.randrange(1, few if "fill" in place or "record" in place else 12)
            places.append(f"{place} {nth}{' of an order' if in_order else ''}")
            how = await forks.run(*begun, place, nth, in_order, TRADE)
            killed += how < 0
        if manner in HALVES:
            await _done(forks, begun, GUARD, places)
            guards = here.check_guards(manner)
        await _done(forks, begun, SETTLE, places)
    found = here.check()
    assert not here.findings.violations, "; ".join(map(str, here.findings.violations))
    return Passed(number, manner, places, killed, guards, **found)


async def _done(forks: Forks, begun: Sequence[object], task: str, places: Sequence[str]) -> None:
    """Run processes until one has done its *task*: who misses a deadline is started again, as by whoever watches it."""
    ends = [await forks.run(*begun, "", 0, False, task)]
    while ends[-1] and len(ends) < STARTS_MAX:
        ends.append(await forks.run(*begun, "", 0, False, task))
    if ends[-1]:
        cause = Path(str(begun[0]), CAUSE)
        told = cause.read_text() if cause.exists() else "none left a word"
        raise AssertionError(f"no process could {task} after {places}; they ended with {ends}, the last one:\n{told}")


async def drills(
    folder: Path, seed: int, numbers: Iterator[int], tell: Callable[[Passed], None], forks: Forks, results: int
) -> None:
    """Run the drills of *numbers*, some at a time, and tell what came of each; their files stay where one fails."""
    listening = asyncio.ensure_future(forks.listen(results))

    async def some() -> None:
        for number in numbers:
            place = folder / str(number)
            place.mkdir()
            try:
                passed = await drill(number, seed, forks, place)
            except Exception as error:
                command = f"./inv drill --seed {seed} --only {number}"
                raise AssertionError(f"{command} found: {error}; files in {place}") from error
            shutil.rmtree(place)
            tell(passed)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(some())
    listening.cancel()


def run(folder: Path, seed: int, numbers: Iterator[int], tell: Callable[[Passed], None]) -> list[str]:
    """Run drills with files in *folder*; return what was found, empty if nothing was."""
    logging.disable(logging.CRITICAL)  # a dead client is no news to the exchange here
    near, far = socket.socketpair()
    read, write = os.pipe()
    server = os.fork()
    if server == 0:
        near.close()
        os.close(read)
        serve_forks(far.makefile("r"), write)
        os._exit(0)
    os.setpgid(server, server)  # from here, or it may not be one yet when there is nothing to do
    far.close()
    os.close(write)
    failures: Sequence[BaseException] = ()
    try:
        asyncio.run(drills(folder, seed, numbers, tell, Forks(partial(_send, near)), read))
    except ExceptionGroup as group:
        failures = group.exceptions
    finally:
        os.killpg(server, signal.SIGKILL)  # with all its forks
        os.waitpid(server, 0)
    return [str(each) if isinstance(each, AssertionError) else repr(each) for each in failures]


class Count:
    """The numbers of drills until so many processes were killed: on a slow machine more end before their moment."""

    def __init__(self, kills: int, killed: int = 0, done: Container[int] = ()) -> None:
        """*killed* of *kills* were killed in the drills that are *done*."""
        self.killed = killed
        self._kills = kills
        self._done = done

    def numbers(self) -> Iterator[int]:
        """Yield the next one for as long as not enough were killed."""
        for number in itertools.count():
            if self.killed >= self._kills:
                return
            if number not in self._done:
                yield number

    def take(self, passed: Passed) -> None:
        """Count what was killed in a drill."""
        self.killed += passed.killed


def main(folder: Path, kills: int, seed: int) -> None:
    """Print a line a drill."""
    count = Count(kills)

    def tell(passed: Passed) -> None:
        count.take(passed)
        print(json.dumps(asdict(passed)), flush=True)

    if found := run(folder, seed, count.numbers(), tell):  # the last word, when nobody else can say anything any more
        sys.exit("\n".join(found))


def _send(near: socket.socket, line: str) -> None:
    near.sendall(line.encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
