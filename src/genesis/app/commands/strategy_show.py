"""`strategy.show` and `strategy.list`: what a strategy is made of, and which there are."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from genesis.app.commands import command
from genesis.app.invoking import Context

if TYPE_CHECKING:
    from genesis.app.json_output import JsonDocument
    from genesis.domain.strategy.expression import Expr


@command(
    "strategy.show",
    words="data",
    repeated=("param", "other"),
    help={
        "strategy": "A strategy by name, or your own as FILE.py:NAME.",
        "data": "Candles for the report: files or names of the archive; none is the archive, or a synthetic market.",
        "param": "A parameter of the strategy, as NAME=VALUE; may be given many times.",
        "other": "Candles of another instrument that it reads, as SYMBOL=DATA; else they come from the archive.",
        "report": "Draw the graph, and the features over candles, in this HTML file.",
        "from_": "Use candles from this UTC date or time on.",
        "to": "Use candles before this UTC date or time.",
        "timeframe": "Resample to this time frame first: 5m, 1h, 1D…",
        "symbol": "The instrument, where the data does not say.",
        "repair": "Drop faulty rows of files instead of refusing them.",
        "json": "Print one JSON object.",
    },
)
def strategy_show(
    _: Context,
    data: Sequence[str] = (),
    strategy: str = "ema_cross",
    param: Sequence[str] = (),
    other: Sequence[str] = (),
    report: str = "",
    from_: str = "",
    to: str = "",
    timeframe: str = "",
    symbol: str = "",
    repair: bool = False,
    json: bool = False,
) -> None:
    """Print the graph of a strategy, every node once, and its hash; with --report draw it over candles."""
    from pathlib import Path

    from genesis.adapters.atomic_file import write_whole
    from genesis.adapters.candles_parquet import ParquetCandles
    from genesis.adapters.report.strategy_page import strategy_page
    from genesis.app.home import candle_folder
    from genesis.app.json_output import print_json
    from genesis.app.market_data import market_data
    from genesis.app.options import parameters_option
    from genesis.app.other_markets import other_candles, others_option
    from genesis.app.run_options import wanted_of
    from genesis.app.strategies import build_strategy, find_any_strategy
    from genesis.app.strategy_report import strategy_report
    from genesis.domain.strategy.merged import symbols_of
    from genesis.domain.strategy.outline import printed
    from genesis.domain.strategy.specification import Strategy
    from genesis.ports.errors import InputError

    chosen = find_any_strategy(strategy)
    if not isinstance(chosen, Strategy):
        raise InputError(f"{strategy} decides event by event: it has no graph; strategy.check tries it")
    params, root = build_strategy(chosen, parameters_option(param))
    if report:
        archive, wanted = ParquetCandles(candle_folder()), wanted_of(symbol, timeframe, from_, to, repair)
        market = market_data(data, wanted, archive)
        others = other_candles(symbols_of(root), others_option(other), market, wanted, archive)
        write_whole(Path(report), strategy_page(strategy_report(chosen, params, root, market, others)))
    if json:
        print_json({"strategy": chosen.name, "params": dict(params), **_document(root), "report": report or None})
        return
    facts = _document(root)
    print(f"{chosen.name}: {chosen.description}")
    print(printed(root))
    print(f"Warm-up: at least {root.warm_up} candles. Reads {', '.join(symbols_of(root)) or 'no other instrument'}.")
    print(f"Hash: {facts['hash']}")
    if report:
        print(f"Report: {report}")


@command("strategy.list", help={"json": "Print one JSON object."})
def strategy_list(_: Context, json: bool = False) -> None:
    """List the strategies that ship, with their parameters and ranges."""
    from genesis.app.json_output import print_json
    from genesis.app.strategies import KNOWN
    from genesis.domain.strategy.specification import Strategy

    if json:
        print_json({"strategies": [_listed(name) for name in sorted(KNOWN)]})
        return
    for name, each in sorted(KNOWN.items()):
        kind = "" if isinstance(each, Strategy) else " (event by event)"
        print(f"{name}{kind}: {each.description}")
        for parameter in each.parameters:
            between = parameter.between
            print(f"    {parameter.name} = {parameter.default}   {between.lowest} to {between.highest}")


def _listed(name: str) -> "JsonDocument":
    from genesis.app.strategies import KNOWN
    from genesis.domain.strategy.specification import Strategy

    each = KNOWN[name]
    parameters: list[JsonDocument] = [
        {
            "name": parameter.name,
            "default": parameter.default,
            "lowest": parameter.between.lowest,
            "highest": parameter.between.highest,
        }
        for parameter in each.parameters
    ]
    is_expression = isinstance(each, Strategy)
    return {
        "name": name,
        "description": each.description,
        "is_expression": is_expression,
        "parameters": list(parameters),
    }


def _document(root: "Expr") -> "JsonDocument":
    from genesis.domain.strategy.content_hash import content_hash
    from genesis.domain.strategy.merged import symbols_of
    from genesis.domain.strategy.outline import outline

    nodes: list[JsonDocument] = [
        {"name": line.name, "is": line.text, "reads": list(line.reads), "candles": list(line.place)}
        for line in outline(root)
    ]
    return {
        "expression": str(root),
        "hash": content_hash(root),
        "warm_up": root.warm_up,
        "others": list(symbols_of(root)),
        "nodes": list(nodes),
    }
