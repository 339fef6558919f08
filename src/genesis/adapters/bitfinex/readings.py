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
from genesis.domain.book import BookLevel, Offer, RawOrder
from genesis.domain.candle import Candle
from genesis.domain.market import (
    DerivativeStatus,
    FundingTicker,
    Liquidation,
    Print,
    PublicFundingTrade,
    PublicTrade,
    Ticker,
)
from genesis.domain.order import Side
from genesis.domain.units import Mts, Symbol

PRINTS: Final = {"te": Print.EXECUTED, "tu": Print.CONFIRMED, "fte": Print.EXECUTED, "ftu": Print.CONFIRMED}

_new: Final = tuple.__new__
_BUY: Final = Side.BUY
_SELL: Final = Side.SELL


def ticker(row: TickerRow) -> Ticker:
    """Return a pair's ticker."""
    return Ticker(
        bid=row.bid,
        bid_amount=row.bid_amount,
        ask=row.ask,
        ask_amount=row.ask_amount,
        change=row.change,
        change_rate=row.change_rate,
        last=row.last,
        volume=row.volume,
        high=row.high,
        low=row.low,
    )


def funding_ticker(row: FundingTickerRow) -> FundingTicker:
    """Return a funding currency's ticker."""
    return FundingTicker(
        flash_return_rate=row.flash_return_rate,
        bid=row.bid,
        bid_period=row.bid_period,
        bid_amount=row.bid_amount,
        ask=row.ask,
        ask_period=row.ask_period,
        ask_amount=row.ask_amount,
        change=row.change,
        change_rate=row.change_rate,
        last=row.last,
        volume=row.volume,
        high=row.high,
        low=row.low,
        amount_available=row.amount_available,
    )


def trade(print_: Print, row: TradeRow) -> PublicTrade:
    """Return a trade; the sign of the wire's amount is the taker's side."""
    amount = row.amount
    if amount > 0.0:
        return _new(PublicTrade, (print_, row.id, row.mts, _BUY, amount, row.price))
    return _new(PublicTrade, (print_, row.id, row.mts, _SELL, -amount, row.price))


def funding_trade(print_: Print, row: FundingTradeRow) -> PublicFundingTrade:
    """Return a funding trade; an amount > 0 is an offer taken."""
    side = _SELL if row.amount > 0.0 else _BUY
    return PublicFundingTrade(print_, row.id, Mts(row.mts), side, abs(row.amount), row.rate, row.period)


def level(row: LevelRow) -> BookLevel:
    """Return a level of a pair's book; bids have a positive amount on the wire."""
    amount = row.amount
    if amount > 0.0:
        return _new(BookLevel, (_BUY, row.price, row.orders, amount))
    return _new(BookLevel, (_SELL, row.price, row.orders, -amount))


def raw_order(row: RawOrderRow) -> RawOrder:
    """Return an order of a pair's raw book."""
    amount = row.amount
    if amount > 0.0:
        return _new(RawOrder, (_BUY, row.price, row.id, amount))
    return _new(RawOrder, (_SELL, row.price, row.id, -amount))


def offer(row: OfferRow) -> Offer:
    """Return a level of a funding book, where a positive amount is an offer."""
    side = _SELL if row.amount > 0.0 else _BUY
    return Offer(side, row.rate, row.period, row.orders, abs(row.amount), 0)


def raw_offer(row: RawOfferRow) -> Offer:
    """Return a row of a raw funding book; a rate of zero deletes it."""
    side = _SELL if row.amount > 0.0 else _BUY
    return Offer(side, row.rate, row.period, 1 if row.rate else 0, abs(row.amount), row.id)


def level_text(row: TextRow) -> str:
    """Return the text that a checksum takes of a level: price and amount as they were sent."""
    return f"{bytes(row.first).decode()}:{bytes(row.third).decode()}"


def amount_text(row: TextRow) -> str:
    """Return the text of a raw order's amount as it was sent."""
    return bytes(row.third).decode()


def candle(row: CandleRow) -> Candle:
    """Return a candle; the wire's order is open, close, high, low."""
    return _new(Candle, (row.mts, row.open, row.high, row.low, row.close, row.volume))


def derivative(row: DerivativeRow) -> DerivativeStatus:
    """Return a perpetual's status."""
    return DerivativeStatus(
        mts=Mts(row.mts),
        price=row.price,
        spot_price=row.spot_price,
        insurance_balance=row.insurance_balance,
        next_funding_mts=None if row.next_funding_mts is None else Mts(row.next_funding_mts),
        next_funding_accrued=row.next_funding_accrued,
        next_funding_step=row.next_funding_step,
        current_funding=row.current_funding,
        mark_price=row.mark_price,
        open_interest=row.open_interest,
        clamp_min=row.clamp_min,
        clamp_max=row.clamp_max,
    )


def liquidation(row: LiquidationRow) -> Liquidation:
    """Return a liquidation; an amount > 0 was a long position."""
    return Liquidation(
        id=row.id,
        mts=Mts(row.mts),
        symbol=Symbol(row.symbol),
        side=_BUY if row.amount > 0.0 else _SELL,
        amount=abs(row.amount),
        base_price=row.base_price,
        is_match=row.is_match == 1,
        is_market_sold=row.is_market_sold == 1,
        price_acquired=row.price_acquired,
    )
