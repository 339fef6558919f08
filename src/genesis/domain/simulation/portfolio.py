"""Portfolios: several desks on one cash, guarded together, by columns and event by event; both come to the same.

At each time first everything that was decided before fills at the opens, in the order of the desks; then each candle
closes, and its desk decides. So no order of a minute knows a close of it.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from itertools import groupby
from operator import itemgetter

import numpy as np
from attrs import field, frozen

from genesis.domain.candle import Candle, Candles, Ints
from genesis.domain.desk import Desk
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import Alert, Quote
from genesis.domain.execution.plans import Market
from genesis.domain.fill import Fill
from genesis.domain.ledger import Ledger
from genesis.domain.order import Cid, OrderRequest, OrderType, Side
from genesis.domain.purse import Purse
from genesis.domain.risk import gate
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.risk.refusal import RefusalCode, Refused
from genesis.domain.simulation.desks import Trader, walk_together
from genesis.domain.simulation.market_orders import Costs, FeeMeter, ask_price, bid_price, filled
from genesis.domain.simulation.slippage import SlippageMeter
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
        if any(desk.protection is not None or not isinstance(desk.plan, Market) for desk in value):
            raise ValueError("a portfolio has no stops and no limit entries: they are for one instrument")


@frozen(eq=False)
class PortfolioRun:
    """What came of it; *equity* is what all is worth after each close, in the order of time and of the desks."""

    fills: tuple[Fill, ...]
    cash: Atoms
    positions: Mapping[Symbol, Atoms]
    equity: Ints
    alerts: tuple[Alert, ...]
    refusals: Mapping[RefusalCode, int]


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
    walks, alerts, equity = walk_together(traders, portfolio.limits, portfolio.costs, portfolio.cash)
    refusals: Counter[RefusalCode] = Counter()
    made: list[tuple[int, int, Fill]] = []
    for at, (trader, walk) in enumerate(zip(traders, walks, strict=True)):
        refusals[RefusalCode.AMOUNT_BELOW_MINIMUM] += walk.refused
        refusals[RefusalCode.REDUCE_ONLY] += walk.reduced
        refusals[RefusalCode.COOL_DOWN] += walk.paused
        columns = (trader.candles.mts[walk.row], walk.net_amount, walk.price, walk.fee)
        for mts, amount, price, fee in zip(*(column.tolist() for column in columns), strict=True):
            side = Side.BUY if amount > 0 else Side.SELL
            symbol = trader.desk.instrument.symbol
            made.append((mts, at, Fill(Mts(mts), symbol, Cid(0), side, Atoms(abs(amount)), Price(price), Atoms(fee))))
    made.sort(key=itemgetter(0, 1))
    positions = {trader.desk.instrument.symbol: walk.position for trader, walk in zip(traders, walks, strict=True)}
    fills = tuple(fill._replace(cid=Cid(cid)) for cid, (_, _, fill) in enumerate(made, 1))
    cash = walks[0].cash
    return PortfolioRun(fills, cash, positions, equity, alerts, {code: n for code, n in refusals.items() if n})


def run_events(
    portfolio: Portfolio, candles: Sequence[Candles], others: Mapping[Symbol, Candles] = NO_OTHERS
) -> PortfolioRun:
    """Run desk by desk and candle by candle; *candles* and *others* are as for columns."""
    known = {**others, **_by_symbol(portfolio, candles)}
    ledger = Ledger(portfolio.cash)
    purse = Purse(ledger, portfolio.limits)
    desks = [Desk(each, ledger, purse) for each in portfolio.desks]
    for desk in desks:
        for symbol in desk.reads:  # all at once, for it looks at none before its own time has passed that one's start
            for candle in known[symbol]:
                desk.observe(symbol, candle)
    meters = [portfolio.costs.meter() for _ in desks]
    fees = FeeMeter(portfolio.costs)
    fills: list[Fill] = []
    alerts: list[Alert] = []
    equity: list[int] = []
    for _, group in groupby(merge(*(_timed(at, each) for at, each in enumerate(candles))), key=itemgetter(0)):
        now = [(desks[at], meters[at], candle) for _, at, candle in group]
        for desk, slips, candle in now:
            fills += _opened(desk, candle, slips, fees, len(fills) + 1)
        for desk, slips, candle in now:
            slips.step(candle)
            told = desk.close(candle)
            equity.append(purse.equity)
            alerts += [told] if isinstance(told, Alert) else []
    refusals = sum((desk.refusals for desk in desks), Counter[RefusalCode]())
    positions = {desk.symbol: Atoms(desk.position) for desk in desks}
    return PortfolioRun(
        tuple(fills), ledger.cash, positions, np.array(equity, dtype=np.int64), tuple(alerts), dict(refusals)
    )


def _by_symbol(portfolio: Portfolio, candles: Sequence[Candles]) -> dict[Symbol, Candles]:
    return {desk.instrument.symbol: each for desk, each in zip(portfolio.desks, candles, strict=True)}


def _timed(at: int, candles: Candles) -> Iterator[tuple[int, int, Candle]]:
    return ((candle.mts, at, candle) for candle in candles)


def _opened(desk: Desk, candle: Candle, slips: SlippageMeter, fees: FeeMeter, cid: int) -> Iterator[Fill]:
    """Carry out at the open what the desk wants, if the gate lets it pass."""
    if desk.intent is None:
        return
    instrument = desk.settings.instrument
    price = instrument.price_from_market(candle.open)
    quote = Quote(desk.symbol, candle.mts, bid_price(price, slips.slippage), ask_price(price, slips.slippage))
    wish = desk.wish(quote)
    if wish is None:
        return
    order = OrderRequest(Cid(cid), desk.symbol, wish.side, OrderType.MARKET, wish.amount, candle.mts)
    answer = gate.check(order, instrument, desk.position, desk.halted is not None)
    if isinstance(answer, Refused):
        desk.refused(order.mts, order.side, order.amount, answer)
        return
    desk.sent(wish)
    is_buy = wish.side is Side.BUY
    met = Price(slips.moved(quote.ask if is_buy else quote.bid, wish.amount, is_buy=is_buy))
    fill = filled(order, met, fees.tier(candle.mts).taker, instrument, candle.mts)
    fees.traded(fill, instrument)
    desk.book(fill)
    desk.done()
    yield fill
