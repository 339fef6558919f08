"""The limits of a whole account: what no strategy may exceed, alone or together. None is off."""

from attrs import field, frozen

from genesis.domain.instrument import Instrument
from genesis.domain.units import PPB, Atoms, Ppb, Price, Symbol, floor_mul_div

SECOND_MS = 1_000
MINUTE_MS = 60_000
DAY_MS = 86_400_000


@frozen
class InstrumentLimits:
    """Limits of one instrument: amounts in atoms of its base, notionals and exposure in atoms of its quote currency."""

    symbol: Symbol
    max_order_amount: Atoms | None = None
    max_order_notional: Atoms | None = None
    max_exposure: Atoms | None = None


@frozen
class RateLimit:
    """At most *orders* in any window of *window_ms*."""

    orders: int = field()
    window_ms: int = field()

    @orders.validator
    def _check_orders(self, _attribute: object, value: int) -> None:
        if value < 1:
            raise ValueError("an order rate must allow at least 1 order: switch the strategy off instead")

    @window_ms.validator
    def _check_window(self, _attribute: object, value: int) -> None:
        if not 1 <= value <= DAY_MS:
            raise ValueError("the window of an order rate must be 1 ms to a day")


@frozen
class AccountLimits:
    """What the gate holds every order of the account to.

    Exposure counts open, in-flight and unknown orders at their worst case, foreign ones too. *price_collar* is the
    share by which what an order pays may lie beyond the best of its own side, so that one at the market does not meet a
    torn book; *max_repeats* how often one strategy may send orders of one side within *repeat_window_ms* without one of
    the other side between. What only gets out, or guards a position, is never refused by *rates* and *max_repeats*; the
    rates count it.
    """

    instruments: tuple[InstrumentLimits, ...] = ()
    max_order_notional: Atoms | None = None
    max_exposure: Atoms | None = None
    max_positions: int | None = field(default=None)
    price_collar: Ppb | None = field(default=None)
    rates: tuple[RateLimit, ...] = ()
    max_repeats: int | None = field(default=None)
    repeat_window_ms: int = DAY_MS
    max_data_age_ms: int | None = field(default=None)
    longest_window_ms: int = field(init=False, eq=False, repr=False)
    """How long an order has to be remembered for the rates and the throttle."""
    is_off: bool = field(init=False, eq=False, repr=False)
    """Whether there is no limit at all."""

    @longest_window_ms.default
    def _longest(self) -> int:
        windows = [rate.window_ms for rate in self.rates]
        return max([*windows, self.repeat_window_ms if self.max_repeats is not None else 0])

    @is_off.default
    def _has_none(self) -> bool:
        numbers = (self.max_order_notional, self.max_exposure, self.max_positions, self.price_collar)
        others = (self.max_repeats, self.max_data_age_ms)
        return not (self.instruments or self.rates) and all(each is None for each in (*numbers, *others))

    @max_positions.validator
    def _check_max_positions(self, _attribute: object, value: int | None) -> None:
        if value is not None and value < 0:
            raise ValueError("the maximum of concurrent positions must be >= 0")

    @price_collar.validator
    def _check_price_collar(self, _attribute: object, value: Ppb | None) -> None:
        if value is not None and not 0 <= value < PPB:
            raise ValueError("the price collar must be 0 or more and below 100 %")

    @max_repeats.validator
    def _check_max_repeats(self, _attribute: object, value: int | None) -> None:
        if value is not None and value < 1:
            raise ValueError("the repeated-execution throttle must allow at least 1 order")

    @max_data_age_ms.validator
    def _check_max_data_age(self, _attribute: object, value: int | None) -> None:
        if value is not None and value < 1:
            raise ValueError("the maximum age of data must be at least 1 ms")

    def within_one_order(self, instrument: Instrument, amount: Atoms, price: Price) -> Atoms:
        """Cut *amount* to what one order may be at *price*, and to what the exchange takes, to at least one atom."""
        amount = min(amount, instrument.amount_max)
        if self.is_off:
            return amount
        own = self.of(instrument.symbol)
        if own.max_order_amount is not None:
            amount = min(amount, own.max_order_amount)
        for notional in (self.max_order_notional, own.max_order_notional):
            if notional is not None:
                amount = min(amount, Atoms(floor_mul_div(notional, instrument.price_scale, price)))
        return max(amount, Atoms(1))

    def of(self, symbol: Symbol) -> InstrumentLimits:
        """Return the limits of one instrument; those of an instrument that is not named are off."""
        return next((each for each in self.instruments if each.symbol == symbol), InstrumentLimits(symbol))


OFF = AccountLimits()
"""Every limit off."""
