"""From an expression and candles to the page that shows it."""

from collections.abc import Mapping
from typing import Final

from genesis.adapters.report.feature_chart import Feature, feature_chart
from genesis.adapters.report.graph_drawing import Box
from genesis.adapters.report.strategy_page import StrategyReport
from genesis.app.market_data import MarketData
from genesis.domain.candle import Candles
from genesis.domain.strategy.columns import evaluate_all
from genesis.domain.strategy.content_hash import content_hash
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.features import held
from genesis.domain.strategy.merged import of, on
from genesis.domain.strategy.outline import Line, Place, outline
from genesis.domain.strategy.specification import Strategy, Value
from genesis.domain.units import Symbol

SHOWN: Final = 1_500
"""The last so many candles are drawn; values come from all of them."""


def strategy_report(
    strategy: Strategy,
    params: Mapping[str, Value],
    root: Expr,
    market: MarketData,
    others: Mapping[Symbol, Candles],
) -> StrategyReport:
    """Return the report of *root* over the candles of *market*."""
    lines = outline(root)
    seen = [_seen(line.node, line.place) for line in lines]
    *columns, target = evaluate_all([*seen, held(root)], market.candles, others)
    last = max(len(market.candles) - SHOWN, 0)
    features = [Feature(_name(line), column[last:]) for line, column in zip(lines, columns, strict=True)]
    boxes = [
        Box(line.name, line.text, _value(float(column[-1])), line.reads, " ".join(line.place))
        for line, column in zip(lines, columns, strict=True)
    ]
    in_force = Feature(f"{features[-1].name}, as held", target[last:])
    count, frame = len(market.candles), market.timeframe.value
    return StrategyReport(
        title=f"{strategy.name} on {market.symbol}",
        description=strategy.description,
        facts=f"{len(lines)} nodes, {count} candles of {frame}; the last value is that at the last candle",
        params=[(name, str(value)) for name, value in params.items()],
        boxes=boxes,
        chart=feature_chart(market.candles[last:], features[:-1], in_force),
        origin=[
            ("Expression", str(root)),
            ("Hash", content_hash(root)),
            ("Candles", ", ".join(market.files)),
            ("Other instruments", ", ".join(others) or "none"),
            *(("Note", note) for note in market.notes),
        ],
    )


def _seen(node: Expr, place: Place) -> Expr:
    """Return *node* as it is seen from the candles that the strategy decides on."""
    for where in reversed(place):
        node = of(where, node) if where.startswith("t") else on(where, node)
    return node


def _name(line: Line) -> str:
    return f"{line.name} {line.text}" + (f" [{' '.join(line.place)}]" if line.place else "")


def _value(value: float) -> str:
    return "not known" if value != value else f"{value:.6g}"
