"""`parity`: one strategy through every way to run it, and a certificate that they agree."""

from collections.abc import Sequence

from genesis.app.commands import command
from genesis.app.invoking import Context, Exit
from genesis.app.research_options import COST_HELP, DESK_HELP, CostOptions, DeskOptions
from genesis.ports.errors import InputError


@command(
    "parity",
    words="data",
    repeated=("param", "other", "regime-share"),
    help={
        "strategy": "A strategy by name, or your own as FILE.py:NAME.",
        "data": "Candles: files or names of the archive; none is the archive, or else a synthetic market.",
        "param": "A parameter of the strategy, as NAME=VALUE; may be given many times.",
        "from_": "Use candles from this UTC date or time on.",
        "to": "Use candles before this UTC date or time.",
        "timeframe": "Resample to this time frame first: 5m, 1h, 1D…",
        "symbol": "The instrument, where the data does not say.",
        "candles": "Run the first so many candles: the wire takes some milliseconds for each.",
        "cash": "Cash at the start, in the quote currency.",
        "size": "Share of equity that a full target takes, above 0 to 1.",
        "fee_bps": "Fee in basis points.",
        "slippage_bps": "Slippage of a market order in basis points.",
        "min_amount": "Smallest order, in the base currency.",
        "position_cap_pct": "Largest position, in percent of equity.",
        "max_drawdown_pct": "Flatten and halt when equity is down this much from its peak, in percent.",
        "max_daily_loss": "Flatten and halt when a UTC day loses more than this, in the quote currency.",
        "repair": "Drop faulty rows of files instead of refusing them.",
        "other": "Candles of another instrument that it reads, as SYMBOL=DATA; else they come from the archive.",
        **COST_HELP,
        **DESK_HELP,
        "json": "Print the certificate alone, as one JSON object.",
    },
)
def parity(
    _: Context,
    cost: CostOptions,
    desk: DeskOptions,
    data: Sequence[str] = (),
    strategy: str = "ema_cross",
    param: Sequence[str] = (),
    from_: str = "",
    to: str = "",
    timeframe: str = "",
    symbol: str = "",
    candles: int = 2_000,
    cash: str = "10000",
    size: str = "1.0",
    fee_bps: str = "20",
    slippage_bps: str = "1",
    min_amount: str = "0.0001",
    position_cap_pct: str = "",
    max_drawdown_pct: str = "",
    max_daily_loss: str = "",
    repair: bool = False,
    other: Sequence[str] = (),
    json: bool = False,
) -> None:
    """Prove that every way to run a strategy makes the same decisions, to the last atom; exit 1 if one does not.

    The ways are columnar, event, a journal replayed, and the wire in lock-step with the local venue. The certificate
    has their hashes, the hash of the data and that of the code; it is written to `reports` in the data directory.
    """
    from attrs import evolve

    from genesis.adapters.atomic_file import write_whole
    from genesis.adapters.candles_parquet import ParquetCandles
    from genesis.app.cost_options import apply_costs
    from genesis.app.desk_options import apply_options
    from genesis.app.home import candle_folder, home
    from genesis.app.json_output import JsonDocument, json_text
    from genesis.app.market_data import market_data
    from genesis.app.options import parameters_option
    from genesis.app.other_markets import others_option, with_others
    from genesis.app.parity import certificate, prove
    from genesis.app.run_options import terms_of, wanted_of
    from genesis.app.strategies import build_deciding, find_any_strategy
    from genesis.domain.strategy.by_events import reads_of
    from genesis.domain.units import InexactNumber

    if candles < 1:
        raise InputError(f"--candles {candles}: give at least 1")
    chosen = find_any_strategy(strategy)
    params, deciding = build_deciding(chosen, parameters_option(param))
    wanted, archive = wanted_of(symbol, timeframe, from_, to, repair), ParquetCandles(candle_folder())
    market = market_data(data, wanted, archive)
    market = evolve(market, candles=market.candles[:candles])
    market = with_others(market, reads_of(deciding), others_option(other), wanted, archive)
    limits = (position_cap_pct, max_drawdown_pct, max_daily_loss)
    terms = terms_of(market.symbol, deciding, (cash, size, min_amount), (fee_bps, slippage_bps), limits)
    terms = evolve(terms, others=market.others)
    terms = apply_costs(terms, cost)
    terms = evolve(terms, desk=apply_options(terms.desk, desk, market.timeframe, terms.costs.fee))
    try:
        found = prove(terms, market.candles, market.timeframe)
    except InexactNumber as error:
        raise InputError(str(error)) from error
    described = market.description()
    about: JsonDocument = {
        "strategy": chosen.name,
        "params": dict(params),
        "expression": str(deciding),
        "symbol": described.symbol,
        "timeframe": described.timeframe,
        "candles": described.rows,
        "data_sha256": described.sha256,
        "others": dict(described.others),
        "cash": cash,
        "size": size,
        "fee_bps": fee_bps,
        "slippage_bps": slippage_bps,
        "min_amount": min_amount,
        "position_cap_pct": position_cap_pct or None,
        "max_drawdown_pct": max_drawdown_pct or None,
        "max_daily_loss": max_daily_loss or None,
        "costs": cost._asdict(),
        "desk": {name: list(value) if isinstance(value, tuple) else value for name, value in desk._asdict().items()},
    }
    text = json_text(certificate(found, about))
    path = home() / "reports" / f"parity-{chosen.name}-{described.sha256[:12]}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text + "\n")
    if json:
        print(text)
    else:
        print(f"{chosen.name} on {described.rows} candles of {described.symbol}, rows {described.sha256[:12]}")
        for each in found.outcomes:
            print(f"  {each.way.value:<9} {each.fills:>6} fills  {each.decision_hash}")
        for way, reason in found.left_out:
            print(f"  {way.value:<9} left out: {reason}")
        print(f"different: {found.difference}" if found.difference else "all the same, to the last atom")
        print(f"certificate: {path}")
    if found.difference:
        raise Exit(code=1)
