"""What an order gets when there are only candles: a price of the candle, worsened by slippage, less the fee."""

from decimal import Decimal
from typing import Final

from attrs import field, frozen

from genesis.domain.fill import Fill
from genesis.domain.instrument import Instrument
from genesis.domain.order import OrderRequest, Side
from genesis.domain.simulation.accounts import FeeTier
from genesis.domain.simulation.fee_tiers import HOUR_MS, TradedVolumes, tier_of
from genesis.domain.simulation.matching_order import UserId
from genesis.domain.simulation.slippage import Impact, SlippageMeter, VolatilitySlippage
from genesis.domain.units import PPB, Atoms, Mts, Ppb, Price, ceil_mul_div, floor_mul_div, ppb

BPS_PER_UNIT: Final = 10_000

_OURS: Final = UserId(0)


@frozen
class Costs:
    """What trading costs, as fractions of the notional.

    *fee* is a taker's, *maker_fee* that of an order that rested, None for the same. With *has_tiers* both are those of
    the exchange's schedule, by what was traded in thirty days. *volatility* and *impact* come on top of the slippage.
    """

    fee: Ppb = field(default=Ppb(2_000_000))
    slippage: Ppb = field(default=Ppb(100_000))
    volatility: VolatilitySlippage | None = None
    impact: Impact | None = None
    maker_fee: Ppb | None = field(default=None)
    has_tiers: bool = False

    @fee.validator
    def _check_fee(self, _attribute: object, value: Ppb) -> None:
        if not 0 <= value < PPB:
            raise ValueError("the fee must be at least 0 and below 10000 bp")

    @slippage.validator
    def _check_slippage(self, _attribute: object, value: Ppb) -> None:
        if not 0 <= value < PPB:
            raise ValueError("the slippage must be at least 0 and below 10000 bp")

    @maker_fee.validator
    def _check_maker_fee(self, _attribute: object, value: Ppb | None) -> None:
        if value is not None and not 0 <= value < PPB:
            raise ValueError("the maker fee must be at least 0 and below 10000 bp")

    def __attrs_post_init__(self) -> None:
        if self.volatility is not None and self.slippage + self.volatility.cap >= PPB:
            raise ValueError("the slippage and the cap of its part by volatility must be below 10000 bp together")

    @property
    def are_fixed(self) -> bool:
        """Whether every market order pays the same, whatever its time, size and the market."""
        return self.volatility is None and self.impact is None and not self.has_tiers

    @property
    def resting_fee(self) -> Ppb:
        """The fee of an order that rested, where there are no tiers."""
        return self.fee if self.maker_fee is None else self.maker_fee

    def meter(self) -> SlippageMeter:
        """Return a new measure of the slippage, before the first candle."""
        return SlippageMeter(self.slippage, self.volatility, self.impact)


def costs_from_bps(fee_bps: Decimal, slippage_bps: Decimal) -> Costs:
    """Return costs from basis points, rounded half to even to parts per billion."""
    return Costs(ppb(fee_bps, BPS_PER_UNIT), ppb(slippage_bps, BPS_PER_UNIT))


def ask_price(open_price: int, slippage: int) -> Price:
    """Return what a market order buys at: the open plus slippage, rounded up."""
    return Price(ceil_mul_div(open_price, PPB + slippage, PPB))


def bid_price(open_price: int, slippage: int) -> Price:
    """Return what a market order sells at: the open less slippage, rounded down."""
    return Price(floor_mul_div(open_price, PPB - slippage, PPB))


class FeeMeter:
    """The fees of a run, fill by fill: fixed, or by tiers that each hour settles by the thirty days before it."""

    def __init__(self, costs: Costs) -> None:
        self._fixed = FeeTier(costs.resting_fee, costs.fee)
        self._volumes = TradedVolumes() if costs.has_tiers else None
        self._tier = tier_of(0)
        self._hour = -1

    def tier(self, mts: Mts) -> FeeTier:
        """Return the fees of a fill at *mts*."""
        if self._volumes is None:
            return self._fixed
        if mts // HOUR_MS != self._hour:
            self._hour = mts // HOUR_MS
            self._tier = tier_of(self._volumes.of(_OURS, mts))
        return self._tier

    def traded(self, fill: Fill, instrument: Instrument) -> None:
        """Count a fill: the quote currency counts as USD."""
        if self._volumes is not None:
            self._volumes.add(_OURS, floor_mul_div(fill.amount, fill.price, instrument.price_scale), fill.mts)


def filled(
    order: OrderRequest, price: Price, fee_rate: Ppb, instrument: Instrument, mts: Mts, on_margin: bool = False
) -> Fill:
    """Fill *order* whole at *price*; the fee is rounded up, on spot in base when buying, else in quote."""
    if order.side is Side.SELL:
        received = floor_mul_div(order.amount, price, instrument.price_scale)
    elif on_margin:
        received = ceil_mul_div(order.amount, price, instrument.price_scale)
    else:
        received = order.amount
    fee = Atoms(ceil_mul_div(received, fee_rate, PPB))
    return Fill(mts, order.symbol, order.cid, order.side, order.amount, price, fee)
