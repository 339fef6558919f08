"""Trading on margin: cash may be owed, a position may be short; what that allows, what it costs, and when it ends.

Everything here is whole atoms and parts per billion, in functions that streaming calls and the columnar engine
compiles. What is rounded is rounded against the account.
"""

from typing import Final

from attrs import field, frozen

from genesis.domain.compiled import step
from genesis.domain.simulation.wide import ceil_mul_div_64, floor_mul_div_64
from genesis.domain.units import PPB, Ppb

LEVERAGE_MAX: Final = 100 * PPB
HOUR_MS: Final = 3_600_000
FUNDING_A_DAY_MAX: Final = PPB // 10


@frozen
class Margin:
    """The terms of a margin account.

    A full target is *leverage* × equity, long or short, after a *fee* on all of it. Below *maintenance* × the value of
    the position it is liquidated. What is borrowed costs *funding_a_day* of itself a day.
    """

    leverage: Ppb = field(default=Ppb(PPB))
    maintenance: Ppb = field(default=Ppb(PPB * 15 // 100))
    funding_a_day: Ppb = field(default=Ppb(PPB // 5_000))
    fee: Ppb = field(default=Ppb(PPB // 500))

    @fee.validator
    def _check_fee(self, _attribute: object, value: Ppb) -> None:
        if not 0 <= value < PPB:
            raise ValueError("the fee must be at least 0 and below 10000 bp")

    @leverage.validator
    def _check_leverage(self, _attribute: object, value: Ppb) -> None:
        if not 0 < value <= LEVERAGE_MAX:
            raise ValueError("the leverage must be above 0 and at most 100")

    @maintenance.validator
    def _check_maintenance(self, _attribute: object, value: Ppb) -> None:
        if not 0 <= value * self.leverage < PPB * PPB:
            raise ValueError(
                "the maintenance margin must be 0 or more, and below 1 / leverage: a full position would be liquidated"
                " at once"
            )

    @funding_a_day.validator
    def _check_funding(self, _attribute: object, value: Ppb) -> None:
        if not 0 <= value <= FUNDING_A_DAY_MAX:
            raise ValueError("the margin funding must be 0 to 1000 bp a day")


@step
def value_at(position: int, price: int, price_scale: int) -> int:
    """Return the atoms of quote that a position, < 0 when short, is worth at *price*, rounded down."""
    if position >= 0:
        return floor_mul_div_64(position, price, price_scale)
    return -ceil_mul_div_64(-position, price, price_scale)


@step
def rebalance_on_margin(
    is_buy: bool,
    is_exit: bool,
    weight: int,
    leverage: int,
    fee: int,
    cash: int,
    position: int,
    price: int,
    price_scale: int,
) -> tuple[int, int]:
    """Return what moving a position to *weight* × equity at *price* asks for, and what the margin allows of it.

    The wish is floor(|weight| × equity ÷ price) with the sign of the weight, less what is held. What closes a position
    is always allowed; what opens one may, after the fee on all of it, be worth leverage × equity. A price has at most 9
    decimals.
    """
    equity = max(cash + value_at(position, price, price_scale), 0)
    desired = 0
    if not is_exit:
        desired = floor_mul_div_64(abs(weight), equity, price * (PPB // price_scale))
        if weight < 0:
            desired = -desired
    delta = desired - position if is_buy else position - desired
    held = position if is_buy else -position
    closing = max(-held, 0)
    if delta <= closing:
        return delta, delta
    tied = ceil_mul_div_64(abs(held), price, price_scale)
    if held >= 0:
        room = floor_mul_div_64(leverage, equity, PPB) - tied
    else:
        room = floor_mul_div_64(leverage, max(equity - ceil_mul_div_64(tied, fee, PPB), 0), PPB)
    before_fees = floor_mul_div_64(max(room, 0), PPB, PPB + ceil_mul_div_64(leverage, fee, PPB))
    return delta, min(delta, closing + floor_mul_div_64(before_fees, price_scale, price))


@step
def funding_due(cash: int, position: int, price: int, price_scale: int, funding_a_day: int, hours: int) -> int:
    """Return what *hours* of the funding cost: for a long on the cash that is owed, for a short on its value."""
    borrowed = ceil_mul_div_64(-position, price, price_scale) if position < 0 else max(-cash, 0)
    if position == 0 or borrowed == 0:
        return 0
    return hours * ceil_mul_div_64(borrowed, funding_a_day, 24 * PPB)


@step
def is_short_of_margin(cash: int, position: int, price: int, price_scale: int, maintenance: int) -> bool:
    """Tell whether the equity at *price* is below the maintenance margin of the position."""
    if position == 0:
        return False
    needed = ceil_mul_div_64(ceil_mul_div_64(abs(position), price, price_scale), maintenance, PPB)
    return cash + value_at(position, price, price_scale) < needed


@step
def liquidation_price(
    cash: int, position: int, opened: int, worst: int, price_scale: int, maintenance: int, slippage: int
) -> int:
    """Return the price at which the exchange closes a position between the open and the worst price of a candle.

    It is where equity meets the maintenance margin, but no better than the open and no worse than *worst*; then
    slippage is taken off, as of any market order. A long has owed cash there, a short has some.
    """
    if position > 0:
        met = floor_mul_div_64(max(-cash, 0), price_scale, position)
        price = min(opened, max(worst, floor_mul_div_64(met, PPB, PPB - maintenance)))
        return max(floor_mul_div_64(price, PPB - slippage, PPB), 1)
    met = ceil_mul_div_64(max(cash, 0), price_scale, -position)
    price = max(opened, min(worst, ceil_mul_div_64(met, PPB, PPB + maintenance)))
    return ceil_mul_div_64(price, PPB + slippage, PPB)
