"""Histories read to their end: pages from the newest on, overlapping in their last millisecond, nothing twice."""

from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import Final, TypeVar

from genesis.domain.exchange.orders import FillReport, OrderReport
from genesis.domain.units import Mts, Symbol
from genesis.ports.errors import ProtocolViolation
from genesis.ports.exchange import AccountReader

PAGE: Final = 2500
PAGES_MAX: Final = 40

Row = TypeVar("Row", OrderReport, FillReport)


async def finished_orders(
    account: AccountReader, start: Mts, symbol: Symbol | None = None, page: int = PAGE
) -> list[OrderReport]:
    """Return the finished orders created since *start*, oldest first."""

    async def read(end: Mts | None) -> list[OrderReport]:
        return await account.order_history(symbol, start, end, page)

    return await _whole(read, lambda order: order.mts_created, page, "orders/hist")


async def own_fills(
    account: AccountReader, start: Mts, symbol: Symbol | None = None, page: int = PAGE
) -> list[FillReport]:
    """Return our fills since *start*, oldest first."""

    async def read(end: Mts | None) -> list[FillReport]:
        return await account.fills(symbol, start, end, limit=page)

    # Both sides of a match may be this account's: then two fills have one id.
    return await _whole(read, lambda fill: fill.mts, page, "trades/hist", lambda fill: (fill.id, fill.order_id))


async def _whole(
    read: Callable[[Mts | None], Awaitable[list[Row]]],
    mts_of: Callable[[Row], Mts],
    page: int,
    endpoint: str,
    key_of: Callable[[Row], Hashable] = lambda row: row.id,
) -> list[Row]:
    found: dict[Hashable, Row] = {}
    end: Mts | None = None
    for _ in range(PAGES_MAX):
        rows = await read(end)
        known = len(found)
        found.update((key_of(row), row) for row in rows)
        if len(rows) < page:
            return _oldest_first(found.values(), mts_of)
        end = min(mts_of(row) for row in rows)
        if len(found) == known:  # a whole page within one millisecond: there is no way behind it
            raise ProtocolViolation(
                f"{page} rows share the millisecond {end}: the list cannot be read whole", endpoint=endpoint
            )
    raise ProtocolViolation(f"more than {PAGES_MAX} pages: the list cannot be read whole", endpoint=endpoint)


def _oldest_first(rows: Iterable[Row], mts_of: Callable[[Row], Mts]) -> list[Row]:
    return sorted(rows, key=lambda row: (mts_of(row), row.id))
