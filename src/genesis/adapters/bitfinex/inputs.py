"""What we ask over the account channel, and which notification answers which request.

There is no request id: a new order is known by its cid, a change or cancellation by the order's id. A refused
cancellation may come without the id; it is taken for an answer only while a single cancellation waits and none was
given up on this connection. A new funding offer is known by its amount and period. Cancellations of many have no key
and are answered in the order in which they were asked. What has no answer in time has an unknown outcome, and is never
asked again by itself.

Source: Bitfinex documentation, "Websocket inputs", "Notifications".
"""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Final

from attrs import define, frozen
from msgspec import Raw

from genesis.adapters.bitfinex.wire.codec import Row, Unused, decode, encode
from genesis.adapters.bitfinex.wire.number import Number, SafeInt
from genesis.adapters.bitfinex.wire.orders import NotificationRow
from genesis.ports.errors import ExchangeError, ProtocolViolation

ANSWERS: Final = {
    "on": "on-req",
    "ou": "ou-req",
    "oc": "oc-req",
    "oc_multi": "oc_multi-req",
    "fon": "fon-req",
    "foc": "foc-req",
}

CALC_KEYS_MAX: Final = 30
"""Keys in one `calc`. Source: Bitfinex documentation, "Calc"."""


def input_text(kind: str, body: object) -> str:
    """Return a request on the account channel."""
    return encode([0, kind, None, body]).decode()


def calc_text(keys: Iterable[str]) -> str:
    """Return a request to compute values: `margin_base`, `margin_sym_tBTCUSD`, `position_tBTCUSD`,
    `wallet_exchange_BTC`, …
    """
    return input_text("calc", [[key] for key in keys])


@frozen
class Key:
    """How an answer is recognised; a request of many has nothing of these."""

    id: int | None = None
    cid: int | None = None
    offer: tuple[str, Decimal, int] | None = None
    """The symbol of a funding offer, its amount with the wire's sign, and its period."""


Settle = Callable[[NotificationRow | ExchangeError], None]


@define(eq=False)
class Request:
    """A request that waits for its notification. *text* tells whether it has left yet."""

    answer: str
    key: Key
    text: str
    deadline_s: float
    settle: Settle


class Requests:
    """The requests of one connection that wait."""

    def __init__(self) -> None:
        self._waiting: list[Request] = []
        self._lost: set[str] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Request]:
        return iter(tuple(self._waiting))

    def add(self, request: Request) -> None:
        """Let a request wait."""
        self._waiting.append(request)

    def drop(self, request: Request) -> None:
        """Forget a request; one that does not wait is fine."""
        if request in self._waiting:
            self._waiting.remove(request)

    def lose(self, request: Request) -> None:
        """Forget a request that has left and whose answer may still come.

        From then on an answer without a key may be the lost one's, and is nobody else's.
        """
        self.drop(request)
        self._lost.add(request.answer)

    def take(self, row: NotificationRow) -> Request | None:
        """Return the request that a notification answers, which then waits no more; None if it answers none of ours."""
        request = self._match(row)
        if request is not None:
            self._waiting.remove(request)
        return request

    def overdue(self, now_s: float) -> list[Request]:
        """Return the requests whose deadline has passed; they wait no more."""
        late = [request for request in self._waiting if now_s >= request.deadline_s]
        for request in late:
            self._waiting.remove(request)
        return late

    def _match(self, row: NotificationRow) -> Request | None:
        candidates = [request for request in self._waiting if request.answer == row.type]
        if not candidates:
            return None
        if row.type == "oc_multi-req":
            return candidates[0]
        if row.type == "fon-req":
            return _offered(candidates, row.data)
        id_, cid = _ids(row.data)
        for request in candidates:
            is_same_id = request.key.id is not None and request.key.id == id_
            is_same_cid = request.key.cid is not None and request.key.cid == cid
            if is_same_id or is_same_cid:
                return request
        is_anonymous = id_ is None and cid is None
        is_alone = len(candidates) == 1 and row.type not in self._lost
        return candidates[0] if is_anonymous and row.status != "SUCCESS" and is_alone else None


def _ids(data: Raw) -> tuple[int | None, int | None]:
    """Return id and cid of an order's array, None where they are missing: refused orders have no id, cancellations
    perhaps none.
    """
    try:
        fields = decode(data, list[Raw], endpoint="ws n")
        if len(fields) == 1:
            fields = decode(fields[0], list[Raw], endpoint="ws n")
        return _whole(fields, 0), _whole(fields, 2)
    except ProtocolViolation:
        return None, None


class OfferEchoRow(Row, frozen=True, kw_only=True):
    """What notifications show of a funding offer; of these fields only, for the others are null.

    A refused one has no id.
    """

    id: SafeInt | None
    symbol: str | None
    unused_2: Unused = None
    unused_3: Unused = None
    amount: Number
    unused_5: Unused = None
    unused_6: Unused = None
    unused_7: Unused = None
    unused_8: Unused = None
    unused_9: Unused = None
    unused_10: Unused = None
    unused_11: Unused = None
    unused_12: Unused = None
    unused_13: Unused = None
    rate: Number | None
    period: SafeInt


def _offered(candidates: list[Request], data: Raw) -> Request | None:
    """Return the first request for the offer that a notification shows; most leave its symbol out."""
    try:
        row = decode(data, OfferEchoRow, endpoint="ws n")
    except ProtocolViolation:
        return None
    for request in candidates:
        offer = request.key.offer
        if offer is not None and offer == (row.symbol or offer[0], row.amount, row.period):
            return request
    return None


def _whole(fields: list[Raw], index: int) -> int | None:
    if index >= len(fields) or not bytes(fields[index]).isdigit():
        return None
    return decode(fields[index], SafeInt, endpoint="ws n")
