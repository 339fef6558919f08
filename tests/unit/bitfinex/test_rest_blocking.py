"""The smallest client, and the budgets of all."""

import pytest

from genesis.adapters.bitfinex.endpoints import ORDERS
from genesis.adapters.bitfinex.rest_blocking import BlockingRest
from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.memory.budgets import MemoryBudgets
from genesis.domain.resilience import Priority
from genesis.ports.errors import RateLimited, Unreachable
from genesis.ports.secrets import Secret

NOWHERE = "http://127.0.0.1:1/v2/"


def test_i35_nothing_is_sent_while_the_budget_of_all_is_used_up_and_orders_leave_some_of_it() -> None:
    budgets, nonces, now_s = MemoryBudgets(), iter(range(1, 100)), 5.0
    rest = BlockingRest(NOWHERE, Signer(Secret("k"), Secret("s")), lambda: next(nonces), budgets, 1.0, lambda: now_s)
    orders = budgets.of(ORDERS.ration)
    while not orders.start(0.0, Priority.ORDER):
        pass
    for _ in range(9):
        with pytest.raises(Unreachable):
            rest.post("auth/r/orders", {})
    with pytest.raises(RateLimited, match=r"55\.0 s") as refused:
        rest.post("auth/r/orders", {})
    assert refused.value.retry_after_s == 10.0
    with pytest.raises(Unreachable):
        rest.post("auth/w/order/cancel/multi", {"id": [1]})
