"""Frames of public channels: reading undoes writing, columns may be added, and a hundred thousand broken frames break
nothing.
"""

import json
import math
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.adapters.bitfinex import frames
from genesis.adapters.bitfinex.control import Flags
from genesis.adapters.bitfinex.frames import UNREADABLE
from genesis.adapters.bitfinex.happenings import ConnectionRules
from genesis.domain.channel import (
    BookChannel,
    CandlesChannel,
    Channel,
    DerivativeChannel,
    Grouping,
    LiquidationsChannel,
    TickerChannel,
    TradesChannel,
)
from genesis.domain.units import Symbol
from tests.fakes.line import Wired

NUMBER = st.floats(-1e15, 1e15, allow_nan=False)
ID = st.integers(0, 2**53 - 1)
COUNT = st.integers(0, 2**31)
MAYBE = st.none() | NUMBER
NULL = st.none()

ROWS: dict[str, tuple[Any, st.SearchStrategy[tuple[Any, ...]]]] = {  # Any: rows of every type
    "ticker": (frames.TickerRow, st.tuples(*[NUMBER] * 10)),
    "funding_ticker": (
        frames.FundingTickerRow,
        st.tuples(NUMBER, NUMBER, COUNT, NUMBER, NUMBER, COUNT, *[NUMBER] * 7, NULL, NULL, MAYBE),
    ),
    "trade": (frames.TradeRow, st.tuples(ID, ID, NUMBER, NUMBER)),
    "funding_trade": (frames.FundingTradeRow, st.tuples(ID, ID, NUMBER, NUMBER, COUNT)),
    "level": (frames.LevelRow, st.tuples(NUMBER, COUNT, NUMBER)),
    "raw_order": (frames.RawOrderRow, st.tuples(ID, NUMBER, NUMBER)),
    "offer": (frames.OfferRow, st.tuples(NUMBER, COUNT, COUNT, NUMBER)),
    "raw_offer": (frames.RawOfferRow, st.tuples(ID, COUNT, NUMBER, NUMBER)),
    "candle": (frames.CandleRow, st.tuples(ID, *[NUMBER] * 5)),
}


@pytest.mark.parametrize("name", ROWS)
@settings(max_examples=200)
@given(data=st.data())
def test_reading_undoes_writing(name: str, data: st.DataObject) -> None:
    row_type, values = ROWS[name]
    row = data.draw(values)
    sequence, mts = data.draw(ID), data.draw(ID)
    frame_type: Any = frames.RowFrame[row_type]  # type: ignore[valid-type]  # Any: made of a variable
    frame = msgspec.json.decode(json.dumps([17, list(row), sequence, mts]), type=frame_type)
    assert msgspec.structs.astuple(frame.row)[: len(row)] == row
    assert (frame.sequence, frame.server_mts) == (sequence, mts)
    assert msgspec.json.decode(msgspec.json.encode(frame), type=frame_type) == frame


@pytest.mark.parametrize("name", ROWS)
@settings(max_examples=100)
@given(
    data=st.data(),
    more=st.lists(st.none() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=3), max_size=4),
)
def test_d29_columns_that_are_added_change_nothing(name: str, data: st.DataObject, more: list[object]) -> None:
    row_type, values = ROWS[name]
    row = data.draw(values)
    frame_type: Any = frames.RowFrame[row_type]  # type: ignore[valid-type]  # Any: made of a variable
    plain = msgspec.json.decode(json.dumps([17, list(row)]), type=frame_type)
    grown = msgspec.json.decode(json.dumps([17, [*row, *[None] * (16 - len(row)), *more]]), type=frame_type)
    assert grown == plain


@pytest.mark.parametrize("name", ROWS)
@settings(max_examples=100)
@given(data=st.data())
def test_c10_a_missing_or_mistyped_field_is_refused_with_its_path(name: str, data: st.DataObject) -> None:
    row_type, values = ROWS[name]
    row = list(data.draw(values))
    frame_type: Any = frames.RowFrame[row_type]  # type: ignore[valid-type]  # Any: made of a variable
    required = sum(1 for field in msgspec.structs.fields(row_type) if field.required)
    place = data.draw(st.integers(0, required - 1))
    wrong = data.draw(st.sampled_from(["1", [1], {"a": 1}, True]))
    for broken, path in ((row[:place], "$[1]"), ([*row[:place], wrong, *row[place + 1 :]], f"$[1][{place}]")):
        with pytest.raises(msgspec.ValidationError) as caught:
            msgspec.json.decode(json.dumps([17, broken]), type=frame_type)
        assert path in str(caught.value)


@given(value=st.floats(allow_nan=True, allow_infinity=True) | st.integers(-(10**400), 10**400))
def test_c11_numbers_beyond_reason_are_refused(value: float) -> None:
    text = json.dumps([17, [value, 1, 1]])
    is_reasonable = math.isfinite(value) and abs(value) <= 1e15 if abs(value) < 10**300 else False
    try:
        frame = frames.decode_level(text)
    except UNREADABLE:
        assert not is_reasonable
    else:
        assert is_reasonable
        assert frame.row.price == value


BTC, USD = Symbol("tBTCUSD"), Symbol("fUSD")
CHANNELS: list[tuple[Channel, list[str]]] = [
    (TickerChannel(BTC), ["[100.5,12.5,101,8.25,-1.5,-0.0147,100.7,5321.5,103.2,99.1]"]),
    (TickerChannel(USD), ["[0.0004,0.0003,30,1000,0.00031,2,500,0,0,0.0003,90000,0.0005,0.0002,null,null,70000]"]),
    (TradesChannel(BTC), ['"te",[900001,1700000000123,-0.25,100.5]', "[[900001,1700000000123,-0.25,100.5]]"]),
    (TradesChannel(USD), ['"ftu",[900002,1700000000123,500,0.0003,30]', "[[900002,1700000000123,500,0.0003,30]]"]),
    (BookChannel(BTC), ["[100.5,2,1.25]", "[[100.5,2,1.25],[101,1,-0.75]]", '"cs",-837255599']),
    (BookChannel(BTC, Grouping.R0), ["[501,100.5,1]", "[[501,100.5,1],[503,101,-0.75]]", '"cs",1']),
    (BookChannel(USD), ["[0.0003,30,2,-500]", "[[0.0003,30,2,-500],[0.0004,2,1,100]]"]),
    (BookChannel(USD, Grouping.R0), ["[501,30,0.0003,-500]", "[[501,30,0.0003,-500]]"]),
    (CandlesChannel(BTC, "1m"), ["[1700000040000,100.5,100.9,101.2,100.1,42.5]"]),
    (
        DerivativeChannel(Symbol("tBTCF0:USTF0")),
        [
            "[1700000000000,null,100,100.1,null,5,null,1700000100000,0.1,3,null,0.2,null,null,100,null,null,7,null,null,null,-1,1]"
        ],
    ),
    (LiquidationsChannel(), ['[["pos",700001,1700000000000,null,"tBTCF0:USTF0",-0.5,100.2,null,1,1,null,101]]']),
]
PIECES = [
    "[",
    "]",
    ",",
    '"',
    "-",
    "0",
    "1e9",
    "1e400",
    "NaN",
    "null",
    "true",
    "{}",
    "[]",
    " ",
    "\\",
    "é",
    "\ud800",
    '"te"',
    ".",
]


def mutated(rng: random.Random, text: str) -> str:
    """Return *text* with one to three things wrong."""
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(text) + 1)
        match rng.randrange(5):
            case 0:
                text = text[:place]
            case 1:
                text = text[:place] + text[place + rng.randint(1, 4) :]
            case 2:
                text = text[:place] + rng.choice(PIECES) + text[place:]
            case 3:
                text = text[:place] + rng.choice(PIECES) + text[place + 1 :]
            case _:
                other = rng.randrange(len(text) + 1)
                text = (
                    text[: min(place, other)] + text[max(place, other) :] + text[min(place, other) : max(place, other)]
                )
        text = text or "["
    return text


def test_r8_a_hundred_thousand_mutated_frames_raise_nothing_and_are_all_accounted_for() -> None:
    rng = random.Random(8)
    for channel, bodies in CHANNELS:
        wired = Wired(ConnectionRules(flags=Flags.NONE, with_rows=True)).open()
        wired.exchange.book_rows = ()
        wired.subscribe(channel)
        for i in range(10_000):
            if i % 50 == 0:  # whatever a frame did, the channel lives on
                wired.wait(1.0)
                wired.events.clear()
            ids = list(wired.peer.channels)
            body = rng.choice(bodies)
            wired.deliver(mutated(rng, f"[{ids[0] if ids else 9},{body}]"))
            assert wired.line.ended == ""
            wired.pump()
        assert len(wired.ring.frames) <= 64
        assert wired.counted("ws_frames_unreadable_total") > 1000


def test_r8_mutated_control_messages_raise_nothing() -> None:
    rng = random.Random(9)
    texts = [
        '{"event":"info","version":2,"platform":{"status":1}}',
        '{"event":"subscribed","channel":"ticker","chanId":11,"symbol":"tBTCUSD","subId":"1","pair":"BTCUSD"}',
        '{"event":"error","msg":"subscribe: dup","code":10301,"channel":"ticker","symbol":"tBTCUSD"}',
        '{"event":"unsubscribed","status":"OK","chanId":11}',
        '{"event":"pong","ts":1700000000123,"cid":1234}',
        '{"event":"conf","status":"OK","flags":131072}',
    ]
    for _ in range(20):
        wired = Wired().open().subscribe(TickerChannel(BTC))
        for _ in range(500):
            wired.deliver(mutated(rng, rng.choice(texts)))
        assert len(wired.line) <= 1
