"""Which orders are remembered after they ended."""

import pytest

from genesis.domain.execution import orders as module
from genesis.domain.execution.evidence import NothingLeft
from genesis.domain.execution.orders import Orders
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import Cid, OrderRequest, OrderType, Side
from genesis.domain.units import Mts, Symbol, atoms

BTC = Symbol("tBTCUSD")
INSTRUMENT = spot_instrument(BTC)


def ended(orders: Orders, cid: int, undertaking: int) -> None:
    orders.intend(OrderRequest(Cid(cid), BTC, Side.BUY, OrderType.MARKET, atoms(1), Mts(cid)), "one", undertaking)
    orders.report(orders.by_cid[Cid(cid)], NothingLeft("no"), INSTRUMENT)


def test_i2_the_parts_of_what_is_under_way_are_kept_however_many_other_orders_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "KEPT_ENDED", 5)
    orders = Orders(1)
    for cid in range(1, 31):
        ended(orders, cid, undertaking=7 if cid % 10 == 1 else 0)
        orders.forget(running={7})
    assert [life.order.cid for life in orders.children(7)] == [1, 11, 21]
    assert len(orders.by_cid) <= 5 + 3
    assert max(orders.by_cid) == 30
    orders.forget(running=())
    for cid in range(31, 41):
        ended(orders, cid, undertaking=0)
        orders.forget(running=())
    assert list(orders.by_cid) == [36, 37, 38, 39, 40]


def test_the_last_ones_that_ended_come_newest_first() -> None:
    orders = Orders(1)
    for cid in range(1, 6):
        ended(orders, cid, undertaking=0)
    assert [own.life.order.cid for own in orders.ended_lately(3)] == [5, 4, 3]
