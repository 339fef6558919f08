"""What a command line says of a desk besides its strategy and size: limits, budget, margin, stops."""

from typing import Final

from attrs import evolve

from genesis.app.options import choice_option, decimal_option, parameters_option, percent_option, seconds_option
from genesis.app.research_options import DeskOptions
from genesis.app.strategies import build_strategy, find_lone_strategy
from genesis.domain.candle import Timeframe
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.execution.plans import LimitEntry, Market, Plan
from genesis.domain.execution.protection import Bracket, Protection, Trailing
from genesis.domain.risk.budget import Budget, RegimeBudget, VolatilityTarget, realised_volatility
from genesis.domain.risk.guards import OnBreach
from genesis.domain.risk.margin import Margin
from genesis.domain.units import PPB, Ppb, ppb
from genesis.ports.errors import InputError

WHOLE_MAX: Final = 10**9


def apply_options(desk: DeskSettings, options: DeskOptions, timeframe: Timeframe, fee: Ppb) -> DeskSettings:
    """Return *desk* with what *options* ask for; raises `InputError` that names the option."""
    try:
        limits = evolve(
            desk.limits,
            on_breach=choice_option("on-breach", options.on_breach, OnBreach),
            cool_down_losses=_whole("cool-down-losses", options.cool_down_losses),
            cool_down_ms=round((seconds_option("cool-down", options.cool_down) or 0) * 1000),
        )
        budget = Budget(_volatility(options, timeframe), _regimes(options))
        plan, protection = _plan(options), _protection(options)
        margin = _margin(options, fee)
        return evolve(desk, limits=limits, budget=budget, margin=margin, plan=plan, protection=protection)
    except ValueError as error:
        raise InputError(str(error)) from error


def _volatility(options: DeskOptions, timeframe: Timeframe) -> VolatilityTarget | None:
    target = percent_option("volatility-target-pct", options.volatility_target_pct)
    if target is None:
        return None
    window = _whole("volatility-window", options.volatility_window)
    if window is None:
        raise InputError("--volatility-window: give a number of candles")
    return VolatilityTarget(
        realised_volatility(window, timeframe), target, _factor("volatility-cap", options.volatility_cap)
    )


def _regimes(options: DeskOptions) -> RegimeBudget | None:
    if not options.regime:
        if options.regime_share:
            raise InputError("--regime-share: name the expression that tells the regime with --regime")
        return None
    regime = build_strategy(find_lone_strategy(options.regime, "a regime"), {})[1]
    try:
        given = {float(value): text for value, text in parameters_option(options.regime_share, "regime-share").items()}
    except ValueError:
        raise InputError("--regime-share: give each as REGIME=PERCENT, both numbers, such as 1=50") from None
    shares = tuple((value, percent_option("regime-share", text) or Ppb(0)) for value, text in given.items())
    return RegimeBudget(regime, shares)


def _margin(options: DeskOptions, fee: Ppb) -> Margin | None:
    if not options.margin:
        return None
    return Margin(
        _factor("leverage", options.leverage),
        percent_option("maintenance-pct", options.maintenance_pct) or Ppb(0),
        ppb(decimal_option("funding-bps-day", options.funding_bps_day), per=10_000),
        fee,
    )


def _plan(options: DeskOptions) -> Plan:
    if not options.entry_offset_bps:
        return Market()
    patience = round((seconds_option("entry-patience", options.entry_patience) or 0) * 1000)
    return LimitEntry(ppb(decimal_option("entry-offset-bps", options.entry_offset_bps), per=10_000), patience)


def _protection(options: DeskOptions) -> Protection | None:
    stop = percent_option("stop-loss-pct", options.stop_loss_pct)
    take = percent_option("take-profit-pct", options.take_profit_pct)
    trail = percent_option("trailing-stop-pct", options.trailing_stop_pct)
    if trail is not None:
        if stop is not None or take is not None:
            raise InputError("--trailing-stop-pct: a position has a trailing stop, or a stop loss and a take profit")
        return Trailing(trail)
    if stop is None:
        if take is not None:
            raise InputError("--take-profit-pct: a target goes with a stop, so give --stop-loss-pct too")
        return None
    return Bracket(stop, take)


def _factor(option: str, text: str) -> Ppb:
    value = decimal_option(option, text)
    return Ppb(round(value * PPB))


def _whole(option: str, text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise InputError(f"--{option} {text!r}: give a whole number")
    if int(text) > WHOLE_MAX:
        raise InputError(f"--{option} {text}: give at most {WHOLE_MAX}")
    return int(text)
