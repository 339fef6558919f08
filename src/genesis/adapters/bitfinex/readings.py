"""From rows of public channels to domain values: pure, one function a row.

These run for every frame, so the named tuples are made by `tuple.__new__` on a ready tuple: half the time of their
constructor.
"""

from typing import Final

from genesis.adapters.bitfinex.frames import (
    CandleRow,
    DerivativeRow,
    FundingTickerRow,
    FundingTradeRow,
    LevelRow,
    LiquidationRow,
    OfferRow,
    RawOfferRow,
    RawOrderRow,
    TextRow,
    TickerRow,
    TradeRow,
)
from genesis.domain.candle import Candle
from genesis.domain.exchange.market import (
    BookLevel,
    BookOrder,
    DerivativeStatus,
    FundingBookLevel,
    FundingBookOrder,
    FundingTicker,
    FundingTrade,
    Liquidation,
    Ticker,
    Trade,
)
from genesis.domain.market import Print, PrintedTrade
from genesis.domain.order import Side
from genesis.domain.units import Mts, Symbol

PRINTS: Final = {"te": Print.EXECUTED, "tu": Print.CONFIRMED, "fte": Print.EXECUTED, "ftu": Print.CONFIRMED}

_new: Final = tuple.__new__
_BUY: Final = Side.BUY
_SELL: Final = Side.SELL


def ticker(symbol: Symbol, row: TickerRow) -> Ticker:
    """Return a pair's ticker."""
    return Ticker(
        symbol,
        row.bid,
        row.bid_amount,
        row.ask,
        row.ask_amount,
        row.change,
        row.change_rate,
        row.last,
        row.volume,
        row.high,
        row.low,
    )


def funding_ticker(symbol: Symbol, row: FundingTickerRow) -> FundingTicker:
    """Return a funding currency's ticker."""
    return FundingTicker(
        symbol=symbol,
        flash_return_rate=row.flash_return_rate,
        bid=row.bid,
        bid_period_days=row.bid_period,
        bid_size=row.bid_amount,
        ask=row.ask,
        ask_period_days=row.ask_period,
        ask_size=row.ask_amount,
        daily_change=row.change,
        daily_change_fraction=row.change_rate,
        last_rate=row.last,
        volume=row.volume,
        high=row.high,
        low=row.low,
        flash_return_amount=row.amount_available,
    )


def trade(print_: Print, row: TradeRow) -> PrintedTrade:
    """Return a trade; the sign of the wire's amount is the taker's side."""
    amount = row.amount
    if amount > 0.0:
        made = _new(Trade, (row.id, row.mts, _BUY, amount, row.price))
    else:
        made = _new(Trade, (row.id, row.mts, _SELL, -amount, row.price))
    return _new(PrintedTrade, (print_, made))


def funding_trade(print_: Print, row: FundingTradeRow) -> PrintedTrade:
    """Return a funding trade; as with pairs, an amount > 0 bought, here by taking an offer."""
    side = _BUY if row.amount > 0.0 else _SELL
    return PrintedTrade(print_, FundingTrade(row.id, Mts(row.mts), side, abs(row.amount), row.rate, row.period))


def level(row: LevelRow) -> BookLevel:
    """Return a level of a pair's book; bids have a positive amount on the wire."""
    amount = row.amount
    if amount > 0.0:
        return _new(BookLevel, (_BUY, row.price, row.orders, amount))
    return _new(BookLevel, (_SELL, row.price, row.orders, -amount))


def raw_order(row: RawOrderRow) -> BookOrder:
    """Return an order of a pair's raw book."""
    amount = row.amount
    if amount > 0.0:
        return _new(BookOrder, (_BUY, row.id, row.price, amount))
    return _new(BookOrder, (_SELL, row.id, row.price, -amount))


def offer(row: OfferRow) -> FundingBookLevel:
    """Return a level of a funding book, where a positive amount is an offer."""
    side = _SELL if row.amount > 0.0 else _BUY
    return FundingBookLevel(side, row.rate, row.period, row.orders, abs(row.amount))


def raw_offer(row: RawOfferRow) -> FundingBookOrder:
    """Return a row of a raw funding book."""
    side = _SELL if row.amount > 0.0 else _BUY
    return FundingBookOrder(side, row.id, row.rate, row.period, abs(row.amount))


def level_text(row: TextRow) -> str:
    """Return the text that a checksum takes of a level: price and amount as they were sent."""
    return f"{bytes(row.first).decode()}:{bytes(row.third).decode()}"


def amount_text(row: TextRow) -> str:
    """Return the text of a raw order's amount as it was sent."""
    return bytes(row.third).decode()


def candle(row: CandleRow) -> Candle:
    """Return a candle; the wire's order is open, close, high, low."""
    return _new(Candle, (row.mts, row.open, row.high, row.low, row.close, row.volume))


def derivative(symbol: Symbol, row: DerivativeRow) -> DerivativeStatus:
    """Return a perpetual's status."""
    return DerivativeStatus(
        symbol=symbol,
        mts=Mts(row.mts),
        deriv_price=row.price,
        spot_price=row.spot_price,
        insurance_fund_balance=row.insurance_balance,
        next_funding_mts=None if row.next_funding_mts is None else Mts(row.next_funding_mts),
        next_funding_accrued=row.next_funding_accrued,
        current_funding=row.current_funding,
        mark_price=row.mark_price,
        open_interest=row.open_interest,
        clamp_min=row.clamp_min,
        clamp_max=row.clamp_max,
    )


def liquidation(row: LiquidationRow) -> Liquidation:
    """Return a liquidation; an amount > 0 was a long position."""
    return Liquidation(
        position_id=row.id,
        mts=Mts(row.mts),
        symbol=Symbol(row.symbol),
        side=_BUY if row.amount > 0.0 else _SELL,
        amount=abs(row.amount),
        base_price=row.base_price,
        is_execution=row.is_match == 1,
        is_sold_on_market=row.is_market_sold == 1,
        price_acquired=row.price_acquired,
    )
