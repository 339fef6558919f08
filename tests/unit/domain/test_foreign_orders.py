"""Orders of the account that are not ours, on whatever instrument: they bind cash and count in exposure (D7, I11)."""

from decimal import Decimal
from fractions import Fraction

import pytest
from attrs import evolve

from genesis.domain.events import Alert
from genesis.domain.exchange.orders import Account, OrderReport
from genesis.domain.execution.look import Look
from genesis.domain.foreign import claim_of
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import OrderType, Side
from genesis.domain.risk.limits import OFF, AccountLimits
from genesis.domain.risk.refusal import RefusalCode
from genesis.domain.units import Symbol, atoms
from tests.order_reports import RESTING
from tests.unit.domain.accounts import INSTRUMENT, World, wallet

ETH = spot_instrument(Symbol("tETHUSD"))


def foreign(symbol: str, side: Side, amount: str, price: str | None, kind: OrderType = OrderType.LIMIT) -> OrderReport:
    """An open order of somebody else on the exchange wallet."""
    return evolve(
        RESTING,
        symbol=Symbol(symbol),
        side=side,
        type=kind,
        amount=Decimal(amount),
        amount_remaining=Decimal(amount),
        price=None if price is None else Decimal(price),
    )


def beside(order: OrderReport, *names: str, limits: AccountLimits = OFF) -> World:
    """Return strategies with 1 000 USD each on an account that has *order*, too; they trade bitcoin at 100."""
    world = World(*(names or ("one",)), needs_account=True, limits=limits, instruments={"two": ETH})
    held = (wallet("USD", Decimal(1_000 * max(1, len(names)))), wallet("BTC", Decimal(0)), wallet("ETH", Decimal(0)))
    world.show(Look((order,), wallets=held))
    return world


def refused(order: OrderReport, limits: AccountLimits = OFF) -> dict[RefusalCode, int]:
    """Return why a strategy that wants all its 1 000 USD in bitcoin did not get it beside *order*."""
    world = beside(order, limits=limits)
    world.close(1.0)
    assert world.canceled == []
    assert bool(world.sent) != bool(world.core.refusals)
    return dict(world.core.refusals)


def test_d7_a_purchase_of_what_we_do_not_trade_binds_the_cash_it_may_take() -> None:
    assert refused(foreign("tXRPUSD", Side.BUY, "100", "0.5")) == {RefusalCode.BALANCE: 1}


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(foreign("tXRPUSD", Side.SELL, "100", "0.5"), id="a sale of what is not traded here"),
        pytest.param(foreign("tXRPEUR", Side.BUY, "100", "0.5"), id="paid in another currency"),
        pytest.param(
            evolve(foreign("tXRPUSD", Side.BUY, "100", "0.5"), account=Account.MARGIN), id="on the margin wallet"
        ),
    ],
)
def test_d7_what_takes_no_cash_of_ours_binds_none(order: OrderReport) -> None:
    assert refused(order) == {}


def test_d7_a_sale_that_our_cash_pays_for_binds_it() -> None:
    assert refused(foreign("tUSDEUR", Side.SELL, "50", "0.9")) == {RefusalCode.BALANCE: 1}


@pytest.mark.parametrize("kind", [OrderType.MARKET, OrderType.STOP, OrderType.TRAILING_STOP])
def test_d7_a_purchase_that_no_price_bounds_may_take_all_cash(kind: OrderType) -> None:
    order = foreign("tXRPUSD", Side.BUY, "1", "0.5", kind)
    assert refused(order) == {RefusalCode.BALANCE: 1}


MUCH = foreign("tXRPUSD", Side.BUY, "2000", "0.3")  # 600 USD


@pytest.mark.parametrize(
    ("order", "exposure"),
    [
        pytest.param(MUCH, "600", id="at its limit"),
        pytest.param(evolve(MUCH, amount_remaining=Decimal(1000)), "300", id="what is left of it"),
        pytest.param(evolve(MUCH, account=Account.MARGIN), "600", id="long on margin"),
        pytest.param(evolve(MUCH, account=Account.MARGIN, side=Side.SELL), "600", id="short on margin"),
        pytest.param(
            evolve(MUCH, account=Account.MARGIN, side=Side.SELL, type=OrderType.STOP), "600", id="short below a trigger"
        ),
        pytest.param(
            evolve(MUCH, type=OrderType.STOP_LIMIT, price_auxiliary=Decimal("0.4")), "800", id="a stop with a limit"
        ),
    ],
)
def test_i11_what_others_may_come_to_hold_counts_in_the_exposure_of_all(order: OrderReport, exposure: str) -> None:
    world = beside(order)
    assert world.core.books.outside(world.core.books.foreign[0]) == atoms(exposure)


def test_i11_a_purchase_of_others_leaves_less_of_the_total_for_ours() -> None:
    order = evolve(MUCH, account=Account.MARGIN)  # so that it takes no cash of ours
    assert refused(order, AccountLimits(max_exposure=atoms(1_600))) == {}
    assert refused(order, AccountLimits(max_exposure=atoms(1_599))) == {RefusalCode.EXPOSURE_TOTAL: 1}
    assert refused(order, AccountLimits(max_positions=1)) == {RefusalCode.POSITIONS: 1}
    assert refused(order, AccountLimits(max_positions=2)) == {}


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(foreign("tXRPEUR", Side.BUY, "1", "0.5"), id="no price in our currency"),
        pytest.param(evolve(foreign("tXRPUSD", Side.BUY, "1", None, OrderType.STOP), account=Account.MARGIN), id="any"),
        pytest.param(evolve(foreign("tBTCF0:USTF0", Side.SELL, "1", "5"), account=Account.MARGIN), id="a derivative"),
    ],
)
def test_i11_what_cannot_be_priced_is_not_small_and_says_so(order: OrderReport) -> None:
    assert refused(order) == {}  # without a limit of exposure it stands in nobody's way
    assert refused(order, AccountLimits(max_exposure=atoms(10**6))) == {RefusalCode.EXPOSURE_TOTAL: 1}
    (alert,) = [each for each in beside(order).decisions if isinstance(each, Alert)]
    assert "more than any limit of exposure, for nothing says what it may be worth in USD" in alert.text


def test_i11_a_position_of_others_that_only_shrinks_adds_nothing() -> None:
    order = evolve(MUCH, account=Account.MARGIN, reduce_only=True)
    assert refused(order, AccountLimits(max_exposure=atoms(1_000), max_positions=1)) == {}


def test_i11_bitcoin_that_others_buy_with_another_currency_is_exposure_to_bitcoin() -> None:
    limits = AccountLimits(max_exposure=atoms(1_099))
    assert refused(foreign("tBTCEUR", Side.BUY, "1", "90"), limits) == {RefusalCode.EXPOSURE_TOTAL: 1}
    assert refused(foreign("tETHBTC", Side.SELL, "10", "0.1"), limits) == {RefusalCode.EXPOSURE_TOTAL: 1}


def test_i11_coins_that_others_are_about_to_sell_elsewhere_are_not_sold_twice() -> None:
    world = beside(foreign("tETHBTC", Side.BUY, "10", "0.1"), limits=OFF)  # takes one bitcoin
    (pending,) = world.core.books.pending(INSTRUMENT.symbol)
    assert (pending.side, pending.amount) == (Side.SELL, atoms(1))


def test_i11_what_is_paid_in_a_coin_that_we_trade_is_worth_its_last_price() -> None:
    world = beside(foreign("tXRPETH", Side.BUY, "10", "0.5"), "one", "two")
    world.close(0.0, 0.0, ETH.symbol)  # at 100
    assert world.core.books.outside(world.core.books.foreign[0]) == atoms(500)


def test_d7_the_alert_says_with_what_it_counts() -> None:
    (alert,) = [each for each in beside(MUCH).decisions if isinstance(each, Alert)]
    said = "order 77 tXRPUSD: buy 2000 is not ours; it counts as 600 USD of exposure, and may take 600 USD"
    assert alert.text == said


def test_d7_the_alert_counts_what_others_buy_of_ours_elsewhere() -> None:
    world = World("one", needs_account=True)
    world.show()
    world.close(0.0)  # at 100
    world.show(Look((foreign("tBTCEUR", Side.BUY, "1", "90"),)))
    (alert,) = [each for each in world.decisions if isinstance(each, Alert)]
    assert "it counts as 100 USD of exposure, and may take 0 USD" in alert.text


@pytest.mark.parametrize("side", Side)
def test_d7_what_others_do_on_the_margin_wallet_keeps_nobody_from_selling_coins(side: Side) -> None:
    world = World("one", needs_account=True)
    world.show()
    world.close(1.0)
    held = world.core.position(INSTRUMENT.symbol)
    assert held > 0
    resting = foreign("tBTCUSD", side, "10", "500" if side is Side.SELL else "1")
    coins = wallet("BTC", Decimal(10))
    world.show(Look((evolve(resting, account=Account.MARGIN),), wallets=(wallet("USD", Decimal(0)), coins)))
    assert world.core.books.worth(world.core.books.foreign[0]) == atoms(5_000 if side is Side.SELL else 10)
    world.close(0.0)
    assert world.core.position(INSTRUMENT.symbol) == 0


@pytest.mark.parametrize("price", ["100000000", "100000000.00000001", "0.00000001"])
def test_d7_what_an_order_is_worth_is_exact_however_large_it_is(price: str) -> None:
    amount = 10**13 * 10**8
    claim = claim_of(foreign("tXRPUSD", Side.SELL, "10000000000000.00000001", price))
    paid = int(Fraction(price) * 10**8) * (amount + 1)
    assert claim.amount == amount + 1
    assert claim.worth == paid // 10**8 + bool(paid % 10**8)
    limits = AccountLimits(max_exposure=atoms(2_000))
    assert refused(foreign("tBTCUSD", Side.BUY, "10000000000000", price), limits)
