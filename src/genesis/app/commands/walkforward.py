"""`walkforward`: parameters chosen on one stretch of time, judged on the next, again and again."""

from time import perf_counter

from genesis.app.commands import command
from genesis.app.invoking import Context
from genesis.app.research_options import SEARCH_HELP, AccountOptions, MarketOptions, SearchOptions
from genesis.ports.errors import InputError


@command(
    "walkforward",
    words="data",
    repeated=("param", "where"),
    help={
        **{name: text for name, text in SEARCH_HELP.items() if name not in ("report", "bundle")},
        "workers": "Threads; 0 is one for each core.",
        "sort": "Choose in training by sharpe, total_return_pct, profit_factor, max_drawdown_pct…",
        "random": "Try this many combinations drawn from the grid, instead of all.",
        "seed": "What --random draws with.",
        "train": "Length of training, in whole days: 60d.",
        "test": "Length of each test, in whole days: 20d.",
        "purge": "Leave out this much at the end of training: 0d, 12h…",
        "embargo": "Do not trade this much at the beginning of each test: 0d, 12h…",
        "anchored": "Training always begins at the first day, instead of rolling on.",
    },
)
def walkforward(
    _: Context,
    search: SearchOptions,
    market: MarketOptions,
    account: AccountOptions,
    random: int = 0,
    seed: int = 0,
    train: str = "60d",
    test: str = "20d",
    purge: str = "",
    embargo: str = "",
    anchored: bool = False,
    json: bool = False,
) -> None:
    """Choose parameters on one stretch of candles and trade them on the next, window after window.

    Only the tests count: they are traded one after the other as one account, whose figures are outside of training.
    """
    from genesis.app.json_output import print_json
    from genesis.app.progress import progress
    from genesis.app.research import checked_order, research_of, threads_option
    from genesis.app.walkforward import walk_forward
    from genesis.app.walkforward_result import document_of, print_walk_forward
    from genesis.domain.statistics.walk_forward import Schedule, windows_of

    checked_order(search.sort)
    schedule = Schedule(
        _span("train", train), _span("test", test), _span("purge", purge), _span("embargo", embargo), anchored
    )
    threads = threads_option(search.workers)
    research = research_of(search, market, account, random, seed)
    plan, candles = research.plan, research.candles
    try:
        windows = windows_of(int(candles.mts[0]), int(candles.mts[-1]), schedule)
    except ValueError as error:
        raise InputError(f"--train {train} --test {test}: {error}") from error
    if not windows:
        raise InputError(f"--train {train} --test {test}: the candles are not long enough for one window")
    begin = perf_counter()
    with progress("walking forward") as show:
        found = walk_forward(plan, candles, windows, search.sort, threads, show)
    seconds = perf_counter() - begin
    if json:
        print_json(document_of(plan, found, search.sort, seconds))
    else:
        print_walk_forward(plan, found, seconds)


def _span(option: str, text: str) -> int:
    from genesis.app.options import seconds_option

    if text.rstrip("dhms").strip("0") == "":
        return 0
    return round((seconds_option(option, text) or 0.0) * 1000)
