"""What the page of a backtest is made of."""

from collections.abc import Mapping
from functools import cached_property
from typing import Protocol

from attrs import field, frozen

from genesis.domain.candle import Candles, Ints, Timeframe
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.statistics.cautions import Caution, DataQuality, cautions
from genesis.domain.statistics.optimism import Optimism
from genesis.domain.statistics.record import Record
from genesis.domain.statistics.summary import RoundTrip, Summary, round_trips, summarise
from genesis.domain.statistics.wording import money_decimals


class DataFacts(Protocol):
    """The candles of a run: where they came from, how many, and the hash of their rows."""

    @property
    def symbol(self) -> str:
        """The instrument."""

    @property
    def timeframe(self) -> str:
        """The interval of a candle, as Bitfinex names it."""

    @property
    def files(self) -> tuple[str, ...]:
        """What was read."""

    @property
    def gaps(self) -> int:
        """The runs of intervals without a candle."""

    @property
    def missing(self) -> int:
        """The intervals without a candle."""

    @property
    def sha256(self) -> str:
        """The hash of the rows."""

    @property
    def is_synthetic(self) -> bool:
        """Whether they are made up."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of them."""


@frozen(eq=False)
class Outcome:
    """A record, and the equity in atoms at every close."""

    record: Record
    equity: Ints


@frozen(eq=False)
class BacktestReport:
    """One finished run over *candles*, the same cash in buy and hold, and the optimism ledger.

    *size* is the part of equity that a full target takes, *more_terms* what is not as in a plain spot run; with
    *fills_inside* orders filled at prices inside a candle. Raises `ValueError` where an equity does not belong to the
    candles.
    """

    strategy: str
    params: Mapping[str, int | float]
    expression: str
    engine: str
    data: DataFacts
    candles: Candles = field(repr=False)
    costs: Costs
    limits: RiskLimits
    size: float
    outcome: Outcome = field(repr=False)
    buy_and_hold: Outcome = field(repr=False)
    optimism: tuple[Optimism, ...]
    more_terms: tuple[str, ...] = ()
    fills_inside: bool = False

    def __attrs_post_init__(self) -> None:
        for outcome in (self.outcome, self.buy_and_hold):
            if len(outcome.equity) != len(self.candles):
                raise ValueError(
                    f"a report needs the equity at every close: {len(outcome.equity)} of {len(self.candles)} are there"
                )

    @property
    def record(self) -> Record:
        """The record of the run."""
        return self.outcome.record

    @property
    def quote(self) -> str:
        """The currency of money."""
        return self.record.instrument.quote

    @property
    def timeframe(self) -> Timeframe:
        """The interval of a candle."""
        return Timeframe.parse(self.data.timeframe)

    @property
    def decimals(self) -> int:
        """The decimals that money is read with."""
        return money_decimals(self.record.initial_cash)

    @cached_property
    def summary(self) -> Summary:
        """The figures of the run."""
        return summarise(self.record)

    @cached_property
    def trips(self) -> list[RoundTrip]:
        """The round trips of the run."""
        return round_trips(self.record)

    @cached_property
    def cautions(self) -> tuple[Caution, ...]:
        """What a reader must know first."""
        data = self.data
        quality = DataQuality(data.is_synthetic, data.gaps, data.missing, data.notes)
        return cautions(self.record, self.summary, self.costs, quality)
