"""The exchange, as ports by who calls: market data, our account, our orders, our funding.

All of them raise the `ExchangeError` kinds: reads have been retried until their deadline where a retry is safe, writes
were sent once at most. A write whose outcome is not proven raises `OutcomeUnknown`; whoever sent it looks the order up
and never sends it again. `ProtocolViolation` never comes out of a write: there it is
`OutcomeUnknown`.

Cancelling a write while it waits for its answer leaves its outcome unknown: the adapter reports it to the hook that it
was built with before `CancelledError` goes on. Withdrawals and transfers are left out on purpose: no key of a trading
program should be allowed to make them.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from decimal import Decimal
from typing import Protocol

from genesis.domain.candle import Candle, Timeframe
from genesis.domain.exchange.account import (
    FeeSchedule,
    LedgerEntry,
    MarginBase,
    MarginPair,
    Permission,
    Position,
    User,
    Wallet,
)
from genesis.domain.exchange.funding import FundingLoan, FundingOffer, FundingOfferRequest
from genesis.domain.exchange.market import (
    BookLevel,
    HourlyQuote,
    PairRules,
    PlatformStatus,
    Precision,
    Ticker,
    Trade,
)
from genesis.domain.exchange.orders import (
    Account,
    ByCid,
    CancelMany,
    Everything,
    FillReport,
    OrderAck,
    OrderReference,
    OrderReport,
)
from genesis.domain.order import OrderId, Side
from genesis.domain.risk.gate import Approved, ApprovedChange
from genesis.domain.units import Currency, Mts, Symbol
from genesis.ports.errors import ExchangeError


class MarketDataReader(Protocol):
    """What the exchange shows to everyone."""

    async def platform_status(self) -> PlatformStatus:
        """Return whether the exchange takes orders."""

    async def ticker(self, symbol: Symbol) -> Ticker:
        """Return the state of a pair."""

    async def tickers(self, symbols: Collection[Symbol]) -> list[Ticker]:
        """Return the states of pairs, in the exchange's order; unknown symbols are left out by the exchange."""

    async def hourly_quotes(
        self, symbols: Collection[Symbol], start: Mts | None = None, end: Mts | None = None, limit: int = 100
    ) -> list[HourlyQuote]:
        """Return best prices at full hours with start <= mts <= end, newest first; one year back at most."""

    async def trades(
        self,
        symbol: Symbol,
        start: Mts | None = None,
        end: Mts | None = None,
        *,
        limit: int = 125,
        oldest_first: bool = False,
    ) -> list[Trade]:
        """Return public trades with start <= mts <= end: the *limit* newest, or the oldest if those come first."""

    async def book(self, symbol: Symbol, precision: Precision = Precision.P0, depth: int = 25) -> list[BookLevel]:
        """Return the best *depth* (1, 25, 100) levels of each side: bids, then asks, each best first."""

    async def candles(
        self,
        symbol: Symbol,
        timeframe: Timeframe,
        start: Mts | None = None,
        end: Mts | None = None,
        *,
        limit: int = 100,
        oldest_first: bool = False,
    ) -> list[Candle]:
        """Return candles with start <= mts <= end: the *limit* newest, or the oldest if those come first.

        Intervals without a trade have no candle. The newest candle may still be forming.
        """

    async def last_candle(self, symbol: Symbol, timeframe: Timeframe) -> Candle | None:
        """Return the newest candle, which may still be forming; None if there never was one."""

    def candle_pages(
        self, symbol: Symbol, timeframe: Timeframe, start: Mts, end: Mts, *, oldest_first: bool = True
    ) -> AsyncIterator[Sequence[Candle]]:
        """Yield all candles with start <= mts <= end in pages, from either end, gaps kept and nothing twice.

        Who stops goes on later from the last candle that was yielded. Pages wait behind every other kind of request.
        """

    async def pair_rules(self) -> list[PairRules]:
        """Return order limits and margins of every pair."""


class AccountReader(Protocol):
    """What the exchange knows about us; reading changes nothing."""

    async def wallets(self) -> list[Wallet]:
        """Return all balances."""

    async def positions(self) -> list[Position]:
        """Return the open positions."""

    async def position_history(
        self, start: Mts | None = None, end: Mts | None = None, limit: int = 50
    ) -> list[Position]:
        """Return closed positions, newest first."""

    async def open_orders(self, symbol: Symbol | None = None) -> list[OrderReport]:
        """Return the open orders, of one symbol or of all."""

    async def open_orders_by_cid(self, order: ByCid) -> list[OrderReport]:
        """Return the open orders with a cid created on a UTC date; the exchange does not enforce that there is one."""

    async def order_history(
        self,
        symbol: Symbol | None = None,
        start: Mts | None = None,
        end: Mts | None = None,
        limit: int = 2500,
        ids: Collection[OrderId] = (),
    ) -> list[OrderReport]:
        """Return finished orders by time of creation, newest first; the exchange keeps two weeks."""

    async def order_fills(self, symbol: Symbol, order_id: OrderId) -> list[FillReport]:
        """Return the fills of one order, at most ten days old."""

    async def fills(
        self,
        symbol: Symbol | None = None,
        start: Mts | None = None,
        end: Mts | None = None,
        *,
        limit: int = 2500,
        oldest_first: bool = False,
    ) -> list[FillReport]:
        """Return our fills with start <= mts <= end; several can share a millisecond, so page with overlap, by id."""

    async def ledger(
        self,
        currency: Currency | None = None,
        start: Mts | None = None,
        end: Mts | None = None,
        limit: int = 2500,
        category: int | None = None,
    ) -> list[LedgerEntry]:
        """Return changes of balances, newest first."""

    async def margin_base(self) -> MarginBase:
        """Return the margin account's figures."""

    async def margin_pair(self, symbol: Symbol) -> MarginPair:
        """Return what can be traded on margin in one pair."""

    async def margin_pairs(self) -> list[MarginPair]:
        """Return what can be traded on margin in every pair."""

    async def user(self) -> User:
        """Return the owner of the key."""

    async def fees(self) -> FeeSchedule:
        """Return the account's own fee tier."""

    async def permissions(self) -> list[Permission]:
        """Return what the key may do."""

    async def available_balance(self, symbol: Symbol, side: Side, price: Decimal, account: Account) -> Decimal:
        """Return the amount (base units, signed as the exchange signs it) that could be ordered at *price*."""


class OrderGateway(Protocol):
    """Our orders. Every call is one write; none is repeated unless it is proven that nothing happened."""

    async def submit(self, order: Approved) -> OrderAck:
        """Send a new order and return its echo: accepted for processing, not yet resting nor filled.

        Only the risk gate makes orders that fit. An echo whose cid, symbol, side or amount is another order's raises
        `OutcomeUnknown`; a price that the exchange cut is told in the ack. Raises `InputError` before anything is sent
        where the order lacks a price.
        """

    async def update(self, change: ApprovedChange) -> OrderAck:
        """Change an open order and return its echo; the order keeps its id.

        Only the risk gate makes changes that fit: one that adds exposure is checked like a new order.
        """

    async def cancel(self, order: OrderReference) -> OrderReport:
        """Ask to cancel an order and return it as it was before: it may still fill until its end is reported."""

    async def cancel_many(self, orders: CancelMany | Everything) -> list[OrderReport]:
        """Ask to cancel several orders at once and return those that the exchange found."""

    async def execute(
        self, operations: Sequence[Approved | ApprovedChange | OrderReference]
    ) -> list[OrderAck | ExchangeError]:
        """Carry out at most 75 operations in one request and return an outcome for each, in order.

        One that the answer does not mention is an `OutcomeUnknown` of its own; some may be accepted while others are
        refused.
        """


class FundingDesk(Protocol):
    """Our offers to lend and bids to borrow."""

    async def funding_offers(self, symbol: Symbol | None = None) -> list[FundingOffer]:
        """Return the open offers."""

    async def funding_loans(self, symbol: Symbol | None = None) -> list[FundingLoan]:
        """Return funds lent or borrowed that no position uses."""

    async def funding_credits(self, symbol: Symbol | None = None) -> list[FundingLoan]:
        """Return funds that positions use."""

    async def submit_funding_offer(self, offer: FundingOfferRequest) -> FundingOffer:
        """Send an offer and return its echo. There is no client id: an unknown outcome is looked up by its values."""

    async def cancel_funding_offer(self, offer_id: int) -> FundingOffer:
        """Ask to cancel an offer and return it as it was before."""

    async def cancel_all_funding_offers(self, currency: Currency | None = None) -> None:
        """Ask to cancel all offers, of one currency or of all."""
