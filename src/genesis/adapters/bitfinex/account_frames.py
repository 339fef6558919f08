"""Messages of the account channel: one table from their kind to a typed event.

Source: Bitfinex documentation, "Authenticated channels", "Abbreviations glossary".
"""

from collections.abc import Callable
from typing import Any, Final, Literal, TypeVar

from msgspec import Raw

from genesis.adapters.bitfinex.convert.account import (
    margin_base_from_wire,
    margin_pair_from_wire,
    position_from_wire,
    wallet_from_wire,
)
from genesis.adapters.bitfinex.convert.funding import funding_loan_from_wire, funding_offer_from_wire
from genesis.adapters.bitfinex.convert.numbers import funding_side_from_sign, plain
from genesis.adapters.bitfinex.convert.orders import fill_from_wire, order_from_wire
from genesis.adapters.bitfinex.wire.account import MarginBaseRow, MarginSymbolRow, PositionRow, WalletRow
from genesis.adapters.bitfinex.wire.codec import Row, Unused, decode
from genesis.adapters.bitfinex.wire.funding import FundingCreditRow, FundingLoanRow, FundingOfferRow
from genesis.adapters.bitfinex.wire.number import Number, SafeInt
from genesis.adapters.bitfinex.wire.orders import NotificationRow, OrderRow, OwnTradeRow
from genesis.domain import account_events as events
from genesis.domain.account_events import AccountEvent, News
from genesis.domain.exchange.funding import FundingLoan
from genesis.domain.market import Print
from genesis.domain.units import Mts, Symbol

PAYLOAD_BYTES_MAX: Final = 4 * 2**20

R = TypeVar("R")


class OwnFundingTradeRow(Row, frozen=True, kw_only=True):
    """`fte` and `ftu`; our offer was taken when *amount* > 0."""

    id: SafeInt
    symbol: str
    mts: SafeInt
    offer_id: SafeInt
    amount: Number
    rate: Number
    period: SafeInt
    maker: Unused = None


class BalanceRow(Row, frozen=True, kw_only=True):
    """`bu`."""

    total: Number
    net: Number


class FundingInfoValues(Row, frozen=True, kw_only=True):
    """The figures of `fiu`."""

    yield_loan: Number
    yield_lend: Number
    duration_loan: Number
    duration_lend: Number


class FundingInfoRow(Row, frozen=True, kw_only=True):
    """`fiu`."""

    kind: Literal["sym"]
    symbol: str
    values: FundingInfoValues


class UnknownKind(ValueError):
    """A kind of message that nobody documented."""


Read = Callable[[Raw], AccountEvent]


def event_from_wire(kind: str, payload: Raw) -> AccountEvent:
    """Return what a message of the account channel says.

    Raises `UnknownKind`, `ProtocolViolation` naming the kind and the path, or `ValueError` for a value that is not
    modelled.
    """
    read = _KINDS.get(kind)
    if read is None:
        raise UnknownKind(f"account messages of kind {kind[:40]!r} are not known")
    return read(payload)


def notification(payload: Raw) -> NotificationRow:
    """Return a notification, its data unread; raises `ProtocolViolation`."""
    return _decoded(payload, NotificationRow, "n")


def _decoded(payload: Raw, wanted: type[R], kind: str) -> R:
    return decode(payload, wanted, endpoint=f"ws {kind}", bytes_max=PAYLOAD_BYTES_MAX)


def _one(kind: str, row: type[R], make: Callable[[R], AccountEvent]) -> tuple[str, Read]:
    return kind, lambda payload: make(_decoded(payload, row, kind))


def _all(kind: str, row: type[R], make: Callable[[list[R]], AccountEvent]) -> tuple[str, Read]:
    rows: Any = list[row]  # type: ignore[valid-type]  # Any: mypy knows no type made of a variable
    return kind, lambda payload: make(_decoded(payload, rows, kind))


def _order(news: News) -> Callable[[OrderRow], AccountEvent]:
    return lambda row: events.OrderNews(news, order_from_wire(row))


def _position(news: News) -> Callable[[PositionRow], AccountEvent]:
    return lambda row: events.PositionNews(news, position_from_wire(row))


def _offer(news: News) -> Callable[[FundingOfferRow], AccountEvent]:
    return lambda row: events.OfferNews(news, funding_offer_from_wire(row))


def _loan(news: News) -> Callable[[FundingLoanRow], AccountEvent]:
    return lambda row: events.LoanNews(news, False, funding_loan_from_wire(row))


def _credit(news: News) -> Callable[[FundingCreditRow], AccountEvent]:
    return lambda row: events.LoanNews(news, True, funding_loan_from_wire(row))


def _loans(rows: list[FundingLoanRow]) -> AccountEvent:
    return events.LoansSnapshot(False, tuple(map(funding_loan_from_wire, rows)))


def _credits(rows: list[FundingCreditRow]) -> AccountEvent:
    loans: tuple[FundingLoan, ...] = tuple(map(funding_loan_from_wire, rows))
    return events.LoansSnapshot(True, loans)


def _fill(print_: Print) -> Callable[[OwnTradeRow], AccountEvent]:
    return lambda row: events.FillNews(print_, fill_from_wire(row))


def _funding_fill(print_: Print) -> Callable[[OwnFundingTradeRow], AccountEvent]:
    def make(row: OwnFundingTradeRow) -> AccountEvent:
        return events.FundingFillNews(
            print_,
            row.id,
            Symbol(row.symbol),
            Mts(row.mts),
            row.offer_id,
            funding_side_from_sign(row.amount),
            plain(abs(row.amount)),
            plain(row.rate),
            row.period,
        )

    return make


def _margin(payload: Raw) -> AccountEvent:
    if bytes(payload).lstrip().startswith(b'["base"'):
        return events.MarginNews(margin_base_from_wire(_decoded(payload, MarginBaseRow, "miu")))
    return events.MarginNews(margin_pair_from_wire(_decoded(payload, MarginSymbolRow, "miu")))


def _funding_info(row: FundingInfoRow) -> AccountEvent:
    values = row.values
    numbers = (values.yield_loan, values.yield_lend, values.duration_loan, values.duration_lend)
    return events.FundingInfo(Symbol(row.symbol), *map(plain, numbers))


def _notice(row: NotificationRow) -> AccountEvent:
    return events.Notice(row.type, row.status, row.code, row.text or "")


_KINDS: Final[dict[str, Read]] = dict(
    (
        _all("os", OrderRow, lambda rows: events.OrdersSnapshot(tuple(map(order_from_wire, rows)))),
        _one("on", OrderRow, _order(News.NEW)),
        _one("ou", OrderRow, _order(News.CHANGED)),
        _one("oc", OrderRow, _order(News.CLOSED)),
        _one("te", OwnTradeRow, _fill(Print.EXECUTED)),
        _one("tu", OwnTradeRow, _fill(Print.CONFIRMED)),
        _all("ws", WalletRow, lambda rows: events.WalletsSnapshot(tuple(map(wallet_from_wire, rows)))),
        _one("wu", WalletRow, lambda row: events.WalletNews(wallet_from_wire(row))),
        _all("ps", PositionRow, lambda rows: events.PositionsSnapshot(tuple(map(position_from_wire, rows)))),
        _one("pn", PositionRow, _position(News.NEW)),
        _one("pu", PositionRow, _position(News.CHANGED)),
        _one("pc", PositionRow, _position(News.CLOSED)),
        _all("fos", FundingOfferRow, lambda rows: events.OffersSnapshot(tuple(map(funding_offer_from_wire, rows)))),
        _one("fon", FundingOfferRow, _offer(News.NEW)),
        _one("fou", FundingOfferRow, _offer(News.CHANGED)),
        _one("foc", FundingOfferRow, _offer(News.CLOSED)),
        _all("fcs", FundingCreditRow, _credits),
        _one("fcn", FundingCreditRow, _credit(News.NEW)),
        _one("fcu", FundingCreditRow, _credit(News.CHANGED)),
        _one("fcc", FundingCreditRow, _credit(News.CLOSED)),
        _all("fls", FundingLoanRow, _loans),
        _one("fln", FundingLoanRow, _loan(News.NEW)),
        _one("flu", FundingLoanRow, _loan(News.CHANGED)),
        _one("flc", FundingLoanRow, _loan(News.CLOSED)),
        _one("fte", OwnFundingTradeRow, _funding_fill(Print.EXECUTED)),
        _one("ftu", OwnFundingTradeRow, _funding_fill(Print.CONFIRMED)),
        _one("bu", BalanceRow, lambda row: events.BalanceNews(plain(row.total), plain(row.net))),
        ("miu", _margin),
        _one("fiu", FundingInfoRow, _funding_info),
        _one("n", NotificationRow, _notice),
        ("uac", lambda payload: events.PriceAlert(bytes(payload).decode())),
        ("ats", lambda _payload: events.SnapshotsComplete()),
    )
)
