"""What a command line says of costs beyond one fee and one slippage: fee tiers, a maker fee, measured slippage."""

from enum import Enum
from typing import Final

from attrs import evolve

from genesis.app.backtest import Terms
from genesis.app.options import choice_option, decimal_option
from genesis.app.research_options import CostOptions
from genesis.domain.simulation.fee_tiers import tier_of
from genesis.domain.simulation.market_orders import BPS_PER_UNIT
from genesis.domain.simulation.slippage import FACTOR_MAX, Impact, VolatilitySlippage, by_mean_volume, by_true_range
from genesis.domain.units import PPB, Ppb, ppb
from genesis.ports.errors import InputError

WINDOW_MAX: Final = 1_000_000


class Fees(Enum):
    """Where the fees come from."""

    FIXED = "fixed"
    TIERS = "tiers"


def apply_costs(terms: Terms, options: CostOptions) -> Terms:
    """Return *terms* with the costs that *options* ask for; raises `InputError` that names the option."""
    maker = _bps("maker-fee-bps", options.maker_fee_bps) if options.maker_fee_bps else None
    fee, has_tiers = terms.costs.fee, choice_option("fees", options.fees, Fees) is Fees.TIERS
    if has_tiers:
        lowest = tier_of(0)
        if maker is not None or fee != lowest.taker:
            raise InputError("--fees tiers: the schedule says what is paid; leave out --fee-bps and --maker-fee-bps")
        maker = lowest.maker
    try:
        volatility, impact = _volatility(options), _impact(options)
        costs = evolve(terms.costs, volatility=volatility, impact=impact, maker_fee=maker, has_tiers=has_tiers)
        return evolve(terms, costs=costs, desk=evolve(terms.desk, impact=impact))
    except ValueError as error:
        raise InputError(str(error)) from error


def _volatility(options: CostOptions) -> VolatilitySlippage | None:
    if not options.slippage_volatility:
        return None
    factor = decimal_option("slippage-volatility", options.slippage_volatility)
    if not 0 < factor * PPB <= FACTOR_MAX:
        raise InputError(f"--slippage-volatility {factor}: give a multiple of the true range, above 0 and at most 100")
    return by_true_range(Ppb(round(factor * PPB)), _window(options), _bps("slippage-cap-bps", options.slippage_cap_bps))


def _impact(options: CostOptions) -> Impact | None:
    if not options.slippage_impact_bps:
        return None
    coefficient = _bps("slippage-impact-bps", options.slippage_impact_bps)
    return by_mean_volume(coefficient, _window(options), _bps("slippage-cap-bps", options.slippage_cap_bps))


def _window(options: CostOptions) -> int:
    text = options.slippage_window
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= WINDOW_MAX):
        raise InputError(f"--slippage-window {text!r}: give a number of candles, 1 to {WINDOW_MAX}")
    return int(text)


def _bps(option: str, text: str) -> Ppb:
    points = decimal_option(option, text)
    if not (0 <= points < BPS_PER_UNIT and (value := ppb(points, BPS_PER_UNIT)) < PPB):
        raise InputError(f"--{option} {text}: must be at least 0 and below {BPS_PER_UNIT}")
    return value
