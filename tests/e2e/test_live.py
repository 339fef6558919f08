"""`run --mode live` as a process, against a local venue: it begins only past its guards, trades, and stops in order."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest
from attrs import define, field

from genesis.adapters.journal_sqlite.reading import read_journal
from genesis.adapters.venue.core import Core
from genesis.adapters.venue.keys import all_rights
from genesis.adapters.venue.session import ConnectionId
from genesis.adapters.venue.shell import serving
from genesis.adapters.venue.venue import Venue
from genesis.app.live_guard import PHRASE
from genesis.domain.config_history import DEFAULT, document_hash
from genesis.domain.events import CandleClosed, LimitsApplied, StrategyLimitsApplied
from genesis.domain.exchange.account import WalletKind
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import Side
from genesis.domain.saved import Saved
from genesis.domain.simulation.matching_order import UserId
from genesis.domain.units import Currency, Mts, Symbol, atoms
from tests.contract.test_order_settling import LongAgo
from tests.e2e.test_operating import Person, logged_in
from tests.e2e.venue_house import BTC, place, trade

PAPER = Symbol("tTESTBTC:TESTUSD")
KEY, SECRET = "a-live-key-of-the-drills", "a-live-secret-of-the-drills"
RIGHTS = {scope: (True, scope in {"orders", "positions", "account"}) for scope in all_rights()}
ALWAYS_LONG = """
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.features import close, where
from genesis.domain.strategy.specification import strategy

@strategy
def long() -> Expr:
    return where(close > 0.0, 1.0, 0.0)
"""


LONG_ABOVE = ALWAYS_LONG.replace("> 0.0", "> 100.8")


AFTER_THE_OTHER = """
from attrs import frozen
from genesis.domain.events import CandleClosed, Event
from genesis.domain.strategy.event_strategy import AnyEventStrategy, Target, Targets
from genesis.domain.strategy.specification import event_strategy

@frozen
class AfterTheOther:
    reads: tuple[str, ...] = ("tTESTBTC:TESTUSD",)

    def start(self) -> int:
        return 0

    def decide(self, seen: int, event: Event) -> tuple[int, Targets]:
        if not isinstance(event, CandleClosed):
            return seen, ()
        if event.symbol in self.reads:
            return seen + 1, ()
        return seen, (Target(event.symbol, 1.0 if seen else 0.0),)

@event_strategy
def long() -> AnyEventStrategy:
    return AfterTheOther()
"""


class Ended(NamedTuple):
    code: int
    stdout: str
    stderr: str


@define(eq=False)
class House:
    venue: Venue
    home: Path
    port: int
    user: UserId
    submits: int = 0
    price: str = "100.5"
    strategy: str = ALWAYS_LONG
    keys: dict[str, str] = field(factory=dict)
    told: list[str] = field(factory=list)
    client: aiohttp.ClientSession = field(factory=aiohttp.ClientSession)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "GENESIS_HOME": str(self.home),
            "GENESIS_LOCKS": str(self.home / "locks"),
            "GENESIS_REST_URL": f"http://127.0.0.1:{self.port}/v2/",
            "GENESIS_WS_URL": f"ws://127.0.0.1:{self.port}/ws/2",
            "BITFINEX_API_KEY": KEY,
            "BITFINEX_API_SECRET": SECRET,
            **self.keys,
        }

    def words(self, *, dry: bool, symbol: str = BTC) -> tuple[str, ...]:
        config, strategy = self.home / "live.json", self.home / "mine.py"
        config.write_text(json.dumps({"dry_run": dry, "data": {"cash": "1000"}}))
        strategy.write_text(self.strategy)
        chosen = ("--strategy", f"{strategy}:long", "--symbol", symbol, "--timeframe", "1m")
        return ("run", "--mode", "live", "--port", "0", "--config", str(config), "--new-key", *chosen)

    async def begin(self, *words: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from genesis.app.cli import main\nmain()", *words),
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def watched(self, process: asyncio.subprocess.Process) -> Person:
        """Return somebody who is logged in at the session, once it serves."""
        assert process.stdout is not None
        async for line in process.stdout:
            self.told.append(line.decode())
            if line.startswith(b"dashboard: "):
                return await logged_in(self.client, self.home, line.decode().split()[1].split("/#")[0])
        assert process.stderr is not None
        raise AssertionError(f"it ended before it began: {(await process.stderr.read()).decode()}")

    async def ended(self, *words: str) -> Ended:
        process = await self.begin(*words)
        out, err = await process.communicate()
        assert process.returncode is not None
        return Ended(process.returncode, out.decode(), err.decode())

    @property
    def held(self) -> int:
        return self.venue.core.exchange.accounts.by_user[self.user].wallet(WalletKind.EXCHANGE, Currency("BTC")).balance


class Prints:
    """The market of *house* trades a little with itself, twelve seconds of its time apart, at the price it has then."""

    users_make_candles = True

    def __init__(self, house: House) -> None:
        self.next_mts: Mts | None = house.venue.now
        self._house = house

    def act(self, core: Core) -> None:
        for symbol in (BTC, PAPER):
            trade(self._house.venue, symbol, self._house.price)
        self.next_mts = Mts(core.now + 12_000)


@asynccontextmanager
async def house(tmp_path: Path, *, currency: str = "USD") -> AsyncIterator[House]:
    """A venue whose market trades, sixty times as fast as the wall, and an account with 5 000 on it."""
    venue = Venue(Mts(time.time_ns() // 1_000_000), seed=1, limited=False)
    for symbol in (BTC, PAPER):
        venue.list_instrument(spot_instrument(symbol, atoms("0.0001")))
        trade(venue, symbol, "100.5")
        for level in range(30):
            place(venue, symbol, Side.BUY, "100", str(100 - level))
            place(venue, symbol, Side.SELL, "100", str(101 + level))
    user = venue.core.new_user()
    venue.core.keys.add(user, KEY, SECRET, RIGHTS)
    venue.core.exchange.accounts.deposit(user, WalletKind.EXCHANGE, Currency(currency), atoms("1000"), venue.now)
    async with serving(venue, speed=60.0) as port, asyncio.timeout(60):
        here = House(venue, tmp_path, port, user)
        venue.add_driver(Prints(here))
        receive = venue.receive

        def counted(connection: ConnectionId, text: str, at_ms: int) -> None:
            here.submits += '"on"' in text
            receive(connection, text, at_ms)

        venue.receive = counted  # type: ignore[method-assign]  # a wiretap
        async with here.client:
            yield here


async def stopped(process: asyncio.subprocess.Process) -> Ended:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    out, err = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


async def test_a_live_session_warms_up_decides_trades_and_stops_in_order(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        process = await here.begin(*here.words(dry=False), "--i-understand", PHRASE)
        await (await here.watched(process)).hear('"status":"filled"')
        second = await here.ended(*here.words(dry=False), "--i-understand", PHRASE)
        done = await stopped(process)
        assert done.code == 0, done.stderr
        assert (second.code, f"process {process.pid}" in second.stderr) == (2, True)  # E7
        assert here.submits == 1
        assert here.held > atoms("9")
        assert SECRET not in done.stdout + done.stderr
        verified = await here.ended("journal.verify", "--json")
        assert json.loads(verified.stdout)["whole"] is True


async def test_an_event_strategy_that_reads_another_instrument_trades_live_and_replays(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        here.strategy = AFTER_THE_OTHER
        process = await here.begin(*here.words(dry=False), "--i-understand", PHRASE)
        await (await here.watched(process)).hear('"status":"filled"')
        done = await stopped(process)
        assert done.code == 0, done.stderr
        assert here.held > atoms("9")
        (journal,) = (tmp_path / "journal").glob("*.sqlite")
        closed = [entry.symbol for _, entry in read_journal(journal) if isinstance(entry, CandleClosed)]
        assert closed.index(PAPER) < closed.index(BTC)
        replayed = await here.ended("replay", str(journal), "--json")
        assert replayed.code == 0, replayed.stdout


async def test_a_dry_run_decides_and_writes_down_and_sends_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        process = await here.begin(*here.words(dry=True), "--i-understand", PHRASE)
        await (await here.watched(process)).hear("dry_run is on")
        done = await stopped(process)
        assert done.code == 0, done.stderr
        assert "dry run: no order is sent" in "".join(here.told)
        assert "dry_run is on" in journalled(tmp_path)
        assert (here.submits, here.held) == (0, 0)


def journalled(home: Path) -> str:
    return "\n".join(row.payload for path in (home / "journal").glob("*.sqlite") for row, _ in read_journal(path))


async def test_e5_without_the_phrase_nothing_begins(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        for words in ((), ("--i-understand", "yes")):
            refused = await here.ended(*here.words(dry=False), *words)
            assert refused.code == 2
            assert PHRASE in refused.stderr
        assert here.submits == 0


@pytest.mark.parametrize("scope", ["withdraw", "wallets", "settings"])
async def test_d30_a_key_that_can_do_more_than_trade_is_refused(scope: str, tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        here.venue.core.keys.by_key[KEY].rights[scope] = (True, True)
        refused = await here.ended(*here.words(dry=False), "--i-understand", PHRASE)
        assert refused.code == 2
        assert "no live session begins: the key can" in refused.stderr


@pytest.mark.parametrize(("currency", "symbol"), [("TESTUSD", BTC), ("USD", PAPER)])
async def test_e5_e10_paper_keys_and_live_symbols_do_not_go_together(
    currency: str, symbol: Symbol, tmp_path: Path
) -> None:
    async with house(tmp_path, currency=currency) as here:
        refused = await here.ended(*here.words(dry=False, symbol=symbol), "--i-understand", PHRASE)
        assert refused.code == 2
        assert "account" in refused.stderr


async def test_a_latch_that_is_set_and_a_key_that_is_unknown_are_refused(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        (tmp_path / "kill.latch").write_text("too wild")
        refused = await here.ended(*here.words(dry=False), "--i-understand", PHRASE)
        assert (refused.code, "too wild" in refused.stderr) == (2, True)
        (tmp_path / "kill.latch").unlink()
        here.venue.core.keys.by_key.clear()
        refused = await here.ended(*here.words(dry=False), "--i-understand", PHRASE)
        assert (refused.code, "code 10100" in refused.stderr) == (2, True), refused.stderr


async def test_i9_a_kill_ends_the_live_session_and_cancels_what_is_open(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        process = await here.begin(*here.words(dry=False), "--i-understand", PHRASE)
        await (await here.watched(process)).hear('"status":"filled"')
        killed = await here.ended("kill", "--watch", "1", "enough")
        _, err = await process.communicate()
        assert (killed.code, process.returncode) == (0, 2), killed.stderr
        assert b"kill latch is set (enough)" in err


async def resting(here: House) -> tuple[asyncio.subprocess.Process, Person]:
    """Begin a live session whose order rests at the exchange."""
    config = here.home / "resting.json"
    desk = {"name": "rests", "strategy": "ema_cross", "params": {"fast": 2, "slow": 3}, "cash": "1000"}
    rests = {**desk, "symbol": BTC, "plan": {"kind": "post_only", "reprice_s": 86400, "patience_s": 86400}}
    config.write_text(json.dumps({"dry_run": False, "strategies": [rests]}))
    words = ("run", "--mode", "live", "--port", "0", "--config", str(config), "--new-key", "--timeframe", "1m")
    process = await here.begin(*words, "--i-understand", PHRASE)
    person = await here.watched(process)
    await person.hear('"candles":[{')
    here.price = "100.9"  # from here on the strategy wants to be in, and its order rests below
    await person.hear('"status":"working"')
    assert len(here.venue.core.exchange.open_orders(here.user)) == 1
    return process, person


LATCHLESS = """
from genesis.adapters.kill_latch_file import KillLatchFile
from genesis.app.cli import main
from genesis.ports.errors import StoreError

def refuse(latch, reason):
    raise StoreError("read-only file system")

KillLatchFile.pull = refuse
main()
"""
"""`kill` on a disk that takes no latch."""


async def test_e16_a_kill_that_can_set_no_latch_ends_the_live_session_and_cancels_what_rests(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        process, _ = await resting(here)
        killing = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", LATCHLESS, "kill", "--watch", "1"),
            env=here.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        _, told = await killing.communicate()
        await process.communicate()
        assert here.venue.core.exchange.open_orders(here.user) == []
        assert here.submits == 1
        assert killing.returncode == 1, told.decode()  # another session could begin
        assert f"process {process.pid}, which traded with this data directory, was ended".encode() in told


async def test_e16_a_kill_from_the_page_cancels_what_rests_at_the_exchange(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        exchange = here.venue.core.exchange
        process, person = await resting(here)
        assert (await person.tell("kill", reason="get me out", phrase="kill"))[0] == 200
        _, err = await process.communicate()
        assert (process.returncode, b"kill latch is set (get me out)" in err) == (2, True), err.decode()
        assert (exchange.open_orders(here.user), here.submits) == ([], 1)
        assert b"order.not_cancelled" not in err
        replayed = await here.ended("replay", "--json")
        assert json.loads(replayed.stdout)["same"] is True, replayed.stdout


async def test_a3_i25_a_session_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        first = await here.begin(*here.words(dry=False), "--i-understand", PHRASE)
        await (await here.watched(first)).hear('"status":"filled"')
        first.kill()
        await first.wait()
        held = here.held
        assert held > 0
        again = await here.begin(*here.words(dry=False), "--i-understand", PHRASE)
        await (await here.watched(again)).hear('"positions":[{')
        await stopped(again)
        assert (here.submits, here.held) == (1, held)
        entries = [entry for _, entry in read_journal(max((tmp_path / "journal").glob("*.sqlite")))]
        state = next(entry for entry in entries if isinstance(entry, Saved))
        last = [entry for entry in entries if isinstance(entry, Saved)][-1]
        assert sum(amount for desk in last.desks for _, amount in desk.positions) == held
        assert state.last_fill or last.last_fill


async def test_i15_a_limit_lowered_over_http_holds_the_next_order_of_a_live_session(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        here.strategy = LONG_ABOVE
        process = await here.begin(*here.words(dry=False), "--i-understand", PHRASE)
        person = await here.watched(process)
        await person.hear('"candles":[{')
        known = {"expected_version": 0, "expected_hash": document_hash(DEFAULT), "phrase": "apply config"}
        lower = {"dry_run": True, "risk": {"max_exposure": "120"}}
        status, applied = await person.tell("config", reason="careful", document=lower, **known)
        assert (status, applied.get("text")) == (200, "version 1 is in force"), applied
        here.price = "100.9"  # from here on the strategy wants to be in
        await person.hear('"name":"exposure_total","observed":"9')
        why = {each["name"]: each for each in (await person.read("risk"))["guards"]}["exposure_total"]
        assert why["refused_last"].startswith("main: buy ")
        assert why["observed"]
        assert why["allowed"] == "<= 120"
        raised = tmp_path / "raised.json"
        raised.write_text('{"dry_run": true, "risk": {"max_exposure": "1150"}, "max_drawdown_pct": 90}')
        done = await here.ended("config.apply", str(raised), "--expect", "1", "--reason", "enough for it")
        assert done.code == 0, done.stderr
        await person.hear('"status":"filled"')
        assert (await stopped(process)).code == 0
    entries = [entry for path in (tmp_path / "journal").glob("*.sqlite") for _, entry in read_journal(path)]
    limits = [entry.limits.max_exposure for entry in entries if isinstance(entry, LimitsApplied)]
    assert limits == [atoms(120), atoms(1150)]
    assert [entry.strategy for entry in entries if isinstance(entry, StrategyLimitsApplied)] == ["main"]
    log = (tmp_path / "logs" / "config_audit.log").read_text("utf-8").splitlines()
    actions = [json.loads(line)["entry"]["action"] for line in log]
    changes = [action for action in actions if not action.startswith("security.")]
    assert changes == ["session.begin", "control.apply_config", "config.apply", "config.apply"]


async def test_d9_what_nothing_proves_any_more_is_settled_and_trading_goes_on(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        long_ago = LongAgo(tmp_path, here.user)
        await long_ago.write(long_ago.lost())
        settle = ("order.settle", str(long_ago.cid), "--absent", "--reason", "support says that it never was")
        early = await here.ended(*settle)
        assert (early.code, "let a session begin then" in early.stderr) == (2, True), early.stderr
        session = await here.begin(*here.words(dry=False), "--i-understand", PHRASE)
        await (await here.watched(session)).hear("order.given_up")
        meanwhile = await here.ended(*settle)
        assert (meanwhile.code, "is in use on this machine" in meanwhile.stderr) == (2, True), meanwhile.stderr
        await stopped(session)
        assert here.submits == 0  # it waited for what became of the order
        done = await here.ended(*settle)
        assert (done.code, "is absent" in done.stdout) == (0, True), done.stderr
        assert (await here.ended("replay")).code == 0
        again = await here.begin(*here.words(dry=False), "--i-understand", PHRASE)
        await (await here.watched(again)).hear('"status":"filled"')
        await stopped(again)
        assert here.submits == 1
