"""Genesis as a process of a world runs it: the production core, loop, market and adapters, put together as for live."""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, get_args

from attrs import evolve, frozen

import genesis
from genesis.adapters.bitfinex.exchange_time import ExchangeTime
from genesis.adapters.bitfinex.key import ApiKey
from genesis.adapters.bitfinex.limits import Limits
from genesis.adapters.bitfinex.market_line import TradedInstrument
from genesis.adapters.bitfinex.market_time import LiveTime
from genesis.adapters.bitfinex.market_wires import Wires
from genesis.adapters.bitfinex.rest_account import BitfinexAccount
from genesis.adapters.bitfinex.rest_client import RestClient
from genesis.adapters.bitfinex.rest_market import BitfinexMarket
from genesis.adapters.bitfinex.rest_orders import BitfinexOrders
from genesis.adapters.bitfinex.rest_settings import RestSettings
from genesis.adapters.bitfinex.session import ACCOUNT_CONNECTIONS, PUBLIC_CONNECTIONS, SessionRules
from genesis.adapters.bitfinex.streams import PublicStreams
from genesis.adapters.bitfinex.streams_account import AccountStream, SocketKey
from genesis.adapters.bitfinex.trading_market import MarketRules, TradingMarket
from genesis.adapters.routed_orders import RoutedOrders
from genesis.app.loop_pulse import LoopPulse
from genesis.app.operated_market import OperatedMarket
from genesis.app.recovery import begin_again
from genesis.app.simulation.bounds import BOUNDS, stricter
from genesis.app.simulation.checker.checker import Belief
from genesis.app.simulation.faults import instruments_of
from genesis.app.simulation.machine import CASH, Machine
from genesis.app.simulation.options import FaultClass, WorldOptions
from genesis.app.trade import Recording, trade_recorded
from genesis.domain.candle import Timeframe
from genesis.domain.core import FIRST_CID, TradingCore
from genesis.domain.core_settings import CoreSettings
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import Alert, Event, OrderRefused, Submit
from genesis.domain.exchange.orders import Account
from genesis.domain.execution.order_life import Status
from genesis.domain.execution.plans import Iceberg, LimitEntry, Market, Plan, PostOnly, Twap
from genesis.domain.execution.protection import Bracket, Protection, Trailing
from genesis.domain.fill import Fill
from genesis.domain.journal.chain import Row
from genesis.domain.journal.encoding import STATE, decode, encode
from genesis.domain.journal.entries import FORMAT, RecordedEntry, SessionBegan, StrategyBegan
from genesis.domain.ledger import Ledger
from genesis.domain.link import LinkState
from genesis.domain.order import Cid
from genesis.domain.recall import recall
from genesis.domain.risk.budget import Budget, RegimeBudget, VolatilityTarget, realised_volatility
from genesis.domain.risk.guards import OnBreach, RiskLimits
from genesis.domain.saved import Saved, restarted, restore, saved
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.features import close, where
from genesis.domain.strategy.shipped import ema_cross
from genesis.domain.strategy.vocabulary.operations import lag
from genesis.domain.units import PPB, Atoms, Mts, Ppb, atoms

EVENTS: Final = get_args(Event)
SESSION, DECISION = "session", "decision"
TICK_S: Final = 2.0
"""Watchdogs that look twice a second would cost more than all else."""

BEAT_S: Final = 1.0
"""So does a pulse that beats four times a second."""

MANNERS: Final[Mapping[str, tuple[Plan, Protection | None]]] = {
    "market": (Market(), None),
    "post_only": (PostOnly(reprice_ms=20_000, patience_ms=120_000), None),
    "iceberg": (Iceberg(atoms("0.02"), reprice_ms=20_000, patience_ms=240_000), None),
    "twap": (Twap(slices=3, every_ms=30_000), None),
    "guarded": (Market(), Bracket(stop=Ppb(PPB // 100))),
    "pair": (Market(), Bracket(stop=Ppb(PPB // 100), take=Ppb(PPB // 100))),
    "trailing": (Market(), Trailing(distance=Ppb(PPB // 100))),
}
"""How strategies carry their orders out, and what guards their positions at the exchange."""

GUARDS: Final[Mapping[str, RiskLimits]] = {
    "none": RiskLimits(),
    "drawdown": RiskLimits(max_drawdown=Ppb(PPB // 200)),
    "daily_loss": RiskLimits(max_daily_loss=atoms(20), on_breach=OnBreach.REDUCE_ONLY),
}

BY_LIMIT: Final = LimitEntry(offset=Ppb(PPB // 10_000), patience_ms=120_000)

BUDGET: Final = Budget(
    VolatilityTarget(realised_volatility(5, Timeframe("1m")), Ppb(PPB // 2)),
    RegimeBudget(where(close > lag(close, 3), 1.0, 0.0), ((1.0, Ppb(PPB)), (0.0, Ppb(PPB // 3)))),
)
"""Of a strategy whose size depends on how much the market moves, and on whether it rises."""

COOL_DOWN_LOSSES: Final = 2
COOL_DOWN_MS: Final = 600_000

DOUBT: Final = frozenset({Status.INTENT, Status.SENDING, Status.UNKNOWN})


def settings_of(options: WorldOptions) -> CoreSettings:
    """Return what is traded in a world: strategies that change their minds often, within the world's bounds."""
    instruments = instruments_of(options)
    desks = []
    for number in range(options.desks):
        strategy = ema_cross.build({"fast": 2 + number % 2, "slow": 6 + 2 * number})
        if number == 0 and FaultClass.HOSTILE_STRATEGY in options.faults:
            strategy = hostile()
        instrument, (plan, protection) = instruments[number % len(instruments)], MANNERS[options.manners[number]]
        guards = GUARDS[options.guard] if number == options.desks - 1 else RiskLimits()
        if options.cools_down:
            guards = evolve(guards, cool_down_losses=COOL_DOWN_LOSSES, cool_down_ms=COOL_DOWN_MS)
        if number == 1 and options.enters_by_limit:
            plan = BY_LIMIT
        budget = BUDGET if options.has_budgets else Budget()
        desks.append(DeskSettings(instrument, strategy, 0.8, guards, f"desk{number}", plan, protection, budget))
    limits = stricter(BOUNDS.limits(instruments), options.stricter, instruments)
    return CoreSettings(tuple(desks), limits, Account.EXCHANGE, needs_account=True)


def hostile() -> Expr:
    """Return a strategy that says NaN, wants far more than all there is, and turns with almost every candle."""
    before = lag(close)
    return where(close > before, 1e18, where(close < before, -1e18, (close - before) / (close - before)))


def new_core(settings: CoreSettings) -> TradingCore:
    """Return the core as it was before anything happened."""
    cash = Atoms(CASH // len(settings.desks))
    return TradingCore(settings, {each.name: Ledger(cash) for each in settings.desks}, FIRST_CID)


class Process:
    """One process: recovers from the journal, then trades."""

    def __init__(self, machine: Machine, core: TradingCore) -> None:
        self._machine = machine
        self._core = core
        self._has_begun = False

    def belief(self) -> Belief | None:
        """Return what the core has in mind; None until it has begun."""
        return belief_of(self._core) if self._has_begun else None

    async def run(self) -> None:
        """Recover, then trade until cancelled."""
        machine, journal = self._machine, self._machine.journal
        self._has_begun = True
        await journal.append(_began(self._core.settings))
        await journal.append(saved(self._core))
        await begin_again(self._core, journal)
        market = _market(machine, self._core)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(journal.run(), name="journal")
            tasks.create_task(market.run(), name="market")
            operated = OperatedMarket(market, machine.inbox, CoreTime(self._core), LoopPulse(machine.clock))
            recording = Recording(journal, machine.latch, machine.options.saved_every)
            await trade_recorded(self._core, operated, Nobody(), recording)


@frozen
class CoreTime:
    """Follows a stream by the core that handles it."""

    core: TradingCore

    @property
    def market_mts(self) -> Mts:
        """The time of the last event."""
        return self.core.now

    def saw(self, event: Event) -> None:
        """Need nothing: the core has the time."""


def _market(machine: Machine, core: TradingCore) -> TradingMarket:
    """Wire the market as a live session does: streams, REST, one lane for the key, orders by either way."""
    clock, metrics, url = machine.clock, machine.metrics, machine.socket_url
    instruments = {each.symbol: each for each in machine.instruments}
    time = ExchangeTime(clock, metrics)
    machine.set_exchange_us(time.now_us)
    rules = SessionRules(tick_s=TICK_S)
    key = ApiKey(machine.signer, machine.nonces, clock, metrics)
    socket_key = SocketKey(machine.signer, machine.nonces, key.lane)
    public = PublicStreams(
        *(machine.connector, clock, metrics),
        url=url,
        session_rules=rules,
        budget=machine.budgets.of(PUBLIC_CONNECTIONS),
        random=machine.random,
    )
    account = AccountStream(
        *(socket_key, machine.connector, clock, metrics, instruments, Account.EXCHANGE),
        url=url,
        session_rules=rules,
        budget=machine.budgets.of(ACCOUNT_CONNECTIONS),
        random=machine.random,
    )
    limits = Limits(clock, metrics, machine.budgets)
    settings = RestSettings(public_url=machine.rest_url, auth_url=machine.rest_url)
    rest = RestClient(
        machine.transport, clock, metrics, limits, key, settings, random=machine.random, exchange_time=time
    )
    gateway = RoutedOrders(account, BitfinexOrders(rest, instruments, Account.EXCHANGE))
    wires = Wires(public, account, gateway, BitfinexAccount(rest), BitfinexMarket(rest), machine.nonces)
    known = tuple(own.life for own in core.books.orders.by_cid.values())
    since = max((trade.mts for life in known for trade in life.trades), default=None)
    traded = [TradedInstrument(each, Timeframe.M1) for each in machine.instruments]
    stands_still = FaultClass.LOOP_BLOCKED in machine.options.faults  # elsewhere there is nothing for a pulse to see
    market_rules = MarketRules(
        LiveTime(clock, time), known=known, since=since, latch=machine.latch, keeps_pace=stands_still, beat_s=BEAT_S
    )
    return TradingMarket(traded, wires, clock, Nobody(), market_rules)


def _began(settings: CoreSettings) -> SessionBegan:
    strategies = tuple(
        StrategyBegan(
            name=desk.name,
            strategy=desk.name,
            params=(),
            expression=str(desk.strategy),
            instrument=desk.instrument,
            size=desk.size,
            limits=desk.limits,
            cash=Atoms(CASH // len(settings.desks)),
        )
        for desk in settings.desks
    )
    none = Ppb(0)
    return SessionBegan(
        FORMAT,
        genesis.__version__,
        "live",
        strategies,
        settings.limits,
        settings.account,
        True,
        FIRST_CID,
        none,
        none,
        "",
    )


def belief_of(core: TradingCore) -> Belief:
    """Return what *core* takes for true."""
    books, instruments = core.books, core.settings.instruments
    holdings = {str(core.settings.quote): books.cash()}
    holdings |= {str(each.base): books.net_amount(symbol) for symbol, each in instruments.items()}
    lives = [own.life for own in books.orders.open()]
    details = {
        **{each.name: repr((each.ledger.cash, each.position, each.halted)) for each in core.desks.values()},
        **{f"order {life.order.cid}": repr(life) for life in lives},
        "house": repr(sorted(books.house.balances.items())),
    }
    return Belief(
        holdings,
        {int(life.order.cid): int(life.at_risk) for life in lives},
        tuple(int(life.order.cid) for life in lives if life.status in DOUBT),
        details,
    )


class Production:
    """The program of the simulation. It remembers rows that it has decoded: many recoveries read the same ones."""

    def __init__(self) -> None:
        self._decoded: dict[bytes, RecordedEntry] = {}

    def start(self, machine: Machine) -> Process:
        """Make a process."""
        return Process(machine, self._core(machine.rows, machine.options))

    def recover(self, rows: Sequence[Row], options: WorldOptions) -> Belief:
        """Return what a restart would take for true."""
        return belief_of(self._core(rows, options))

    def difference(self, rows: Sequence[Row], options: WorldOptions) -> str:
        """Return the first decision of the last session that its events do not lead to again, empty if all are."""
        first = next(at for at in reversed(range(len(rows))) if rows[at].kind == SESSION)
        core, has_begun = new_core(settings_of(options)), False
        due: deque[str] = deque()
        for row, entry in zip(rows[first:], self._decode(rows[first:]), strict=True):
            if isinstance(entry, EVENTS):
                due.extend(encode(decision)[1] for decision in core.handle(entry))
            elif isinstance(entry, Saved) and not has_begun:
                has_begun = True
                restore(core, entry)
            elif isinstance(entry, Saved):
                again = encode(saved(core))[1]
                if again != row.payload:
                    return f"row {row.seq} has {row.payload}, the replay is at {again}"
            elif row.kind == DECISION:
                again = due.popleft() if due else "no decision"
                if again != row.payload:
                    return f"row {row.seq} has {row.payload}, the replay decides {again}"
        return ""

    def _core(self, rows: Sequence[Row], options: WorldOptions) -> TradingCore:
        """Return the core where the rows end, as `account_recovery` does for a file."""
        core = new_core(settings_of(options))
        for entry in self._entries(rows):
            recall(core, entry)
        core.is_new = True
        return restarted(core)

    def _entries(self, rows: Sequence[Row]) -> Iterator[RecordedEntry]:
        """Yield the last state of the core that was written, and everything after it."""
        first = next((at for at in reversed(range(len(rows))) if rows[at].kind == STATE), 0)
        yield from self._decode(rows[first:])

    def _decode(self, rows: Sequence[Row]) -> Iterator[RecordedEntry]:
        for row in rows:
            entry = self._decoded.get(row.hash)
            if entry is None:
                entry = self._decoded[row.hash] = decode(row.kind, row.payload)
            yield entry


class Nobody:
    """An observer that looks at nothing."""

    def close(self, strategy: str, mts: int, equity: int, position: int) -> None:
        """See `Observer`."""

    def fill(self, strategy: str, fill: Fill) -> None:
        """See `Observer`."""

    def submit(self, submit: Submit) -> None:
        """See `Observer`."""

    def refused(self, refused: OrderRefused) -> None:
        """See `Observer`."""

    def alert(self, alert: Alert) -> None:
        """See `Observer`."""

    def link(self, state: LinkState) -> None:
        """See `WireObserver`."""

    def round_trip(self, seconds: float) -> None:
        """See `WireObserver`."""

    def accepted_otherwise(self, cid: Cid, differences: tuple[str, ...]) -> None:
        """See `WireObserver`."""

    def operator_must(self, cid: Cid, reason: str) -> None:
        """See `WireObserver`."""
