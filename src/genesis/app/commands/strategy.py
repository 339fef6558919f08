"""`strategy.check`: whether a strategy can be believed at all."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from genesis.app.commands import command
from genesis.app.invoking import Context, Exit

if TYPE_CHECKING:
    from genesis.app.json_output import JsonDocument
    from genesis.app.market_data import MarketData, Wanted
    from genesis.app.strategies import AnyStrategy
    from genesis.domain.candle import Candles
    from genesis.domain.strategy.proof import Proof
    from genesis.domain.units import Symbol
    from genesis.ports.candles import CandleArchive

CANDLES_MAX: Final = 100_000
"""The last so many candles are enough to tell, and are tried some forty times."""
EVENTS_MAX: Final = 10_000
"""The same for event strategies, which go candle by candle."""


@command(
    "strategy.check",
    words="data",
    repeated=("param", "other"),
    help={
        "strategy": "A strategy by name, or your own as FILE.py:NAME.",
        "data": "Candles: files or names of the archive; none is the archive, or else a synthetic market.",
        "param": "A parameter of the strategy, as NAME=VALUE; may be given many times.",
        "other": "Candles of another instrument that it reads, as SYMBOL=DATA; else they come from the archive.",
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
    other: Sequence[str] = (),
    seed: int = 0,
    from_: str = "",
    to: str = "",
    timeframe: str = "",
    symbol: str = "",
    repair: bool = False,
    json: bool = False,
) -> None:
    """Prove on data that a strategy does not look ahead; exit 1 if it does.

    The future is cut off and scrambled at many candles, and every node of the expression must keep every value it had;
    its code must not carry the data with it. Columns must equal streaming, the warm-up must suffice, and holes, gaps
    and repeated candles must not break it. An event strategy must decide the same twice and after a restart.
    """
    from genesis.adapters.candles_parquet import ParquetCandles
    from genesis.app.home import candle_folder
    from genesis.app.json_output import print_json
    from genesis.app.market_data import market_data
    from genesis.app.options import parameters_option
    from genesis.app.other_markets import others_option
    from genesis.app.run_options import wanted_of
    from genesis.app.strategies import find_any_strategy
    from genesis.ports.errors import InputError

    if seed < 0:
        raise InputError(f"--seed {seed}: must not be negative")
    chosen = find_any_strategy(strategy)
    archive = ParquetCandles(candle_folder())
    wanted = wanted_of(symbol, timeframe, from_, to, repair)
    market = market_data(data, wanted, archive)
    if len(market.candles) < 2:
        raise InputError("there is one candle: give at least two")
    trying = _Trying(chosen, parameters_option(param), market)
    others = trying.others(others_option(other), wanted, archive)
    proof, candles = trying.proof(others, seed)
    if json:
        print_json({**trying.head, "seed": seed, "candles": candles, "others": list(others), **_document(proof)})
    else:
        beside = f" beside {', '.join(others)}" if others else ""
        print(f"{trying.title} on {candles} candles of {market.symbol}{beside}, {proof.trials} trials")
        _print(proof, trying.is_expression)
    if not proof.is_clean:
        raise Exit(code=1)


class _Trying:
    """A strategy of either kind, with its parameters and the market that it is tried on."""

    def __init__(self, chosen: "AnyStrategy", given: dict[str, str], market: "MarketData") -> None:
        from genesis.app.strategies import build_deciding, build_strategy
        from genesis.domain.strategy.by_events import reads_of
        from genesis.domain.strategy.content_hash import content_hash
        from genesis.domain.strategy.specification import Strategy

        self._chosen = chosen
        self._market = market
        self.is_expression = isinstance(chosen, Strategy)
        if isinstance(chosen, Strategy):
            self._params, self._expression = build_strategy(chosen, given)
            self.title = str(self._expression)
            expressed: JsonDocument = {"expression": self.title, "hash": content_hash(self._expression)}
        else:
            self._params, deciding = build_deciding(chosen, given)
            self._reads = reads_of(deciding)
            self.title, expressed = chosen.name, {"expression": None, "hash": None}
        self.head: JsonDocument = {"strategy": chosen.name, "params": dict(self._params), **expressed}

    def others(self, given: "dict[Symbol, str]", wanted: "Wanted", archive: "CandleArchive") -> "dict[Symbol, Candles]":
        """Return the candles of others: those that an expression reads, or that an event strategy is to be shown."""
        from genesis.app.other_markets import other_candles
        from genesis.domain.strategy.merged import symbols_of

        symbols = symbols_of(self._expression) if self.is_expression else tuple(dict.fromkeys((*self._reads, *given)))
        return other_candles(symbols, given, self._market, wanted, archive)

    def proof(self, others: "dict[Symbol, Candles]", seed: int) -> "tuple[Proof, int]":
        """Return what was found, and on how many candles."""
        from genesis.domain.strategy.event_proof import prove_events
        from genesis.domain.strategy.proof import prove
        from genesis.domain.strategy.specification import Strategy

        if isinstance(self._chosen, Strategy):
            candles = self._market.candles[-CANDLES_MAX:]
            return prove(self._expression, candles, seed, others), len(candles)
        chosen, params = self._chosen, self._params
        candles = self._market.candles[-EVENTS_MAX:]
        start = int(candles.mts[0])
        shown = {symbol: each.between(start, None) for symbol, each in others.items()}
        proof = prove_events(chosen.name, lambda: chosen.build(params), self._market.symbol, candles, seed, shown)
        return proof, len(candles)


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


def _print(proof: "Proof", is_expression: bool) -> None:
    for each in proof.findings:
        print(f"FAULT: {each.node} {each.fault.value}: {each.trial}; it shows at candle {each.candle}")
    if proof.is_clean and is_expression:
        print("It does not look ahead, columns equal streaming, and holes, gaps and repeats do not break it.")
    elif proof.is_clean:
        print("It does not look ahead, decides the same twice and after a restart, and nothing odd breaks it.")
    first = "never" if proof.first_decision is None else f"at candle {proof.first_decision}"
    said = "" if proof.warm_up is None else f"{proof.warm_up} candles by its indicators; "
    print(f"Warm-up: {said}the first decision comes {first}.")
    if proof.agrees_after is None:
        print("Started in the middle, it never comes to decide as with the whole history.")
    else:
        print(f"Started in the middle, it decides as with the whole history after {proof.agrees_after} candles.")
