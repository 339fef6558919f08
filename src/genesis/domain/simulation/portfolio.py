"""Portfolios: several desks on one cash, guarded together, by columns; the trading core comes to the same by events.

At each time first everything that was decided before fills at the opens, in the order of the desks; then what rests in
the market meets the candles; then each candle closes, and its desk decides. So no order at an open has the cash that a
stop brings in later, and no order of a minute knows a close of it.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from operator import itemgetter

from attrs import field, frozen

from genesis.domain.candle import Candles, Ints
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import Alert
from genesis.domain.execution.plans import LimitEntry, Market
from genesis.domain.fill import Fill
from genesis.domain.order import Cid, Side
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.risk.refusal import RefusalCode
from genesis.domain.simulation.desks import Trader, walk_together
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.strategy.columns import NO_OTHERS
from genesis.domain.units import Atoms, Mts, Price, Symbol, format_atoms, format_scaled


@frozen
class Portfolio:
    """What trades together: *desks*, each on an instrument of its own, on *cash*; *limits* guard what all is worth."""

    desks: tuple[DeskSettings, ...] = field()
    costs: Costs
    cash: Atoms
    limits: RiskLimits = field(factory=RiskLimits)

    @desks.validator
    def _check_desks(self, _attribute: object, value: tuple[DeskSettings, ...]) -> None:
        symbols = [desk.instrument.symbol for desk in value]
        if not symbols or len(set(symbols)) != len(symbols):
            raise ValueError(f"a portfolio has at least one instrument, and each once, not {', '.join(symbols)}")
        quotes = {desk.instrument.quote for desk in value}
        if len(quotes) != 1:
            raise ValueError(f"the instruments of a portfolio have one quote currency, not {', '.join(sorted(quotes))}")
        if any(desk.margin is not None for desk in value):
            raise ValueError("a portfolio trades spot: margin is for one instrument")
        if not all(isinstance(desk.plan, Market | LimitEntry) for desk in value):
            raise ValueError("a portfolio enters at the market or by one limit order, and knows no other plan")


@frozen(eq=False)
class PortfolioRun:
    """What came of it, fills as they were made; *equity* is what all is worth after each close, in the same order."""

    fills: tuple[Fill, ...]
    cash: Atoms
    positions: Mapping[Symbol, Atoms]
    equity: Ints
    alerts: tuple[Alert, ...]
    refusals: Mapping[RefusalCode, int]
    rested: frozenset[Cid] = frozenset()
    """Whose fills were of orders that rested at a limit."""


def decision_hash(run: PortfolioRun, portfolio: Portfolio) -> str:
    """Return the SHA-256 over the fills, the cash and the positions, one line each, as of a single run."""
    digest = hashlib.sha256()
    decimals = {desk.instrument.symbol: desk.instrument.price_decimals for desk in portfolio.desks}
    for fill in run.fills:
        price, amount, fee = format_scaled(fill.price, decimals[fill.symbol]), fill.amount, format_atoms(fill.fee)
        digest.update(f"{fill.mts},{fill.symbol},{fill.side.value},{format_atoms(amount)},{price},{fee}\n".encode())
    digest.update(f"cash,{format_atoms(run.cash)}\n".encode())
    for symbol, position in run.positions.items():
        digest.update(f"position,{symbol},{format_atoms(position)}\n".encode())
    return digest.hexdigest()


def run_columns(
    portfolio: Portfolio, candles: Sequence[Candles], others: Mapping[Symbol, Candles] = NO_OTHERS
) -> PortfolioRun:
    """Run by one compiled walk; *candles* are those of the desks, in their order.

    Strategies may read the candles of all desks, and *others*. Raises `InexactNumber` for a price or an equity that
    does not fit, and `NoExpression` for a strategy that decides event by event.
    """
    known = {**others, **_by_symbol(portfolio, candles)}
    traders = tuple(Trader(desk, each, known) for desk, each in zip(portfolio.desks, candles, strict=True))
    walked = walk_together(traders, portfolio.limits, portfolio.costs, portfolio.cash)
    refusals: Counter[RefusalCode] = Counter()
    made: list[tuple[int, Fill]] = []
    rested: set[Cid] = set()
    for trader, walk, turns in zip(traders, walked.walks, walked.turns, strict=True):
        refusals[RefusalCode.AMOUNT_BELOW_MINIMUM] += walk.refused
        refusals[RefusalCode.REDUCE_ONLY] += walk.reduced
        refusals[RefusalCode.COOL_DOWN] += walk.paused
        columns = (turns, trader.candles.mts[walk.row], walk.net_amount, walk.price, walk.fee)
        for turn, mts, amount, price, fee in zip(*(column.tolist() for column in columns), strict=True):
            side = Side.BUY if amount > 0 else Side.SELL
            symbol = trader.desk.instrument.symbol
            cid = Cid(turn + 1)
            made.append((turn, Fill(Mts(mts), symbol, cid, side, Atoms(abs(amount)), Price(price), Atoms(fee))))
        assert walk.rested is not None, "this walk says it of each fill"
        rested.update(Cid(turn + 1) for turn in turns[walk.rested != 0].tolist())
    made.sort(key=itemgetter(0))
    symbols = [trader.desk.instrument.symbol for trader in traders]
    positions = {symbol: walk.position for symbol, walk in zip(symbols, walked.walks, strict=True)}
    counted = {code: n for code, n in refusals.items() if n}
    fills = tuple(fill for _, fill in made)
    cash = walked.walks[0].cash
    return PortfolioRun(fills, cash, positions, walked.equity, walked.alerts, counted, frozenset(rested))


def _by_symbol(portfolio: Portfolio, candles: Sequence[Candles]) -> dict[Symbol, Candles]:
    return {desk.instrument.symbol: each for desk, each in zip(portfolio.desks, candles, strict=True)}
