"""The books of one account: our orders, what the strategies hold, what belongs to none of them, and what may be sent.

Strategies and house together are the account, always. What the exchange shows and the books do not have is adopted by
the house, with its cause.
"""

from collections import deque
from collections.abc import Container, Iterable, Iterator, Mapping

from genesis.domain.desk import Desk
from genesis.domain.events import AccountShown, Adopted, Alert, Decision, Quote
from genesis.domain.exchange.orders import Account
from genesis.domain.execution.order_life import OrderLife, Status
from genesis.domain.execution.orders import PROTECTION, Orders
from genesis.domain.foreign import UNBOUNDED, Claim
from genesis.domain.house import House, shown_margin, shown_spot
from genesis.domain.instrument import Instrument
from genesis.domain.ledger import cost_of
from genesis.domain.order import Cid, OrderRequest, Side
from genesis.domain.pursued import Pursued
from genesis.domain.risk.limits import AccountLimits
from genesis.domain.risk.scene import Pending, Scene, Sent
from genesis.domain.standing import Standings
from genesis.domain.units import Currency, Mts, Price, Symbol, ceil_mul_div

ROUNDING_MAX = 1_000
"""Up to so many atoms a difference is rounding: the exchange rounds each fill its way, and we against us."""


class Books:
    """See the module; *desks* are those of the account, by name.

    *under_way* are the undertakings, by number; *recent* are the orders that the rates still count, *last_fill* is when
    the newest fill was.
    """

    def __init__(
        self,
        desks: Mapping[str, Desk],
        instruments: Mapping[Symbol, Instrument],
        quote: Currency,
        account: Account,
        standings: Standings,
        first_cid: Cid,
    ) -> None:
        self.orders = Orders(first_cid)
        self.under_way: dict[int, Pursued] = {}
        self.house = House()
        self.foreign: tuple[Claim, ...] = ()
        self.standings = standings
        self.quotes: dict[Symbol, Quote] = {}
        self.closes: dict[Symbol, float] = {}
        self._desks = desks
        self._instruments = instruments
        self.quote = quote
        self._by_base = {each.base: each for each in instruments.values()}
        self._is_margin = account is Account.MARGIN
        self.recent: deque[Sent] = deque()
        self.was_shown = False
        self.last_fill = Mts(0)

    def net_amount(self, symbol: Symbol) -> int:
        """Return the atoms that the whole account holds of an instrument."""
        name = symbol if self._is_margin else self._instruments[symbol].base
        return sum(desk.position for desk in self._desks.values() if desk.symbol == symbol) + self.house.of(name)

    def cash(self) -> int:
        """Return the atoms of the quote currency that the whole account has."""
        ledgers = {id(desk.ledger): desk.ledger for desk in self._desks.values()}  # desks may share one
        return sum(ledger.cash for ledger in ledgers.values()) + self.house.of(self.quote)

    def sent(self, order: OrderRequest, strategy: str, undertaking: int, limits: AccountLimits, now: Mts) -> None:
        """Take an order that is about to leave; *now* never goes back, as the time of its quote may."""
        self.orders.intend(order, strategy, undertaking)
        if order.price is not None and order.side is Side.BUY and undertaking > 0:
            scale = self._instruments[order.symbol].price_scale
            self._desks[strategy].hold(cost_of(order.amount, order.price, scale))
        window_ms = limits.longest_window_ms
        if window_ms or self.recent:
            while self.recent and self.recent[0].mts <= now - window_ms:
                self.recent.popleft()
            if window_ms:
                self.recent.append(Sent(now, strategy, order.symbol, order.side, undertaking == PROTECTION))

    def remember(self, now: Mts, limits: AccountLimits) -> None:
        """Bring back the orders that left before the limits looked so far back: they count from now on."""
        since = now - limits.longest_window_ms
        until = self.recent[0].mts if self.recent else now + 1
        earlier = [
            Sent(order.mts, own.strategy, order.symbol, order.side, own.undertaking == PROTECTION)
            for own in self.orders.by_cid.values()
            if since < (order := own.life.order).mts < until
        ]
        self.recent.extendleft(reversed(earlier))

    def scene(self, order: OrderRequest, strategy: str, now: Mts, gone: Container[Cid] = ()) -> Scene:
        """Return what the gate has to see around *order*, without those of ours that are *gone*."""
        quote = self.quotes.get(order.symbol)
        elsewhere = {symbol: value for symbol, value in self.exposures().items() if symbol != order.symbol}
        return Scene(
            now=now,
            standing=self.standings.now,
            strategy=strategy,
            bid=None if quote is None else quote.bid,
            ask=None if quote is None else quote.ask,
            age_ms=0 if quote is None else quote.age_ms,
            net_amount=self.net_amount(order.symbol),
            pending=tuple(each for each in self.pending(order.symbol) if each.cid is None or each.cid not in gone),
            exposure_elsewhere=sum(elsewhere.values()),
            positions_elsewhere=sum(self.is_position(symbol) for symbol in elsewhere),
            sent=tuple(self.recent),
            cash_free=None if self._is_margin else self.cash() - self._reserved(),
            gets_out=order.amount <= self.left(strategy, order.symbol, order.side, gone),
        )

    def left(self, strategy: str, symbol: Symbol, out: Side, gone: Container[Cid] = ()) -> int:
        """Return what a strategy holds and no open order of its own may bring out, but those that are *gone*.

        *out* is the way out.
        """
        desk = self._desks.get(strategy)
        if desk is None:  # an order that is asked for on nobody's behalf
            return 0
        leaving = sum(
            own.life.to_book
            for own in self.orders.open(symbol)
            if own.strategy == strategy and own.life.order.side is out and own.life.order.cid not in gone
        )
        return -out.sign * desk.position - leaving

    def to_leave(self, strategy: str, out: Side) -> int:
        """Return what the undertakings of a strategy may send *out* beyond the parts of them that are open."""
        found = 0
        for undertaking in (each.undertaking for each in self.under_way.values()):
            if undertaking.strategy == strategy and undertaking.side is out:
                parts = self.orders.children(undertaking.id)
                found += undertaking.amount - sum(part.filled + part.at_risk for part in parts)
        return found

    def pending(self, symbol: Symbol) -> tuple[Pending, ...]:
        """Return all orders of an instrument that may still fill, ours and foreign ones, at their worst."""
        instrument = self._instruments[symbol]
        foreign = (each for claim in self.foreign if (each := self._pending(claim, instrument)) is not None)
        return (*self.orders.pending(symbol), *foreign)

    def exposures(self) -> dict[Symbol, int]:
        """Return what the account may come to hold of each instrument at its worst, in atoms of the quote currency.

        Those that only orders of others trade are among them.
        """
        found = {symbol: self._worst_value(symbol) for symbol in self._instruments}
        for claim in self.foreign:
            worth = self.outside(claim)
            if worth:
                found[claim.symbol] = found.get(claim.symbol, 0) + worth
        return found

    def is_position(self, symbol: Symbol) -> bool:
        """Whether one of `exposures` is a position, or may come to be one."""
        instrument = self._instruments.get(symbol)
        return instrument is None or self._worst_net(symbol) >= instrument.amount_min

    def outside(self, claim: Claim) -> int:
        """Return what a foreign order may add to exposure beside what is traded here, in atoms of the quote currency.

        A purchase is worth what it pays; one that no price bounds can pay no more than there is. What is paid in a
        currency without a price here, or opens a position without a bound, is worth more than any limit allows.
        """
        if self._trades_ours(claim):
            return 0
        currency, amount = claim.paid if claim.is_spot else (claim.quote, claim.worth)
        is_spot_here = claim.is_spot and not self._is_margin
        if claim.is_spot and (not claim.is_purchase or (is_spot_here and self._is_ours(claim.base))):
            return 0
        if claim.report.reduce_only and not claim.is_spot:
            return 0
        if amount is None and claim.symbol in self._instruments:
            return self._value(claim.symbol, claim.amount)
        if amount is None:
            amount = self._held(currency) if is_spot_here and self._is_ours(currency) else UNBOUNDED
        if currency == self.quote:
            return amount
        priced = self._by_base.get(Currency(currency))
        price = None if priced is None else self._last_price(priced.symbol)
        return UNBOUNDED if priced is None or price is None else ceil_mul_div(amount, price, priced.price_scale)

    def worth(self, claim: Claim) -> int:
        """Return what a foreign order may add to the exposure of all, in atoms of the quote currency."""
        pending = ((symbol, self._pending(claim, each)) for symbol, each in self._instruments.items())
        bought = ((symbol, each.amount) for symbol, each in pending if each is not None and each.side is Side.BUY)
        return self.outside(claim) + sum(self._value(symbol, amount) for symbol, amount in bought)

    def bound(self, claim: Claim) -> int:
        """Return the cash of the account that a foreign order may take.

        Without a limit it is bounded by the last price where that is known, and else by what there is.
        """
        currency, amount = claim.paid
        if currency != self.quote or not claim.is_spot or self._is_margin:
            return 0
        if amount is not None:
            return amount
        instrument = self._instruments.get(claim.symbol)
        last = None if instrument is None else self._last_price(claim.symbol)
        if instrument is None or last is None:
            return self._held(currency)
        at = last if claim.trigger is None else max(last, instrument.price_up(claim.trigger))
        return cost_of(claim.amount, at, instrument.price_scale)

    def inherit(self, desk: Desk) -> None:
        """Let the house take what a strategy that is gone leaves behind: the sum of all stays what the account has."""
        instrument = desk.settings.instrument
        self.house.add(instrument.quote, desk.ledger.cash)
        self.house.add(desk.symbol if self._is_margin else instrument.base, desk.position)

    def freeze(self, alert: Alert) -> Alert:
        """Stop every desk where it is: what is known contradicts itself, so not even a way out is known."""
        self.standings.freeze(is_frozen=True)
        for desk in self._desks.values():
            desk.stop(alert)
        return alert

    def thaw(self) -> None:
        """Let orders leave again once no desk stands for a contradiction: each desk had to be looked at."""
        self.standings.freeze(is_frozen=any(desk.is_contradicted for desk in self._desks.values()))

    def adopt(self, event: AccountShown, foreign_fills: int) -> Iterator[Decision]:
        """Give the house what the look has more or less than the books.

        While a match is not booked or an order is in doubt, cash may differ for that alone, and coins up to what such
        orders may fill: of those only what lies beyond is taken, so that no order hides what somebody else did.
        """
        doubtful = [own.life for own in self.orders.open() if _is_doubtful(own.life)]
        look = event.look
        if self._is_margin:
            shown = shown_margin(look.wallets, look.positions, self._instruments)
            names = [self.quote, *self._instruments]
        else:
            shown = shown_spot(look.wallets)
            names = [self.quote, *(each.base for each in self._instruments.values())]
        for name in dict.fromkeys(names):
            difference = shown.get(name, 0) - self._booked(name)
            if doubtful:
                difference = 0 if name == self.quote else self._beyond(name, difference, doubtful)
            if difference:
                self.house.add(name, difference)
                yield Adopted(event.mts, Currency(name), difference, self._cause(difference, foreign_fills))
        self.was_shown |= not doubtful

    def _beyond(self, name: str, difference: int, doubtful: Iterable[OrderLife]) -> int:
        """Return what of a difference no fill of *doubtful* orders can explain."""
        buys = sells = 0
        for life in doubtful:
            if name in (life.order.symbol, self._instruments[life.order.symbol].base):
                if life.order.side is Side.BUY:
                    buys += life.to_book
                else:
                    sells += life.to_book
        return max(0, difference - buys) + min(0, difference + sells)

    def _booked(self, name: str) -> int:
        if name == self.quote:
            return self.cash()
        symbols = (symbol for symbol, each in self._instruments.items() if name in (symbol, each.base))
        return self.net_amount(next(symbols))

    def _cause(self, difference: int, foreign_fills: int) -> str:
        if not self.was_shown:
            return "there before the session"
        if abs(difference) <= ROUNDING_MAX:
            return "rounding"
        return f"{foreign_fills} fills that are not ours" if foreign_fills else "a transfer, a fee or funding"

    def _worst_value(self, symbol: Symbol) -> int:
        """Return what the account may come to hold of an instrument, in atoms of the quote currency."""
        return self._value(symbol, self._worst_net(symbol))

    def _value(self, symbol: Symbol, amount: int) -> int:
        """Return what an amount is worth at the last price.

        Without any price it is worth more than any limit allows: what cannot be judged is not small.
        """
        price = self._last_price(symbol)
        if not amount:
            return 0
        return UNBOUNDED if price is None else ceil_mul_div(amount, price, self._instruments[symbol].price_scale)

    def _worst_net(self, symbol: Symbol) -> int:
        """Return the largest net amount, long or short, that fills of pending orders could lead to."""
        net, pending = self.net_amount(symbol), self.pending(symbol)
        buys = sum(each.amount for each in pending if each.side is Side.BUY)
        sells = sum(each.amount for each in pending if each.side is Side.SELL)
        return max(abs(net + buys), abs(net - sells))

    def _last_price(self, symbol: Symbol) -> Price | None:
        """Return the dearer of the last ask and the last close: an instrument is asked for quotes when it is traded."""
        quote, close = self.quotes.get(symbol), self.closes.get(symbol)
        asked = [] if quote is None else [quote.ask]
        closed = [] if close is None else [self._instruments[symbol].price_from_market(close)]
        return max(asked + closed, default=None)

    def _reserved(self) -> int:
        """Return the cash that pending purchases may take; one without any price may take all of it."""
        reserved = sum(map(self.bound, self.foreign))
        for symbol, instrument in self._instruments.items():
            for each in self.orders.pending(symbol):
                if each.side is Side.BUY:
                    price = each.price or self._last_price(symbol)
                    reserved += cost_of(each.amount, price, instrument.price_scale) if price else max(0, self.cash())
        return reserved

    def _pending(self, claim: Claim, instrument: Instrument) -> Pending | None:
        """Return what a foreign order may do to one instrument: it trades it, or one of its currencies elsewhere."""
        symbol = instrument.symbol
        if claim.symbol == symbol and self._trades_ours(claim):
            return Pending(None, symbol, claim.report.side, claim.amount, None)
        if not claim.is_spot or self._is_margin:
            return None
        for side, (currency, amount) in ((Side.BUY, claim.got), (Side.SELL, claim.paid)):
            if currency == instrument.base:
                most = UNBOUNDED if side is Side.BUY else self._held(currency)
                return Pending(None, symbol, side, most if amount is None else amount, None)
        return None

    def _trades_ours(self, claim: Claim) -> bool:
        """Whether it trades an instrument of ours from the wallet that we trade from."""
        return claim.symbol in self._instruments and claim.is_spot is not self._is_margin

    def _is_ours(self, currency: str) -> bool:
        return currency == self.quote or currency in self._by_base

    def _held(self, currency: str) -> int:
        """Return what there is of a currency that we trade."""
        if currency == self.quote:
            return max(0, self.cash())
        return max(0, self.net_amount(self._by_base[Currency(currency)].symbol))


_ON_ITS_WAY = frozenset({Status.INTENT, Status.SENDING, Status.UNKNOWN})


def _is_doubtful(life: OrderLife) -> bool:
    return bool(life.filled_unbooked) or not life.fee_is_known or life.status in _ON_ITS_WAY
