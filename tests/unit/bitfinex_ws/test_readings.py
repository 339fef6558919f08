"""Every public channel's row as a domain value, with the exchange's signs, orders of columns and nulls."""

import pytest

from genesis.adapters.bitfinex.control import Flags
from genesis.adapters.bitfinex.happenings import ConnectionRules
from genesis.domain.book import BookTop, FundingBook
from genesis.domain.channel import (
    BookChannel,
    CandlesChannel,
    Channel,
    DerivativeChannel,
    Frequency,
    Grouping,
    LiquidationsChannel,
    TickerChannel,
    TradesChannel,
    channel_from_text,
    channel_name,
)
from genesis.domain.exchange.market import (
    DerivativeStatus,
    FundingBookLevel,
    FundingBookOrder,
    FundingTicker,
    FundingTrade,
    Liquidation,
    Ticker,
)
from genesis.domain.market import BookSnapshot, CandleSnapshot, Gap, GapReason, MarketEvent, Print, PrintedTrade
from genesis.domain.order import Side
from genesis.domain.units import Mts, Symbol
from tests.fakes.line import Wired

BTC, USD, PERP = Symbol("tBTCUSD"), Symbol("fUSD"), Symbol("tBTCF0:USTF0")


def heard(channel: Channel, *bodies: str) -> list[MarketEvent]:
    """Return the events of the channel's frames with these bodies."""
    wired = Wired(ConnectionRules(flags=Flags.NONE, with_rows=True)).open()
    wired.exchange.book_rows = ()
    wired.subscribe(channel)
    wired.events.clear()
    wired.ring.frames.clear()  # the fake's snapshots are those of pairs
    (channel_id,) = wired.peer.channels
    for body in bodies:
        wired.deliver(f"[{channel_id},{body}]")
    assert not wired.ring.frames
    return [event for _, event in wired.events if not isinstance(event, BookTop)]


def test_tickers() -> None:
    (pair,) = heard(TickerChannel(BTC), "[100.5,12.5,101,8.25,-1.5,-0.0147,100.7,5321.5,103.2,99.1]")
    assert pair == Ticker(BTC, 100.5, 12.5, 101.0, 8.25, -1.5, -0.0147, 100.7, 5321.5, 103.2, 99.1)
    (funding,) = heard(
        TickerChannel(USD), "[0.0004,0.0003,30,1000,0.00031,2,500,0,0,0.0003,90000,0.0005,0.0002,null,null,70000]"
    )
    assert isinstance(funding, FundingTicker)
    assert (funding.bid_period_days, funding.bid_size) == (30, 1000.0), "the period comes before the size"
    assert (funding.ask_period_days, funding.ask_size, funding.flash_return_amount) == (2, 500.0, 70000.0)


def test_funding_trades() -> None:
    assert heard(
        TradesChannel(USD), '"fte",[7,1700000000123,-500,0.0003,30]', '"ftu",[7,1700000000123,500,0.0003,30]'
    ) == [
        PrintedTrade(Print.EXECUTED, FundingTrade(7, Mts(1700000000123), Side.SELL, 500.0, 0.0003, 30)),
        PrintedTrade(Print.CONFIRMED, FundingTrade(7, Mts(1700000000123), Side.BUY, 500.0, 0.0003, 30)),
    ]


def test_the_derivative_status_has_no_key_on_the_socket() -> None:
    row = (
        "[1700000000000,null,100,100.1,null,5,null,1700000100000,0.1,3,null,0.2,null,null,100.2,"
        "null,null,7,null,null,null,-1,1]"
    )
    assert heard(DerivativeChannel(PERP), row) == [
        DerivativeStatus(
            PERP, Mts(1700000000000), 100.0, 100.1, 5.0, Mts(1700000100000), 0.1, 0.2, 100.2, 7.0, -1.0, 1.0
        )
    ]


def test_liquidations_come_as_lists() -> None:
    row = '["pos",700001,1700000000000,null,"tBTCF0:USTF0",-0.5,100.2,null,1,0,null,101]'
    wanted = Liquidation(700001, Mts(1700000000000), PERP, Side.SELL, 0.5, 100.2, True, False, 101.0)
    assert heard(LiquidationsChannel(), f"[{row},{row}]") == [wanted, wanted]


def test_candle_snapshots_come_oldest_first() -> None:
    (snapshot,) = heard(CandlesChannel(BTC, "1m"), "[[120000,1,2,3,1,5],[60000,1,2,3,1,5]]")
    assert isinstance(snapshot, CandleSnapshot)
    assert [candle.mts for candle in snapshot.candles] == [60000, 120000]


def test_funding_books_have_the_signs_the_other_way_round() -> None:
    wired = Wired(ConnectionRules(flags=Flags.NONE, with_rows=True)).open()
    wired.exchange.book_rows = ("0.0003,30,2,-500", "0.0004,2,1,100", "0.0004,30,1,200")
    channel = BookChannel(USD)
    wired.subscribe(channel)
    book = wired.line._channels[channel].book
    assert isinstance(book, FundingBook)
    assert book.top == BookTop(0.0003, 500.0, 0.0004, 100.0)
    (channel_id,) = wired.peer.channels
    wired.deliver(f"[{channel_id},[0.0004,2,0,1]]")
    wired.deliver(f'[{channel_id},"cs",12345]')
    assert book.rows(Side.SELL) == [FundingBookLevel(Side.SELL, 0.0004, 30, 1, 200.0)]
    assert not book.is_stale, "checksums of funding books are not usable"


def test_raw_funding_books_go_by_id() -> None:
    wired = Wired(ConnectionRules(flags=Flags.NONE)).open()
    wired.exchange.book_rows = ("501,30,0.0003,-500", "502,2,0.0004,100")
    channel = BookChannel(USD, Grouping.R0)
    wired.subscribe(channel)
    book = wired.line._channels[channel].book
    assert isinstance(book, FundingBook)
    assert book.rows(Side.BUY) == [FundingBookOrder(Side.BUY, 501, 0.0003, 30, 500.0)]
    (channel_id,) = wired.peer.channels
    wired.deliver(f"[{channel_id},[502,2,0,1]]")
    assert book.rows(Side.SELL) == []


@pytest.mark.parametrize(
    ("text", "channel"),
    [
        ("ticker:tBTCUSD", TickerChannel(BTC)),
        ("trades:fUSD", TradesChannel(USD)),
        ("book:tBTCUSD", BookChannel(BTC)),
        ("book:tBTCF0:USTF0:P1:F1:100", BookChannel(PERP, Grouping.P1, Frequency.F1, 100)),
        ("book:tBTCUSD:R0:250", BookChannel(BTC, Grouping.R0, length=250)),
        ("candles:1m:tBTCUSD", CandlesChannel(BTC, "1m")),
        ("candles:1m:tBTCF0:USTF0", CandlesChannel(PERP, "1m")),
        ("candles:1h:fUSD:a30:p2:p30", CandlesChannel(USD, "1h", "a30:p2:p30")),
        ("status:tBTCF0:USTF0", DerivativeChannel(PERP)),
        ("liquidations", LiquidationsChannel()),
    ],
)
def test_channels_as_people_write_them(text: str, channel: Channel) -> None:
    assert channel_from_text(text) == channel
    assert channel_name(channel)


@pytest.mark.parametrize(
    "text", ["", "ticker", "ticker:", "books:tBTCUSD", "candles:1m", "book:tBTCUSD:7", "liquidations:x"]
)
def test_what_is_no_channel_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"channel such as|length must be"):
        channel_from_text(text)


@pytest.mark.parametrize(
    ("channel", "snapshot", "update", "rows"),
    [
        (BookChannel(BTC), "[[100,2,0.5],[101,1,-3]]", "[100,0,1]", (Side.BUY, Side.SELL, Side.BUY)),
        (BookChannel(BTC, Grouping.R0), "[[5,100,0.5],[6,101,-3]]", "[5,0,1]", (Side.BUY, Side.SELL, Side.BUY)),
        (BookChannel(USD), "[[0.001,30,2,-50],[0.002,2,1,70]]", "[0.002,2,0,1]", (Side.BUY, Side.SELL, Side.SELL)),
        (
            BookChannel(USD, Grouping.R0),
            "[[5,30,0.001,-50],[6,2,0.002,70]]",
            "[6,2,0,1]",
            (Side.BUY, Side.SELL, Side.SELL),
        ),
    ],
    ids=["levels", "orders", "offers", "raw offers"],
)
def test_without_books_each_row_is_an_event_and_nothing_is_verified(
    channel: BookChannel, snapshot: str, update: str, rows: tuple[Side, ...]
) -> None:
    wired = Wired(ConnectionRules(keeps_books=False))
    wired.exchange.book_rows = ()
    wired.open().subscribe(channel)
    (channel_id,) = wired.peer.channels
    for body in (snapshot, update, '"cs",-12', '"hb"'):
        wired.peer.data(channel_id, body)
    empty, full, changed = wired.events_of(channel)
    assert empty == BookSnapshot(())
    assert isinstance(full, BookSnapshot)
    assert not isinstance(changed, BookTop | Gap)
    assert (*(row.side for row in full.rows), changed.side) == rows  # type: ignore[union-attr]  # every row has a side
    assert wired.peer.flags == Flags.TIMESTAMP | Flags.SEQUENCE, "no checksums are asked for"
    wired.peer.data(channel_id, '["x",1,1]')
    wired.peer.data(channel_id, update, is_counted=False)
    wired.peer.data(channel_id, '"hb"')
    wired.peer.data(channel_id, update, is_counted=False)
    wired.peer.data(channel_id, update)
    assert [event.reason for event in wired.events_of(channel) if isinstance(event, Gap)] == [
        GapReason.UNREADABLE,
        GapReason.SEQUENCE,
    ]
    assert list(wired.peer.channels) == [channel_id], "it is not asked for again"
