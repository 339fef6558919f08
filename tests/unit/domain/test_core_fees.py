"""D26, D27: fees in any currency and sign, told late; and times that run backwards."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.domain.events import AccountShown, Adopted
from genesis.domain.execution.evidence import Closed, Traded
from genesis.domain.execution.look import Look
from genesis.domain.execution.order_life import Status
from genesis.domain.order import OrderId, Side
from genesis.domain.units import Atoms, Mts, atoms, decimal_from_atoms
from tests.unit.domain.accounts import BTC, INSTRUMENT, World, wallet

FEES = st.tuples(st.integers(-1_000_000, 1_000_000), st.sampled_from(["BTC", "USD", "LEO", ""]), st.booleans())


@settings(max_examples=60)
@given(st.lists(FEES, min_size=1, max_size=5))
def test_d26_strategies_and_house_are_the_account_whatever_fees_are_paid_in(fees: list[tuple[int, str, bool]]) -> None:
    world = World("one", needs_account=True)
    world.fills = False
    cash, coins = world.cash, 0
    world.show()
    for number, (fee, currency, is_late) in enumerate(fees):
        world.close(1.0 if number % 2 == 0 else 0.0)
        order, sign = world.sent[-1], world.sent[-1].side.sign
        trade = Traded(number, OrderId(order.cid), Mts(1), order.amount, INSTRUMENT.price(100), Atoms(fee), currency)
        if is_late:
            world.report(order, trade._replace(fee=None, fee_currency=""))
        world.report(order, trade)
        world.report(order, Closed(OrderId(order.cid), order.amount, "EXECUTED"))
        coins += sign * order.amount
        cash -= sign * order.amount * 100
        paid = currency or ("BTC" if order.side is Side.BUY else "USD")
        coins -= fee if paid == "BTC" else 0
        cash -= fee if paid == "USD" else 0
        world.cash, world.coins = cash, coins
        shown = [wallet("USD", decimal_from_atoms(cash)), wallet("BTC", decimal_from_atoms(coins))]
        world.handle(AccountShown(Mts(1), Look(wallets=(*shown, wallet("LEO", Decimal(5))))))
        assert (world.core.books.cash(), world.core.books.net_amount(BTC)) == (cash, coins)
    adopted = [each for each in world.decisions if isinstance(each, Adopted) and each.currency not in ("USD", "BTC")]
    assert adopted == []


def test_d27_times_that_run_backwards_order_nothing() -> None:
    world = World("one")
    world.fills = False
    world.close(1.0)
    (order,) = world.sent
    now, price = world.core.now, INSTRUMENT.price(100)
    world.report(order, Closed(OrderId(1), order.amount, "EXECUTED"))
    for trade_id, mts in ((2, 9_000), (1, 5_000), (3, -7)):
        part = Atoms(order.amount // 4 if trade_id < 3 else order.amount - 2 * (order.amount // 4))
        world.report(order, Traded(trade_id, OrderId(1), Mts(mts), part, price, Atoms(0)))
    life = world.core.books.orders.by_cid[order.cid].life
    assert (life.status, life.filled, life.contradiction) == (Status.FILLED, atoms(10), "")
    assert world.core.now >= now
    assert world.core.books.last_fill == 9_000
