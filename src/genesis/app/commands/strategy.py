"""`strategy.check`: whether a strategy can be believed at all."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from genesis.app.commands import command
from genesis.app.invoking import Context, Exit

if TYPE_CHECKING:
    from genesis.app.json_output import JsonDocument
    from genesis.domain.strategy.proof import Proof

CANDLES_MAX: Final = 100_000
"""The last so many candles are enough to tell, and are tried some forty times."""


@command(
    "strategy.check",
    words="data",
    repeated=("param",),
    help={
        "strategy": "A strategy by name, or your own as FILE.py:NAME.",
        "data": "Candles: files or names of the archive; none is the archive, or else a synthetic market.",
        "param": "A parameter of the strategy, as NAME=VALUE; may be given many times.",
        "seed": "What the trials are drawn with.",
        "from_": "Use candles from this UTC date or time on.",
        "to": "Use candles before this UTC date or time.",
        "timeframe": "Resample to this time frame first: 5m, 1h, 1D…",
        "symbol": "The instrument, where the data does not say.",
        "repair": "Drop faulty rows of files instead of refusing them.",
        "json": "Print one JSON object.",
    },
)
def strategy_check(
    _: Context,
    data: Sequence[str] = (),
    strategy: str = "ema_cross",
    param: Sequence[str] = (),
    seed: int = 0,
    from_: str = "",
    to: str = "",
    timeframe: str = "",
    symbol: str = "",
    repair: bool = False,
    json: bool = False,
) -> None:
    """Prove on data that a strategy does not look ahead; exit 1 if it does.

    The future is cut off and scrambled at many candles, and every node of the expression must keep every value it had.
    Columns must equal streaming, the warm-up must suffice, and holes, gaps and repeated candles must not break it.
    """
    from genesis.adapters.candles_parquet import ParquetCandles
    from genesis.app.home import candle_folder
    from genesis.app.json_output import print_json
    from genesis.app.market_data import market_data
    from genesis.app.options import parameters_option
    from genesis.app.run_options import wanted_of
    from genesis.app.strategies import build_strategy, find_strategy
    from genesis.domain.strategy.proof import prove
    from genesis.ports.errors import InputError

    if seed < 0:
        raise InputError(f"--seed {seed}: must not be negative")
    chosen = find_strategy(strategy)
    params, expression = build_strategy(chosen, parameters_option(param))
    market = market_data(data, wanted_of(symbol, timeframe, from_, to, repair), ParquetCandles(candle_folder()))
    if len(market.candles) < 2:
        raise InputError("there is one candle: give at least two")
    candles = market.candles[-CANDLES_MAX:]
    proof = prove(expression, candles, seed)
    if json:
        head: JsonDocument = {"strategy": chosen.name, "params": dict(params), "expression": str(expression)}
        print_json({**head, "seed": seed, "candles": len(candles), **_document(proof)})
    else:
        print(f"{expression} on {len(candles)} candles of {market.symbol}, {proof.trials} trials")
        _print(proof)
    if not proof.is_clean:
        raise Exit(code=1)


def _document(proof: "Proof") -> "JsonDocument":
    return {
        "is_clean": proof.is_clean,
        "trials": proof.trials,
        "findings": [
            {"fault": each.fault.value, "node": each.node, "trial": each.trial, "candle": each.candle}
            for each in proof.findings
        ],
        "warm_up": proof.warm_up,
        "first_decision": proof.first_decision,
        "agrees_after": proof.agrees_after,
    }


def _print(proof: "Proof") -> None:
    for each in proof.findings:
        print(f"FAULT: {each.node} {each.fault.value}: {each.trial}; it shows at candle {each.candle}")
    if proof.is_clean:
        print("It does not look ahead, columns equal streaming, and holes, gaps and repeats do not break it.")
    first = "never" if proof.first_decision is None else f"at candle {proof.first_decision}"
    print(f"Warm-up: {proof.warm_up} candles by its indicators; the first decision comes {first}.")
    if proof.agrees_after is None:
        print("Started in the middle, it never comes to decide as with the whole history.")
    else:
        print(f"Started in the middle, it decides as with the whole history after {proof.agrees_after} candles.")
