"""The other people: a market that trades now and then, and somebody who uses our account beside us."""

from collections.abc import Mapping
from math import exp, log
from random import Random
from typing import Final

from genesis.adapters.venue.core import Core
from genesis.adapters.venue.markets.hand import MarketHand, Quote
from genesis.domain.exchange.account import WalletKind
from genesis.domain.instrument import Instrument, Rounding
from genesis.domain.order import OrderId, OrderType, Side
from genesis.domain.simulation.accounts import NotEnoughFunds
from genesis.domain.simulation.exchange_orders import OrderTicket, Refusal
from genesis.domain.simulation.matching_order import UserId
from genesis.domain.simulation.settlement import moved
from genesis.domain.units import ATOMS_PER_UNIT, Atoms, Currency, Mts, Price

LEVELS: Final = 3
STEP_VOLATILITY: Final = 8e-4
LEVEL_VALUE: Final = 1_500
"""What a level of the book is worth, in quote units: thin enough that our orders fill in parts."""

TAKER_VALUE: Final = 400


PRICES: Final[Mapping[str, int]] = {"tBTCUSD": 40_000, "tETHUSD": 2_000, "tLTCUSD": 80}
"""Where each market begins."""

COINS_WORTH: Final = 2_000
CASH: Final = 10_000 * ATOMS_PER_UNIT
"""What somebody else has in our account: coins of each kind and money."""


class Traders:
    """Makers and takers of one instrument, who act every few seconds; see `Driver`."""

    users_make_candles = True

    def __init__(self, instrument: Instrument, start: Mts, price: int, step_s: int, seed: int) -> None:
        self.next_mts: Mts | None = start
        self._instrument = instrument
        self._step_ms = step_s * 1000
        self._chance = Random(seed)  # nosec B311 - a seeded market is no secret
        self._fair = log(price * instrument.price_scale)
        self._trend = 0.0
        self._hand: MarketHand | None = None

    def act(self, core: Core) -> None:
        """Play one step: the fair value moves, makers quote anew, some takers come."""
        assert self.next_mts is not None
        hand = self._hand = self._hand or MarketHand(core, self._instrument.symbol)
        chance = self._chance
        self._trend = 0.9 * self._trend + 0.3 * chance.gauss(0, 1)
        step = STEP_VOLATILITY * (chance.gauss(0, 1) + 0.5 * self._trend)
        if chance.random() < 0.002:
            step += 0.02 * chance.choice((-1, 1))
        self._fair += step
        hand.requote(self._quotes(), Side.SELL if step > 0 else Side.BUY)
        for _ in range(chance.choice((0, 1, 1, 2))):
            side = Side.BUY if chance.random() < 0.5 else Side.SELL
            hand.take(side, self._atoms(TAKER_VALUE * chance.uniform(0.2, 3.0), exp(self._fair)))
        jitter_ms = chance.randrange(self._step_ms // 2)
        self.next_mts = Mts(self.next_mts + self._step_ms - self._step_ms // 4 + jitter_ms)

    def _quotes(self) -> list[Quote]:
        quotes = []
        for side in Side:
            for level in range(LEVELS):
                distance = STEP_VOLATILITY * (0.4 + 0.6 * level + 0.4 * self._chance.random())
                value = exp(self._fair - side.sign * distance)
                rounding = Rounding.DOWN if side is Side.BUY else Rounding.UP
                price = self._instrument.on_grid(Price(max(1, int(value))), rounding)
                quotes.append(Quote(side, price, self._atoms(LEVEL_VALUE * (1 + level), value)))
        return quotes

    def _atoms(self, worth: float, price: float) -> Atoms:
        return Atoms(max(1, int(worth * ATOMS_PER_UNIT * self._instrument.price_scale / price)))


class Stranger:
    """Somebody with the same account: places orders of his own, cancels some, brings money and takes it."""

    def __init__(
        self, core: Core, user: UserId, instruments: tuple[Instrument, ...], seed: int, *, has_coins: bool = True
    ) -> None:
        """Without coins the account has no position but those of strategies."""
        self._core = core
        self._user = user
        self._instruments = instruments
        self._chance = Random(seed)  # nosec B311 - a stranger made up from a seed is no secret
        self._coins = {
            instrument.symbol: COINS_WORTH * ATOMS_PER_UNIT // PRICES[instrument.symbol]
            for instrument in (instruments if has_coins else ())
        }
        for instrument in instruments if has_coins else ():
            core.exchange.accounts.deposit(
                user, WalletKind.EXCHANGE, instrument.base, self._coins[instrument.symbol], core.now
            )
        core.exchange.accounts.deposit(user, WalletKind.EXCHANGE, Currency("USD"), CASH, core.now)
        self.orders: dict[OrderId, None] = {}
        """The orders that are his, all there ever were, oldest first."""

    def trade(self) -> None:
        """Place an order, at market or resting, or cancel the last one."""
        core, chance = self._core, self._chance
        if self.orders and chance.random() < 0.3:
            cancelled = core.exchange.cancel(self._user, next(reversed(self.orders)), core.now)
            if not isinstance(cancelled, Refusal):
                core.apply(cancelled)
            return
        instrument = chance.choice(self._instruments)
        mark = core.exchange.markets[instrument.symbol].mark()
        if not mark:
            return
        side = chance.choice((Side.BUY, Side.SELL))
        amount = Atoms(int(chance.uniform(20, 300) * ATOMS_PER_UNIT * instrument.price_scale / mark))
        if side is Side.SELL:  # his own coins only: who sells those of a strategy leaves it with what it cannot sell
            if self._coins.get(instrument.symbol, 0) < amount:
                return
            self._coins[instrument.symbol] -= amount
        if chance.random() < 0.5:
            ticket = OrderTicket(instrument.symbol, side, OrderType.MARKET, amount)
        else:
            aim = Price(int(mark * (1 - side.sign * chance.uniform(0.0, 0.01))))
            price = instrument.on_grid(aim, Rounding.DOWN)
            ticket = OrderTicket(instrument.symbol, side, OrderType.LIMIT, amount, price=price)
        placed = core.exchange.submit(self._user, ticket, core.now)
        if not isinstance(placed, Refusal):
            self.orders.update((order.id, None) for order in placed.orders)
            core.apply(placed.events)

    def withdraw_all(self) -> None:
        """Cancel what is still open of his orders."""
        for order_id in self.orders:
            cancelled = self._core.exchange.cancel(self._user, order_id, self._core.now)
            if not isinstance(cancelled, Refusal):
                self._core.apply(cancelled)

    def move_money(self) -> None:
        """Bring in some quote currency, or take some out."""
        accounts, currency = self._core.exchange.accounts, Currency("USD")
        amount = self._chance.randrange(-500, 1_000) * ATOMS_PER_UNIT
        try:
            entry = accounts.deposit(self._user, WalletKind.EXCHANGE, currency, amount, self._core.now)
        except NotEnoughFunds:
            return
        self._core.apply([moved(accounts.by_user[self._user], entry)])
