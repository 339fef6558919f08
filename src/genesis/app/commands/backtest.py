"""`backtest`: one strategy over candles, by columns or by events."""

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from genesis.app.commands import command
from genesis.app.invoking import Context
from genesis.ports.errors import InputError

if TYPE_CHECKING:
    from genesis.app.backtest import Engine, Run, Terms
    from genesis.app.backtest_result import BacktestResult
    from genesis.domain.candle import Candles


@command(
    "backtest",
    words="data",
    repeated=("param", "regime-share"),
    help={
        "strategy": "A strategy by name, or your own as FILE.py:NAME.",
        "data": "Candles: files or names of the archive; none is the archive, or else a synthetic market.",
        "param": "A parameter of the strategy, as NAME=VALUE; may be given many times.",
        "from_": "Use candles from this UTC date or time on.",
        "to": "Use candles before this UTC date or time.",
        "timeframe": "Resample to this time frame first: 5m, 1h, 1D…",
        "symbol": "The instrument, where the data does not say.",
        "engine": "columnar (compiled) or event (the trading core); both give the same result.",
        "cash": "Cash at the start, in the quote currency.",
        "size": "Share of equity that a full target takes, above 0 to 1.",
        "fee_bps": "Fee in basis points.",
        "slippage_bps": "Slippage of a market order in basis points.",
        "min_amount": "Smallest order, in the base currency.",
        "position_cap_pct": "Largest position, in percent of equity.",
        "max_drawdown_pct": "Flatten and halt when equity is down this much from its peak, in percent.",
        "max_daily_loss": "Flatten and halt when a UTC day loses more than this, in the quote currency.",
        "on_breach": "What a breach of the two limits does: halt, or reduce_only.",
        "cool_down_losses": "Add no risk for a while after so many losing round trips in a row.",
        "cool_down": "How long that is: 90s, 15m, 4h, 1d.",
        "volatility_target_pct": "Scale sizes so that volatility is this much a year, in percent.",
        "volatility_window": "Candles over which volatility is measured.",
        "volatility_cap": "Largest scale by volatility.",
        "regime": "An expression, named as a strategy is, whose value is the regime.",
        "regime_share": "Share of the size that a regime may use, as REGIME=PERCENT; others get none.",
        "margin": "Trade on margin: targets below 0 go short, cash may be owed.",
        "leverage": "What a full target is worth on margin, in multiples of equity.",
        "maintenance_pct": "Equity below this share of the position's value is liquidated, in percent.",
        "funding_bps_day": "What borrowing costs on margin, in basis points a day.",
        "repair": "Drop faulty rows of files instead of refusing them.",
        "report": "Write a report to this HTML file.",
        "json": "Print one JSON object.",
    },
)
def backtest(
    _: Context,
    data: Sequence[str] = (),
    strategy: str = "ema_cross",
    param: Sequence[str] = (),
    from_: str = "",
    to: str = "",
    timeframe: str = "",
    symbol: str = "",
    engine: str = "columnar",
    cash: str = "10000",
    size: str = "1.0",
    fee_bps: str = "20",
    slippage_bps: str = "1",
    min_amount: str = "0.0001",
    position_cap_pct: str = "",
    max_drawdown_pct: str = "",
    max_daily_loss: str = "",
    on_breach: str = "halt",
    cool_down_losses: str = "",
    cool_down: str = "1d",
    volatility_target_pct: str = "",
    volatility_window: str = "1440",
    volatility_cap: str = "1",
    regime: str = "",
    regime_share: Sequence[str] = (),
    margin: bool = False,
    leverage: str = "1",
    maintenance_pct: str = "15",
    funding_bps_day: str = "2",
    repair: bool = False,
    report: str = "",
    json: bool = False,
) -> None:
    """Run a strategy over candles: decided on a close, filled at the next open, to the last atom."""
    from attrs import evolve

    from genesis.adapters.candles_parquet import ParquetCandles
    from genesis.app.backtest import Engine
    from genesis.app.backtest_result import BacktestResult, document_of
    from genesis.app.backtest_view import print_result
    from genesis.app.desk_options import DeskOptions, apply_options
    from genesis.app.home import candle_folder
    from genesis.app.json_output import print_json
    from genesis.app.market_data import market_data
    from genesis.app.options import choice_option, parameters_option
    from genesis.app.run_options import terms_of, wanted_of
    from genesis.app.strategies import build_strategy, find_strategy

    chosen_engine = choice_option("engine", engine, Engine)
    chosen = find_strategy(strategy)
    params, expression = build_strategy(chosen, parameters_option(param))
    limits = (position_cap_pct, max_drawdown_pct, max_daily_loss)
    market = market_data(data, wanted_of(symbol, timeframe, from_, to, repair), ParquetCandles(candle_folder()))
    terms = terms_of(market.symbol, expression, (cash, size, min_amount), (fee_bps, slippage_bps), limits)
    wanted = DeskOptions(
        on_breach,
        cool_down_losses,
        cool_down,
        volatility_target_pct,
        volatility_window,
        volatility_cap,
        regime,
        regime_share,
        margin,
        leverage,
        maintenance_pct,
        funding_bps_day,
    )
    terms = evolve(terms, desk=apply_options(terms.desk, wanted, market.timeframe, terms.costs.fee))
    begin = perf_counter()
    run = _run(terms, market.candles, chosen_engine, keep_equity=bool(report))
    seconds = perf_counter() - begin
    result = BacktestResult(chosen.name, params, market.description(), terms, chosen_engine.value, run, seconds)
    if json:
        print_json(document_of(result))
    else:
        print_result(result)
    if report:
        _write_report(result, market.candles, Path(report))


def _run(terms: "Terms", candles: "Candles", engine: "Engine", *, keep_equity: bool) -> "Run":
    from genesis.app.backtest import Engine, run_columnar, run_event
    from genesis.app.progress import progress
    from genesis.domain.units import InexactNumber

    try:
        if engine is Engine.COLUMNAR:
            return run_columnar(terms, candles)
        with progress("running") as show:
            return run_event(terms, candles, show, keep_equity=keep_equity)
    except InexactNumber as error:
        raise InputError(str(error)) from error


def _write_report(result: "BacktestResult", candles: "Candles", path: Path) -> None:
    from genesis.adapters.atomic_file import write_whole
    from genesis.adapters.report.page import report_page
    from genesis.app.backtest_report import report_of

    write_whole(path, report_page(report_of(result, candles)))
