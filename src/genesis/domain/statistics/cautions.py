"""What a reader must know before believing a result: said first, each in a sentence."""

from collections.abc import Iterator
from enum import Enum
from typing import Final

from attrs import field, frozen

from genesis.domain.candle import DAY_MS
from genesis.domain.risk.refusal import RefusalCode
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.statistics import wording
from genesis.domain.statistics.record import Record
from genesis.domain.statistics.summary import Summary

ROUND_TRIPS_FEW: Final = 30
DAYS_FEW: Final = 180
DRAWDOWN_DEEP_PCT: Final = 25.0
FEES_SMALL: Final = 0.05
"""Fees below this share of the initial cash are not worth a word."""
FEES_HIGH: Final = 0.25
"""Fees above this share of what was earned before them decide the result as much as the strategy does."""
RUINED_PCT: Final = -90.0


class Severity(Enum):
    """How much a caution weighs: a run that stopped or is not real, what weakens a result, and what is good to know."""

    STOP = "stop"
    WARN = "warn"
    NOTE = "note"


@frozen
class Caution:
    """One thing to know; *title* is a few words, *text* a sentence."""

    severity: Severity
    title: str
    text: str


@frozen
class DataQuality:
    """What the cautions need to know of the candles."""

    is_synthetic: bool
    gaps: int
    missing: int
    """The intervals without a candle, in all gaps together."""
    notes: tuple[str, ...] = field(default=())


REFUSALS: Final = {
    RefusalCode.AMOUNT_BELOW_MINIMUM: "the order would have been smaller than the exchange takes",
    RefusalCode.AMOUNT_ABOVE_MAXIMUM: "the order would have been larger than the exchange takes",
    RefusalCode.POSITION_EXCEEDED: "the sale would have been larger than the position",
    RefusalCode.HALTED: "a guard had halted the run, and only sales may leave then",
    RefusalCode.REDUCE_ONLY: "only what makes a position smaller may leave",
    RefusalCode.LINK_DOWN: "there was no connection to the exchange",
    RefusalCode.MAINTENANCE: "the exchange was in maintenance",
    RefusalCode.RECONCILING: "the account had not been compared with the exchange yet",
    RefusalCode.FROZEN: "what was known contradicted itself, and a person had to look",
    RefusalCode.SYMBOL_PAUSED: "the exchange did not trade the instrument",
    RefusalCode.NO_REFERENCE: "there was no price to judge by",
    RefusalCode.STALE_DATA: "the prices were too old",
    RefusalCode.PRICE_COLLAR: "the price would have been too far from the market",
    RefusalCode.ORDER_AMOUNT: "the order would have been larger than one may be",
    RefusalCode.ORDER_NOTIONAL: "the order would have been worth more than one may be",
    RefusalCode.EXPOSURE_INSTRUMENT: "the exposure to the instrument would have been too large",
    RefusalCode.EXPOSURE_TOTAL: "the exposure of the account would have been too large",
    RefusalCode.POSITIONS: "there would have been too many positions at once",
    RefusalCode.BALANCE: "the account could not have paid",
    RefusalCode.SELF_CROSS: "the order could have met another one of ours",
    RefusalCode.ORDER_RATE: "too many orders had left already",
    RefusalCode.REPEATED: "the strategy had done the same too often",
    RefusalCode.COOL_DOWN: "the strategy was cooling down after losses",
}


def cautions(record: Record, summary: Summary, costs: Costs, data: DataQuality) -> tuple[Caution, ...]:
    """Return what speaks against taking the result at its word, the gravest first."""
    found = [
        *_data(record, data),
        *_events(record, summary),
        *_sample(record, summary),
        *_assumptions(record, summary, costs),
    ]
    order = list(Severity)
    return tuple(sorted(found, key=lambda each: order.index(each.severity)))


def _data(record: Record, data: DataQuality) -> Iterator[Caution]:
    if data.is_synthetic:
        text = "These candles are made up from a seed. The result says how the software works, nothing about a market."
        yield Caution(Severity.STOP, "Synthetic data", text)
    if data.gaps:
        share = 100.0 * data.missing / (record.candles + data.missing)
        text = (
            f"{wording.counted(data.missing, 'interval')} in {wording.counted(data.gaps, 'gap')} had no candle"
            f" ({wording.percent(share)}): nobody traded, or the data have a hole. Orders wait for the next candle."
        )
        yield Caution(Severity.WARN if share >= 1.0 else Severity.NOTE, "Gaps", text)
    for note in data.notes:
        yield Caution(Severity.NOTE, "Data", note)


def _events(record: Record, summary: Summary) -> Iterator[Caution]:
    for alert in record.alerts:
        yield Caution(Severity.STOP, f"{_title(alert.code.value)} at {wording.moment(alert.mts)}", f"{alert.text}.")
    if summary.total_return_pct <= RUINED_PCT and record.fills:
        lost = wording.percent(-summary.total_return_pct)
        text = f"The account lost {lost}; its last fill was at {wording.moment(record.fills[-1].mts)} UTC."
        yield Caution(Severity.STOP, "Ruined", text)
    for code, times in record.refusals.items():
        text = f"{wording.counted(times, 'order')} did not leave: {REFUSALS[code]}."
        yield Caution(Severity.WARN, f"Refused: {_title(code.value).lower()}", text)


def _sample(record: Record, summary: Summary) -> Iterator[Caution]:
    if summary.round_trips < ROUND_TRIPS_FEW:
        text = (
            f"{wording.counted(summary.round_trips, 'round trip')}: with fewer than {ROUND_TRIPS_FEW}, luck and skill"
            " look the same."
        )
        yield Caution(Severity.WARN, "Few trades", text)
    days = (record.days[-1][0] - record.days[0][0]) // DAY_MS + 1 if record.days else 0
    if days < DAYS_FEW:
        text = f"{wording.counted(days, 'day')} of data: ratios that are scaled to a year say little."
        yield Caution(Severity.WARN, "Short span", text)
    if record.final_position:
        text = "A position is still open at the end; it counts at the last close, without the cost of selling it."
        yield Caution(Severity.NOTE, "Open position", text)


def _assumptions(record: Record, summary: Summary, costs: Costs) -> Iterator[Caution]:
    if summary.max_drawdown_pct >= DRAWDOWN_DEEP_PCT:
        text = f"At its worst the account was {wording.percent(summary.max_drawdown_pct)} below its peak."
        yield Caution(Severity.WARN, "Deep drawdown", text)
    earned = record.final_equity - record.initial_cash + summary.total_fees
    if summary.total_fees >= FEES_SMALL * record.initial_cash > 0 and summary.total_fees >= FEES_HIGH * earned:
        share = wording.percent(100.0 * summary.total_fees / record.initial_cash)
        part = (
            f"{wording.percent(100.0 * summary.total_fees / earned)} of what was" if earned > 0 else "and nothing was"
        )
        yield Caution(Severity.WARN, "Costs", f"Fees came to {share} of the initial cash, {part} earned before them.")
    slips = costs.slippage or costs.volatility is not None
    if not costs.fee or not slips:
        free = " and ".join(name for name, cost in (("fees", costs.fee), ("slippage", slips)) if not cost)
        yield Caution(Severity.WARN, "Optimistic costs", f"The run assumes no {free}; no account gets that.")


def _title(code: str) -> str:
    return code.replace("_", " ").capitalize()
