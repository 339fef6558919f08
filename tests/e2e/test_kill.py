"""`kill` as a process: latch first, then every order of ours, whatever became of everything else (I9, E16, D15, A6)."""

import asyncio
import os
import signal
import sys
import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from attrs import frozen

from genesis.adapters.bitfinex.endpoints import ORDERS
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.nonce_file.opening import open_nonces
from genesis.adapters.venue.faults import Fault, Rule
from genesis.adapters.venue.http import Request
from genesis.adapters.venue.shell import serving
from genesis.adapters.venue.venue import DEMO_KEYS, Venue
from genesis.app.exchange_budgets import exchange_budgets
from genesis.app.kill_sessions import session_of
from genesis.domain.nonce import CIDS_PER_MS
from genesis.domain.order import Cid, OrderType, Side
from genesis.domain.resilience import Priority
from genesis.domain.simulation.exchange_orders import OrderTicket, PlacedOrder, Refusal
from genesis.domain.units import Price, atoms
from genesis.ports.secrets import Secret
from tests.e2e.venue_house import BTC, quiet_venue
from tests.unit.app.test_kill_sessions import holding

DEMO = DEMO_KEYS[0]


class Ended(NamedTuple):
    code: int
    stdout: str
    stderr: str


@frozen
class House:
    venue: Venue
    home: Path
    url: str

    @property
    def open_orders(self) -> list[PlacedOrder]:
        return self.venue.core.exchange.open_orders(self.venue.core.keys.by_key[DEMO.key].user)

    def place(self, count: int, cid: int | None = None) -> None:
        """Rest *count* orders; ours unless a *cid* says otherwise."""
        user = self.venue.core.keys.by_key[DEMO.key].user
        for at in range(count):
            own = Cid(self.venue.now * CIDS_PER_MS + at) if cid is None else Cid(cid)
            ticket = OrderTicket(BTC, Side.BUY, OrderType.LIMIT, atoms("0.01"), Price(atoms("50")), cid=own)
            result = self.venue.core.exchange.submit(user, ticket, self.venue.now)
            assert not isinstance(result, Refusal)
            self.venue.core.apply(result.events)

    def command(self, *words: str, program: str = "") -> tuple[str, ...]:
        code = f"{textwrap.dedent(program)}\nfrom genesis.app.cli import main\nmain()"
        return (sys.executable, "-c", code, "kill", "--watch", "1", *words)

    def environment(self, url: str = "") -> dict[str, str]:
        return {
            **os.environ,
            "GENESIS_HOME": str(self.home),
            "GENESIS_REST_URL": url or self.url,
            "BITFINEX_API_KEY": DEMO.key,
            "BITFINEX_API_SECRET": os.environ.get("KILL_TEST_SECRET", DEMO.secret),
        }

    async def kill(self, *words: str, program: str = "", url: str = "") -> Ended:
        """Run `kill`, which looks on for a moment only; *program* is what the process does to itself before."""
        process = await asyncio.create_subprocess_exec(
            *self.command(*words, program=program),
            env=self.environment(url),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode is not None
        return Ended(process.returncode, out.decode(), err.decode())

    @property
    def is_latched(self) -> bool:
        return (self.home / "kill.latch").exists()


@asynccontextmanager
async def house(tmp_path: Path) -> AsyncIterator[House]:
    venue = quiet_venue()
    async with serving(venue) as port, asyncio.timeout(60):
        yield House(venue, tmp_path, f"http://127.0.0.1:{port}/v2/")


async def test_e16_kill_latches_and_cancels_ours_but_not_those_of_others(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        here.place(7)
        here.place(2, cid=1234)
        done = await here.kill("too", "wild")
        assert (done.code, here.is_latched) == (0, True)
        assert "(too wild)" in done.stdout
        assert "7 orders cancelled; 2 of others are left alone" in done.stdout
        assert [order.cid for order in here.open_orders] == [1234, 1234]
        again = await here.kill("once", "more")  # used twice: the first reason stays
        assert (again.code, "(too wild)" in again.stdout) == (0, True)
        everything = await here.kill("--all")
        assert (everything.code, here.open_orders) == (0, [])


async def test_r23_five_hundred_orders_go_in_five_requests(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        here.place(500)
        asked: list[str] = []
        ask = here.venue.rest.handle

        def counted(request: Request) -> object:
            asked.append(request.path)
            return ask(request)

        here.venue.rest.handle = counted  # type: ignore[method-assign,assignment]  # a wiretap
        done = await here.kill()
        assert (done.code, here.open_orders) == (0, [])
        assert asked.count("auth/w/order/cancel/multi") == 5


async def test_it_works_while_the_session_is_stopped_and_holds_the_locks_of_its_files(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        open_nonces(tmp_path / "nonces", Secret(DEMO.key), SystemClock(), create=True).close()
        budgets = tmp_path / "budgets" / urlsplit(here.url).netloc
        program = f"""
            import fcntl, os, signal
            from pathlib import Path
            from genesis.adapters.clock_system import SystemClock
            from genesis.adapters.nonce_file.opening import open_nonces, store_path
            from genesis.ports.secrets import Secret
            home, key = Path({str(tmp_path)!r}), Secret({DEMO.key!r})
            store = open_nonces(home / "nonces", key, SystemClock())
            last = store.take()
            fcntl.flock(os.open(store_path(home / "nonces", key), os.O_RDWR), fcntl.LOCK_EX)
            budgets = Path({str(budgets)!r})
            budgets.mkdir(parents=True)
            for name in ("orders", "order_cancel_multi"):
                fcntl.flock(os.open(budgets / name, os.O_RDWR | os.O_CREAT), fcntl.LOCK_EX)
            print(last, flush=True)
            os.kill(os.getpid(), signal.SIGSTOP)
        """
        stuck = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", textwrap.dedent(program)), stdout=asyncio.subprocess.PIPE
        )
        assert stuck.stdout is not None
        last = int(await stuck.stdout.readline())
        here.venue.core.keys.by_key[DEMO.key].nonce = last  # the exchange has seen it
        here.place(3)
        try:
            done = await here.kill()
        finally:
            stuck.send_signal(signal.SIGKILL)
            await stuck.wait()
        assert (done.code, here.is_latched, here.open_orders) == (0, True, [])
        assert here.venue.core.keys.by_key[DEMO.key].nonce > last


async def test_i35_what_a_kill_asks_counts_for_the_programs_after_it(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        here.place(1)
        assert (await here.kill()).code == 0
        orders = exchange_budgets(tmp_path, here.url).of(ORDERS.ration)
        left = 0
        while not orders.start(SystemClock().monotonic_s(), Priority.CANCEL):
            left += 1
        assert left < ORDERS.per_minute - 1


async def test_it_works_with_a_full_disk(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        here.place(3)
        full = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))"
        done = await here.kill("full", program=full)
        assert (done.code, here.is_latched, here.open_orders) == (0, True, [])


async def test_orders_go_even_if_the_latch_cannot_be_set_and_so_does_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENESIS_LOCKS", str(tmp_path / "locks"))
    async with house(tmp_path) as here:
        here.place(3)
        (tmp_path / "kill.latch").mkdir()
        with holding(tmp_path / "locks", session_of(tmp_path)) as session:
            done = await here.kill()
            assert session.wait(20) == -signal.SIGTERM
        assert (done.code, here.open_orders) == (1, [])  # for another session may begin
        assert "NOT set" in done.stderr
        assert f"process {session.pid}, which traded with this data directory, was ended" in done.stderr


async def test_without_network_the_latch_is_set_and_the_exit_code_says_what_is_left(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        here.place(3)
        done = await here.kill("--wait", "1", url="http://127.0.0.1:9/v2/")
        assert (done.code, here.is_latched) == (1, True)
        assert "NOT DONE: what is open is not known: auth/r/orders: not connected" in done.stderr


async def test_d15_in_maintenance_it_goes_on_when_that_has_ended(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        here.place(3)
        maintain(here.venue, on=True)
        asked = asyncio.Event()
        ask = here.venue.rest.handle

        def heard(request: Request) -> object:
            asked.set()
            return ask(request)

        here.venue.rest.handle = heard  # type: ignore[method-assign,assignment]  # a wiretap
        killing = asyncio.create_task(here.kill("--wait", "3"))
        await asked.wait()
        assert here.is_latched
        assert len(here.open_orders) == 3
        maintain(here.venue, on=False)
        done = await killing
        assert (done.code, here.open_orders) == (0, [])


async def test_a_refused_key_is_told_and_not_asked_again(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        here.venue.faults.add(Rule("key", Fault.AUTH_FAILURE, "auth"))
        done = await here.kill()
        assert (done.code, here.is_latched) == (1, True)
        assert len(here.venue.faults.log) == 1


@pytest.mark.parametrize("kind", [Fault.HTML, Fault.ACCEPT_THEN_5XX, Fault.RESET, Fault.NONCE_SMALL])
async def test_answers_that_say_nothing_are_asked_again(kind: Fault, tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        here.place(3)
        here.venue.faults.add(Rule("bad", kind, "auth", times=2))
        done = await here.kill("--wait", "20")
        assert (done.code, here.open_orders) == (0, [])


def maintain(venue: Venue, *, on: bool) -> None:
    body = b'{"on": true}' if on else b'{"on": false}'
    venue.request("/sim/maintenance", Request("POST", "", {}, {}, body, "", 0))


async def test_e16_a_key_that_is_kept_elsewhere_kills_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "secret"
    kept.write_text(DEMO.secret)
    kept.chmod(0o600)
    monkeypatch.setenv("KILL_TEST_SECRET", f"file:{kept}")
    async with house(tmp_path) as here:
        here.place(2)
        done = await here.kill("enough")
        assert (done.code, here.is_latched, here.open_orders) == (0, True, [])


async def test_a6_a_kill_that_is_killed_after_its_first_cancels_is_finished_by_the_next(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        here.place(250)
        ask = here.venue.rest.handle
        killing = await asyncio.create_subprocess_exec(*here.command(), env=here.environment())

        def dying(request: Request) -> object:
            answer = ask(request)
            if request.path == "auth/w/order/cancel/multi":
                killing.kill()  # what it asked for is done, and it never hears of it
            return answer

        here.venue.rest.handle = dying  # type: ignore[method-assign,assignment]  # a wiretap
        assert await killing.wait() == -signal.SIGKILL
        here.venue.rest.handle = ask  # type: ignore[method-assign]
        assert here.is_latched
        assert 0 < len(here.open_orders) < 250
        done = await here.kill()
        assert (done.code, here.open_orders) == (0, [])
