"""`parity`: one strategy through every way to run it, and a certificate that they agree."""

from collections.abc import Sequence

from genesis.app.commands import command
from genesis.app.invoking import Context, Exit
from genesis.app.research_options import (
    RUN_HELP,
    STRATEGY_HELP,
    AccountOptions,
    CostOptions,
    DeskOptions,
    MarketOptions,
)
from genesis.ports.errors import InputError


@command(
    "parity",
    words="data",
    repeated=("param", "other", "regime_share"),
    help={
        **RUN_HELP,
        "strategy": STRATEGY_HELP,
        "param": "A parameter of the strategy, as NAME=VALUE; may be given many times.",
        "candles": "Run the first so many candles: the wire takes some milliseconds for each.",
        "json": "Print the certificate alone, as one JSON object.",
    },
)
def parity(
    _: Context,
    market: MarketOptions,
    account: AccountOptions,
    cost: CostOptions,
    desk: DeskOptions,
    strategy: str = "ema_cross",
    param: Sequence[str] = (),
    candles: int = 2_000,
    json: bool = False,
) -> None:
    """Prove that every way to run a strategy makes the same decisions, to the last atom; exit 1 if one does not.

    The ways are columnar, event, a journal replayed, and the wire in lock-step with the local venue. The certificate
    has their hashes, the hash of the data and that of the code; it is written to `reports` in the data directory.
    """
    from hashlib import sha256

    from attrs import evolve

    from genesis.adapters.atomic_file import write_whole
    from genesis.app.home import home
    from genesis.app.json_output import JsonDocument, json_text
    from genesis.app.options import parameters_option
    from genesis.app.parity import certificate, prove
    from genesis.app.research import market_of_options, run_terms
    from genesis.app.strategies import build_deciding, find_any_strategy, origins_of
    from genesis.domain.strategy.by_events import reads_of
    from genesis.domain.units import InexactNumber

    if candles < 1:
        raise InputError(f"--candles {candles}: give at least 1")
    origins = origins_of(strategy, desk.regime)
    chosen = find_any_strategy(strategy)
    params, deciding = build_deciding(chosen, parameters_option(param))
    found = market_of_options(market, reads_of(deciding))
    found = evolve(found, candles=found.candles[:candles])
    terms = run_terms(found, deciding, account, cost, desk)
    try:
        proved = prove(terms, found.candles, found.timeframe)
    except InexactNumber as error:
        raise InputError(str(error)) from error
    described = found.description()
    about: JsonDocument = {
        "strategy": chosen.name,
        "strategy_sha256": {each.name: each.sha256 for each in origins if each.sha256},
        "params": dict(params),
        "expression": str(deciding),
        "symbol": described.symbol,
        "timeframe": described.timeframe,
        "candles": described.rows,
        "data_sha256": described.sha256,
        "others": dict(described.others),
        **{name: value or None for name, value in account._asdict().items()},
        "costs": cost._asdict(),
        "desk": {name: list(value) if isinstance(value, tuple) else value for name, value in desk._asdict().items()},
    }
    text = json_text(certificate(proved, about))
    asked = sha256(json_text(about).encode()).hexdigest()
    path = home() / "reports" / f"parity-{chosen.name}-{described.sha256[:12]}-{asked[:12]}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text + "\n")
    if json:
        print(text)
    else:
        print(f"{chosen.name} on {described.rows} candles of {described.symbol}, rows {described.sha256[:12]}")
        for each in proved.outcomes:
            print(f"  {each.way.value:<9} {each.fills:>6} fills  {each.decision_hash}")
        for way, reason in proved.left_out:
            print(f"  {way.value:<9} left out: {reason}")
        print(f"different: {proved.difference}" if proved.difference else "all the same, to the last atom")
        print(f"certificate: {path}")
    if proved.difference:
        raise Exit(code=1)
