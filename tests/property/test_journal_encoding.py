"""A journal gives back what was written, bit for bit, from the one text that stands for it."""

import json
import math
import subprocess
import sys
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.domain.candle import Candle
from genesis.domain.desk import Intent
from genesis.domain.events import (
    AccountShown,
    Adopted,
    Alert,
    AlertCode,
    Booked,
    Cancel,
    CandleClosed,
    Crossed,
    Decision,
    Event,
    LimitsApplied,
    Liquidated,
    LookUp,
    MarginCharged,
    OperatorAsked,
    OrderRefused,
    OrderReported,
    Quote,
    Reached,
    Reasons,
    RequestQuote,
    Settled,
    Sized,
    StrategyEnabled,
    StrategyLimitsApplied,
    Submit,
    TimePassed,
    Undertaken,
    WakeAt,
)
from genesis.domain.execution.order_life import OrderLife
from genesis.domain.execution.orders import OwnOrder
from genesis.domain.execution.plans import Iceberg, Market, PostOnly, Twap, Undertaking
from genesis.domain.instrument import Instrument
from genesis.domain.journal.encoding import MalformedEntry, decode, encode
from genesis.domain.journal.entries import (
    Entry,
    RecordedSubmit,
    SessionBegan,
    SessionEnd,
    SessionEnded,
    SessionMark,
    StrategyBegan,
    recorded,
)
from genesis.domain.link import LinkState
from genesis.domain.order import Cid, OrderRequest, OrderType, Side
from genesis.domain.risk import gate
from genesis.domain.risk.gate import Approved
from genesis.domain.risk.guards import COOL_DOWN_MS_MAX, OnBreach, RiskLimits
from genesis.domain.risk.limits import AccountLimits, InstrumentLimits, RateLimit
from genesis.domain.saved import Saved, SavedDesk, SavedEntry
from genesis.domain.units import INT64_MAX, PPB, Atoms, Currency, Mts, Ppb, Price, Symbol

WHOLE = st.integers(-(2**63), 2**63 - 1)
POSITIVE = st.integers(1, INT64_MAX)
TEXT = st.text(st.characters(), max_size=20)
NUMBERS = st.floats()
st.register_type_strategy(Decimal, st.decimals(allow_nan=False, allow_infinity=False))


def optional(values: st.SearchStrategy[int]) -> st.SearchStrategy[int | None]:
    return st.none() | values


CANDLES = st.builds(Candle, WHOLE.map(Mts), NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS)
ORDERS = st.builds(
    OrderRequest,
    POSITIVE.map(Cid),
    TEXT.map(Symbol),
    st.sampled_from(Side),
    st.sampled_from(OrderType),
    POSITIVE.map(Atoms),
    WHOLE.map(Mts),
    optional(POSITIVE),
    optional(POSITIVE),
    optional(POSITIVE),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
REASONS = st.builds(
    Reasons,
    WHOLE.map(Mts),
    NUMBERS,
    WHOLE.map(Ppb),
    st.lists(st.builds(Sized, TEXT, WHOLE.map(Ppb)), max_size=3).map(tuple),
    st.lists(TEXT, max_size=4).map(tuple),
    st.lists(NUMBERS, max_size=4).map(tuple),
)
ANY_AMOUNT = Instrument(Symbol("tBTCUSD"), Currency("BTC"), Currency("USD"), Atoms(1))


def approved(order: OrderRequest) -> Approved:
    answer = gate.check(order, ANY_AMOUNT, INT64_MAX, is_halted=False)
    assert isinstance(answer, Approved)
    return answer


SHARES = optional(st.integers(1, PPB))
LIMITS = st.builds(
    RiskLimits,
    SHARES,
    SHARES,
    optional(st.integers(0, INT64_MAX)),
    st.sampled_from(OnBreach),
    optional(st.integers(1, 9)),
    st.integers(1, COOL_DOWN_MS_MAX),
)
INSTRUMENTS = st.builds(
    Instrument,
    TEXT.map(Symbol),
    TEXT.map(Currency),
    TEXT.map(Currency),
    st.integers(1, 1000).map(Atoms),
    st.integers(1000, INT64_MAX).map(Atoms),
    st.integers(0, 15),
)
STRATEGIES = st.builds(StrategyBegan, instrument=INSTRUMENTS, limits=LIMITS)

INTENTS = st.builds(Intent, reasons=REASONS)
SAVED = st.builds(
    Saved,
    desks=st.lists(st.builds(SavedDesk, limits=LIMITS, in_flight=st.none() | INTENTS), max_size=2).map(tuple),
    limits=st.just(AccountLimits()),
    orders=st.lists(st.builds(OwnOrder, life=st.builds(OrderLife, ORDERS)), max_size=2).map(tuple),
    under_way=st.just(()),
    entries=st.lists(st.builds(SavedEntry, reasons=REASONS), max_size=2).map(tuple),
    reasons=st.lists(st.tuples(TEXT, REASONS), max_size=2).map(tuple),
)
MANY = st.lists(STRATEGIES, max_size=3).map(tuple)
ACCOUNT_LIMITS = st.builds(
    AccountLimits,
    st.lists(st.from_type(InstrumentLimits), max_size=2).map(tuple),
    max_positions=optional(st.integers(0, 9)),
    price_collar=SHARES.filter(lambda share: share != PPB),
    rates=st.lists(st.builds(RateLimit, st.integers(1, 9), st.integers(1, 86_400_000)), max_size=2).map(tuple),
    max_repeats=optional(st.integers(1, 9)),
    max_data_age_ms=optional(st.integers(1, 9)),
)
PLANS = st.one_of(
    st.just(Market()),
    st.builds(Twap, POSITIVE, POSITIVE),
    st.just(PostOnly(1, 2)),
    st.builds(Iceberg, POSITIVE.map(Atoms), st.just(1), st.just(2)),
)
ENTRIES: dict[type, st.SearchStrategy[Entry]] = {
    CandleClosed: st.builds(CandleClosed, TEXT.map(Symbol), CANDLES),
    Quote: st.builds(
        Quote, TEXT.map(Symbol), WHOLE.map(Mts), POSITIVE.map(Price), POSITIVE.map(Price), st.lists(POSITIVE).map(tuple)
    ),
    MarginCharged: st.builds(MarginCharged, WHOLE.map(Mts), TEXT.map(Symbol), WHOLE.map(Atoms)),
    Liquidated: st.from_type(Liquidated),
    OrderReported: st.from_type(OrderReported),
    AccountShown: st.from_type(AccountShown),
    TimePassed: st.from_type(TimePassed),
    OperatorAsked: st.from_type(OperatorAsked),
    LinkState: st.from_type(LinkState),
    LimitsApplied: st.builds(LimitsApplied, WHOLE.map(Mts), ACCOUNT_LIMITS),
    StrategyEnabled: st.builds(StrategyEnabled, WHOLE.map(Mts), TEXT, st.booleans()),
    StrategyLimitsApplied: st.builds(StrategyLimitsApplied, WHOLE.map(Mts), TEXT, LIMITS),
    RequestQuote: st.from_type(RequestQuote),
    Reached: st.builds(Reached, TEXT, WHOLE.map(float), WHOLE.map(Ppb)),
    Undertaken: st.builds(Undertaken, st.builds(Undertaking, plan=PLANS)),
    Settled: st.from_type(Settled),
    Booked: st.from_type(Booked),
    Crossed: st.from_type(Crossed),
    Adopted: st.from_type(Adopted),
    Cancel: st.from_type(Cancel),
    LookUp: st.from_type(LookUp),
    WakeAt: st.from_type(WakeAt),
    OrderRefused: st.from_type(OrderRefused),
    Submit: st.builds(Submit, ORDERS.map(approved), REASONS, TEXT, WHOLE),
    Alert: st.builds(Alert, WHOLE.map(Mts), st.sampled_from(AlertCode), TEXT),
    SessionBegan: st.builds(SessionBegan, strategies=MANY, limits=ACCOUNT_LIMITS),
    Saved: SAVED,
    SessionEnded: st.builds(SessionEnded, st.sampled_from(SessionEnd), TEXT),
}


def test_every_entry_there_is_is_tried() -> None:
    every = {Saved, *(cls for union in (SessionMark, Event, Decision) for cls in get_args(union))}
    assert every == set(ENTRIES)


@pytest.mark.parametrize("cls", ENTRIES)
@settings(max_examples=40)
@given(data=st.data())
def test_decode_after_encode_is_identity(cls: type, data: st.DataObject) -> None:
    entry = data.draw(ENTRIES[cls])
    kind, text = encode(entry)
    found = decode(kind, text)
    # repr tells -0.0 from 0.0, keeps every bit of a float, and takes NaN for equal to itself.
    assert repr(found) == repr(recorded(entry))
    assert type(found) is type(recorded(entry))
    assert encode(found) == (kind, text)
    assert text.isascii()
    assert "\n" not in text


@settings(max_examples=60)
@given(st.one_of(list(ENTRIES.values())))
def test_the_text_is_json_that_others_can_read_and_holds_no_float_for_money(entry: Entry) -> None:
    def refuse(name: str) -> float:
        raise AssertionError(f"{name} is no JSON")

    tree = json.loads(encode(entry)[1], parse_constant=refuse)

    def check(name: str, value: object) -> None:
        if name in {"amount", "fee", "cash", "bid", "ask", "price", "stop_price", "trail", "mts", "weight", "slippage"}:
            assert type(value) is not float, (name, value)
        if isinstance(value, dict):
            for key, each in value.items():
                check(key, each)

    check("", tree)


CANDLE = CandleClosed(Symbol("tBTCUSD"), Candle(Mts(0), 1.0, 2.0, 0.5, 1.5, math.inf))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"symbol":', ' "symbol":'),
        ('"mts":0', '"mts":0.0'),
        ('"mts":0', '"mts":true'),
        ('"mts":0', '"mts":"0"'),
        ('"open":1.0', '"open":1'),
        ('"open":1.0', '"open":1.00'),
        ('"volume":"inf"', '"volume":"Infinity"'),
        ('"volume":"inf"', '"volume":Infinity'),
        ('"open":1.0,', ""),
        ('"open":1.0', '"open":1.0,"more":1'),
        ('"open":1.0,"high":2.0', '"high":2.0,"open":1.0'),
        ('"type":"candle_closed"', '"type":"nothing_known"'),
        ('"candle":{', '"candle":[{'),
    ],
)
def test_a_text_that_is_not_canonical_is_refused(old: str, new: str) -> None:
    kind, text = encode(CANDLE)
    assert old in text
    with pytest.raises(MalformedEntry, match=r"candle_closed|nothing_known"):
        decode(kind, text.replace(old, new, 1))


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", "3", "[" * 100_000, '{"type":[]}'])
def test_what_is_no_entry_at_all_is_refused(text: str) -> None:
    with pytest.raises(MalformedEntry):
        decode("event", text)


def test_a_recorded_order_cannot_be_sent() -> None:
    order = OrderRequest(Cid(1), Symbol("tBTCUSD"), Side.BUY, OrderType.MARKET, Atoms(5), Mts(0))
    reasons = Reasons(Mts(0), 1.0, Ppb(1), (), (), ())
    found = decode(*encode(Submit(approved(order), reasons, "main")))
    assert isinstance(found, RecordedSubmit)
    assert not isinstance(found, Submit)
    assert type(found.order) is OrderRequest


def test_the_text_is_the_same_on_every_hash_seed() -> None:
    code = (
        "from tests.property.test_journal_encoding import *\n"
        "order = OrderRequest(Cid(1), Symbol('tBTCUSD'), Side.BUY, OrderType.MARKET, Atoms(5), Mts(0))\n"
        "reasons = Reasons(Mts(0), 1.0, Ppb(1), (), ('a',), (0.1,))\n"
        "print(encode(Submit(approved(order), reasons, 'main')), encode(CANDLE))"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "12345")
    }
    assert len(texts) == 1
