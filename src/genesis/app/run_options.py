"""What the commands that run strategies have in common: their options as exact terms."""

from genesis.app.backtest import Terms
from genesis.app.market_data import Wanted
from genesis.app.options import (
    atoms_option,
    decimal_option,
    instant_option,
    percent_option,
    symbol_option,
    timeframe_option,
)
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.instrument import spot_instrument
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.simulation.market_orders import costs_from_bps
from genesis.domain.strategy.by_events import Deciding
from genesis.domain.units import Symbol
from genesis.ports.errors import InputError


def wanted_of(symbol: str, timeframe: str, from_: str, to: str, repair: bool) -> Wanted:
    """Return which candles the options ask for; raises `InputError`."""
    return Wanted(
        symbol_option("symbol", symbol),
        timeframe_option("timeframe", timeframe),
        instant_option("from", from_),
        instant_option("to", to),
        repair,
    )


def terms_of(
    symbol: Symbol,
    deciding: Deciding,
    account: tuple[str, str, str],
    costs: tuple[str, str],
    limits: tuple[str, str, str],
) -> Terms:
    """Return the terms that the options ask for; raises `InputError`."""
    cash, size, min_amount = account
    cap, drawdown, daily_loss = limits
    try:
        guards = RiskLimits(
            percent_option("position-cap-pct", cap),
            percent_option("max-drawdown-pct", drawdown),
            atoms_option("max-daily-loss", daily_loss) if daily_loss else None,
        )
        instrument = spot_instrument(symbol, atoms_option("min-amount", min_amount))
        core = DeskSettings(instrument, deciding, float(decimal_option("size", size)), guards)
        fee, slippage = decimal_option("fee-bps", costs[0]), decimal_option("slippage-bps", costs[1])
        return Terms(core, costs_from_bps(fee, slippage), atoms_option("cash", cash))
    except ValueError as error:
        raise InputError(str(error)) from error
