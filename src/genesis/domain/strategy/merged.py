"""Expressions over other candles than those that a strategy decides on: a coarser time frame, another instrument.

Two rules keep the future out, whatever the time frame and whatever is missing:

- `on("1h", x)`, at a candle that began at T, is the value that *x* had at the close of the last hour that was over at
  T: its end is at T or before. An hour is made of the candles that began in it; one without any is no candle. So the
  hour until 13:00 shows at the candle that begins at 13:00, or at the first one after that, where 13:00 has none.
- `of("tETHUSD", x)`, at a candle that began at T, is the value that *x* had at the close of the last candle of tETHUSD
  that began before T. A candle of the same start is not seen, because which of the two arrives first is chance. Both
  are of one time frame: a longer candle that began earlier need not be over.

Inside of `on`, candles are those of its time frame, of every instrument. There `of` sees the other's candles that began
before the end of the frame: none of them is newer than what `on` lets through.
"""

from collections.abc import Iterator

from attrs import field, frozen

from genesis.domain.candle import Timeframe
from genesis.domain.candle_series import series_symbol
from genesis.domain.strategy.expression import FIELDS, Expr, Field, nodes
from genesis.domain.units import Symbol

CANDLE: tuple[Expr, ...] = tuple(Field(name) for name in FIELDS)
TIME: tuple[Expr, ...] = (Field("mts"),)


@frozen(cache_hash=True, order=False)
class On(Expr):
    """An expression over the candles of a coarser time frame, as of the last one that is over."""

    timeframe: Timeframe
    operand: Expr = field()

    @operand.validator
    def _check_operand(self, _attribute: object, value: Expr) -> None:
        for inner in nodes(value):
            if isinstance(inner, On) and (
                inner.timeframe is self.timeframe or not self.timeframe.nests_in(inner.timeframe)
            ):
                raise ValueError(
                    f"on({self.timeframe.value!r}, …) holds on({inner.timeframe.value!r}, …): candles of"
                    f" {self.timeframe.value} make up no coarser ones of {inner.timeframe.value}; put it outside"
                )

    @property
    def inputs(self) -> tuple[Expr, ...]:
        return CANDLE

    @property
    def warm_up(self) -> int:
        """The fewest candles that it can take: one to an interval, and one more that proves the last to be over."""
        return self.operand.warm_up + 1

    def __str__(self) -> str:
        return f"on({self.timeframe.value!r}, {self.operand})"


@frozen(cache_hash=True, order=False)
class Of(Expr):
    """An expression over the candles of another instrument, as of the last one that began before the present one."""

    symbol: Symbol = field(converter=series_symbol)
    operand: Expr

    @property
    def inputs(self) -> tuple[Expr, ...]:
        return TIME

    @property
    def warm_up(self) -> int:
        """None is certain: the other instrument's candles may begin earlier."""
        return 0

    def __str__(self) -> str:
        return f"of({self.symbol!r}, {self.operand})"


def on(timeframe: str, expression: Expr) -> Expr:
    """Return *expression* over candles of *timeframe* (5m, 1h, 1D…), as of the last one that is over.

    Raises `ValueError` for what is no time frame.
    """
    return On(Timeframe.parse(timeframe), expression)


def of(symbol: str, expression: Expr) -> Expr:
    """Return *expression* over the candles of *symbol*, as of the last one that began before the present candle.

    Raises `ValueError` for what is no symbol.
    """
    return Of(symbol, expression)


def graphs(root: Expr) -> Iterator[Expr]:
    """Yield *root*, and the root of every graph within it that has candles of its own, outer ones first."""
    yield root
    for node in nodes(root):
        if isinstance(node, On | Of):
            yield from graphs(node.operand)


def symbols_of(root: Expr) -> tuple[Symbol, ...]:
    """Return the other instruments whose candles *root* reads, in the order of their names."""
    found = {node.symbol for graph in graphs(root) for node in nodes(graph) if isinstance(node, Of)}
    return tuple(sorted(found))
