"""What a market order gets when there are only candles: the next open, worsened by slippage, less the fee."""

from decimal import Decimal
from typing import Final

from attrs import field, frozen

from genesis.domain.fill import Fill
from genesis.domain.instrument import Instrument
from genesis.domain.order import OrderRequest, Side
from genesis.domain.units import PPB, Atoms, Mts, Ppb, Price, ceil_mul_div, floor_mul_div, ppb

BPS_PER_UNIT: Final = 10_000


@frozen
class Costs:
    """What trading costs, as fractions of the notional."""

    fee: Ppb = field(default=Ppb(2_000_000))
    slippage: Ppb = field(default=Ppb(100_000))

    @fee.validator
    def _check_fee(self, _attribute: object, value: Ppb) -> None:
        if not 0 <= value < PPB:
            raise ValueError("the fee must be at least 0 and below 10000 bp")

    @slippage.validator
    def _check_slippage(self, _attribute: object, value: Ppb) -> None:
        if not 0 <= value < PPB:
            raise ValueError("the slippage must be at least 0 and below 10000 bp")


def costs_from_bps(fee_bps: Decimal, slippage_bps: Decimal) -> Costs:
    """Return costs from basis points, rounded half to even to parts per billion."""
    return Costs(ppb(fee_bps, BPS_PER_UNIT), ppb(slippage_bps, BPS_PER_UNIT))


def ask_price(open_price: int, slippage: int) -> Price:
    """Return what a market order buys at: the open plus slippage, rounded up."""
    return Price(ceil_mul_div(open_price, PPB + slippage, PPB))


def bid_price(open_price: int, slippage: int) -> Price:
    """Return what a market order sells at: the open less slippage, rounded down."""
    return Price(floor_mul_div(open_price, PPB - slippage, PPB))


def filled(
    order: OrderRequest, price: Price, costs: Costs, instrument: Instrument, mts: Mts, on_margin: bool = False
) -> Fill:
    """Fill *order* whole at *price*; the fee is rounded up, on spot in base when buying, else in quote."""
    if order.side is Side.SELL:
        received = floor_mul_div(order.amount, price, instrument.price_scale)
    elif on_margin:
        received = ceil_mul_div(order.amount, price, instrument.price_scale)
    else:
        received = order.amount
    fee = Atoms(ceil_mul_div(received, costs.fee, PPB))
    return Fill(mts, order.symbol, order.cid, order.side, order.amount, price, fee)
