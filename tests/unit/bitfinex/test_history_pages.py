"""Histories are read whole: nothing twice, and nothing taken for a repetition that is none."""

from decimal import Decimal
from typing import Any, cast

from genesis.adapters.bitfinex.history_pages import own_fills
from genesis.domain.exchange.orders import FillReport
from genesis.domain.order import OrderId, Side
from genesis.domain.units import Mts, Symbol
from genesis.ports.exchange import AccountReader


def fill(trade_id: int, order_id: int, side: Side) -> FillReport:
    price, amount = Decimal(100), Decimal(1)
    return FillReport(
        *(trade_id, Symbol("tBTCUSD"), Mts(trade_id), OrderId(order_id), None, side),
        *(amount, price, None, Decimal(0), "USD"),
    )


class Reader:
    """Gives pages of two, newest first, as the exchange does."""

    def __init__(self, fills: list[FillReport]) -> None:
        self._fills = fills

    async def fills(self, _: object, start: Mts, end: Mts | None, *, limit: int) -> list[FillReport]:
        found = [each for each in self._fills if start <= each.mts <= (end or each.mts)]
        return found[::-1][:limit]


async def test_d19_a_match_of_the_account_with_itself_is_two_fills_of_one_id() -> None:
    fills = [fill(1, 10, Side.BUY), fill(2, 11, Side.SELL), fill(2, 12, Side.BUY), fill(3, 11, Side.SELL)]
    reader = cast(AccountReader, Reader(fills))
    for page in (3, 5, 100):
        assert sorted(await own_fills(reader, Mts(0), page=page), key=_name) == sorted(fills, key=_name)


def _name(each: FillReport) -> Any:  # Any: something to sort by
    return each.id, each.order_id
