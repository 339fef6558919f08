"""Bugs to be found: each breaks one rule of the production code, as somebody might by accident."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import Any, Final

import pytest
from attrs import evolve, field, frozen

from genesis.adapters.bitfinex import order_sender, searcher
from genesis.adapters.bitfinex.account_line import AccountLine
from genesis.adapters.bitfinex.market_time import LiveTime
from genesis.adapters.bitfinex.order_sender import OrderSender
from genesis.adapters.bitfinex.pulse import Pulse
from genesis.adapters.bitfinex.streams_account import AccountStream
from genesis.adapters.bitfinex.trading_market import TradingMarket
from genesis.adapters.memory.kill_latch import MemoryKillLatch
from genesis.adapters.memory.nonces import MemoryNonces
from genesis.app.simulation import bounds, faults, production
from genesis.app.simulation.host import HostJournal, HostNonces
from genesis.app.simulation.machine import Machine
from genesis.app.simulation.options import SYMBOLS, FaultClass
from genesis.domain import account_looks
from genesis.domain.core import TradingCore
from genesis.domain.desk import Desk
from genesis.domain.events import Cancel, Decision, Event, LimitsApplied, LookUp
from genesis.domain.exchange.orders import Account
from genesis.domain.execution import orders, reconciliation
from genesis.domain.execution.absence import Lost, Search
from genesis.domain.execution.evidence import NothingLeft, ProvenAbsent, Refused
from genesis.domain.execution.look import Look
from genesis.domain.nonce import Nonce
from genesis.domain.order import Cid
from genesis.domain.risk import account_guards, gate
from genesis.domain.risk.account_guards import Guard
from genesis.domain.risk.gate import Approved
from genesis.domain.risk.guards import EquityGuards, LosingStreak
from genesis.domain.risk.limits import AccountLimits
from genesis.domain.risk.scene import Standing
from genesis.domain.standing import Standings
from genesis.domain.units import Atoms
from genesis.ports.errors import OutcomeUnknown

Patch = Callable[[pytest.MonkeyPatch], None]


def resend_on_timeout(patch: pytest.MonkeyPatch) -> None:
    """Send again what was not answered, as well-known bots do."""
    real = OrderSender._send_order

    async def send(sender: OrderSender, approved: Approved, decided_s: float) -> None:
        gateway = sender._gateway

        class Stubborn:
            async def submit(self, order: Approved) -> object:
                try:
                    return await gateway.submit(order)
                except OutcomeUnknown:
                    return await gateway.submit(order)

            def __getattr__(self, name: str) -> object:
                return getattr(gateway, name)

        sender._gateway = Stubborn()  # type: ignore[assignment]  # it is one
        try:
            await real(sender, approved, decided_s)
        finally:
            sender._gateway = gateway

    patch.setattr(OrderSender, "_send_order", send)


def skip_the_durable_commit(patch: pytest.MonkeyPatch) -> None:
    """Say that entries are durable when they are not."""

    async def commit(_: HostJournal) -> None:
        return

    patch.setattr(HostJournal, "commit", commit)


def forget_that_it_is_sent(patch: pytest.MonkeyPatch) -> None:
    """Let an order leave without a record that it may have left."""
    real = HostJournal.append

    async def append(journal: HostJournal, entry: Any) -> Any:  # Any: handed on
        evidence = getattr(entry, "evidence", None)
        return journal.head if type(evidence).__name__ == "SendBegan" else await real(journal, entry)

    patch.setattr(HostJournal, "append", append)


def drop_unknown_by_age(patch: pytest.MonkeyPatch) -> None:
    """Call an order absent because it was not seen for a while."""

    def judge(lost: Lost, _searches: Iterable[Search], _now_s: float) -> ProvenAbsent:
        return ProvenAbsent(f"order {lost.cid} was not seen")

    patch.setattr(searcher, "judge_absence", judge)


def call_unanswered_failed(patch: pytest.MonkeyPatch) -> None:
    """Take an order that was not answered for one that is not there."""
    patch.setattr(order_sender, "AnswerLost", Refused)


def reuse_cids(patch: pytest.MonkeyPatch) -> None:
    """Give the same client order id out twice."""
    real = HostNonces.next_cid
    last: dict[int, Cid] = {}
    turns = count()

    async def next_cid(numbers: HostNonces) -> Cid:
        if next(turns) % 5 == 4 and id(numbers) in last:
            return last[id(numbers)]
        last[id(numbers)] = await real(numbers)
        return last[id(numbers)]

    patch.setattr(HostNonces, "next_cid", next_cid)


def nonces_by_the_clock(patch: pytest.MonkeyPatch) -> None:
    """Take the clock's word for a nonce."""

    async def by_clock(numbers: MemoryNonces) -> Nonce:
        return Nonce(numbers._clock.now_us())

    patch.setattr(MemoryNonces, "next", by_clock)


def ignore_the_latch(patch: pytest.MonkeyPatch) -> None:
    """Go on trading while the kill latch is set."""

    real = Machine.__init__

    def make(machine: Machine, *arguments: Any, **named: Any) -> None:  # Any: handed on
        real(machine, *arguments, **named)
        object.__setattr__(machine, "latch", MemoryKillLatch())

    patch.setattr(Machine, "__init__", make)


def book_trades_twice(patch: pytest.MonkeyPatch) -> None:
    """Forget that a trade was booked."""
    patch.setattr(orders, "_was_booked", lambda *_: False)
    patch.setattr(account_looks, "knows", lambda *_: False)


def forget_what_is_at_risk(patch: pytest.MonkeyPatch) -> None:
    """Count an order for nothing until it has filled."""
    patch.setattr(orders.Orders, "pending", lambda *_: ())


def ignore_exposure(patch: pytest.MonkeyPatch) -> None:
    """Let an order pass whatever the account comes to hold."""
    kept = tuple(guard for guard in account_guards.ACCOUNT_GUARDS if guard is not account_guards.exposure)
    patch.setattr(gate, "ACCOUNT_GUARDS", kept)


def ignore_notional(patch: pytest.MonkeyPatch) -> None:
    """Let an order be of any size."""

    def whole(_: AccountLimits, __: object, amount: Atoms, ___: object) -> Atoms:
        return amount

    kept = tuple(guard for guard in account_guards.ACCOUNT_GUARDS if guard is not account_guards.order_notional)
    patch.setattr(gate, "ACCOUNT_GUARDS", kept)
    patch.setattr(AccountLimits, "within_one_order", whole)


def trade_before_reconciled(patch: pytest.MonkeyPatch) -> None:
    """Decide while nobody has looked at the account."""
    patch.setattr(Standings, "_judge", lambda _: Standing.OPEN)


def send_in_maintenance(patch: pytest.MonkeyPatch) -> None:
    """Place orders while the exchange takes none."""
    patch.setattr(Standings, "_judge", lambda _: Standing.OPEN)
    patch.setattr(AccountLine, "is_open", property(lambda line: line.was_accepted and not line.ended))


def ignore_halts(patch: pytest.MonkeyPatch) -> None:
    """Go on buying when a person wants to halt."""
    patch.setattr(Desk, "halt", lambda *_: None)


def lose_fills_of_looks(patch: pytest.MonkeyPatch) -> None:
    """Read an account without its fills: those that no frame told are never booked."""
    real = reconciliation.facts

    def facts(lives: Any, look: Look, instruments: Any) -> Any:  # Any: handed on
        return real(lives, evolve(look, fills=()), instruments)

    patch.setattr(account_looks, "facts", facts)
    patch.setattr(TradingMarket, "look_up", lambda *_: None)


def never_look_up(patch: pytest.MonkeyPatch) -> None:
    """Leave an unknown order unknown."""

    def look_up(_: TradingMarket, __: LookUp) -> None:
        return

    patch.setattr(TradingMarket, "look_up", look_up)


def decide_by_what_no_event_says(patch: pytest.MonkeyPatch) -> None:
    """Let a decision depend on how often this process has decided before."""
    real = Desk.wish
    turns = count()

    def wish(desk: Desk, *arguments: Any) -> Any:  # Any: handed on
        found = real(desk, *arguments)
        return None if found is not None and next(turns) % 3 == 2 else found

    patch.setattr(Desk, "wish", wish)


def send_when_nothing_may(patch: pytest.MonkeyPatch) -> None:
    """Tell that nothing left, and send all the same."""
    real = OrderSender.submit

    def submit(sender: OrderSender, order: Approved, decided_s: float) -> None:
        real(sender, order, decided_s)
        if order.order.cid % 5 == 0:
            sender._tell(order.order.cid, NothingLeft("a mistake"))

    patch.setattr(OrderSender, "submit", submit)


@frozen
class Bug:
    """A patch, and the invariants of which one must be found broken."""

    patch: Patch
    invariants: frozenset[str]
    world: Mapping[str, Any] = field(factory=dict)  # Any: options have types of their own
    """What its worlds have to be like, where it breaks what not every world has."""


def ignore_losses(patch: pytest.MonkeyPatch) -> None:
    """Never look at what a strategy lost."""
    patch.setattr(EquityGuards, "observe", lambda *_: None)


def let_limits_wait(patch: pytest.MonkeyPatch) -> None:
    """Take new limits with the next start only."""
    real = TradingCore.handle

    def handle(core_: TradingCore, event: Event) -> tuple[Decision, ...]:
        return () if isinstance(event, LimitsApplied) else real(core_, event)

    patch.setattr(TradingCore, "handle", handle)


def without(guard: Guard) -> Patch:
    """Return a patch after which the gate does not ask *guard*."""

    def patch(patching: pytest.MonkeyPatch) -> None:
        kept = tuple(each for each in account_guards.ACCOUNT_GUARDS if each is not guard)
        patching.setattr(gate, "ACCOUNT_GUARDS", kept)

    patch.__name__ = f"ignore_{guard.__name__}"
    return patch


def ignore_repeats(patch: pytest.MonkeyPatch) -> None:
    """Let a strategy do the same again and again, under a throttle that is soon reached."""
    without(account_guards.repeats)(patch)
    for module in (production, faults):
        patch.setattr(module, "stricter", lambda *asked: evolve(bounds.stricter(*asked), max_repeats=3))


def never_cool_down(patch: pytest.MonkeyPatch) -> None:
    """Go on after losses as if nothing had happened."""
    patch.setattr(LosingStreak, "ended", lambda *_: None)


def set_timers_by_the_clock(patch: pytest.MonkeyPatch) -> None:
    """Take the machine's clock for the time of the market."""
    patch.setattr(LiveTime, "now", lambda time: time._clock.now())


def let_cancels_wait(patch: pytest.MonkeyPatch) -> None:
    """Send cancels in their turn, behind whatever else there is to do."""
    real = OrderSender.cancel

    def cancel(sender: OrderSender, wanted: Cancel) -> None:
        asyncio.get_running_loop().call_later(2.0, real, sender, wanted)

    patch.setattr(OrderSender, "cancel", cancel)


def sleep_unnoticed(patch: pytest.MonkeyPatch) -> None:
    """Never notice that nothing ran for a while."""
    patch.setattr(Pulse, "_late_s", lambda _: 0.0)


def trade_on_margin(patch: pytest.MonkeyPatch) -> None:
    """Send orders to the wallet that borrows."""
    real: Any = AccountStream  # Any: handed on

    def stream(*arguments: Any, **named: Any) -> Any:  # Any: handed on
        return real(*arguments[:-1], Account.MARGIN, **named)

    patch.setattr(production, "AccountStream", stream)


SLICED: Final = {"manners": ("twap",) * 4, "faults": (FaultClass.CLOCK_STEP,), "intensity": 4.0}
RESTING: Final = {"manners": ("post_only",) * 4, "faults": ()}
BLOCKED: Final = {"faults": (FaultClass.LOOP_BLOCKED,), "intensity": 30.0}
MANY_POSITIONS: Final = {"stricter": "positions", "symbols": SYMBOLS, "desks": 4, "faults": ()}

BUGS: Final[Mapping[str, Bug]] = {
    patch.__name__: Bug(patch, frozenset(invariants.split()), *world)
    for patch, invariants, *world in (
        (resend_on_timeout, "I2"),
        (skip_the_durable_commit, "I1"),
        (forget_that_it_is_sent, "I1"),
        (drop_unknown_by_age, "I5"),
        (call_unanswered_failed, "I4 I5"),
        (reuse_cids, "I22 I38"),
        (nonces_by_the_clock, "I20"),
        (ignore_the_latch, "I9"),
        (book_trades_twice, "I6 I16"),
        (forget_what_is_at_risk, "I11 I10"),
        (ignore_exposure, "I11"),
        (ignore_notional, "I12"),
        (trade_before_reconciled, "I7"),
        (send_in_maintenance, "I7 I8"),
        (ignore_halts, "I8"),
        (lose_fills_of_looks, "I16 I18 I37"),
        (never_look_up, "I37"),
        (decide_by_what_no_event_says, "I24"),
        (send_when_nothing_may, "I4 I5"),
        (ignore_losses, "I13"),
        (let_limits_wait, "I15"),
        (without(account_guards.price_collar), "I12", {"stricter": "collar"}),
        (ignore_repeats, "I12", {"stricter": "repeats"}),
        (without(account_guards.concurrent_positions), "I12", MANY_POSITIONS),
        (without(account_guards.fresh_data), "I7", {"stricter": "data_age"}),
        (never_cool_down, "I13", {"cools_down": True}),
        (set_timers_by_the_clock, "I33", SLICED),
        (let_cancels_wait, "I36", RESTING),
        (sleep_unnoticed, "I7 I8", BLOCKED),
        (trade_on_margin, "I11"),
    )
}
