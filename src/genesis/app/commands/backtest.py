"""`backtest`: one strategy over candles, by columns or by events."""

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from genesis.app.commands import command
from genesis.app.invoking import Context
from genesis.app.research_options import (
    DESK_HELP,
    REPORT_HELP,
    RUN_HELP,
    STRATEGY_HELP,
    AccountOptions,
    DeskOptions,
    MarketOptions,
)
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
        **RUN_HELP,
        **DESK_HELP,
        "strategy": STRATEGY_HELP,
        "param": "A parameter of the strategy, as NAME=VALUE; may be given many times.",
        "engine": "columnar (compiled) or event (the trading core); both give the same result.",
        "report": REPORT_HELP,
    },
)
def backtest(
    _: Context,
    market: MarketOptions,
    account: AccountOptions,
    desk: DeskOptions,
    strategy: str = "ema_cross",
    param: Sequence[str] = (),
    engine: str = "columnar",
    report: str = "",
    json: bool = False,
) -> None:
    """Run a strategy over candles: decided on a close, filled at the next open, to the last atom."""
    from attrs import evolve

    from genesis.app.backtest import Engine
    from genesis.app.backtest_result import BacktestResult, document_of
    from genesis.app.backtest_view import print_result
    from genesis.app.desk_options import apply_options
    from genesis.app.json_output import print_json
    from genesis.app.options import choice_option, parameters_option
    from genesis.app.research import market_of_options, terms_of_options
    from genesis.app.strategies import build_strategy, find_strategy

    chosen_engine = choice_option("engine", engine, Engine)
    chosen = find_strategy(strategy)
    params, expression = build_strategy(chosen, parameters_option(param))
    found = market_of_options(market)
    terms = terms_of_options(found.symbol, expression, account)
    terms = evolve(terms, desk=apply_options(terms.desk, desk, found.timeframe, terms.costs.fee))
    begin = perf_counter()
    made = _run(terms, found.candles, chosen_engine, keep_equity=bool(report))
    seconds = perf_counter() - begin
    result = BacktestResult(chosen.name, params, found.description(), terms, chosen_engine.value, made, seconds)
    if json:
        print_json(document_of(result))
    else:
        print_result(result)
    if report:
        _write_report(result, found.candles, Path(report))


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
