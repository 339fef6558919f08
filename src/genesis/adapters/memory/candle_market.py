"""A market made of candles: orders decided on a close fill at the open of the next candle that exists.

Orders that guard a position rest, and meet the path inside a candle that `simulation.guard_path` tells.
"""

from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from functools import partial

from genesis.domain.candle import Candle
from genesis.domain.events import (
    Cancel,
    CandleClosed,
    Event,
    Liquidated,
    LookUp,
    MarginCharged,
    OrderReported,
    Quote,
    TimePassed,
)
from genesis.domain.execution.evidence import Accepted, Closed, Evidence, Traded
from genesis.domain.instrument import Instrument
from genesis.domain.order import OrderId, OrderRequest, OrderType, Side
from genesis.domain.risk.gate import Approved
from genesis.domain.simulation.guard_path import Guard, better, guard_of, is_met
from genesis.domain.simulation.margin_account import MarginAccount
from genesis.domain.simulation.market_orders import Costs, FeeMeter, ask_price, bid_price, filled
from genesis.domain.simulation.slippage import worsened
from genesis.domain.units import Atoms, Mts, Ppb, Price, Symbol


class CandleMarket:
    """The `Market` of backtests and of paper trading without a venue.

    *feed* gives candles in batches, as they become known; how fast is the feed's business. An order that the core
    submits on a quote is filled whole, at that quote's price for its side, before the candle closes. Of those that
    rest there is one entry at a time, and guards of the position: more than one where one may not be so large.
    """

    def __init__(
        self,
        instrument: Instrument,
        costs: Costs,
        feed: AsyncIterable[Iterable[Candle]],
        margin: MarginAccount | None = None,
        fees: FeeMeter | None = None,
    ) -> None:
        """*fees* counts the volume of several instruments together; None counts this one's alone."""
        self._margin = margin
        self._instrument = instrument
        self._slips = costs.meter()
        self._fees = FeeMeter(costs) if fees is None else fees
        self._is_measuring = costs.volatility is not None or costs.impact is not None
        self._feed = feed
        self._quote: Quote | None = None
        self._opened = 0
        self._guards: list[Guard] = []
        self._entry: OrderRequest | None = None
        self._wake: Mts | None = None
        self._is_quote_wanted = False
        self._answers: deque[Event] = deque()

    async def events(self) -> AsyncIterator[Event]:
        symbol, margin, is_measuring = self._instrument.symbol, self._margin, self._is_measuring
        answers = self._answers
        closed = partial(tuple.__new__, CandleClosed)  # a third of the cost of calling CandleClosed, once a candle
        async for batch in self._feed:
            for candle in batch:
                if self._is_quote_wanted or self._wake is not None or margin is not None:
                    for event in self.open(candle):
                        yield event
                if self._guards or self._entry is not None or margin is not None:
                    for event in self.pass_through(candle):
                        yield event
                if is_measuring:
                    self._slips.step(candle)
                yield closed((symbol, candle))
                while answers:
                    yield answers.popleft()

    def open(self, candle: Candle) -> Iterator[Event]:
        """Let what waits for the open of *candle* happen."""
        if self._margin is not None:
            yield from self._begin_on_margin(candle, self._margin)
        if self._wake is not None and candle.mts >= self._wake:
            self._wake = None
            yield TimePassed(candle.mts)
            yield from self.answered()
        while self._is_quote_wanted:  # once; again for what guards a position that was just entered
            yield from self._quoted(candle.mts, candle.open)

    def pass_through(self, candle: Candle) -> Iterator[Event]:
        """Follow the candle from its open to its close."""
        account, whole = self._margin, candle
        if self._entry is not None and self._is_met(candle, self._entry):
            entry, self._entry = self._entry, None
            assert entry.price is not None, "an entry has a limit"
            yield self._fill(entry, entry.price, self._fees.tier(candle.mts).maker, candle.mts)
            candle = _after(candle, entry.side, entry.price / self._instrument.price_scale)
            while self._is_quote_wanted:  # for what guards it
                yield from self._quoted(candle.mts, candle.open)
        for guard in tuple(self._guards):
            yield from self._stop(candle, whole, guard)
        if account is not None:
            yield from self._liquidate(candle, account.worst_of(candle, self._instrument), account)
        for guard in tuple(self._guards):
            yield from self._take(candle, guard)
        if account is not None:
            account.close(candle, self._instrument)

    def close(self, candle: Candle) -> CandleClosed:
        """Take that the candle is over; return how that is told."""
        if self._is_measuring:
            self._slips.step(candle)
        return CandleClosed(self._instrument.symbol, candle)

    def answered(self) -> Iterator[Event]:
        """Yield the answers to what was asked since the last time."""
        while self._answers:
            yield self._answers.popleft()

    def request_quote(self, symbol: Symbol, orders: int) -> None:
        assert symbol == self._instrument.symbol
        del orders  # the core counts its ids itself
        self._is_quote_wanted = True

    def submit(self, order: Approved) -> None:
        quote, request = self._quote, order.order
        assert quote is not None, "orders are sized on a quote"
        guard = guard_of(request, self._opened)
        if guard is not None:
            self._guards.append(guard)
        elif request.type is OrderType.LIMIT:
            assert self._entry is None, "an entry is withdrawn before there is another"
            self._entry = request
        if guard is not None or request.type is OrderType.LIMIT:
            self._answers.append(_reported(request, quote.mts, Accepted(OrderId(request.cid))))
            return
        is_buy = request.side is Side.BUY
        price = Price(self._slips.moved(quote.ask if is_buy else quote.bid, request.amount, is_buy=is_buy))
        self._answers.append(self._fill(request, price, self._fees.tier(quote.mts).taker, quote.mts))

    def cancel(self, cancel: Cancel) -> None:
        """Withdraw an order that rests; any other is filled before anybody could cancel it."""
        if self._entry is not None and self._entry.cid == cancel.cid:
            self._answers.append(self._give_up(self._entry, self._entry.mts))
        for guard in [each for each in self._guards if each.order.cid == cancel.cid]:
            self._answers.append(self._withdraw(guard, guard.order.mts))

    def look_up(self, wanted: LookUp) -> None:
        """Do nothing: what becomes of an order here is never unknown."""

    def wake_at(self, mts: Mts) -> None:
        """Wake at the open of the first candle that begins no earlier: time passes with the candles alone."""
        self._wake = mts if self._wake is None else min(self._wake, mts)

    def _quoted(self, mts: Mts, price: float) -> Iterator[Event]:
        self._is_quote_wanted = False
        self._quote = self._quote_at(mts, price)
        yield self._quote
        yield from self.answered()

    def _begin_on_margin(self, candle: Candle, account: MarginAccount) -> Iterator[Event]:
        due = account.funding(candle.mts, self._instrument)
        if due:
            yield MarginCharged(candle.mts, self._instrument.symbol, due)
        yield from self._liquidate(candle, candle.open, account)

    def _liquidate(self, candle: Candle, worst: float, account: MarginAccount) -> Iterator[Event]:
        fill = account.liquidation(candle.mts, candle.open, worst, self._instrument, self._slips, self._fees)
        if fill is not None:
            self._fees.traded(fill, self._instrument)
            self._is_quote_wanted = False
            yield Liquidated(fill)
            for guard in tuple(self._guards):
                yield self._withdraw(guard, candle.mts)
            if self._entry is not None:
                yield self._give_up(self._entry, candle.mts)

    def _is_met(self, candle: Candle, entry: OrderRequest) -> bool:
        price_of, limit = self._instrument.price_from_market, entry.price or 0
        return is_met(limit, price_of(candle.low), price_of(candle.high), entry.side is Side.BUY)

    def _give_up(self, entry: OrderRequest, mts: Mts) -> OrderReported:
        self._entry = None
        return _reported(entry, mts, Closed(OrderId(entry.cid), Atoms(0), "CANCELED"))

    def _stop(self, candle: Candle, whole: Candle, guard: Guard) -> Iterator[Event]:
        """Follow the candle from its open to the extreme that hurts the position; of the *whole* it may be a rest."""
        price_of, margin = self._instrument.price_from_market, self._margin
        opened, lowest, highest = price_of(candle.open), price_of(whole.low), price_of(whole.high)
        guard.follow(opened)
        hurting, other = (lowest, highest) if guard.is_long else (highest, lowest)
        price = guard.stopped_at(opened, hurting, other)
        if price and (margin is None or margin.lasts_to(price, self._instrument)):
            yield self._leave(guard, price, candle.mts)

    def _take(self, candle: Candle, guard: Guard) -> Iterator[Event]:
        """Follow the candle from there to its other extreme."""
        price_of, order = self._instrument.price_from_market, guard.order
        best = better(price_of(candle.open), price_of(candle.high if guard.is_long else candle.low), guard.is_long)
        if guard.is_taken(best):
            self._guards.remove(guard)
            yield self._fill(order, Price(guard.target), self._fees.tier(candle.mts).maker, candle.mts)
        else:
            guard.follow(best)

    def _leave(self, guard: Guard, price: int, mts: Mts) -> OrderReported:
        """Fill a stop that was reached, as a market order at *price*."""
        self._guards.remove(guard)
        is_buy, order = not guard.is_long, guard.order
        price = worsened(price, self._slips.slippage, is_buy)
        met = Price(self._slips.moved(price, order.amount, is_buy=is_buy))
        return self._fill(order, met, self._fees.tier(mts).taker, mts)

    def _withdraw(self, guard: Guard, mts: Mts) -> OrderReported:
        self._guards.remove(guard)
        return _reported(guard.order, mts, Closed(OrderId(guard.order.cid), Atoms(0), "CANCELED"))

    def _fill(self, order: OrderRequest, price: Price, fee: Ppb, mts: Mts) -> OrderReported:
        fill = filled(order, price, fee, self._instrument, mts, self._margin is not None)
        self._fees.traded(fill, self._instrument)
        if self._margin is not None:
            self._margin.ledger.book(fill, self._instrument)
        traded = Traded(order.cid, OrderId(order.cid), fill.mts, fill.amount, fill.price, fill.fee)
        return _reported(order, mts, traded)

    def _quote_at(self, mts: Mts, open_price: float) -> Quote:
        price, slippage = self._instrument.price_from_market(open_price), self._slips.slippage
        self._opened = price
        return Quote(self._instrument.symbol, mts, bid_price(price, slippage), ask_price(price, slippage))


def _after(candle: Candle, side: Side, price: float) -> Candle:
    """Return what may be left of *candle* when a limit order of *side* filled: the better extreme may be over."""
    if side is Side.BUY:
        return candle._replace(open=price, high=candle.close)
    return candle._replace(open=price, low=candle.close)


def _reported(order: OrderRequest, mts: Mts, evidence: Evidence) -> OrderReported:
    return OrderReported(mts, order.symbol, order.cid, evidence)
