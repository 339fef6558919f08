"""One world: the venue with its people, a machine on which Genesis runs, dies and starts again, and the checker.

Two phases: first everything may go wrong, then all is healed; from then on the world has two minutes to agree, and
orders must flow again.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import Any, Final, Protocol

from attrs import frozen

from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.memory.metrics import Unmeasured
from genesis.adapters.memory.virtual_time import MachineClock, VirtualLoop, run_virtually
from genesis.adapters.venue.in_process import InProcessVenue
from genesis.adapters.venue.keys import all_rights
from genesis.adapters.venue.venue import Venue
from genesis.app.operated_market import OperatorInbox
from genesis.app.simulation.bounds import BOUNDS
from genesis.app.simulation.checker.checker import Belief, Checker
from genesis.app.simulation.checker.findings import Findings, Violation
from genesis.app.simulation.crowd import PRICES, Stranger, Traders
from genesis.app.simulation.faults import Troubles, instruments_of
from genesis.app.simulation.host import Host, HostJournal, HostNonces
from genesis.app.simulation.life import Dead, Life
from genesis.app.simulation.machine import CASH, KEY, SECRET, ExchangeUs, Machine
from genesis.app.simulation.network import Network, Wire
from genesis.app.simulation.operator import Operator
from genesis.app.simulation.options import FaultClass, WorldOptions
from genesis.app.simulation.trace import Trace
from genesis.domain.events import Asked, OperatorAsked
from genesis.domain.exchange.account import WalletKind
from genesis.domain.journal.chain import Row
from genesis.domain.order import OrderId
from genesis.domain.units import Currency, Mts
from genesis.ports.errors import GenesisError
from genesis.ports.secrets import Secret

START: Final = Mts(1_700_000_040_000)
HEAL_S: Final = 120.0
FLOW_LOOK_S: Final = 60.0
RESUMED_EVERY: Final = 60
FLOW_S: Final = 14_400.0
"""How long orders may take to flow again after the heal: the strategies have to want something that limits allow."""

RESTART_S: Final = (1.0, 10.0)
RESTART_S_MAX: Final = 30.0
STABLE_S: Final = 60.0
"""Who starts a service again waits longer after each start that did not last."""


class Program(Protocol):
    """Genesis, as a process of a world runs it."""

    async def run(self) -> None:
        """Start up, recover, trade, until cancelled; raises what ends the process."""

    def belief(self) -> Belief | None:
        """Return what the core has in mind; None until it was recovered."""


class Genesis(Protocol):
    """How to start the program, and what its recovery reads out of a journal."""

    def start(self, machine: Machine) -> Program:
        """Make a process."""

    def recover(self, rows: Sequence[Row], options: WorldOptions) -> Belief:
        """Return what a restart would take for true."""

    def difference(self, rows: Sequence[Row], options: WorldOptions) -> str:
        """Return the first decision of the last session that its events do not lead to again, empty if all are."""


@frozen
class Outcome:
    """What came of a world. *ended* is the virtual time in seconds; *intents* are those that became durable."""

    options: WorldOptions
    violations: tuple[Violation, ...]
    trace: str
    ended_s: float
    intents: int
    submits: int
    faults: dict[str, int]
    lives: dict[str, int]
    rows: dict[str, int]
    checks: dict[str, int]
    places: dict[str, int]
    heal_s: float
    turns: int

    @property
    def events(self) -> int:
        """How many events the core was given."""
        return sum(self.rows.get(name, 0) for name in EVENTS)


EVENTS: Final = (
    "candle_closed",
    "quote",
    "order_reported",
    "account_shown",
    "time_passed",
    "operator_asked",
    "link_state",
)


def live_through(options: WorldOptions, genesis: Genesis, log: Callable[[str], None] | None = None) -> Outcome:
    """Run the world of *options* to its end; *log* sees every line of its trace."""
    return run_virtually(lambda loop: World(options, genesis, loop, log).run())


class World:
    """See the module."""

    def __init__(
        self, options: WorldOptions, genesis: Genesis, loop: VirtualLoop, log: Callable[[str], None] | None
    ) -> None:
        self._options = options
        self._genesis = genesis
        self._loop = loop
        self._chance = Random(f"lives {options.seed}")  # nosec B311 - lives made up from a seed are no secret
        self.instruments = instruments_of(options)
        venue = self.venue = Venue(START, seed=options.seed)
        for number, instrument in enumerate(self.instruments):
            venue.list_instrument(instrument)
            price = PRICES[instrument.symbol]
            venue.add_driver(Traders(instrument, START, price, options.market_step_s, options.seed * 10 + number))
        user = venue.core.new_user()
        venue.core.keys.add(user, KEY, SECRET, all_rights(write=True))
        accounts = venue.core.exchange.accounts
        accounts.deposit(user, WalletKind.EXCHANGE, Currency("USD"), CASH, START)
        self._account = accounts.by_user[user]
        self._shell = InProcessVenue(venue, MachineClock(loop, START))
        self.host = Host(MachineClock(loop, START), Network(self._shell, loop, options.seed))
        trades_beside = FaultClass.FOREIGN_ORDERS in options.faults
        self.stranger = Stranger(venue.core, user, self.instruments, options.seed, has_coins=trades_beside)
        self.findings = Findings(loop.time)
        self.checker = Checker(
            self.findings,
            user,
            {each.symbol: each for each in self.instruments},
            BOUNDS,
            lambda: Mts(START + int(loop.time() * 1000)),
            self._is_foreign,
            self._wallet,
            self.host.latch.reason,
        )
        self.trace = Trace(loop.time, self.checker, log)
        venue.core.watchers.append(self.checker.truth.watch)
        self.operator = Operator(lambda: self._inbox)
        self.troubles = Troubles(
            options,
            loop,
            venue,
            self.host,
            self.stranger,
            lambda: self.life,
            self.operator.want,
            self.trace.note,
            self.checker.stood_still,
        )
        self.life: Life | None = None
        self._program: Program | None = None
        self._inbox: OperatorInbox | None = None
        self._journal: HostJournal | None = None
        self._lives: dict[str, int] = {}
        self._places: dict[str, int] = {}
        self._is_healing = False

    async def run(self) -> Outcome:
        """Live through both phases and return what came of them."""
        self._loop.set_exception_handler(self._unobserved)
        async with asyncio.TaskGroup() as tasks:
            venue = tasks.create_task(self._shell.run(), name="venue")
            lives = tasks.create_task(self._keep_alive(), name="lives")
            operator = tasks.create_task(self.operator.run(), name="operator")
            troubles = tasks.create_task(self.troubles.run(), name="troubles")
            await asyncio.sleep(self._options.hours * 3600)
            troubles.cancel()
            await asyncio.wait([troubles])  # or what was due in the same moment would break what is healed
            heal_s = await self._heal()
            await self._flow()
            lives.cancel()
            operator.cancel()
            venue.cancel()
        self._recover_twice()
        return self._outcome(heal_s)

    # Processes

    async def _keep_alive(self) -> None:
        """Start the program again whenever it has ended, as a supervisor of services does."""
        number = failures = 0
        while True:
            number += 1
            begun_s = self._loop.time()
            life = self.life = Life(number)
            life.on_death = partial(self._died, life)
            self.trace.note(f"process {life.number} starts")
            await life.run(self._live(life))
            self._count_end(life)
            failures = 0 if self._loop.time() - begun_s > STABLE_S else failures + 1
            await asyncio.sleep(min(RESTART_S_MAX, self._chance.uniform(*RESTART_S) * 2**failures))

    async def _live(self, life: Life) -> None:
        host, options = self.host, self._options
        self.checker.process_began(host.disk.rows)
        journal = self._journal = HostJournal(host, life, self._durable)
        exchange = ExchangeUs(host.clock.now_us)
        self._inbox = OperatorInbox()
        random = Random(f"jitter {options.seed} {life.number}")  # nosec B311 - only jitter comes from it
        wire = Wire(host.network, self.trace, life)
        machine = Machine(
            options=options,
            instruments=self.instruments,
            clock=host.clock,
            metrics=Unmeasured(),
            transport=wire,
            connector=wire,
            rest_url="http://127.0.0.1/v2/",
            socket_url="ws://127.0.0.1/ws/2",
            journal=journal,
            rows=tuple(host.disk.rows),
            nonces=HostNonces(host, exchange.now, life),
            latch=host.latch,
            budgets=host.budgets,
            signer=Signer(Secret(KEY), Secret(SECRET)),
            random=random.random,
            inbox=self._inbox,
            set_exchange_us=exchange.learn,
        )
        self._program = self._genesis.start(machine)
        await self._program.run()

    def _died(self, life: Life, how: str) -> None:
        self.trace.note(f"process {life.number} {how}")
        self._compare_minds(how)
        self._leave_machine(life)

    def _leave_machine(self, life: Life) -> None:
        self.host.network.vanish(is_silent=life.is_silent)
        self.host.disk.is_held = False
        self._program = self._journal = self._inbox = None

    def _count_end(self, life: Life) -> None:
        if life.error is not None or life.ended == "ended":
            self._leave_machine(life)
            for error in _leaves(life.error):
                if not isinstance(error, GenesisError):
                    self.checker.process_failed(error)
            self.trace.note(f"process {life.number} {life.ended}: {[str(each) for each in _leaves(life.error)]}")
        names = [type(each).__name__ for each in _leaves(life.error)] or [life.ended]
        for name in names:
            self._lives[name] = self._lives.get(name, 0) + 1
        for place, count in life.places.items():
            self._places[place] = self._places.get(place, 0) + count

    def _durable(self, rows: Sequence[Row]) -> None:
        self.trace.rows(rows)
        self.checker.journal.take(rows)

    # Comparing

    def _compare_minds(self, when: str) -> None:
        if self._program is None or self._journal is None:
            return
        in_memory = self._program.belief()
        if in_memory is not None:
            replayed = self._recovered(self._journal.rows)
            self.checker.compare_minds(replayed, in_memory, when)
            difference = self._genesis.difference(self._journal.rows, self._options)
            self.findings.require(not difference, "I24", f"{when}: {difference}")

    def _recovered(self, rows: Sequence[Row]) -> Belief:
        """Return what a restart would take for true; a journal that cannot be replayed tells nothing that is."""
        try:
            return self._genesis.recover(rows, self._options)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is found here
            self.findings.require(False, "I24", f"the journal cannot be replayed: {type(error).__name__}: {error}")
            return Belief({}, {}, (), {})

    def _recover_twice(self) -> None:
        rows = self.host.disk.rows
        first, again = (self._recovered(rows) for _ in range(2))
        self.checker.recovered(first, again)
        self.checker.process_began(rows)

    # The end

    async def _heal(self) -> float:
        """Heal the world and wait until it agrees; return how long that took."""
        self.troubles.heal()
        self.trace.note("healed")
        healed_s = self._loop.time()
        wrong = ["I37: no process runs"]
        while self._loop.time() < healed_s + HEAL_S:
            await asyncio.sleep(1.0)
            belief = None if self._program is None else self._program.belief()
            wrong = ["I37: no process runs"] if belief is None else self.checker.healed(belief, self._open())
            if not wrong:
                break
        self.checker.require_healed(wrong)
        return self._loop.time() - healed_s

    async def _flow(self) -> None:
        """Wait for the next order: a healed world trades."""
        before = len(self.checker.wire.left_s)
        for number in range(int(FLOW_S / FLOW_LOOK_S)):
            if len(self.checker.wire.left_s) > before:
                return
            if number % RESUMED_EVERY == 0:  # what guards have stopped waits for a person
                self.operator.want(lambda mts: OperatorAsked(mts, Asked.RESUME, "", "a person looks after it"))
            await asyncio.sleep(FLOW_LOOK_S)
        self.findings.require(
            len(self.checker.wire.left_s) > before, "I37", f"no order flowed in {FLOW_S:.0f} s after the heal"
        )

    def _open(self) -> dict[int, int]:
        ours = self.checker.truth.ours.values()
        return {order.cid: order.left for order in ours if order.left}

    def _outcome(self, heal_s: float) -> Outcome:
        journal = self.checker.journal
        self.findings.require(
            not self.venue.core.exchange.accounts.imbalance(), "I17", "the venue's own books do not balance"
        )
        return Outcome(
            options=self._options,
            violations=tuple(self.findings.violations),
            trace=self.trace.digest,
            ended_s=self._loop.time(),
            intents=len(journal.orders),
            submits=len(self.checker.wire.left_s),
            faults=self.troubles.counted(),
            lives=dict(sorted(self._lives.items())),
            rows=dict(sorted(journal.counts.items())),
            checks=dict(sorted(self.findings.checks.items())),
            places=dict(sorted(self._places.items())),
            heal_s=heal_s,
            turns=self._loop.turns,
        )

    def _unobserved(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:  # Any: as declared there
        error = context.get("exception")
        if not isinstance(error, Dead):
            self.findings.require(False, "I38", f"a task died unobserved: {context.get('message')}", error or "")

    # What the checker asks

    def _is_foreign(self, order_id: OrderId) -> bool:
        return order_id in self.stranger.orders

    def _wallet(self, currency: str) -> int:
        return self._account.wallet(WalletKind.EXCHANGE, Currency(currency)).balance


def _leaves(error: BaseException | None) -> list[BaseException]:
    """Return the errors that a group is made of, however deep."""
    if error is None:
        return []
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    return [leaf for each in error.exceptions for leaf in _leaves(each)]
