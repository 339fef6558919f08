"""Sizing, guards and the gate."""

from decimal import Decimal
from fractions import Fraction

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from genesis.domain.candle import DAY_MS
from genesis.domain.exchange.orders import OrderChange, OrderReport
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import Cid, OrderId, OrderRequest, OrderType, Side
from genesis.domain.risk.account_guards import price_collar
from genesis.domain.risk.gate import Approved, ApprovedChange, check, check_change
from genesis.domain.risk.guards import (
    Breach,
    EquityGuards,
    RiskLimits,
    breached_max_drawdown,
    drawdown_floor,
    within_daily_loss_limit,
)
from genesis.domain.risk.limits import OFF, AccountLimits, RateLimit
from genesis.domain.risk.refusal import RefusalCode, Refused
from genesis.domain.risk.scene import Pending, Scene, Sent, Standing
from genesis.domain.risk.sizing import capped_position_size, capped_weight, rebalance
from genesis.domain.units import PPB, Atoms, Mts, Ppb, Price, Symbol, atoms
from tests.fakes.scene import quiet_scene
from tests.order_reports import RESTING

BITCOIN = spot_instrument(Symbol("tBTCUSD"), atoms("0.0001"))


@pytest.mark.parametrize(
    ("equity", "fraction", "cap_pct", "expected"),
    [
        (10_000.0, 0.1, 50.0, 1_000.0),
        (10_000.0, 0.8, 50.0, 5_000.0),
        (10_000.0, 2.0, 150.0, 10_000.0),
        (10_000.0, 0.5, -5.0, 0.0),
        (0.0, 0.5, 50.0, 0.0),
        (-1.0, 0.5, 50.0, 0.0),
        (10_000.0, -0.5, 50.0, 0.0),
        (float("nan"), 0.5, 50.0, 0.0),
        (10_000.0, float("nan"), 50.0, 0.0),
        (10_000.0, 0.5, float("nan"), 0.0),
    ],
)
def test_position_size_is_the_fraction_of_equity_up_to_the_cap(
    equity: float, fraction: float, cap_pct: float, expected: float
) -> None:
    assert capped_position_size(equity, fraction, cap_pct) == expected


@pytest.mark.parametrize(
    ("peak", "now", "limit_pct", "expected"),
    [
        (100.0, 80.0, 20.0, True),
        (100.0, 80.01, 20.0, False),
        (100.0, 100.0, 20.0, False),
        (1.0, 0.9, 10.0, True),  # (1.0 - 0.9) * 100.0 is 9.999999999999998
        (0.3, 0.27, 10.0, True),
        (0.0, -1.0, 20.0, True),
        (0.0, 0.0, 20.0, False),
        (100.0, float("nan"), 20.0, True),
        (float("nan"), 100.0, 20.0, True),
    ],
)
def test_a_drop_equal_to_the_drawdown_limit_is_a_breach(
    peak: float, now: float, limit_pct: float, expected: bool
) -> None:
    assert breached_max_drawdown(peak, now, limit_pct) is expected


@pytest.mark.parametrize(
    ("pnl", "limit", "expected"), [(-100.0, 100.0, True), (-100.01, 100.0, False), (5.0, 0.0, True)]
)
def test_a_loss_equal_to_the_daily_limit_is_within(pnl: float, limit: float, expected: bool) -> None:
    assert within_daily_loss_limit(pnl, limit) is expected


@given(st.integers(1, 10**17), st.integers(0, 10**17), st.integers(1, PPB))
def test_the_drawdown_floor_is_the_largest_equity_that_breaches(peak: int, equity: int, limit: int) -> None:
    is_breach = Fraction(peak - equity, peak) >= Fraction(limit, PPB)
    assert (equity <= drawdown_floor(peak, Ppb(limit))) is is_breach


def test_the_peak_trails_and_a_breach_is_told() -> None:
    guards = EquityGuards(RiskLimits(max_drawdown=Ppb(PPB // 10)), peak=1_000)
    assert [guards.observe(0, equity) for equity in (1_000, 901, 2_000, 1_801)] == [None, None, None, None]
    assert guards.observe(0, 1_800) is Breach.MAX_DRAWDOWN


def test_the_daily_loss_counts_from_the_last_close_of_the_day_before() -> None:
    guards = EquityGuards(RiskLimits(max_daily_loss=Atoms(100)), peak=1_000)
    assert guards.observe(DAY_MS - 1, 900) is None
    assert guards.observe(DAY_MS, 800) is None
    assert guards.observe(DAY_MS + 1, 799) is Breach.MAX_DAILY_LOSS


@pytest.mark.parametrize(
    "wrong",
    [
        {"position_cap": PPB + 1},
        {"position_cap": -1},
        {"max_drawdown": 0},
        {"max_drawdown": PPB + 1},
        {"max_daily_loss": -1},
    ],
)
def test_limits_outside_their_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        RiskLimits(**{name: Ppb(value) for name, value in wrong.items()})  # type: ignore[arg-type]  # atoms among them


amounts = st.integers(0, 10**15)


@given(st.sampled_from(Side), st.integers(0, PPB), st.booleans(), amounts, amounts, st.integers(1, 10**14))
def test_a_rebalancing_is_the_floor_of_the_exact_wish_and_never_overdraws(
    side: Side, weight: int, is_exit: bool, cash: int, position: int, price: int
) -> None:
    wish = rebalance(side, Ppb(weight), is_exit, cash, position, price, BITCOIN.price_scale)
    exact_price = Fraction(price, 10**8)
    equity = cash + (position * exact_price).__floor__()
    desired = (Fraction(weight, PPB) * equity / exact_price).__floor__()
    if is_exit and side is Side.SELL:
        assert wish.delta == wish.amount == position
    elif side is Side.SELL:
        assert wish.delta == wish.amount == position - desired
    else:
        assert wish.delta == desired - position
        assert wish.amount == min(wish.delta, (cash / exact_price).__floor__())
        assert wish.amount * exact_price <= cash


def test_a_cap_only_lowers_a_weight() -> None:
    assert capped_weight(Ppb(5), None) == 5
    assert capped_weight(Ppb(5), Ppb(3)) == 3
    assert capped_weight(Ppb(2), Ppb(3)) == 2


def _order(side: Side, amount: str) -> OrderRequest:
    return OrderRequest(Cid(1), BITCOIN.symbol, side, OrderType.MARKET, atoms(amount), Mts(0))


def test_the_gate_names_what_it_refuses_and_why() -> None:
    assert isinstance(check(_order(Side.BUY, "0.0001"), BITCOIN, 0, is_halted=False), Approved)
    small = check(_order(Side.BUY, "0.00009"), BITCOIN, 0, is_halted=False)
    assert small == Refused(RefusalCode.AMOUNT_BELOW_MINIMUM, "0.00009", ">= 0.0001")
    halted = check(_order(Side.BUY, "1"), BITCOIN, 0, is_halted=True)
    assert isinstance(halted, Refused)
    assert halted.code is RefusalCode.HALTED
    assert isinstance(check(_order(Side.SELL, "1"), BITCOIN, atoms(1), is_halted=True), Approved)
    oversold = check(_order(Side.SELL, "1"), BITCOIN, atoms("0.5"), is_halted=False)
    assert oversold == Refused(RefusalCode.POSITION_EXCEEDED, "1", "<= 0.5")


def test_nobody_but_the_gate_approves_an_order() -> None:
    with pytest.raises(TypeError, match="risk gate"):
        Approved(_order(Side.BUY, "1"), object())


def _open(side: Side, left: str, kind: OrderType = OrderType.LIMIT) -> OrderReport:
    return evolve(
        RESTING,
        id=OrderId(9),
        cid=Cid(1),
        symbol=BITCOIN.symbol,
        side=side,
        type=kind,
        amount=Decimal(2),
        amount_remaining=Decimal(left),
    )


def _change(side: Side, amount: str | None = None, price: int | None = None, order_id: int = 9) -> OrderChange:
    wanted = None if amount is None else atoms(amount)
    moved = None if price is None else Price(price * BITCOIN.price_scale)
    return OrderChange(OrderId(order_id), BITCOIN.symbol, side, wanted, moved)


@pytest.mark.parametrize(
    ("change", "left", "code"),
    [
        (_change(Side.BUY, "0.00009"), "1", RefusalCode.AMOUNT_BELOW_MINIMUM),
        (_change(Side.BUY, "11"), "1", RefusalCode.AMOUNT_ABOVE_MAXIMUM),
        (_change(Side.SELL, "1.5"), "1", RefusalCode.POSITION_EXCEEDED),
        (_change(Side.SELL, "0.9"), "1", None),
        (_change(Side.SELL, "0.1"), "0.050000001", None),  # finer than atoms: counted up
        (_change(Side.BUY, "5", 200), "1", None),
    ],
)
def test_a_change_passes_the_same_limits_as_an_order(change: OrderChange, left: str, code: RefusalCode | None) -> None:
    instrument = evolve(BITCOIN, amount_max=atoms(10))
    verdict = check_change(
        change, _open(change.side, left), instrument, atoms("0.5"), is_halted=False, limits=OFF, scene=quiet_scene()
    )
    assert (verdict.code if isinstance(verdict, Refused) else None) is code


@pytest.mark.parametrize(
    ("change", "kind", "passes"),
    [
        (_change(Side.BUY, "1"), OrderType.LIMIT, True),
        (_change(Side.BUY, "0.5", 99), OrderType.LIMIT, True),
        (_change(Side.BUY, "1.1"), OrderType.LIMIT, False),
        (_change(Side.BUY, None, 101), OrderType.LIMIT, False),
        (_change(Side.BUY, "0.5", 99), OrderType.STOP, False),
        (OrderChange(OrderId(9), BITCOIN.symbol, Side.BUY, trail=Price(1)), OrderType.TRAILING_STOP, False),
        (_change(Side.SELL, None, 1), OrderType.LIMIT, True),
    ],
)
def test_while_halted_a_purchase_only_retreats(change: OrderChange, kind: OrderType, passes: bool) -> None:
    verdict = check_change(
        change, _open(change.side, "1", kind), BITCOIN, atoms(1), is_halted=True, limits=OFF, scene=quiet_scene()
    )
    assert isinstance(verdict, ApprovedChange) is passes
    assert passes or (isinstance(verdict, Refused) and verdict.code is RefusalCode.HALTED)


ITSELF = Pending(Cid(1), BITCOIN.symbol, Side.BUY, atoms(1), Price(100 * BITCOIN.price_scale))
OURS = Pending(Cid(2), BITCOIN.symbol, Side.SELL, atoms(1), Price(104 * BITCOIN.price_scale))
SCENE = evolve(quiet_scene((ITSELF,)), net_amount=0, cash_free=0)
"""All the cash is in the order that is changed: one at 100."""


@pytest.mark.parametrize(
    ("amount", "price", "limits", "scene", "code"),
    [
        (None, 99, OFF, SCENE, None),
        (None, 101, OFF, SCENE, RefusalCode.BALANCE),
        ("1.1", None, OFF, SCENE, RefusalCode.BALANCE),
        (None, 99, OFF, evolve(SCENE, standing=Standing.FROZEN), RefusalCode.FROZEN),
        (None, 105, AccountLimits(price_collar=Ppb(PPB // 50)), quiet_scene((ITSELF,)), RefusalCode.PRICE_COLLAR),
        ("1.1", None, AccountLimits(max_order_notional=atoms(105)), quiet_scene((ITSELF,)), RefusalCode.ORDER_NOTIONAL),
        ("0.5", None, AccountLimits(max_order_notional=atoms(90)), quiet_scene((ITSELF,)), RefusalCode.ORDER_NOTIONAL),
        (
            "1.1",
            None,
            AccountLimits(max_exposure=atoms(105)),
            evolve(SCENE, cash_free=10**18),
            RefusalCode.EXPOSURE_TOTAL,
        ),
        (None, 99, AccountLimits(max_exposure=atoms(100)), SCENE, None),
        (None, 104, OFF, quiet_scene((ITSELF, OURS)), RefusalCode.SELF_CROSS),
        (
            None,
            99,
            AccountLimits(rates=(RateLimit(1, 1000),)),
            evolve(SCENE, sent=(Sent(Mts(0), "main", BITCOIN.symbol, Side.BUY),)),
            RefusalCode.ORDER_RATE,
        ),
    ],
)
def test_every_guard_of_the_account_judges_a_change(
    amount: str | None, price: int | None, limits: AccountLimits, scene: Scene, code: RefusalCode | None
) -> None:
    change = _change(Side.BUY, amount, price)
    verdict = check_change(change, _open(Side.BUY, "1"), BITCOIN, 0, is_halted=False, limits=limits, scene=scene)
    assert (verdict.code if isinstance(verdict, Refused) else None) is code


def test_a_change_is_checked_against_its_own_order() -> None:
    with pytest.raises(ValueError, match="order 8 was checked against order 9"):
        check_change(
            _change(Side.BUY, "1", order_id=8),
            _open(Side.BUY, "1"),
            BITCOIN,
            0,
            is_halted=False,
            limits=OFF,
            scene=quiet_scene(),
        )


def test_nobody_but_the_gate_approves_a_change() -> None:
    with pytest.raises(TypeError, match="risk gate"):
        ApprovedChange(_change(Side.BUY, "1"), object())


def test_a_pair_guards_also_where_the_market_is_past_its_target() -> None:
    target, stop = Price(90 * BITCOIN.price_scale), Price(80 * BITCOIN.price_scale)
    pair = OrderRequest(Cid(1), BITCOIN.symbol, Side.SELL, OrderType.LIMIT, atoms(1), Mts(0), target, oco_stop=stop)
    limits, scene = AccountLimits(price_collar=Ppb(PPB // 50)), quiet_scene()
    assert price_collar(pair, BITCOIN, limits, scene) is None
    alone = price_collar(evolve(pair, oco_stop=None), BITCOIN, limits, scene)
    assert alone is not None
    assert alone.code is RefusalCode.PRICE_COLLAR
