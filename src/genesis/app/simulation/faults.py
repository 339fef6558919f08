"""What goes wrong in a world, when, and how often it did: each firing is counted under its class."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import Final

from genesis.adapters.memory.virtual_time import VirtualLoop
from genesis.adapters.venue.complaints import GENERIC
from genesis.adapters.venue.faults import Fault, Rule, Script
from genesis.adapters.venue.venue import Venue
from genesis.app.operated_market import MakeEvent
from genesis.app.simulation.bounds import BOUNDS, stricter
from genesis.app.simulation.crowd import Stranger
from genesis.app.simulation.host import Host, broken_disk_error, full_disk_error
from genesis.app.simulation.life import Death, Life
from genesis.app.simulation.options import MADE_BY_VENUE, SOMETIMES, FaultClass, WorldOptions
from genesis.domain.events import Asked, LimitsApplied, OperatorAsked
from genesis.domain.instrument import Instrument, spot_instrument
from genesis.domain.units import Symbol, atoms

HOUR_S: Final = 3600.0
PLACES: Final = (
    "commit: begun",
    "commit: durable",
    "frame: about to leave",
    "frame: left",
    "frame: came",
    "request: about to leave",
    "request: answered",
    "connection: about to open",
    "nonce: durable",
    "",
)
"""Where a process may die; the last is anywhere."""

PRIVATE: Final = ("on", "ou", "oc", "te", "tu", "n", "wu")
"""Frames of the account that may come twice, swapped, or not at all."""


RULES: Final[Mapping[FaultClass, tuple[Fault, tuple[str, ...]]]] = {
    FaultClass.ACK_LOST: (Fault.DROP_ACK, ("on",)),
    FaultClass.ACK_LATE: (Fault.LATE_ACK, ("on",)),
    FaultClass.CANCEL_ACK_LOST: (Fault.DROP_ACK, ("oc",)),
    FaultClass.ORDER_REFUSED: (Fault.ERROR, ("on",)),
    FaultClass.FRAME_TWICE: (Fault.DUPLICATE, PRIVATE),
    FaultClass.FRAME_SWAPPED: (Fault.REORDER, PRIVATE),
    FaultClass.FRAME_LOST: (Fault.DROP, PRIVATE),
    FaultClass.FEE_LOST: (Fault.DROP, ("tu",)),
    FaultClass.SEQUENCE_GAP: (Fault.GAP, ("te", "wu", "on", "oc")),
    FaultClass.BAD_CHECKSUM: (Fault.BAD_CHECKSUM, ("cs",)),
    FaultClass.REST_ACK_LOST: (Fault.DROP_ACK, ("auth/",)),
    FaultClass.REST_ACCEPTED_5XX: (Fault.ACCEPT_THEN_5XX, ("auth/",)),
    FaultClass.REST_HTML: (Fault.HTML, ("",)),
    FaultClass.REST_STALLED: (Fault.STALL, ("auth/",)),
    FaultClass.REST_LIMITED: (Fault.RATE_LIMIT, ("auth/",)),
    FaultClass.NONCE_SMALL: (Fault.NONCE_SMALL, ("auth/",)),
}
"""What the venue does for each class of its own faults, and to what."""

BLOCKED_S: Final = (0.25, 3.0, 8.0, 30.0)
"""For how long nothing runs: too short to notice, too long to send on what was heard before, to trust anything."""

LATE_MS: Final = (300, 5_000, 12_000, 30_000, 600_000)
NO: Final = "Invalid order: not enough exchange balance"


def venue_rules(options: WorldOptions, chance: Random) -> tuple[Rule, ...]:
    """Return the venue's own faults of this world, each with its class for an id."""
    late_ms = chance.choice(LATE_MS)
    rules: list[Rule] = []
    for fault in options.faults:
        if fault not in RULES:
            continue
        kind, places = RULES[fault]
        probability = min(0.5, MADE_BY_VENUE[fault] * options.intensity)
        value = {Fault.LATE_ACK: late_ms, Fault.ERROR: GENERIC}.get(kind, 0)
        text = NO if kind is Fault.ERROR else ""
        rules += [
            Rule(f"{fault.value} {at}", kind, at, probability=probability, value=value, text=text) for at in places
        ]
    return tuple(rules)


class Troubles:
    """Makes the faults of one world, until it is healed."""

    def __init__(
        self,
        options: WorldOptions,
        loop: VirtualLoop,
        venue: Venue,
        host: Host,
        stranger: Stranger,
        life: Callable[[], Life | None],
        ask_operator: Callable[[MakeEvent], None],
        tell: Callable[[str], None],
        stood_still: Callable[[float], None],
    ) -> None:
        """*life* is the process of the moment; *tell* hears of each fault, *stood_still* for how long nothing ran."""
        self.counts: Counter[str] = Counter()
        self._options = options
        self._loop = loop
        self._venue = venue
        self._host = host
        self._stranger = stranger
        self._life = life
        self._ask_operator = ask_operator
        self._tell = tell
        self._stood_still = stood_still
        self._blocks = Random(f"blocks {options.seed}")  # nosec B311 - as below
        self._chance = Random(f"faults {options.seed}")  # nosec B311 - faults made up from a seed are no secret
        self._makers: Mapping[FaultClass, Callable[[], Awaitable[None]]] = {
            FaultClass.REST_LAG: self._lag,
            FaultClass.MAINTENANCE: self._maintain,
            FaultClass.EXCHANGE_RESTART: self._restart_exchange,
            FaultClass.DISCONNECT: self._disconnect,
            FaultClass.HALF_OPEN: self._stick,
            FaultClass.NETWORK_DOWN: self._cut_off,
            FaultClass.NETWORK_SLOW: self._slow_down,
            FaultClass.PROCESS_KILLED: self._kill_process,
            FaultClass.PROCESS_VANISHED: self._vanish,
            FaultClass.DISK_FULL: self._fill_disk,
            FaultClass.DISK_BROKEN: self._break_disk,
            FaultClass.DISK_SLOW: self._slow_disk,
            FaultClass.CLOCK_STEP: self._step_clock,
            FaultClass.CLOCK_DRIFT: self._drift_clock,
            FaultClass.KILLED: self._pull_latch,
            FaultClass.HALTED: self._halt,
            FaultClass.LIMITS_LOWERED: self._lower_limits,
            FaultClass.FOREIGN_ORDERS: self._trade_beside,
            FaultClass.DEPOSITS: self._move_money,
            FaultClass.LOOP_BLOCKED: self._block,
        }

    async def run(self) -> None:
        """Make trouble until cancelled: each class comes by chance, at its own rate."""
        self._venue.faults.load(Script(venue_rules(self._options, self._chance), self._options.seed))
        self.counts[FaultClass.HOSTILE_STRATEGY.value] = FaultClass.HOSTILE_STRATEGY in self._options.faults
        async with asyncio.TaskGroup() as tasks:
            for fault in self._options.faults:
                if fault in self._makers:
                    tasks.create_task(self._repeat(fault), name=fault.value)

    def heal(self) -> None:
        """End every fault that lasts, whatever was cancelled in the middle of it."""
        venue, host = self._venue, self._host
        venue.faults.load(Script())
        venue.rest.account.lag_ms = 0
        life = self._life()
        if life is not None:
            life.death = None
        weather = host.network.weather
        if weather.is_stuck:
            host.network.cut()
        weather.is_down = weather.is_stuck = False
        weather.latency_s, weather.jitter_s = 0.04, 0.02
        host.commit_s, host.disk.failure = 0.0, None
        host.clock.drift(0)
        self._set_clock_right()
        if venue.core.in_maintenance:
            self._end_maintenance()
        self._stranger.withdraw_all()
        if host.latch.reason() is not None:
            host.latch.reset()
            self._tell("latch reset")
        if self._is_halted:
            self._say(Asked.RESUME)
        if self._is_lowered:
            self._set_limits(100)

    _is_halted = _is_lowered = False
    _clock_is_off_s = 0.0

    def counted(self) -> dict[str, int]:
        """Return how often each class fired, those that never did included."""
        total = {fault.value: self.counts[fault.value] for fault in self._options.faults}
        for firing in self._venue.faults.log:
            total[firing.id.split()[0]] += 1
        return total

    async def _repeat(self, fault: FaultClass) -> None:
        mean_s = HOUR_S / (SOMETIMES[fault] * self._options.intensity)
        chance = self._blocks if fault is FaultClass.LOOP_BLOCKED else self._chance
        while True:
            await asyncio.sleep(chance.expovariate(1 / mean_s))
            self.counts[fault.value] += 1
            self._tell(f"fault {fault.value}")
            await self._makers[fault]()

    async def _lasting(self, low_s: float, high_s: float) -> None:
        await asyncio.sleep(self._chance.uniform(low_s, high_s))

    # The exchange

    async def _lag(self) -> None:
        self._venue.rest.account.lag_ms = self._chance.choice((500, 5_000, 20_000, 45_000))
        await self._lasting(30, 300)
        self._venue.rest.account.lag_ms = 0

    async def _maintain(self) -> None:
        self._venue.core.in_maintenance = True
        self._venue.sockets.announce(20060, "Entering in Maintenance mode. Please pause any activity")
        await self._lasting(20, 400)
        self._end_maintenance()

    def _end_maintenance(self) -> None:
        self._venue.core.in_maintenance = False
        self._venue.sockets.announce(20061, "Maintenance ended. You can resume normal activity")

    async def _restart_exchange(self) -> None:
        self._venue.sockets.announce(20051, "Stopping. Please try to reconnect")
        await self._lasting(0, 2)
        self._venue.sockets.close_all(1012)

    # The network

    async def _disconnect(self) -> None:
        self._host.network.cut()

    async def _stick(self) -> None:
        self._host.network.weather.is_stuck = True
        await self._lasting(5, 90)
        self._host.network.weather.is_stuck = False
        self._host.network.cut()

    async def _cut_off(self) -> None:
        self._host.network.weather.is_down = True
        self._host.network.cut()
        await self._lasting(2, 120)
        self._host.network.weather.is_down = False

    async def _slow_down(self) -> None:
        weather = self._host.network.weather
        weather.latency_s, weather.jitter_s = self._chance.choice(((0.3, 0.3), (1.5, 3.0), (4.0, 8.0)))
        await self._lasting(20, 120)
        weather.latency_s, weather.jitter_s = 0.04, 0.02

    # The machine

    async def _kill_process(self) -> None:
        life = self._life()
        if life is not None:
            life.death = Death(self._chance.choice(PLACES), self._chance.randrange(1, 40))

    async def _vanish(self) -> None:
        life = self._life()
        if life is not None:
            life.is_silent = True
            life.kill("killed with its machine")

    async def _fill_disk(self) -> None:
        self._host.disk.failure = full_disk_error()
        await self._lasting(1, 120)
        self._host.disk.failure = None

    async def _break_disk(self) -> None:
        self._host.disk.failure = broken_disk_error()
        await self._lasting(0.1, 5)
        self._host.disk.failure = None

    async def _slow_disk(self) -> None:
        self._host.commit_s = self._chance.choice((0.05, 1.0, 6.0, 20.0))
        await self._lasting(20, 120)
        self._host.commit_s = 0.0

    async def _step_clock(self) -> None:
        self._clock_is_off_s = self._chance.choice((-3600.0, -30.0, -1.0, 1.0, 20.0, 50.0))
        self._host.clock.step_wall(self._clock_is_off_s)
        await self._lasting(30, 600)
        self._set_clock_right()

    def _set_clock_right(self) -> None:
        self._host.clock.step_wall(-self._clock_is_off_s)
        self._clock_is_off_s = 0.0

    async def _drift_clock(self) -> None:
        self._host.clock.drift(self._chance.choice((-500, 500)))
        await self._lasting(600, 1800)
        self._host.clock.drift(0)

    async def _block(self) -> None:
        seconds = self._blocks.choice(BLOCKED_S)
        self._loop.stand_still(seconds)
        self._stood_still(seconds)

    # People

    async def _pull_latch(self) -> None:
        self._host.latch.pull("a person wants it")
        self._tell("latch pulled")
        await self._lasting(10, 300)
        self._host.latch.reset()
        self._tell("latch reset")

    async def _halt(self) -> None:
        self._say(Asked.HALT)
        await self._lasting(30, 300)
        self._say(Asked.RESUME)

    def _say(self, asked: Asked) -> None:
        self._is_halted = asked is Asked.HALT
        self._ask_operator(lambda mts: OperatorAsked(mts, asked, "", "a person wants it"))

    async def _lower_limits(self) -> None:
        self._set_limits(self._chance.choice((0, 10, 40, 70)))
        await self._lasting(60, 600)
        self._set_limits(100)

    def _set_limits(self, percent: int) -> None:
        self._is_lowered = percent < 100
        instruments = instruments_of(self._options)
        limits = stricter(BOUNDS.lowered(percent).limits(instruments), self._options.stricter, instruments)
        self._ask_operator(lambda mts: LimitsApplied(mts, limits))

    async def _trade_beside(self) -> None:
        self._stranger.trade()

    async def _move_money(self) -> None:
        self._stranger.move_money()


def instruments_of(options: WorldOptions) -> tuple[Instrument, ...]:
    """Return what is traded in a world."""
    return tuple(spot_instrument(Symbol(symbol), atoms("0.0001")) for symbol in options.symbols)
