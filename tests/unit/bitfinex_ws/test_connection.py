"""One public connection, without IO: handshakes, watchdogs, sequence, maintenance, and everything unreadable."""

import time
from itertools import pairwise

import pytest

from genesis.adapters.bitfinex.control import Flags
from genesis.adapters.bitfinex.happenings import ConnectionRules, Full, LinkChanged, Refused, Subscribed, Unsubscribed
from genesis.domain.book import BookTop, PriceBook
from genesis.domain.candle import Candle
from genesis.domain.channel import BookChannel, CandlesChannel, TickerChannel, TradesChannel
from genesis.domain.link import Link
from genesis.domain.market import BookSnapshot, Gap, GapReason, Print, PrintedTrade
from genesis.domain.units import Symbol
from genesis.ports.errors import OutcomeUnknown, Rejected
from tests.fakes.line import Wired

BTC = Symbol("tBTCUSD")
BOOK = BookChannel(BTC)
TRADES = TradesChannel(BTC)
TICKER = TickerChannel(BTC)
CANDLES = CandlesChannel(BTC, "1m")
QUIET = ConnectionRules(flags=Flags.NONE)


def gaps(wired: Wired, channel: object) -> list[GapReason]:
    return [event.reason for of, event in wired.events if of == channel and isinstance(event, Gap)]


def book_of(wired: Wired) -> PriceBook:
    book = wired.line._channels[BOOK].book
    assert isinstance(book, PriceBook)
    return book


def is_stale(book: PriceBook) -> bool:
    return book.is_stale


def test_a_subscription_is_taken_when_the_exchange_says_so() -> None:
    wired = Wired().subscribe(TICKER)
    assert wired.peer.channels == {}, "nothing is asked before the greeting"
    wired.open()
    assert wired.happened() == [LinkChanged(Link.OPEN, "greeted"), Subscribed(TICKER)]
    assert len(wired.events_of(TICKER)) == 1


def test_a_refusal_carries_code_and_text() -> None:
    wired = Wired().open()
    wired.exchange.refused["tNOPE:USD"] = (10300, "symbol: invalid")
    wired.happened()
    wired.subscribe(TickerChannel(Symbol("tNOPE:USD")))
    (refused,) = wired.happened()
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, Rejected)
    assert refused.error.code == 10300
    assert str(refused.error) == "subscribe ticker tNOPE:USD: symbol: invalid (code 10300)"


@pytest.mark.parametrize("code", [10000, 10001, 10011, 10302, 12345, None])
def test_d28_every_refusal_code_ends_the_waiting(code: int | None) -> None:
    wired = Wired().open()
    wired.peer.is_mute = True
    wired.happened()
    wired.subscribe(TICKER)
    wired.peer.event(event="error", code=code, msg="no", channel="ticker", symbol=BTC)
    (refused,) = wired.happened()
    assert isinstance(refused, Refused)
    assert TICKER not in wired.line


def test_an_unanswered_subscription_fails_at_its_deadline() -> None:
    wired = Wired().open()
    wired.exchange.unanswered.add(BTC)
    wired.happened()
    wired.subscribe(TICKER)
    wired.wait(4.5)
    assert wired.happened() == []
    wired.wait(0.5)
    (refused,) = wired.happened()
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, OutcomeUnknown)


def test_d28_a_full_connection_passes_the_channel_on() -> None:
    wired = Wired().open()
    wired.exchange.channels_max = 1
    wired.subscribe(TICKER)
    wired.happened()
    wired.subscribe(TRADES)
    assert wired.happened() == [Full(TRADES)]


def test_unsubscribing_waits_for_the_exchange() -> None:
    wired = Wired().open().subscribe(TICKER)
    wired.happened()
    wired.line.unsubscribe(TICKER)
    assert wired.happened() == []
    wired.pump()
    assert wired.happened() == [Unsubscribed(TICKER)]
    assert wired.peer.channels == {}


def test_unsubscribing_what_the_exchange_forgot_is_done() -> None:
    wired = Wired().open().subscribe(TICKER)
    wired.peer.channels.clear()
    wired.happened()
    wired.line.unsubscribe(TICKER)
    wired.pump()
    assert wired.happened() == [Unsubscribed(TICKER)]


def test_unsubscribing_before_the_answer_waits_for_both() -> None:
    wired = Wired().open()
    wired.happened()
    wired.line.subscribe(TICKER)
    wired.line.unsubscribe(TICKER)
    wired.pump()
    assert wired.happened() == [Unsubscribed(TICKER)]
    assert wired.peer.channels == {}


def test_te_and_tu_are_told_apart_and_snapshots_come_oldest_first() -> None:
    wired = Wired().open().subscribe(TRADES)
    channel = wired.peer.channel(channel="trades")
    wired.peer.data(channel, '"te",[900003,1700000001000,0.5,100.6]')
    wired.peer.data(channel, '"tu",[900003,1700000001000,0.5,100.6]')
    prints = [(e.print, e.trade.id) for e in wired.events_of(TRADES) if isinstance(e, PrintedTrade)]
    assert prints == [
        (Print.SNAPSHOT, 900001),
        (Print.SNAPSHOT, 900002),
        (Print.EXECUTED, 900003),
        (Print.CONFIRMED, 900003),
    ]


def test_candles_are_open_close_high_low_on_the_wire() -> None:
    wired = Wired().open().subscribe(CANDLES)
    wired.peer.data(wired.peer.channel(channel="candles"), "[1700000100000,101,102,104,99,8]")
    assert wired.events_of(CANDLES)[-1] == Candle(1700000100000, 101.0, 104.0, 99.0, 102.0, 8.0)  # type: ignore[arg-type]  # a test's number


def test_a_book_follows_its_updates_and_verifies_the_sheet_s_checksums() -> None:
    wired = Wired().open().subscribe(BOOK)
    channel = wired.peer.channel(channel="book")
    wired.peer.data(channel, '"cs",560372563')
    wired.peer.data(channel, "[100.5,1,0.4]")
    wired.peer.data(channel, '"cs",-837255599')
    wired.peer.data(channel, "[101,0,-1]")
    wired.peer.data(channel, '"cs",169676192')
    assert gaps(wired, BOOK) == []
    assert book_of(wired).top == BookTop(100.5, 0.4, 101.5, 2.0)
    assert not book_of(wired).is_stale


def test_d22_a_checksum_mismatch_renews_just_that_channel() -> None:
    wired = Wired().open().subscribe(BOOK, TRADES)
    channel, trades = wired.peer.channel(channel="book"), wired.peer.channel(channel="trades")
    book = book_of(wired)
    wired.peer.data(channel, '"cs",1')
    assert is_stale(book)
    assert gaps(wired, BOOK) == [GapReason.CHECKSUM]
    wired.peer.data(channel, "[100.5,1,7]")
    assert is_stale(book), "frames of the old subscription change nothing"
    wired.pump()
    assert wired.peer.channel(channel="trades") == trades
    assert wired.peer.channel(channel="book") != channel
    assert not is_stale(book)
    assert book is book_of(wired), "whoever holds the book keeps it"
    assert book.top == BookTop(100.5, 1.25, 101.0, 0.75)
    assert gaps(wired, TRADES) == []
    assert wired.line.ended == ""


def test_d22_a_book_that_fails_again_and_again_is_renewed_ever_more_slowly() -> None:
    wired = Wired().open().subscribe(BOOK)
    renewals = []
    for _ in range(240):
        channels = set(wired.peer.channels)
        if channels:
            renewals.append(wired.now_s)
            wired.peer.data(channels.pop(), '"cs",1')
            wired.pump()
        wired.wait(0.5)
        wired.peer.event(event="pong")
    pauses = [b - a for a, b in pairwise(renewals)]
    assert pauses[:6] == sorted(pauses[:6])
    assert len(renewals) < 12
    assert max(pauses) >= 16


def test_d22_a_crossed_book_is_renewed_when_it_stays_crossed() -> None:
    wired = Wired().open().subscribe(BOOK)
    channel = wired.peer.channel(channel="book")
    wired.peer.data(channel, "[102,1,1]")
    assert book_of(wired).is_crossed
    wired.wait(4)
    assert gaps(wired, BOOK) == []
    wired.wait(2)
    assert gaps(wired, BOOK) == [GapReason.CROSSED]
    assert not book_of(wired).is_crossed


def test_c8_a_sequence_gap_renews_books_and_marks_the_others() -> None:
    wired = Wired().open().subscribe(BOOK, TRADES)
    wired.peer.data(wired.peer.channel(channel="trades"), '"te",[1,1,1,1]', is_counted=False)
    wired.peer.data(wired.peer.channel(channel="trades"), '"tu",[1,1,1,1]')
    assert wired.events_of(TRADES)[-1] == Gap(GapReason.SEQUENCE, 1)
    assert gaps(wired, BOOK) == [GapReason.SEQUENCE]
    assert book_of(wired).is_stale
    wired.pump()
    assert not book_of(wired).is_stale
    assert wired.counted("ws_sequence_gap_total") == 1


def test_c8_a_frame_that_comes_twice_is_a_gap_too() -> None:
    wired = Wired().open().subscribe(BOOK)
    channel = wired.peer.channel(channel="book")
    wired.deliver(f"[{channel},[100.5,1,0.4],{wired.peer.sequence},1700000000999]")
    assert gaps(wired, BOOK) == [GapReason.SEQUENCE]


def test_sequence_numbers_count_frames_of_unknown_channels_too() -> None:
    wired = Wired().open().subscribe(TRADES)
    wired.peer.data(4711, '"hb"')
    wired.peer.data(wired.peer.channel(channel="trades"), '"hb"')
    assert gaps(wired, TRADES) == []
    assert wired.counted("ws_frames_unknown_channel_total") == 1


def test_r19_c7_a_dead_line_is_found_within_eight_seconds() -> None:
    wired = Wired().open().subscribe(TICKER)
    wired.peer.is_mute = True
    wired.wait(8)
    assert wired.line.ended == "nothing was heard after a ping"


def test_c20_a_line_that_answers_pings_lives() -> None:
    wired = Wired().open()
    wired.wait(60)
    assert wired.line.ended == ""
    assert [asked["event"] for asked in wired.peer.asked].count("ping") >= 10


def test_c20_a_connection_without_a_greeting_ends() -> None:
    wired = Wired()
    wired.pump()
    wired.wait(11)
    assert wired.line.ended == "the exchange did not greet"


def test_c20_an_exchange_of_another_version_is_left() -> None:
    wired = Wired()
    wired.deliver('{"event":"info","version":3,"platform":{"status":1}}')
    assert wired.line.ended == "the exchange speaks version 3, not 2"


def test_d23_a_silent_channel_is_renewed_while_others_speak() -> None:
    wired = Wired().open().subscribe(BOOK, TRADES)
    trades = wired.peer.channel(channel="trades")
    for _ in range(21):
        wired.peer.data(trades, '"hb"')
        wired.wait(1)
    assert gaps(wired, BOOK) == [GapReason.SILENCE]
    assert gaps(wired, TRADES) == []
    assert wired.line.ended == ""
    assert not book_of(wired).is_stale


def test_heartbeats_keep_a_quiet_channel() -> None:
    wired = Wired().open().subscribe(TRADES, BOOK)
    wired.wait(110, heartbeats=True)
    assert gaps(wired, TRADES) == gaps(wired, BOOK) == []


def test_d23_a_book_that_hears_only_heartbeats_is_renewed_in_time() -> None:
    wired = Wired().open().subscribe(BOOK)
    wired.wait(125, heartbeats=True)
    assert gaps(wired, BOOK) == [GapReason.SILENCE]


def test_d14_a_restart_ends_the_connection() -> None:
    wired = Wired().open()
    wired.peer.event(event="info", code=20051, msg="Stopping. Please try to reconnect")
    assert wired.line.ended == "the exchange restarts (20051)"


def test_d15_maintenance_is_a_state_and_its_end_renews_everything() -> None:
    wired = Wired().open().subscribe(BOOK, TRADES)
    wired.happened()
    wired.peer.event(event="info", code=20060, msg="maintenance")
    assert wired.happened() == [LinkChanged(Link.MAINTENANCE, "maintenance (20060)")]
    assert book_of(wired).is_stale
    old = set(wired.peer.channels)
    wired.wait(60)
    assert set(wired.peer.channels) == old, "silence means nothing now"
    for _ in range(2):  # D16: it may come twice
        wired.peer.event(event="info", code=20061, msg="resumed")
        wired.pump()
        assert not book_of(wired).is_stale
    assert old.isdisjoint(wired.peer.channels)
    assert wired.happened() == [LinkChanged(Link.OPEN, "maintenance ended (20061)")]


def test_d16_maintenance_without_end_asks_for_a_new_greeting() -> None:
    wired = Wired().open()
    wired.peer.event(event="info", code=20060, msg="maintenance")
    wired.wait(181)
    assert wired.line.ended.startswith("maintenance did not end")


def test_a_platform_in_maintenance_at_the_greeting_is_asked_for_nothing() -> None:
    wired = Wired()
    wired.exchange.greeting = wired.exchange.greeting.replace('"status":1', '"status":0')
    wired.open().subscribe(TICKER)
    assert wired.happened() == [LinkChanged(Link.MAINTENANCE, "the platform is in maintenance")]
    assert wired.peer.channels == {}
    wired.peer.event(event="info", code=20061, msg="resumed")
    wired.pump()
    assert wired.happened() == [LinkChanged(Link.OPEN, "maintenance ended (20061)"), Subscribed(TICKER)]


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "[",
        "[]",
        "[[]]",
        "{}",
        "null",
        "nonsense",
        "42",
        '"text"',
        "[11",
        '{"event":"info"',
        '{"event":"unheard of"}',
        '{"event":"subscribed","channel":"ticker"}',
        '{"event":"subscribed","channel":"ticker","chanId":-1}',
        '{"event":"info","code":"20051"}',
        '{"event":"info","code":20060,"code":20061}',
        '{"event":"pong","cid":' + "9" * 5000 + "}",
        "[" * 100_000,
        '{"event":' * 100_000,
        "[NaN]",
        '["\ud800"]',
        '{"event":"\ud800"}',
        '"' + "x" * (5 * 2**20) + '"',
    ],
    ids=lambda frame: repr(frame[:40]),
)
def test_c10_c11_garbage_is_kept_counted_and_nothing_else(frame: str) -> None:
    wired = Wired().open().subscribe(TICKER)
    before = len(wired.events)
    started = time.perf_counter()
    wired.deliver(frame)
    assert time.perf_counter() - started < 1.0
    assert wired.counted("ws_frames_unreadable_total") == 1
    assert len(wired.ring.frames) == 1
    assert len(wired.ring.frames[0][0]) <= 2000
    assert len(wired.events) == before
    assert wired.line.ended == ""


def test_c9_the_ring_is_bounded() -> None:
    wired = Wired().open()
    for i in range(1000):
        wired.deliver(f"garbage {i}")
    assert len(wired.ring.frames) == 64
    assert wired.ring.frames[-1][0] == "garbage 999"


@pytest.mark.parametrize(
    "body",
    [
        "[100.5,1]",
        "[100.5,1.5,1]",
        "[100.5,-1,1]",
        '["100.5",1,1]',
        "[100.5,1,null]",
        "[NaN,1,1]",
        "[1e400,1,1]",
        "[Infinity,1,1]",
        "[12345678901234567890123,1,1]",
        "[100.5,1,1",
        '"te"',
        '"cs"',
        '"cs","1"',
        '"cs",99999999999',
        "null",
        "{}",
        "[[100.5,1]]",
        "[[[]]]",
        "[" * 100_000,
        "",
    ],
    ids=lambda body: repr(body[:30]),
)
def test_d29_c10_an_unreadable_frame_of_a_book_renews_it(body: str) -> None:
    wired = Wired(QUIET).open().subscribe(BOOK)
    channel = wired.peer.channel(channel="book")
    top = book_of(wired).top
    wired.deliver(f"[{channel},{body}]")
    assert book_of(wired).is_stale
    assert book_of(wired).top == top, "nothing of it was believed"
    assert gaps(wired, BOOK) == [GapReason.UNREADABLE]
    wired.pump()
    assert not book_of(wired).is_stale


def test_d29_an_unreadable_trade_is_a_gap_and_the_next_one_is_read() -> None:
    wired = Wired(QUIET).open().subscribe(TRADES)
    channel = wired.peer.channel(channel="trades")
    wired.deliver(f'[{channel},"te",[1,2,"3",4]]')
    wired.deliver(f'[{channel},"te",[5,6,7,8]]')
    assert gaps(wired, TRADES) == [GapReason.UNREADABLE]
    assert isinstance(wired.events[-1][1], PrintedTrade)


def test_d29_fields_that_are_added_at_the_end_change_nothing() -> None:
    wired = Wired(QUIET).open().subscribe(BOOK, TICKER)
    channel = wired.peer.channel(channel="book")
    wired.deliver(f'[{channel},[100.5,1,0.4,"new",[1,2]],7,8,{{"x":[]}}]')
    wired.deliver(f'[{channel},"cs",-837255599,8,10,"new"]')
    wired.deliver(f"[{wired.peer.channel(channel='ticker')},[1,2,3,4,5,6,7,8,9,10,1358182043000,null]]")
    assert gaps(wired, BOOK) == []
    assert len(wired.events_of(TICKER)) == 2
    assert wired.counted("ws_frames_unreadable_total") == 0


def test_white_space_between_tokens_is_read_and_summed_alike() -> None:
    wired = Wired(QUIET).open().subscribe(BOOK)
    channel = wired.peer.channel(channel="book")
    wired.deliver(f"[ {channel} , [ 100.5 , 1 ,\t0.4 ] ]")
    wired.deliver(f"[{channel},[100.5, 1, 0.4]]")
    wired.deliver(f'[{channel}, "cs", -837255599]')
    assert gaps(wired, BOOK) == []
    assert not book_of(wired).is_stale


def test_d28_an_answer_nobody_asked_for_is_ended_and_its_frames_dropped() -> None:
    wired = Wired().open()
    wired.happened()
    wired.deliver('{"event":"subscribed","channel":"ticker","chanId":99,"symbol":"tBTCUSD","subId":"nobody"}')
    assert wired.happened() == []
    wired.deliver("[99,[1,2,3,4,5,6,7,8,9,10]]")
    assert wired.events == []
    assert [asked for asked in wired.line.outgoing if "unsubscribe" in asked]


def test_d28_a_channel_id_given_out_twice_ends_the_connection() -> None:
    wired = Wired().open().subscribe(TICKER)
    wired.peer.is_mute = True
    wired.subscribe(TRADES)
    sub_id = wired.peer.asked[-1]["subId"]
    wired.peer.event(
        event="subscribed", channel="trades", chanId=wired.peer.channel(channel="ticker"), symbol=BTC, subId=sub_id
    )
    assert "twice" in wired.line.ended


def test_d28_a_channel_id_may_come_back_after_a_renewal() -> None:
    wired = Wired().open().subscribe(BOOK)
    channel = wired.peer.channel(channel="book")
    wired.exchange.last_id = channel - 7
    wired.peer.data(channel, '"cs",1')
    wired.pump()
    assert wired.peer.channel(channel="book") == channel
    assert not book_of(wired).is_stale


def test_answers_that_lost_their_sub_id_are_matched_by_their_echo() -> None:
    wired = Wired().open()
    wired.peer.is_mute = True
    wired.subscribe(BOOK, BookChannel(BTC, length=100), TRADES)
    wired.happened()
    wired.peer.event(event="subscribed", channel="book", chanId=5, symbol=BTC, prec="P0", freq="F0", len=100)
    assert wired.happened() == [Subscribed(BookChannel(BTC, length=100))]


def test_the_first_list_is_the_snapshot_and_later_lists_are_bulk_updates_where_that_flag_is_set() -> None:
    for flags, top in ((Flags.BULK, BookTop(100.75, 1.0, 101.0, 0.75)), (Flags.NONE, BookTop(100.75, 1.0, 0.0, 0.0))):
        wired = Wired(ConnectionRules(flags=flags, with_rows=True)).open().subscribe(BOOK)
        wired.peer.data(wired.peer.channel(channel="book"), "[[100.75,1,1]]")
        assert book_of(wired).top == top
        assert isinstance(wired.events[0][1], BookSnapshot)


def test_data_before_its_subscription_is_answered_is_dropped_and_counted() -> None:
    wired = Wired().open()
    wired.deliver("[17,[1,2,3,4,5,6,7,8,9,10]]")
    wired.deliver('[17,"hb"]')
    assert wired.events == []
    assert wired.counted("ws_frames_unknown_channel_total") == 2
    assert wired.counted("ws_frames_unreadable_total") == 0


def test_flags_that_are_refused_end_the_connection() -> None:
    wired = Wired().open()
    wired.peer.event(event="conf", status="FAILED")
    assert wired.line.ended == "the exchange refused our flags"


@pytest.mark.parametrize("channel_id", ["²", "-1", "1" * 5000, "x"])
def test_c11_an_error_about_a_channel_id_that_is_none_changes_nothing(channel_id: str) -> None:
    wired = Wired(QUIET).open().subscribe(TRADES)
    wired.peer.event(event="error", msg="unsubscribe: not subscribed", code=10401, chanId=channel_id)
    assert not wired.line.ended
    assert gaps(wired, TRADES) == []


def test_a_channel_that_the_exchange_ends_unasked_is_a_gap_and_asked_for_anew() -> None:
    wired = Wired(QUIET).open().subscribe(BOOK)
    (channel_id,) = wired.peer.channels
    book = book_of(wired)
    wired.peer.channels.clear()
    wired.peer.event(event="unsubscribed", status="OK", chanId=channel_id)
    assert is_stale(book)
    assert gaps(wired, BOOK) == [GapReason.LINK]
    wired.pump()
    assert len(wired.peer.channels) == 1
    assert not is_stale(book)
