"""The options that the research commands share: which candles, which account, and which combinations of parameters.

Names and defaults are here and nowhere else: a command that takes a group takes all its fields as options, and a run
bundle writes them down under the same names.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from genesis.app.json_output import Json


class MarketOptions(NamedTuple):
    """The candles of a run."""

    data: Sequence[str] = ()
    from_: str = ""
    to: str = ""
    timeframe: str = ""
    symbol: str = ""
    repair: bool = False
    other: Sequence[str] = ()


class AccountOptions(NamedTuple):
    """The account that trades, what trading costs it, and its limits."""

    cash: str = "10000"
    size: str = "1.0"
    fee_bps: str = "20"
    slippage_bps: str = "1"
    min_amount: str = "0.0001"
    position_cap_pct: str = ""
    max_drawdown_pct: str = ""
    max_daily_loss: str = ""


class CostOptions(NamedTuple):
    """What trading costs beyond one fee and one slippage; an empty text leaves its part off."""

    fees: str = "fixed"
    maker_fee_bps: str = ""
    slippage_volatility: str = ""
    slippage_impact_bps: str = ""
    slippage_window: str = "14"
    slippage_cap_bps: str = "1000"


class DeskOptions(NamedTuple):
    """Limits, budget, margin and stops of one strategy; an empty text leaves its part off."""

    on_breach: str = "halt"
    cool_down_losses: str = ""
    cool_down: str = "1d"
    volatility_target_pct: str = ""
    volatility_window: str = "1440"
    volatility_cap: str = "1"
    regime: str = ""
    regime_share: Sequence[str] = ()
    margin: bool = False
    leverage: str = "1"
    maintenance_pct: str = "15"
    funding_bps_day: str = "2"
    stop_loss_pct: str = ""
    take_profit_pct: str = ""
    trailing_stop_pct: str = ""
    entry_offset_bps: str = ""
    entry_patience: str = "1h"


class SearchOptions(NamedTuple):
    """The combinations of a strategy's parameters, who runs them, and what puts one before another."""

    strategy: str = "ema_cross"
    param: Sequence[str] = ()
    where: Sequence[str] = ()
    workers: str = "0"
    sort: str = "sharpe"
    tried: int = 0


class TradingOptions(NamedTuple):
    """The groups that every search takes: which candles, which account, what trading costs, and how it is limited."""

    market: MarketOptions = MarketOptions()
    account: AccountOptions = AccountOptions()
    cost: CostOptions = CostOptions()
    desk: DeskOptions = DeskOptions()

    def all(self) -> "Mapping[str, Json]":
        """Return every option by name."""
        return {name: value for group in self for name, value in group._asdict().items()}


class BacktestOptions(NamedTuple):
    """What `backtest` takes besides what it shares with others."""

    strategy: str = "ema_cross"
    param: Sequence[str] = ()
    engine: str = "columnar"


class CompareOptions(NamedTuple):
    """What `compare` takes besides what it shares with others."""

    run: Sequence[str] = ()


class PortfolioOptions(NamedTuple):
    """What `portfolio` takes besides what it shares with others."""

    strategy: str = "ema_cross"
    param: Sequence[str] = ()
    trade: Sequence[str] = ()
    weight: Sequence[str] = ()
    engine: str = "columnar"


class SweepOptions(NamedTuple):
    """What `sweep` takes besides what it shares with others."""

    random: int = 0
    seed: int = 0
    top: int = 10


class OptimizeOptions(NamedTuple):
    """What `optimize` takes besides what it shares with others."""

    trials: int = 200
    seed: int = 0
    top: int = 10


class WalkOptions(NamedTuple):
    """What `walkforward` takes besides what it shares with others."""

    random: int = 0
    seed: int = 0
    train: str = "60d"
    test: str = "20d"
    purge: str = ""
    embargo: str = ""
    anchored: bool = False


class StartOptions(NamedTuple):
    """What to do with results that are there from before."""

    resume: bool = False
    anew: bool = False


class OutputOptions(NamedTuple):
    """Where a result goes, besides the terminal."""

    report: str = ""
    bundle: str = ""
    json: bool = False


STRATEGY_HELP: Final = "A strategy by name, or your own as FILE.py:NAME."
BUNDLE_HELP: Final = "Write what it takes to make this result again to this file; `reproduce` does it."
REPORT_HELP: Final = "Write a report to this HTML file."
JSON_HELP: Final = "Print one JSON object."
OTHER_HELP: Final = "Candles of another instrument that it reads, as SYMBOL=DATA; else they come from the archive."

MARKET_HELP: Final[Mapping[str, str]] = {
    "data": "Candles: files or names of the archive; none is the archive, or else a synthetic market.",
    "from_": "Use candles from this UTC date or time on.",
    "to": "Use candles before this UTC date or time.",
    "timeframe": "Resample to this time frame first: 5m, 1h, 1D…",
    "symbol": "The instrument, where the data does not say.",
    "repair": "Drop faulty rows of files instead of refusing them.",
    "other": OTHER_HELP,
}

ACCOUNT_HELP: Final[Mapping[str, str]] = {
    "cash": "Cash at the start, in the quote currency.",
    "size": "Share of equity that a full target takes, above 0 to 1.",
    "fee_bps": "Fee in basis points.",
    "slippage_bps": "Slippage of a market order in basis points.",
    "min_amount": "Smallest order, in the base currency.",
    "position_cap_pct": "Largest position, in percent of equity.",
    "max_drawdown_pct": "Flatten and halt when equity is down this much from its peak, in percent.",
    "max_daily_loss": "Flatten and halt when a UTC day loses more than this, in the quote currency.",
}

COST_HELP: Final[Mapping[str, str]] = {
    "fees": "fixed, or tiers: maker and taker fees by what the run itself traded in thirty days.",
    "maker_fee_bps": "Fee of an order that rested, in basis points; none is the same as --fee-bps.",
    "slippage_volatility": "Add this multiple of the average true range to the slippage, such as 0.1.",
    "slippage_impact_bps": "Add slippage by size: so many basis points for an order as large as a candle's volume.",
    "slippage_window": "Closed candles over which true range and volume are averaged.",
    "slippage_cap_bps": "The most that each of the two may add, in basis points.",
}

DESK_HELP: Final[Mapping[str, str]] = {
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
    "stop_loss_pct": "Leave a position inside a candle, this far on the wrong side of its entry, in percent.",
    "take_profit_pct": "Leave it this far on the right side, in percent; with a stop loss.",
    "entry_offset_bps": "Enter by a limit order, so far behind our side of the book, in basis points.",
    "entry_patience": "How long it rests before it is withdrawn: 90s, 15m, 4h, 1d.",
    "trailing_stop_pct": "Leave it when the price came back from its best by this share of the entry, in percent.",
}

RUN_HELP: Final[Mapping[str, str]] = {
    **MARKET_HELP,
    **ACCOUNT_HELP,
    **COST_HELP,
    **DESK_HELP,
    "json": JSON_HELP,
}

OUTPUT_HELP: Final[Mapping[str, str]] = {"bundle": BUNDLE_HELP, "report": REPORT_HELP}

SEARCH_HELP: Final[Mapping[str, str]] = {
    **RUN_HELP,
    **OUTPUT_HELP,
    "strategy": STRATEGY_HELP,
    "param": "The values of a parameter: NAME=5:50:5 (both ends included), NAME=5,8,13, or NAME=5.",
    "where": "Take only combinations for which this holds, such as 'fast * 2 <= slow'; may be given many times.",
    "workers": "Threads (0 is one for each core); or a Ray cluster, as ray or ray://HOST:PORT.",
    "sort": "Order by sharpe, total_return_pct, profit_factor, max_drawdown_pct…",
    "tried": "Trials that were made before on these candles: luck had as many more chances.",
}
