"""`walkforward`: parameters chosen on one stretch of time, judged on the next, again and again."""

from collections.abc import Sequence
from time import perf_counter

from genesis.app.commands import command
from genesis.app.commands.sweep import ACCOUNT_HELP, space_option, worker_count
from genesis.app.invoking import Context
from genesis.ports.errors import InputError


@command(
    "walkforward",
    words="data",
    repeated=("param",),
    help={
        "strategy": "A strategy by name, or your own as FILE.py:NAME.",
        "data": "Candles: files or names of the archive; none is the archive, or else a synthetic market.",
        "param": "The values of a parameter: NAME=5:50:5 (both ends included), NAME=5,8,13, or NAME=5.",
        "random": "Try this many combinations drawn from the grid, instead of all.",
        "seed": "What --random draws with.",
        "workers": "Threads; 0 is one for each core.",
        "sort": "Choose in training by sharpe, total_return_pct, profit_factor, max_drawdown_pct…",
        "train": "Length of training, in whole days: 60d.",
        "test": "Length of each test, in whole days: 20d.",
        "purge": "Leave out this much at the end of training: 0d, 12h…",
        "embargo": "Do not trade this much at the beginning of each test: 0d, 12h…",
        "anchored": "Training always begins at the first day, instead of rolling on.",
        **ACCOUNT_HELP,
    },
)
def walkforward(
    _: Context,
    data: Sequence[str] = (),
    strategy: str = "ema_cross",
    param: Sequence[str] = (),
    random: int = 0,
    seed: int = 0,
    workers: int = 0,
    sort: str = "sharpe",
    train: str = "60d",
    test: str = "20d",
    purge: str = "",
    embargo: str = "",
    anchored: bool = False,
    from_: str = "",
    to: str = "",
    timeframe: str = "",
    symbol: str = "",
    cash: str = "10000",
    size: str = "1.0",
    fee_bps: str = "20",
    slippage_bps: str = "1",
    min_amount: str = "0.0001",
    position_cap_pct: str = "",
    max_drawdown_pct: str = "",
    max_daily_loss: str = "",
    repair: bool = False,
    json: bool = False,
) -> None:
    """Choose parameters on one stretch of candles and trade them on the next, window after window.

    Only the tests count: they are traded one after the other as one account, whose figures are outside of training.
    """
    from genesis.adapters.candles_parquet import ParquetCandles
    from genesis.app.home import candle_folder
    from genesis.app.json_output import print_json
    from genesis.app.market_data import market_data
    from genesis.app.options import parameters_option
    from genesis.app.progress import progress
    from genesis.app.run_options import terms_of, wanted_of
    from genesis.app.strategies import find_strategy
    from genesis.app.sweep import SweepPlan, first_expression
    from genesis.app.walkforward import walk_forward
    from genesis.app.walkforward_result import document_of, print_walk_forward
    from genesis.domain.statistics.sweep_figures import DESCENDING
    from genesis.domain.statistics.walk_forward import Schedule, windows_of

    if sort not in DESCENDING:
        raise InputError(f"--sort {sort!r}: is one of {', '.join(DESCENDING)}")
    schedule = Schedule(
        _span("train", train), _span("test", test), _span("purge", purge), _span("embargo", embargo), anchored
    )
    threads = worker_count(workers)
    chosen = find_strategy(strategy)
    space, indices = space_option(chosen, parameters_option(param), random, seed)
    expression = first_expression(chosen, space, indices)
    market = market_data(data, wanted_of(symbol, timeframe, from_, to, repair), ParquetCandles(candle_folder()))
    limits = (position_cap_pct, max_drawdown_pct, max_daily_loss)
    terms = terms_of(market.symbol, expression, (cash, size, min_amount), (fee_bps, slippage_bps), limits)
    plan = SweepPlan(chosen, space, indices, terms, market.description())
    try:
        windows = windows_of(int(market.candles.mts[0]), int(market.candles.mts[-1]), schedule)
    except ValueError as error:
        raise InputError(f"--train {train} --test {test}: {error}") from error
    if not windows:
        raise InputError(f"--train {train} --test {test}: the candles are not long enough for one window")
    begin = perf_counter()
    with progress("walking forward") as show:
        found = walk_forward(plan, market.candles, windows, sort, threads, show)
    seconds = perf_counter() - begin
    if json:
        print_json(document_of(plan, found, sort, seconds))
    else:
        print_walk_forward(plan, found, seconds)


def _span(option: str, text: str) -> int:
    from genesis.app.options import seconds_option

    if text.rstrip("dhms").strip("0") == "":
        return 0
    return round((seconds_option(option, text) or 0.0) * 1000)
