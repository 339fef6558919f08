"""Public rows to market values."""

from genesis.adapters.bitfinex.convert.numbers import funding_side_from_sign, mts_or_none, plain_or_none, side_from_sign
from genesis.adapters.bitfinex.wire.conf import NameRow, PairInfoRow
from genesis.adapters.bitfinex.wire.market import (
    BookRow,
    CandleRow,
    DerivativeStatusRow,
    FundingBookRow,
    FundingTickerRow,
    FundingTradeRow,
    LiquidationRow,
    NamedDerivativeStatusRow,
    NamedFundingTickerRow,
    NamedTickerRow,
    RawBookRow,
    RawFundingBookRow,
    StatRow,
    TickerHistoryRow,
    TickerRow,
    TradeRow,
)
from genesis.domain.candle import Candle
from genesis.domain.exchange.market import (
    BookLevel,
    BookOrder,
    CurrencyName,
    DerivativeStatus,
    FundingBookLevel,
    FundingBookOrder,
    FundingTicker,
    FundingTrade,
    HourlyQuote,
    Liquidation,
    PairRules,
    Statistic,
    Ticker,
    Trade,
)
from genesis.domain.order import OrderId
from genesis.domain.units import INT64_MAX, Atoms, Currency, Mts, Symbol, atoms, decimal_from_atoms, decimal_from_text


def ticker_from_wire(symbol: str, row: TickerRow | NamedTickerRow) -> Ticker:
    """Return a pair's ticker."""
    return Ticker(
        Symbol(symbol),
        row.bid,
        row.bid_size,
        row.ask,
        row.ask_size,
        row.daily_change,
        row.daily_change_relative,
        row.last_price,
        row.volume,
        row.high,
        row.low,
    )


def funding_ticker_from_wire(symbol: str, row: FundingTickerRow | NamedFundingTickerRow) -> FundingTicker:
    """Return a funding currency's ticker."""
    return FundingTicker(
        Symbol(symbol),
        row.frr,
        row.bid,
        row.bid_period,
        row.bid_size,
        row.ask,
        row.ask_period,
        row.ask_size,
        row.daily_change,
        row.daily_change_relative,
        row.last_price,
        row.volume,
        row.high,
        row.low,
        row.frr_amount_available,
    )


def hourly_quote_from_wire(row: TickerHistoryRow) -> HourlyQuote:
    """Return best prices at an hour."""
    return HourlyQuote(Mts(row.mts), Symbol(row.symbol), row.bid, row.ask)


def trade_from_wire(row: TradeRow) -> Trade:
    """Return a public trade; the sign is the taker's side."""
    return Trade(row.id, Mts(row.mts), side_from_sign(row.amount), abs(row.amount), row.price)


def funding_trade_from_wire(row: FundingTradeRow) -> FundingTrade:
    """Return a public funding trade; a positive amount is a BUY, as in trading."""
    return FundingTrade(row.id, Mts(row.mts), side_from_sign(row.amount), abs(row.amount), row.rate, row.period)


def book_level_from_wire(row: BookRow) -> BookLevel:
    """Return a price level."""
    return BookLevel(side_from_sign(row.amount), row.price, row.count, abs(row.amount))


def book_order_from_wire(row: RawBookRow) -> BookOrder:
    """Return an order of a raw book."""
    return BookOrder(side_from_sign(row.amount), OrderId(row.order_id), row.price, abs(row.amount))


def funding_book_level_from_wire(row: FundingBookRow) -> FundingBookLevel:
    """Return a funding level; here the positive amount is the offer."""
    return FundingBookLevel(funding_side_from_sign(row.amount), row.rate, row.period, row.count, abs(row.amount))


def funding_book_order_from_wire(row: RawFundingBookRow) -> FundingBookOrder:
    """Return an entry of a raw funding book; here the positive amount is the offer."""
    return FundingBookOrder(funding_side_from_sign(row.amount), row.offer_id, row.rate, row.period, abs(row.amount))


def candle_from_wire(row: CandleRow) -> Candle:
    """Return a candle; the wire's order is open, close, high, low."""
    return Candle(Mts(row.mts), row.open, row.high, row.low, row.close, row.volume)


def candle_to_wire(candle: Candle) -> CandleRow:
    """Return the row of a candle."""
    return CandleRow(
        mts=candle.mts,
        open=candle.open,
        close=candle.close,
        high=candle.high,
        low=candle.low,
        volume=candle.volume,
    )


def statistic_from_wire(row: StatRow) -> Statistic:
    """Return a statistic's value."""
    return Statistic(Mts(row.mts), row.value)


def derivative_status_from_wire(symbol: str, row: DerivativeStatusRow | NamedDerivativeStatusRow) -> DerivativeStatus:
    """Return a perpetual's state."""
    return DerivativeStatus(
        Symbol(symbol),
        Mts(row.mts),
        row.deriv_price,
        row.spot_price,
        row.insurance_fund_balance,
        mts_or_none(row.next_funding_mts),
        row.next_funding_accrued,
        row.current_funding,
        row.mark_price,
        row.open_interest,
        row.clamp_min,
        row.clamp_max,
    )


def liquidation_from_wire(row: LiquidationRow) -> Liquidation:
    """Return a liquidation.

    `IS_MARKET_SOLD` is read as the REST reference says (1: sold into the market); an old WebSocket page says the
    reverse.
    """
    return Liquidation(
        row.position_id,
        Mts(row.mts),
        Symbol(row.symbol),
        side_from_sign(row.amount),
        abs(row.amount),
        row.base_price,
        row.is_match == 1,
        row.is_market_sold == 1,
        row.price_acquired,
    )


def currency_name_from_wire(row: NameRow) -> CurrencyName:
    """Return what a currency code stands for."""
    return CurrencyName(Currency(row.code), row.value)


def pair_rules_from_wire(row: PairInfoRow) -> PairRules:
    """Return what a pair's orders must obey; the endpoint names pairs without their `t`."""
    return PairRules(
        Symbol("t" + row.pair),
        atoms(row.info.amount_min),
        _largest(row.info.amount_max),
        plain_or_none(row.info.initial_margin),
        plain_or_none(row.info.minimum_margin),
    )


def _largest(text: str) -> Atoms:
    """Return the largest amount of an order; beyond 64 bits none can be wished for, so that nothing is lost there."""
    value = decimal_from_text(text)
    return Atoms(INT64_MAX) if value > decimal_from_atoms(INT64_MAX) else atoms(value)
