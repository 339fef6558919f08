"""What REST and WebSocket share: the exchange, its public and private streams, users, time, and who plays the
market."""

from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush
from random import Random
from typing import Final, Protocol

from genesis.adapters.venue.account_stream import AccountStream
from genesis.adapters.venue.derivatives import Liquidation
from genesis.adapters.venue.fee_desk import FeeDesk
from genesis.adapters.venue.funding_desk import FundingDesk
from genesis.adapters.venue.funding_market import FundingMarket
from genesis.adapters.venue.histories import Histories
from genesis.adapters.venue.keys import KeyRing
from genesis.adapters.venue.order_desk import OrderDesk
from genesis.adapters.venue.public import Public
from genesis.adapters.venue.statistics import Statistics
from genesis.adapters.venue.tape import Tape
from genesis.domain.instrument import Instrument
from genesis.domain.simulation.exchange import Exchange
from genesis.domain.simulation.exchange_events import (
    BookMoved,
    ExchangeEvent,
    OrderMoved,
    OwnTrade,
    PublicTrade,
    Step,
)
from genesis.domain.simulation.margin_position import MarginTerms
from genesis.domain.simulation.matching_order import UserId
from genesis.domain.units import Mts, Symbol

MAKER: Final = UserId(1)
TAKER: Final = UserId(2)
"""The users who play the market; they can always pay."""

FIRST_ORDER_ID: Final = 120_000_000_001
FIRST_TRADE_ID: Final = 900_000_001
SETTLE_AFTER_MS: Final = 1_000
"""A public trade is sent again as `tu` one to two seconds later. Source: recorded frames."""


class Driver(Protocol):
    """Plays a market: acts when its time has come."""

    @property
    def next_mts(self) -> Mts | None:
        """When it wants to act next; None when it has nothing more to do."""

    @property
    def users_make_candles(self) -> bool:
        """Whether trades with users count in candles, or history comes out as it was whatever users do."""

    def act(self, core: "Core") -> None:
        """Act once."""


class Core:
    """The venue without its doors. Time only moves forward, by `advance`."""

    def __init__(self, start: Mts, seed: int = 0) -> None:
        self.now = start
        self.chance = Random(seed)  # nosec B311 - a seeded market is no secret
        self.exchange = Exchange(FIRST_ORDER_ID, FIRST_TRADE_ID)
        tapes: dict[Symbol, Tape] = {}
        self.statistics = Statistics(self.exchange, tapes)
        self.stream = AccountStream(self.exchange)
        self.desk = OrderDesk(self.exchange)
        self.funding = FundingDesk(self.exchange.accounts, self.stream)
        self.public = Public(tapes, FundingMarket(self.funding.offers, self.statistics))
        self.histories = Histories((MAKER, TAKER))
        self.fees = FeeDesk(self.exchange, (MAKER, TAKER))
        self.keys = KeyRing(self.chance)
        self.in_maintenance = False
        self.watchers: list[Callable[[Sequence[ExchangeEvent], Mts], None]] = []
        """Whoever wants to see all that the exchange does, as it does it."""
        self._drivers: list[Driver] = []
        self._later: list[tuple[Mts, int, Callable[[], None]]] = []
        self._tasks = 0
        self._next_user = 10_001
        for user in (MAKER, TAKER):
            self.exchange.accounts.open(user, unlimited=True)
        self.exchange.advance(start)

    def list_instrument(self, instrument: Instrument, terms: MarginTerms | None) -> None:
        """Open a market."""
        self.exchange.add_market(instrument, terms)
        self.public.add(instrument)

    def add_driver(self, driver: Driver) -> None:
        """Let *driver* play from now on."""
        self._drivers.append(driver)

    def new_user(self) -> UserId:
        """Open an account."""
        user = UserId(self._next_user)
        self._next_user += 1
        self.exchange.accounts.open(user)
        return user

    @property
    def next_mts(self) -> Mts | None:
        """When something happens by itself next; None if nothing will."""
        times = [driver.next_mts for driver in self._drivers]
        if self._later:
            times.append(self._later[0][0])
        return min((mts for mts in times if mts is not None), default=None)

    def advance(self, mts: Mts) -> None:
        """Let time pass to *mts* and everything happen that is due, in order; an earlier time changes nothing."""
        while (due := self.next_mts) is not None and due <= mts:
            self._move(Mts(max(due, self.now)))
            self._do_next(due)
        if mts > self.now:
            self._move(mts)
        self.flush()

    def later(self, delay_ms: int, task: Callable[[], None]) -> None:
        """Do *task* when *delay_ms* have passed."""
        self._tasks += 1
        heappush(self._later, (Mts(self.now + delay_ms), self._tasks, task))

    def apply(self, events: Iterable[ExchangeEvent]) -> None:
        """Record and send what the exchange did."""
        events = list(events)
        for watch in self.watchers:
            watch(events, self.now)
        self.histories.record(events)
        self.fees.record(events)
        trades_of_users = {
            event.id for event in events if isinstance(event, OwnTrade) and event.order.user not in (MAKER, TAKER)
        }
        counts_users = all(driver.users_make_candles for driver in self._drivers)
        for event in events:
            match event:
                case PublicTrade():
                    self._print(event, in_candles=counts_users or event.id not in trades_of_users)
                case BookMoved():
                    self.public.on_book(event)
                case OrderMoved(step=Step.CLOSED, order=order) if order.forced and order.fills:
                    decimals = self.exchange.markets[order.symbol].instrument.price_decimals
                    net_amount = -order.side.sign * order.filled
                    self.public.on_liquidation(
                        Liquidation(
                            order.id,
                            self.now,
                            order.symbol,
                            net_amount,
                            order.average_price,
                            order.fills[-1][0],
                            decimals,
                        ),
                        self.now,
                    )
                case _:
                    pass
        self.stream.send(events, self.now)

    def flush(self) -> None:
        """Bring public channels up to date."""
        self.statistics.sample(self.now)
        self.public.flush(self.now)

    def _print(self, trade: PublicTrade, *, in_candles: bool) -> None:
        row = self.public.on_trade(trade, in_candles=in_candles)
        self.later(SETTLE_AFTER_MS, lambda: self.public.settle(trade.symbol, row, self.now))

    def _move(self, mts: Mts) -> None:
        self.now = mts
        self.fees.turn(mts)
        events = self.exchange.advance(mts)
        if events:
            self.apply(events)

    def _do_next(self, due: Mts) -> None:
        if self._later and self._later[0][0] == due:
            heappop(self._later)[2]()
            return
        for driver in self._drivers:
            if driver.next_mts == due:
                driver.act(self)
                self.flush()
                return
