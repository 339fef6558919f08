"""A market made of candles: orders decided on a close fill at the open of the next candle that exists."""

from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from functools import partial

from genesis.domain.candle import Candle
from genesis.domain.events import Cancel, CandleClosed, Event, Liquidated, LookUp, MarginCharged, OrderReported, Quote
from genesis.domain.execution.evidence import Traded
from genesis.domain.instrument import Instrument
from genesis.domain.order import OrderId, Side
from genesis.domain.risk.gate import Approved
from genesis.domain.simulation.margin_account import MarginAccount
from genesis.domain.simulation.market_orders import Costs, FeeMeter, ask_price, bid_price, filled
from genesis.domain.units import Mts, Price, Symbol


class CandleMarket:
    """The `Market` of backtests and of paper trading without a venue.

    *feed* gives candles in batches, as they become known; how fast is the feed's business. An order that the core
    submits on a quote is filled whole, at that quote's price for its side, before the candle closes.
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
        self._is_quote_wanted = False
        self._answers: deque[Event] = deque()

    async def events(self) -> AsyncIterator[Event]:
        symbol = self._instrument.symbol
        closed = partial(tuple.__new__, CandleClosed)  # a third of the cost of calling CandleClosed, once a candle
        async for batch in self._feed:
            for candle in batch:
                if self._margin is not None:
                    for event in self._begin_on_margin(candle, self._margin):
                        yield event
                if self._is_quote_wanted:
                    self._is_quote_wanted = False
                    self._quote = self._quote_at(candle.mts, candle.open)
                    yield self._quote
                    while self._answers:
                        yield self._answers.popleft()
                if self._margin is not None:
                    for event in self._pass_on_margin(candle, self._margin):
                        yield event
                if self._is_measuring:
                    self._slips.step(candle)
                yield closed((symbol, candle))

    def request_quote(self, symbol: Symbol, orders: int) -> None:
        assert symbol == self._instrument.symbol
        del orders  # the core counts its ids itself
        self._is_quote_wanted = True

    def submit(self, order: Approved) -> None:
        quote, request = self._quote, order.order
        assert quote is not None, "orders are sized on a quote"
        is_buy = request.side is Side.BUY
        price = Price(self._slips.moved(quote.ask if is_buy else quote.bid, request.amount, is_buy=is_buy))
        fee = self._fees.tier(quote.mts).taker
        fill = filled(request, price, fee, self._instrument, quote.mts, self._margin is not None)
        self._fees.traded(fill, self._instrument)
        if self._margin is not None:
            self._margin.ledger.book(fill, self._instrument)
        traded = Traded(request.cid, OrderId(request.cid), fill.mts, fill.amount, fill.price, fill.fee)
        self._answers.append(OrderReported(fill.mts, request.symbol, request.cid, traded))

    def cancel(self, cancel: Cancel) -> None:
        """Do nothing: an order here is filled before anybody could cancel it."""

    def look_up(self, wanted: LookUp) -> None:
        """Do nothing: what becomes of an order here is never unknown."""

    def wake_at(self, mts: Mts) -> None:
        """Do nothing: time passes with the candles alone."""

    def _begin_on_margin(self, candle: Candle, account: MarginAccount) -> Iterator[Event]:
        due = account.funding(candle.mts, self._instrument)
        if due:
            yield MarginCharged(candle.mts, self._instrument.symbol, due)
        yield from self._liquidate(candle, candle.open, account)

    def _pass_on_margin(self, candle: Candle, account: MarginAccount) -> Iterator[Event]:
        yield from self._liquidate(candle, account.worst_of(candle, self._instrument), account)
        account.close(candle, self._instrument)

    def _liquidate(self, candle: Candle, worst: float, account: MarginAccount) -> Iterator[Event]:
        fill = account.liquidation(candle.mts, candle.open, worst, self._instrument, self._slips, self._fees)
        if fill is not None:
            self._fees.traded(fill, self._instrument)
            self._is_quote_wanted = False
            yield Liquidated(fill)

    def _quote_at(self, mts: Mts, open_price: float) -> Quote:
        price, slippage = self._instrument.price_from_market(open_price), self._slips.slippage
        return Quote(self._instrument.symbol, mts, bid_price(price, slippage), ask_price(price, slippage))
