"""I24, I25: a journal brings a fresh core to where the old one was, wherever the journal was cut."""

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.domain.candle import Candle
from genesis.domain.core import TradingCore
from genesis.domain.core_settings import CoreSettings
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import AlertCode, Asked, CandleClosed, Decision, Event, OperatorAsked, TimePassed
from genesis.domain.execution.evidence import AnswerLost, Closed, NothingLeft, ProvenAbsent, Traded
from genesis.domain.execution.plans import Market, Plan, PostOnly, Twap
from genesis.domain.execution.protection import Bracket, Protection
from genesis.domain.journal.encoding import decode, encode
from genesis.domain.journal.entries import RecordedEntry, recorded
from genesis.domain.ledger import Ledger
from genesis.domain.order import Cid, OrderId, OrderType, Side
from genesis.domain.recall import recall
from genesis.domain.risk.budget import Budget, RegimeBudget
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.risk.limits import OFF, AccountLimits
from genesis.domain.risk.scene import Standing
from genesis.domain.saved import Saved, restarted, restore, saved
from genesis.domain.strategy.by_events import ByEvents
from genesis.domain.strategy.event_strategy import Target
from genesis.domain.strategy.features import high, volume
from genesis.domain.units import PPB, Atoms, Mts, Ppb, atoms
from tests.unit.domain.accounts import BTC, CASH, INSTRUMENT, World

MINUTE = 60_000


class Written(World):
    """A world whose journal is a list, with the state of the core after each event."""

    def __init__(
        self,
        *names: str,
        plan: Plan | None = None,
        limits: AccountLimits = OFF,
        protection: Protection | None = None,
        guards: RiskLimits | None = None,
        needs_account: bool = False,
    ) -> None:
        super().__init__(
            *names, plan=plan, limits=limits, protection=protection, guards=guards, needs_account=needs_account
        )
        self.journal: list[RecordedEntry] = []
        self.states: dict[int, Saved] = {}
        self.write()

    def write(self) -> None:
        """Write down what the core of now takes and decides."""
        real = self.core.handle

        def handle(event: Event) -> tuple[Decision, ...]:
            decisions = real(event)
            self.journal += [recorded(each) for each in (event, *decisions)]
            self.states[len(self.journal)] = saved(self.core)
            return decisions

        self.core.handle = handle  # type: ignore[method-assign]  # the journal is between, as in the loop

    def fresh(self) -> TradingCore:
        names = list(self.core.desks)
        return TradingCore(self.core.settings, {name: Ledger(CASH) for name in names})

    def recalled(self, rows: int) -> TradingCore:
        core = self.fresh()
        for entry in self.journal[:rows]:
            recall(core, decode(*encode(entry)))
        return core


MOVES = st.lists(
    st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 1.0]), st.integers(50, 200)), max_size=8
)


@pytest.mark.parametrize("limits", [OFF, AccountLimits(max_order_notional=atoms(400))])
@pytest.mark.parametrize("plan", [Market(), Twap(2, MINUTE)])
@settings(max_examples=40, deadline=None)
@given(moves=MOVES)
def test_i24_wherever_a_journal_is_cut_the_facts_come_back(
    plan: Plan, limits: AccountLimits, moves: list[tuple[float, float, int]]
) -> None:
    world = Written("one", "two", plan=plan, limits=limits)
    for target, other, price in moves:
        world.price = price
        world.close(target, other)
        world.handle(TimePassed(Mts(MINUTE * world.minute)))
    for rows, state in world.states.items():
        assert saved(world.recalled(rows)) == state


def test_i24_a_saved_state_and_what_came_after_are_the_whole_journal() -> None:
    world = Written("one", "two")
    for target, other in ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.5, 0.0)):
        world.close(target, other)
    for rows, state in list(world.states.items())[:-1]:
        core = world.fresh()
        recall(core, decode(*encode(state)))
        for entry in world.journal[rows:]:
            recall(core, entry)
        assert saved(core) == world.states[len(world.journal)]


def test_a_state_says_who_grew_by_a_trade_between_strategies_and_of_an_older_journal_nobody_did() -> None:
    world = Written("one", "two")
    world.close(0.5, 1.0)
    kind, text = encode(saved(world.core))
    assert "crossed" not in text  # as in the journals of before
    assert decode(kind, text) == saved(world.core)
    world.close(1.0, 0.0)
    state = saved(world.core)
    assert [name for name, _ in state.crossed] == ["one"]
    assert decode(*encode(state)) == state == saved(world.recalled(len(world.journal)))


def test_a_restored_core_decides_as_the_old_one_does() -> None:
    world = Written("one")
    world.close(0.5)
    core = world.fresh()
    restore(core, saved(world.core))
    assert saved(core) == saved(world.core)


def test_i2_a_restored_plan_does_not_send_again_what_its_parts_have_filled() -> None:
    world = Written("one", plan=Twap(4, MINUTE))
    world.close(1.0)
    world.minute += 1
    world.handle(TimePassed(Mts(MINUTE * world.minute)))
    assert len(world.sent) == 2
    world.core = world.fresh()
    restore(world.core, world.states[max(world.states)])
    for _ in range(4):
        world.minute += 1
        world.handle(TimePassed(Mts(MINUTE * world.minute)))
    assert [order.amount for order in world.sent] == [atoms("2.5")] * 4
    assert world.core.books.under_way == {}


def at_the_market_now(world: Written) -> None:
    """Begin the next session of *world*, whose strategies have no plan any more."""
    desks = tuple(evolve(desk, plan=Market()) for desk in world.core.settings.desks)
    core = TradingCore(evolve(world.core.settings, desks=desks), {name: Ledger(CASH) for name in world.core.desks})
    restore(core, saved(world.core))
    core.is_new = True
    world.core = core
    world.journal = [saved(core)]
    world.write()
    world.show()


def test_a_plan_under_way_goes_on_although_its_strategy_trades_at_the_market_now() -> None:
    world = Written("one", plan=Twap(4, MINUTE), needs_account=True)
    world.show()
    world.close(1.0)
    at_the_market_now(world)
    for _ in range(6):
        world.close(1.0)
        assert saved(world.recalled(len(world.journal))) == saved(world.core)
    assert [order.amount for order in world.sent] == [atoms("2.5")] * 4
    assert world.core.books.under_way == {}
    world.close(0.0)
    assert world.core.position(BTC) == 0
    assert world.sides() == [Side.BUY] * 4 + [Side.SELL]


def test_a_state_that_was_saved_after_such_a_plan_ended_is_recalled_as_any_other() -> None:
    world = Written("one", plan=Twap(4, MINUTE), needs_account=True)
    world.show()
    world.close(1.0)
    at_the_market_now(world)
    for _ in range(6):
        world.close(1.0)
    state, begin = saved(world.core), len(world.journal)
    for _ in range(3):
        world.close(1.0)
    core = world.fresh()
    for entry in (state, *world.journal[begin:]):
        recall(core, decode(*encode(entry)))
    assert saved(core) == saved(world.core)


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_a_part_that_a_crash_kept_here_leaves_although_its_strategy_trades_at_the_market_now(target: float) -> None:
    world = Written("one", plan=Twap(1, MINUTE), needs_account=True)
    world.show()
    if target == 0.0:
        world.close(1.0)
        world.close(1.0)
    world.fills = False
    world.close(target)
    world.report(world.sent[-1], NothingLeft("the session ended before it was sent"))
    world.fills = True
    at_the_market_now(world)
    world.close(target)
    assert world.core.books.under_way == {}
    assert world.core.position(BTC) == (atoms(10) if target else 0)


def test_i6_a_fill_that_comes_after_the_end_and_a_restart_is_its_strategy_s() -> None:
    world = Written("one", "two")
    world.fills = False
    world.close(1.0, 0.0)
    (order,) = world.sent
    world.end(order, 0)
    world.core = world.fresh()
    restore(world.core, world.states[max(world.states)])
    world.fill(order, atoms(3))
    assert world.core.desks["one"].position == atoms(3)


def matched_late(*, plan: Plan | None = None, fee_is_late: bool = False) -> Written:
    """A strategy that wants nothing any more, and gets what its only order bought after it had ended."""
    world = Written("one", plan=plan, needs_account=True)
    world.show()
    world.fills = False
    world.close(1.0)
    (order,) = world.sent
    world.report(order, AnswerLost("reset"))
    world.report(order, ProvenAbsent("looked twice"))
    world.handle(OperatorAsked(Mts(MINUTE), Asked.CANCEL_ALL, "", "a plan would send it again"))
    world.close(0.0)
    if fee_is_late:
        match = Traded(1, OrderId(order.cid), Mts(MINUTE), order.amount, INSTRUMENT.price(100), None)
        world.report(order, match)
    world.fill(order, order.amount)
    assert world.core.books.standings.now is Standing.FROZEN
    world.handle(OperatorAsked(Mts(MINUTE), Asked.RESUME, "", "looked"))
    world.fills = True
    return world


@pytest.mark.parametrize("asked", [None, Asked.HALT, Asked.FLATTEN])
@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("fee_is_late", [False, True])
def test_i6_what_came_after_the_end_of_its_order_can_be_left(
    asked: Asked | None, *, restarts: bool, fee_is_late: bool
) -> None:
    world = matched_late(fee_is_late=fee_is_late)
    assert saved(world.recalled(len(world.journal))) == saved(world.core)
    if restarts:
        world.core = world.recalled(len(world.journal))
        world.write()
    world.show()
    if asked is not None:
        world.handle(OperatorAsked(Mts(MINUTE), asked, "", "out"))
    world.close(0.0)
    assert world.sides() == [Side.BUY, Side.SELL]
    assert world.core.desks["one"].position == 0
    for _ in range(3):
        world.close(0.0)
    assert len(world.sent) == 2
    # As text: what a strategy saw before its first candle is NaN, which is not equal to itself.
    assert encode(saved(world.recalled(len(world.journal)))) == encode(saved(world.core))


def test_i6_what_came_after_the_end_of_a_plan_can_be_left() -> None:
    world = matched_late(plan=Twap(1, MINUTE))
    world.close(0.0)
    assert world.core.desks["one"].position == 0
    assert saved(world.recalled(len(world.journal))) == saved(world.core)


def test_i6_what_came_after_the_end_of_its_order_is_kept_where_it_is_wanted() -> None:
    world = matched_late()
    world.close(1.0)
    world.close(1.0)
    assert len(world.sent) == 1
    assert world.core.desks["one"].position == atoms(10)


@pytest.mark.parametrize("plan", [None, Twap(2, MINUTE)])
def test_i6_a_late_end_of_an_order_that_was_over_is_not_the_end_of_the_one_after_it(plan: Plan | None) -> None:
    world = Written("one")
    world.fills = False
    world.close(1.0)
    first = world.sent[0]
    world.end(first, 0)
    price = INSTRUMENT.price(100)
    world.report(first, Traded(1, OrderId(first.cid), Mts(MINUTE), atoms(1), price, None))
    world.handle(OperatorAsked(Mts(MINUTE), Asked.RESUME, "", "looked"))
    if plan is not None:
        world.core = restarted(world.core)
        desks = tuple(evolve(desk, plan=plan) for desk in world.core.settings.desks)
        core = TradingCore(evolve(world.core.settings, desks=desks), {"one": Ledger(CASH)})
        restore(core, saved(world.core))
        world.core = core
        world.journal = [saved(core)]
        world.write()
    world.close(1.0)
    assert len(world.sent) == 2
    under_way = world.core.desks["one"].in_flight
    assert under_way is not None
    world.report(first, Traded(1, OrderId(first.cid), Mts(MINUTE), atoms(1), price, Atoms(0)))
    world.close(0.0)
    assert world.core.desks["one"].in_flight == under_way
    assert Side.SELL not in world.sides()
    assert saved(world.recalled(len(world.journal))) == saved(world.core)


def test_i6_what_came_late_while_the_way_out_was_under_way_can_be_left_too() -> None:
    world = Written("one")
    world.close(0.5)
    world.fills = False
    world.close(1.0)
    world.end(world.sent[1], 0)
    world.close(0.0)
    world.fill(world.sent[1], world.sent[1].amount)
    world.fill(world.sent[2], world.sent[2].amount)
    assert world.core.desks["one"].position == atoms(5)
    world.handle(OperatorAsked(Mts(MINUTE), Asked.RESUME, "", "looked"))
    assert saved(world.recalled(len(world.journal))) == saved(world.core)
    world.fills = True
    world.close(0.0)
    assert world.core.desks["one"].position == 0


def test_an_order_that_was_cut_to_its_limit_is_cut_after_a_restart_too() -> None:
    world = Written("one", limits=AccountLimits(max_order_notional=atoms(400)))
    for _ in range(3):
        world.close(1.0)
    assert world.core.position(BTC) == atoms(10)
    world.fills = False
    world.close(0.0)
    world.core = world.recalled(len(world.journal))
    world.fill(world.sent[-1], atoms(4))
    world.fills = True
    for _ in range(2):  # a core that took its wish for carried out would keep the rest for ever
        world.close(0.0)
    assert world.core.position(BTC) == 0


def test_i9_a_cancel_that_a_crash_kept_here_is_asked_for_again_after_the_look() -> None:
    world = Written("one", plan=PostOnly(MINUTE, 10 * MINUTE))
    world.close(1.0)
    world.handle(OperatorAsked(Mts(MINUTE), Asked.FLATTEN, "", "get out"))
    assert world.canceled == [1]
    world.canceled.clear()
    world.core = world.recalled(len(world.journal))  # killed before the cancel left
    world.show()
    assert world.canceled == [1]


def test_i9_all_that_a_person_wants_cancelled_is_asked_for_again_after_a_crash() -> None:
    world = Written("one", "two")
    world.fills = False
    world.close(1.0, 1.0)
    cids = [order.cid for order in world.sent]
    assert cids
    world.handle(OperatorAsked(Mts(MINUTE), Asked.CANCEL_ALL, "", "start afresh"))
    assert world.canceled == cids
    world.end(world.sent[0], 0)
    world.canceled.clear()
    world.core = world.recalled(len(world.journal))  # killed before a cancel left
    world.show()
    assert world.canceled == cids[1:]


def test_i9_a_guard_whose_cancel_a_crash_kept_here_goes_before_the_position_is_left() -> None:
    world = Written("one", protection=Bracket(Ppb(PPB // 20)))
    world.close(1.0)
    world.handle(OperatorAsked(Mts(MINUTE), Asked.FLATTEN, "", "get out"))
    assert world.canceled == [2]
    world.canceled.clear()
    world.core = world.recalled(len(world.journal))
    world.close(1.0)
    assert world.canceled == [2]
    world.end(world.order_of(Cid(2)), 0)
    world.close(1.0)
    assert world.core.position(BTC) == 0


def test_a_halt_survives_and_so_does_a_peak() -> None:
    world = Written("one")
    world.price = 100
    world.close(1.0)
    world.close(1.0, 50.0)
    world.handle(OperatorAsked(Mts(1), Asked.HALT, "", "enough"))
    core = world.recalled(len(world.journal))
    assert core.halted == world.core.halted
    assert core.desks["one"].purse.guards.peak == world.core.desks["one"].purse.guards.peak


def test_a_halt_and_a_peak_survive_where_the_last_state_was_written_in_the_middle_of_a_session() -> None:
    world = Written("one", guards=RiskLimits(max_drawdown=Ppb(PPB // 5)), needs_account=True)
    world.show()
    world.close(1.0)
    written = len(world.journal)
    close_at(world, 150)
    close_at(world, 115)
    assert world.core.halted is not None
    core = world.fresh()
    recall(core, decode(*encode(world.states[written])))
    for entry in world.journal[written:]:
        recall(core, entry)
    assert core.halted == world.core.halted
    assert core.desks["one"].purse.guards.peak == atoms(1_500)
    assert saved(core) == saved(world.core)


def test_what_a_session_took_as_history_before_its_first_look_is_no_peak_after_a_restart() -> None:
    world = Written("one", needs_account=True)
    world.show()
    world.close(1.0)
    begun = saved(world.core)
    core = world.fresh()
    recall(core, decode(*encode(evolve(begun, is_new=True))))
    recall(core, CandleClosed(BTC, Candle(Mts(9 * MINUTE), 900.0, 900.0, 1.0, 900.0, 1.0)))
    assert core.desks["one"].purse.guards.peak == CASH


def close_at(world: World, price: int) -> None:
    """Close a candle at a price at which orders fill, too; the target is to hold."""
    world.price = price
    world.minute += 1
    close = float(price)
    world.handle(CandleClosed(BTC, Candle(Mts(MINUTE * world.minute), close, 200.0, 1.0, close, 1.0)))


def test_i8_a_frozen_account_is_frozen_after_a_restart() -> None:
    world = Written("one")
    world.fills = False
    world.close(1.0)
    for amount in (1, 2):
        world.report(world.sent[0], Traded(1, OrderId(9), Mts(1), atoms(amount), INSTRUMENT.price(100), atoms(0)))
    assert world.core.books.standings.is_frozen
    core = world.fresh()
    restore(core, saved(world.core))
    assert core.books.standings.now is Standing.FROZEN


def test_a_state_of_a_strategy_that_is_gone_is_refused() -> None:
    world = Written("one", "two")
    core = Written("one").core
    with pytest.raises(ValueError, match="positions or orders of two"):
        restore(core, saved(world.core))


def test_what_came_from_another_strategy_is_left_after_a_restart() -> None:
    world = Written("one", "two")
    world.close(1.0, 0.0)
    world.close(0.0, 1.0)
    core = world.recalled(len(world.journal))
    world.core = core
    world.close(0.0, 0.0)
    assert core.desks["two"].position == 0


class Failing:
    """An event strategy that raises at a volume of 77, and otherwise takes its target from it."""

    def start(self) -> int:
        return 0

    def decide(self, state: int, event: Event) -> tuple[int, tuple[Target, ...]]:
        assert isinstance(event, CandleClosed)
        if event.candle.volume == 77.0:
            raise RuntimeError("boom")
        return state, (Target(event.symbol, event.candle.volume),)


GATED = AccountLimits(max_positions=1)
"""Nothing that keeps an order here, but for orders of ours that would meet."""


def of_desk(desk: DeskSettings) -> Written:
    """A world with one desk of its own making."""
    world = Written("one")
    world.core = TradingCore(CoreSettings((desk,), GATED), {"one": Ledger(CASH)})
    world.write()
    return world


def test_the_budget_of_an_order_is_the_one_acted_on_after_a_restart_too() -> None:
    regimes = RegimeBudget(high, ((1.0, Ppb(PPB // 2)), (2.0, Ppb(PPB)), (3.0, Ppb(PPB * 7 // 10))))
    world = of_desk(DeskSettings(INSTRUMENT, volume, name="one", budget=Budget(regimes=regimes)))
    for regime in (1.0, 2.0):
        close_in(world, regime)
    world.core = world.recalled(len(world.journal))
    close_in(world, 3.0)  # less than what was acted on last, more than before it
    assert world.sides() == [Side.BUY, Side.BUY, Side.SELL]
    assert world.core.position(BTC) == atoms(7)


REGIMES = RegimeBudget(high, ((1.0, Ppb(0)), (2.0, Ppb(PPB // 2)), (3.0, Ppb(PPB))))
GUARD = Bracket(Ppb(PPB // 20))
STOPPED = DeskSettings(INSTRUMENT, volume, name="one", budget=Budget(regimes=REGIMES), protection=GUARD)
IN_REACH = evolve(STOPPED, protection=evolve(GUARD, take=Ppb(PPB // 25)))
"""With a take-profit that a purchase at the market might meet: it goes before more is bought."""


def stop_out(world: World) -> None:
    """Let the order that guards the position close it."""
    guard = next(order for order in reversed(world.sent) if order.type is not OrderType.MARKET)
    world.fill(guard, guard.amount)
    world.end(guard, guard.amount)


@pytest.mark.parametrize("restarts", [False, True])
def test_what_its_protection_ended_is_not_bought_again_because_the_budget_rose(restarts: bool) -> None:
    world = of_desk(STOPPED)
    for regime in (1.0, 2.0):  # a budget of nothing holds nothing: its rise buys
        close_in(world, regime)
    stop_out(world)
    if restarts:
        world.core = world.recalled(len(world.journal))
    close_in(world, 3.0)
    assert world.core.position(BTC) == 0
    assert world.sides() == [Side.BUY, Side.SELL]
    for target in (0.0, 1.0):
        close_in(world, 3.0, target)
    assert world.sides() == [Side.BUY, Side.SELL, Side.BUY, Side.SELL]  # bought anew, and guarded anew


def test_a_position_of_a_part_of_an_order_is_not_bought_again_after_its_stop() -> None:
    world = of_desk(STOPPED)
    world.fills = False
    close_in(world, 2.0)
    (order,) = world.sent
    world.fills = True
    world.fill(order, order.amount // 2)
    world.report(order, Closed(OrderId(order.cid), Atoms(order.amount // 2), "CANCELED"))
    stop_out(world)
    close_in(world, 2.0)
    assert world.sides() == [Side.BUY, Side.SELL]


def test_what_waits_for_its_guard_to_go_is_not_bought_where_the_guard_is_hit_first() -> None:
    world = of_desk(IN_REACH)
    close_in(world, 2.0)
    close_in(world, 3.0)  # the budget rose: the guard is to go before more is bought
    assert world.canceled == [world.sent[-1].cid]
    stop_out(world)
    assert world.core.position(BTC) == 0
    assert world.sides() == [Side.BUY, Side.SELL]
    close_in(world, 3.0)
    assert world.sides() == [Side.BUY, Side.SELL]


def test_another_target_that_waits_for_its_guard_to_go_is_sought_where_the_guard_is_hit_first() -> None:
    world = of_desk(IN_REACH)
    close_in(world, 2.0, 0.5)
    close_in(world, 2.0, 1.0)
    stop_out(world)
    assert world.sides()[:3] == [Side.BUY, Side.SELL, Side.BUY]
    assert world.core.position(BTC) > 0


def test_what_a_stop_made_of_the_target_acted_on_is_what_the_next_order_is_taken_back_to() -> None:
    world = of_desk(IN_REACH)
    world.fills = False
    close_in(world, 2.0, 0.5)
    (order,) = world.sent
    world.fills = True
    world.fill(order, order.amount // 2)
    world.end(order, order.amount // 2)
    close_in(world, 2.0, 1.0)
    world.fills = False
    stop_out(world)
    assert world.sides() == [Side.BUY, Side.SELL, Side.BUY]
    assert saved(world.recalled(len(world.journal))) == saved(world.core)


def close_in(world: World, regime: float, target: float = 1.0) -> None:
    """Close a candle whose high says which regime it is."""
    world.minute += 1
    world.handle(CandleClosed(BTC, Candle(Mts(MINUTE * world.minute), 100.0, regime, 1.0, 100.0, target)))


def test_a_strategy_that_failed_is_halted_after_a_restart_too() -> None:
    world = of_desk(DeskSettings(INSTRUMENT, ByEvents("failing", Failing(), ()), name="one"))
    world.close(1.0)
    world.close(77.0)
    assert world.core.halted is not None
    world.core = world.recalled(len(world.journal))
    assert world.core.halted is not None
    assert world.core.halted.code is AlertCode.STRATEGY_FAILED
    world.close(1.0)
    assert world.core.position(BTC) == 0


def test_i25_what_a_person_wanted_cancelled_is_asked_for_again_after_a_restart() -> None:
    world = Written("one")
    world.fills = False
    world.close(1.0)
    world.handle(OperatorAsked(Mts(MINUTE), Asked.CANCEL_ALL, "", "start afresh"))
    (order,) = world.sent
    assert world.canceled == [order.cid]
    world.canceled.clear()
    assert saved(world.recalled(len(world.journal))) == saved(world.core)
    state = decode(*encode(saved(world.core)))
    world.core = world.fresh()
    recall(world.core, state)
    world.show()
    assert world.canceled == [order.cid]


@pytest.mark.parametrize("plan", [PostOnly(MINUTE, 10 * MINUTE), Twap(4, MINUTE)])
@pytest.mark.parametrize("restarts", [False, True])
def test_a_plan_whose_parts_a_person_cancelled_sends_no_other(plan: Plan, restarts: bool) -> None:
    world = Written("one", plan=plan)
    world.close(1.0)
    world.handle(OperatorAsked(Mts(MINUTE), Asked.CANCEL_ALL, "", "stop all"))
    assert saved(world.recalled(len(world.journal))) == saved(world.core)
    if restarts:
        state = saved(world.core)
        world.core = world.fresh()
        recall(world.core, state)
    (order,) = world.sent
    if list(world.core.books.orders.open()):
        world.end(order, 0)
    for minute in range(2, 5):
        world.handle(TimePassed(Mts(MINUTE * minute)))
    assert len(world.sent) == 1
    assert world.core.books.under_way == {}
