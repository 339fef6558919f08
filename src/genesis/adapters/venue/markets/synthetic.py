"""Seeded traders: makers around a hidden fair value, takers who come in waves, followers of the trend, and shocks.

The logarithm of the fair value moves by Student-t steps whose scale has a memory of its own: calm and wild hours
cluster and returns have fat tails. Takers excite each other for a while, trade towards the fair value, and follow the
trend. Makers quote wider when it is wild. The same seed gives the same market."""

from math import exp, log, sqrt, tanh
from random import Random
from typing import Final

from genesis.adapters.venue.core import Core
from genesis.adapters.venue.markets.hand import MarketHand, Quote
from genesis.domain.instrument import Instrument, Rounding
from genesis.domain.order import Side
from genesis.domain.units import ATOMS_PER_UNIT, Atoms, Mts, Price

STEP_MS: Final = 1_000
STEP_VOLATILITY: Final = 1.2e-4
"""Standard deviation of a calm second's return: some 3 % a day."""

FREEDOM: Final = 4
"""Degrees of freedom of the steps: fat tails with a finite variance."""

MEMORY: Final = 0.9985
WILDNESS: Final = 0.055
SHOCK_CHANCE: Final = 1 / 7_200
SHOCK_SIZE: Final = 0.006
TREND_MEMORY: Final = 0.97
NEAR_LEVELS: Final = 6
FAR_LEVELS: Final = 30
FAR_EVERY: Final = 15
"""Seconds between two quotes of the makers who stand further off; they are out of reach of most moves in that time."""

CROWD: Final = 0.6
"""Takers of a calm second."""

EXCITEMENT: Final = 0.35
EXCITEMENT_MEMORY: Final = 0.8
TAKERS_MAX: Final = 12
TYPICAL_VALUE: Final = 2_000
"""A typical taker's order, in quote units."""


class SyntheticDriver:
    """Plays one instrument for ever."""

    users_make_candles = True

    def __init__(self, instrument: Instrument, start: Mts, price: Price, seed: int) -> None:
        self.next_mts: Mts | None = start
        self._instrument = instrument
        self._chance = Random(seed)  # nosec B311 - a seeded market is no secret
        self._fair = log(price)
        self._wild = 0.0
        self._trend = 0.0
        self._excitement = 0.0
        self._seconds = 0
        self._near: MarketHand | None = None
        self._far: MarketHand | None = None

    def act(self, core: Core) -> None:
        """Play one second: the fair value moves, makers quote anew, takers come."""
        assert self.next_mts is not None
        if self._near is None or self._far is None:
            self._near = MarketHand(core, self._instrument.symbol)
            self._far = MarketHand(core, self._instrument.symbol)
        before = self._fair
        self._move()
        first = Side.SELL if self._fair > before else Side.BUY
        if self._seconds % FAR_EVERY == 0:
            self._far.requote(self._quotes(range(NEAR_LEVELS, FAR_LEVELS)), first)
        self._near.requote(self._quotes(range(NEAR_LEVELS)), first)
        for _ in range(self._takers()):
            self._take(self._near)
        self._seconds += 1
        self.next_mts = Mts(self.next_mts + STEP_MS)

    def _move(self) -> None:
        chance = self._chance
        self._wild = MEMORY * self._wild + WILDNESS * chance.gauss(0, 1)
        squares = sum(chance.gauss(0, 1) ** 2 for _ in range(FREEDOM))
        step = STEP_VOLATILITY * exp(self._wild) * chance.gauss(0, 1) / sqrt(squares / FREEDOM) / sqrt(2)
        if chance.random() < SHOCK_CHANCE:
            step += SHOCK_SIZE * chance.choice((-1, 1)) * chance.expovariate(1)
            self._wild += 1.0
        step += 0.05 * self._trend * STEP_VOLATILITY
        self._fair += step
        self._trend = TREND_MEMORY * self._trend + (1 - TREND_MEMORY) * step / STEP_VOLATILITY

    def _quotes(self, levels: range) -> list[Quote]:
        """Return a ladder that widens with the market's wildness and thickens away from the fair value."""
        chance = self._chance
        half = max(STEP_VOLATILITY, 2 * STEP_VOLATILITY * exp(self._wild))
        quotes: list[Quote] = []
        for side in Side:
            for level in levels:
                distance = half * (0.5 + level * 0.6 + chance.random() * 0.5)
                price = self._on_grid(exp(self._fair - side.sign * distance), side)
                value = TYPICAL_VALUE * (1 + level * 0.4) * chance.lognormvariate(0, 0.6)
                quotes.append(Quote(side, price, self._atoms(value, price)))
        return quotes

    def _takers(self) -> int:
        """Draw how many come in this second, each bringing others later (Poisson by multiplying uniforms)."""
        rate = CROWD * exp(self._wild / 2) + self._excitement
        floor, product, count = exp(-min(rate, 8.0)), self._chance.random(), 0
        while product > floor and count < TAKERS_MAX:
            product *= self._chance.random()
            count += 1
        self._excitement = EXCITEMENT_MEMORY * self._excitement + EXCITEMENT * count * (1 - EXCITEMENT_MEMORY)
        return count

    def _take(self, hand: MarketHand) -> None:
        mark = hand.market.mark()
        gap = (self._fair - log(mark)) / STEP_VOLATILITY
        buys = 0.5 + 0.45 * tanh(0.2 * gap + 0.3 * self._trend)
        side = Side.BUY if self._chance.random() < buys else Side.SELL
        value = min(TYPICAL_VALUE * self._chance.paretovariate(1.8) * 0.3, 50 * TYPICAL_VALUE)
        hand.take(side, self._atoms(value, mark))

    def _atoms(self, value: float, price: Price) -> Atoms:
        return Atoms(max(1, int(value * ATOMS_PER_UNIT * self._instrument.price_scale / price)))

    def _on_grid(self, value: float, side: Side) -> Price:
        rounding = Rounding.DOWN if side is Side.BUY else Rounding.UP
        return self._instrument.on_grid(Price(max(1, int(value))), rounding)
