"""The costs of a run in a few words, for whoever reads a result."""

from genesis.domain.simulation.market_orders import Costs
from genesis.domain.units import format_scaled


def bps_text(fraction_ppb: int) -> str:
    """Return parts per billion as basis points in plain decimals."""
    return format_scaled(fraction_ppb, 5)


def fee_words(costs: Costs) -> str:
    """Return what a fill pays."""
    if costs.has_tiers:
        return "by volume of thirty days, from 10 bp maker and 20 bp taker down"
    if costs.maker_fee is None:
        return f"{bps_text(costs.fee)} bp"
    return f"{bps_text(costs.fee)} bp taker, {bps_text(costs.maker_fee)} bp maker"


def slippage_words(costs: Costs) -> str:
    """Return what a market order pays beyond the price of its candle."""
    words = [f"{bps_text(costs.slippage)} bp"]
    if (volatility := costs.volatility) is not None:
        factor, cap = format_scaled(volatility.factor, 9), bps_text(volatility.cap)
        words.append(f"{factor} × {volatility.measure}, at most {cap} bp")
    if (impact := costs.impact) is not None:
        coefficient, cap = bps_text(impact.coefficient), bps_text(impact.cap)
        words.append(f"{coefficient} bp × √(amount ÷ {impact.volume}), at most {cap} bp")
    return " + ".join(words)
