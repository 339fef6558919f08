"""Bodies of signed requests.

Amounts and prices travel as decimal text, ids and flags as integers; what is None is left out.

Source: Bitfinex reference, "Submit Order", "Order Update", "Cancel Order", "Order Multi-OP", "Submit Funding Offer".
"""

from msgspec import Struct


class Body(Struct, frozen=True, omit_defaults=True):
    """A JSON object without its empty fields."""


class OrderSubmit(Body, frozen=True, omit_defaults=True):
    """`order/submit`, and `on` over WebSocket."""

    type: str
    symbol: str
    amount: str
    price: str | None = None
    price_trailing: str | None = None
    price_aux_limit: str | None = None
    price_oco_stop: str | None = None
    cid: int | None = None
    gid: int | None = None
    flags: int | None = None
    lev: int | None = None
    tif: str | None = None
    meta: dict[str, str | int] | None = None


class OrderUpdate(Body, frozen=True, omit_defaults=True):
    """`order/update`, and `ou` over WebSocket."""

    id: int
    amount: str | None = None
    price: str | None = None
    price_trailing: str | None = None
    price_aux_limit: str | None = None
    flags: int | None = None
    tif: str | None = None


class OrderCancel(Body, frozen=True, omit_defaults=True):
    """`order/cancel`, and `oc` over WebSocket: by id, or by cid and its UTC date."""

    id: int | None = None
    cid: int | None = None
    cid_date: str | None = None


class OrderCancelMulti(Body, frozen=True, omit_defaults=True):
    """`order/cancel/multi`, and `oc_multi` over WebSocket."""

    id: tuple[int, ...] | None = None
    gid: tuple[int, ...] | None = None
    cid: tuple[tuple[int, str], ...] | None = None
    all: int | None = None


Operation = tuple[str, OrderSubmit | OrderUpdate | OrderCancel | OrderCancelMulti]
"""`on`, `ou`, `oc` or `oc_multi`, and its body."""


class OrderMulti(Body, frozen=True, omit_defaults=True):
    """`order/multi`, and `ox_multi` over WebSocket; at most 75 operations."""

    ops: tuple[Operation, ...]


class FundingOfferSubmit(Body, frozen=True, omit_defaults=True):
    """`funding/offer/submit`; a positive amount lends."""

    type: str
    symbol: str
    amount: str
    rate: str
    period: int
    flags: int | None = None


class FundingOfferCancel(Body, frozen=True, omit_defaults=True):
    """`funding/offer/cancel`."""

    id: int


class FundingCancelAll(Body, frozen=True, omit_defaults=True):
    """`funding/offer/cancel/all`."""

    currency: str | None = None


class AvailableBalance(Body, frozen=True, omit_defaults=True):
    """`calc/order/avail`: dir is 1 for a buy and -1 for a sell."""

    symbol: str
    dir: int
    type: str
    rate: str | None = None
    lev: int | None = None


class History(Body, frozen=True, omit_defaults=True):
    """Bounds of a history request: ms inclusive on both sides; sort 1 is oldest first."""

    start: int | None = None
    end: int | None = None
    limit: int | None = None
    sort: int | None = None
    id: tuple[int, ...] | None = None
    category: int | None = None
    wallet: str | None = None
    currency: str | None = None


class OrderLookup(Body, frozen=True, omit_defaults=True):
    """Which open orders: all, by ids, by group, or by cid and its UTC date."""

    id: tuple[int, ...] | None = None
    gid: int | None = None
    cid: int | None = None
    cid_date: str | None = None
