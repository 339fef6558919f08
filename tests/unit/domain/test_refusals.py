"""Every refusal by its name, with what was observed and what is allowed: of the gate, and as decisions of the core."""

import pytest
from attrs import evolve

from genesis.domain.events import Alert, AlertCode, Asked, OperatorAsked, OrderRefused, Settled
from genesis.domain.execution.plans import PostOnly
from genesis.domain.execution.protection import Bracket
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import Cid, OrderRequest, OrderType, Side
from genesis.domain.risk.gate import Approved, check_in_account
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.risk.limits import OFF, AccountLimits, InstrumentLimits
from genesis.domain.risk.refusal import RefusalCode, Refused
from genesis.domain.risk.scene import Pending, Scene, Standing
from genesis.domain.units import PPB, Atoms, Mts, Ppb, Price, Symbol, atoms
from tests.unit.domain.accounts import BTC, World

BITCOIN = spot_instrument(Symbol("tBTCUSD"), atoms("0.0001"))
HUNDRED = BITCOIN.price(100)
SCENE = Scene(
    now=Mts(1000),
    standing=Standing.OPEN,
    strategy="one",
    bid=HUNDRED,
    ask=HUNDRED,
    age_ms=0,
    net_amount=atoms(5),
    pending=(),
    exposure_elsewhere=0,
    positions_elsewhere=0,
    sent=(),
    cash_free=atoms(1000),
)


def order(side: Side = Side.BUY, amount: str = "1", limit: Price | None = None) -> OrderRequest:
    kind = OrderType.MARKET if limit is None else OrderType.LIMIT
    return OrderRequest(Cid(9), BITCOIN.symbol, side, kind, atoms(amount), Mts(1000), price=limit)


def stop(side: Side, trigger: int) -> OrderRequest:
    """A stop, which an order of ours around the market would meet if it were in the book."""
    price = BITCOIN.price(trigger)
    return OrderRequest(Cid(9), BITCOIN.symbol, side, OrderType.STOP, atoms("1"), Mts(1000), stop_price=price)


def pair(target: int, trigger: int) -> OrderRequest:
    """A sale at *target* that is one with a stop."""
    return evolve(order(Side.SELL, limit=BITCOIN.price(target)), oco_stop=BITCOIN.price(trigger))


def ours(side: Side, amount: str, price: Price | None, *, is_dormant: bool = False) -> Scene:
    return evolve(SCENE, pending=(Pending(Cid(7), BITCOIN.symbol, side, atoms(amount), price, is_dormant),))


def of_one_instrument(limits: InstrumentLimits) -> AccountLimits:
    return AccountLimits(instruments=(limits,))


@pytest.mark.parametrize(
    ("asked", "limits", "scene", "refused"),
    [
        pytest.param(
            order(amount="2"),
            of_one_instrument(InstrumentLimits(BITCOIN.symbol, max_order_amount=atoms("1.5"))),
            SCENE,
            Refused(RefusalCode.ORDER_AMOUNT, "2", "<= 1.5"),
            id="order_amount",
        ),
        pytest.param(
            order(amount="2"),
            AccountLimits(max_order_notional=atoms(150)),
            SCENE,
            Refused(RefusalCode.ORDER_NOTIONAL, "200", "<= 150"),
            id="order_notional of the account",
        ),
        pytest.param(
            order(amount="2"),
            of_one_instrument(InstrumentLimits(BITCOIN.symbol, max_order_notional=atoms(199))),
            SCENE,
            Refused(RefusalCode.ORDER_NOTIONAL, "200", "<= 199"),
            id="order_notional of an instrument",
        ),
        pytest.param(
            order(amount="11"),
            OFF,
            SCENE,
            Refused(RefusalCode.BALANCE, "1100", "<= 1000"),
            id="balance: a purchase dearer than the cash",
        ),
        pytest.param(
            order(Side.SELL, "3"),
            OFF,
            ours(Side.SELL, "2.5", HUNDRED),
            Refused(RefusalCode.BALANCE, "3", "<= 2.5"),
            id="balance: coins that another sale sells",
        ),
        pytest.param(
            order(),
            OFF,
            ours(Side.SELL, "1", HUNDRED),
            Refused(RefusalCode.SELF_CROSS, "our sell 7 at 100.00000000", "no order of ours"),
            id="self_cross: a market order and a resting one of ours",
        ),
        *(
            pytest.param(
                asked,
                AccountLimits(price_collar=collar),
                ours(Side.BUY, "1", BITCOIN.price(99)),
                Refused(RefusalCode.SELF_CROSS, "our buy 7 at 99.00000000", "no order of ours"),
                id=f"self_cross: {what} that the market is past, collar {collar}",
            )
            for collar in (None, Ppb(PPB // 50))
            for what, asked in (
                ("a stop", stop(Side.SELL, 101)),
                ("a stop far from it", stop(Side.SELL, 120)),
                ("a stop of a pair", pair(110, 101)),
            )
        ),
        pytest.param(
            pair(110, 101),
            OFF,
            ours(Side.BUY, "1", None),
            Refused(RefusalCode.SELF_CROSS, "our buy 7 at any price", "no order of ours"),
            id="self_cross: a purchase at the market and the target of a pair",
        ),
        pytest.param(
            order(limit=BITCOIN.price(101)),
            OFF,
            ours(Side.SELL, "1", BITCOIN.price(101)),
            Refused(RefusalCode.SELF_CROSS, "our sell 7 at 101.00000000", "no order of ours"),
            id="self_cross: two limits that meet",
        ),
        pytest.param(
            order(limit=BITCOIN.price(101)),
            OFF,
            ours(Side.SELL, "1", None),
            Refused(RefusalCode.SELF_CROSS, "our sell 7 at any price", "no order of ours"),
            id="self_cross: a limit and a market order of ours",
        ),
        pytest.param(
            order(),
            AccountLimits(price_collar=Ppb(PPB // 500)),
            ours(Side.SELL, "1", BITCOIN.price(102)),
            Refused(RefusalCode.SELF_CROSS, "our sell 7 at 102.00000000", "no order of ours"),
            id="self_cross: a thin book is swept beyond a narrow collar",
        ),
        pytest.param(
            order(),
            AccountLimits(max_positions=2),
            evolve(SCENE, net_amount=0, positions_elsewhere=2),
            Refused(RefusalCode.POSITIONS, "3", "<= 2"),
            id="positions: a third one",
        ),
    ],
)
def test_i11_i12_each_guard_refuses_by_name_with_what_it_saw(
    asked: OrderRequest, limits: AccountLimits, scene: Scene, refused: Refused
) -> None:
    assert check_in_account(asked, BITCOIN, scene.net_amount, False, limits, scene) == refused


@pytest.mark.parametrize(
    ("asked", "limits", "scene"),
    [
        pytest.param(
            order(amount="1.5"),
            of_one_instrument(InstrumentLimits(BITCOIN.symbol, max_order_amount=atoms("1.5"))),
            SCENE,
            id="order_amount",
        ),
        pytest.param(order(amount="1.5"), AccountLimits(max_order_notional=atoms(150)), SCENE, id="order_notional"),
        pytest.param(order(amount="10"), OFF, SCENE, id="balance: all of the cash"),
        pytest.param(order(Side.SELL, "2.5"), OFF, ours(Side.SELL, "2.5", HUNDRED), id="balance: the rest"),
        pytest.param(
            order(limit=BITCOIN.price(100)), OFF, ours(Side.SELL, "1", BITCOIN.price(101)), id="self_cross: apart"
        ),
        pytest.param(order(), OFF, ours(Side.SELL, "1", None), id="self_cross: two that take"),
        pytest.param(order(), OFF, ours(Side.SELL, "1", HUNDRED, is_dormant=True), id="self_cross: a stop in no book"),
        pytest.param(stop(Side.SELL, 95), OFF, ours(Side.BUY, "1", HUNDRED), id="self_cross: a stop under a purchase"),
        pytest.param(stop(Side.SELL, 101), OFF, ours(Side.BUY, "1", None), id="self_cross: a stop that takes, too"),
        pytest.param(pair(110, 95), OFF, ours(Side.BUY, "1", HUNDRED), id="self_cross: a pair around a purchase"),
        pytest.param(stop(Side.BUY, 105), OFF, ours(Side.SELL, "1", HUNDRED), id="self_cross: a stop above a sale"),
        pytest.param(
            order(),
            AccountLimits(max_positions=2),
            evolve(SCENE, net_amount=0, positions_elsewhere=1),
            id="positions: a second one",
        ),
        pytest.param(
            order(), AccountLimits(max_positions=2), evolve(SCENE, positions_elsewhere=2), id="positions: more of one"
        ),
    ],
)
def test_what_is_allowed_to_the_last_atom_passes(asked: OrderRequest, limits: AccountLimits, scene: Scene) -> None:
    assert isinstance(check_in_account(asked, BITCOIN, scene.net_amount, False, limits, scene), Approved)


def test_on_margin_no_balance_is_asked_for() -> None:
    scene = evolve(SCENE, cash_free=None)
    assert isinstance(
        check_in_account(order(amount="1000"), BITCOIN, atoms(5), False, OFF, scene, on_margin=True), Approved
    )


def refused(world: World) -> list[OrderRefused]:
    return [each for each in world.decisions if isinstance(each, OrderRefused)]


def test_i41_what_the_gate_refuses_is_a_decision_with_what_it_saw() -> None:
    world = World("one", limits=AccountLimits(max_exposure=atoms(999)))
    world.close(1.0)
    (told,) = refused(world)
    assert (told.mts, told.symbol, told.strategy, told.side, told.amount) == (60_000, BTC, "one", Side.BUY, atoms(10))
    assert (told.code, told.observed, told.allowed) == (
        RefusalCode.EXPOSURE_TOTAL,
        "1000",
        "<= 999",
    )
    assert world.core.refusals == {RefusalCode.EXPOSURE_TOTAL: 1}


def test_i41_what_is_refused_before_it_is_sized_has_no_amount() -> None:
    world = World("one", needs_account=True)
    world.show()
    world.core.books.standings.freeze(is_frozen=True)
    world.close(1.0)
    assert refused(world) == [
        OrderRefused(Mts(60_000), BTC, "one", Side.BUY, None, RefusalCode.FROZEN, "frozen", "open")
    ]


def test_i41_what_a_desk_refuses_of_its_own_accord_is_told() -> None:
    world = World("one")
    world.handle(OperatorAsked(Mts(0), Asked.REDUCE_ONLY, "", "careful"))
    world.close(1.0)
    world.handle(OperatorAsked(Mts(60_000), Asked.RESUME, "", "calm"))
    world.core.desks["one"].ledger.cash = Atoms(0)  # others on the same cash have it all
    world.close(1.0)
    first, second = refused(world)
    assert (first.code, first.observed, first.allowed) == (
        RefusalCode.REDUCE_ONLY,
        "target 1.0 after 0.0",
        "reductions only",
    )
    assert (second.code, second.amount, second.observed) == (RefusalCode.AMOUNT_BELOW_MINIMUM, None, "0")
    assert world.core.desks["one"].say() == ()


@pytest.mark.parametrize("take", [None, Ppb(PPB // 20)], ids=["a stop", "a stop and a target"])
def test_what_a_resting_order_has_bought_is_guarded_while_its_rest_is_open(take: Ppb | None) -> None:
    guard = Bracket(Ppb(PPB // 20), take)
    world = World("one", plan=PostOnly(3_600_000, 36_000_000), protection=guard, limits=AccountLimits(max_positions=1))
    world.close(0.8)
    (entry,) = world.sent
    world.fill(entry, entry.amount // 2)
    assert [(each.side, each.amount) for each in world.sent[1:]] == [(Side.SELL, entry.amount // 2)]
    assert not refused(world)


def test_i41_a_cool_down_says_until_when() -> None:
    world = World("one", guards=RiskLimits(cool_down_losses=1, cool_down_ms=600_000))
    world.close(1.0)
    world.price = 50
    world.close(0.0)
    world.close(1.0)
    (told,) = refused(world)
    assert told.code is RefusalCode.COOL_DOWN
    assert told.allowed == f"reductions only until {world.core.desks['one'].streak.pause_until}"


def test_i41_a_part_of_a_plan_that_is_refused_ends_it_and_says_why() -> None:
    world = World("one", plan=PostOnly(60_000, 180_000), limits=AccountLimits(max_exposure=atoms(999)))
    world.close(1.0)
    kinds = [type(each) for each in world.decisions if isinstance(each, OrderRefused | Settled)]
    assert kinds == [OrderRefused, Settled]


def test_i41_a_paused_instrument_refuses_with_the_alert_that_says_so() -> None:
    world = World("one")
    desk = world.core.desks["one"]
    world.close(1.0)
    desk.halt(Alert(Mts(60_000), AlertCode.SYMBOL_PAUSED, "symbol_paused: tBTCUSD is not traded"))
    world.close(0.0)
    (told,) = refused(world)
    assert (told.code, told.side, told.observed) == (
        RefusalCode.SYMBOL_PAUSED,
        Side.SELL,
        "symbol_paused: tBTCUSD is not traded",
    )


def test_i11_a_position_in_a_second_instrument_is_refused_where_one_is_allowed() -> None:
    ether = spot_instrument(Symbol("tETHUSD"))
    world = World("one", "two", instruments={"two": ether}, limits=AccountLimits(max_positions=1))
    world.close(1.0)
    world.close(1.0, 1.0, ether.symbol)
    assert [each.symbol for each in world.sent] == [BTC]
    assert [(each.strategy, each.code, each.observed, each.allowed) for each in refused(world)] == [
        ("two", RefusalCode.POSITIONS, "2", "<= 1")
    ]
