"""Three ways to one result: the columns, the trading core event by event, and a plain oracle in fractions."""

import math
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.app.backtest import Run, Terms, filling_at_the_close, run_columnar, run_event
from genesis.domain.candle import Candle, Candles
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import Side
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.risk.refusal import RefusalCode
from genesis.domain.simulation.market_orders import costs_from_bps
from genesis.domain.statistics.record import decision_hash
from genesis.domain.statistics.summary import summarise
from genesis.domain.strategy.features import volume
from genesis.domain.units import Atoms, InexactNumber, Mts, Ppb, Symbol, atoms

DAY_MS = 86_400_000
TARGET = volume
"""The candles of these tests carry the target in their volume, so that any sequence of targets can be tried."""


class Row(NamedTuple):
    """One candle of a test: minutes since the one before, open, close, target."""

    minutes: int
    open: str
    close: str
    target: float


class Parameters(NamedTuple):
    """What the user gives, as text."""

    cash: str = "10000"
    fee_bps: str = "20"
    slippage_bps: str = "1"
    size: float = 1.0
    min_amount: str = "0.0001"
    cap_pct: str | None = None
    drawdown_pct: str | None = None
    daily_loss: str | None = None


class Outcome(NamedTuple):
    """What the oracle found; amounts exact."""

    fills: list[tuple[int, str, Fraction, Fraction, Fraction]]
    cash: Fraction
    position: Fraction
    equity: list[Fraction]
    halted: bool


def oracle(rows: list[Row], given_: Parameters) -> Outcome:
    """Run the rules of docs/backtest-semantics.md in fractions, rounding only where they say."""
    atom, ppb = Fraction(1, 10**8), Fraction(1, 10**9)

    def down(value: Fraction, unit: Fraction) -> Fraction:
        return math.floor(value / unit) * unit

    def up(value: Fraction, unit: Fraction) -> Fraction:
        return math.ceil(value / unit) * unit

    fee = round(Fraction(given_.fee_bps) / 10_000 / ppb) * ppb
    slippage = round(Fraction(given_.slippage_bps) / 10_000 / ppb) * ppb
    least = Fraction(given_.min_amount)
    cap = None if given_.cap_pct is None else round(Fraction(given_.cap_pct) / 100 / ppb) * ppb
    drawdown = None if given_.drawdown_pct is None else round(Fraction(given_.drawdown_pct) / 100 / ppb) * ppb
    cash, position = Fraction(given_.cash), Fraction(0)
    peak = before = day_start = cash
    acted_on, wanted, halted, day, mts = 0.0, None, False, -1, 0
    fills, equities = [], []
    for row in rows:
        mts += row.minutes * 60_000
        if wanted is not None:
            is_buy = wanted > acted_on
            opened = Fraction(row.open)
            price = up(opened * (1 + slippage), atom) if is_buy else down(opened * (1 - slippage), atom)
            weight = round(Fraction(given_.size * wanted) / ppb) * ppb
            weight = weight if cap is None else min(weight, cap)
            equity = cash + down(position * price, atom)
            desired = Fraction(0) if wanted == 0 and not is_buy else down(weight * equity / price, atom)
            delta = desired - position if is_buy else position - desired
            amount = min(delta, down(cash / price, atom)) if is_buy else delta
            if delta <= 0:
                acted_on = wanted
            elif amount >= least:
                if is_buy:
                    paid = up(amount * fee, atom)
                    cash -= up(amount * price, atom)
                    position += amount - paid
                else:
                    proceeds = down(amount * price, atom)
                    paid = up(proceeds * fee, atom)
                    cash += proceeds - paid
                    position -= amount
                fills.append((mts, "buy" if is_buy else "sell", amount, price, paid))
                acted_on = wanted
        equity = cash + down(position * Fraction(row.close), atom)
        equities.append(equity)
        peak = max(peak, equity)
        if mts // DAY_MS != day:
            day, day_start = mts // DAY_MS, before
        before = equity
        halted = halted or (drawdown is not None and peak - equity >= peak * drawdown)
        halted = halted or (given_.daily_loss is not None and day_start - equity > Fraction(given_.daily_loss))
        target = 0.0 if halted else row.target
        wanted = None
        if not math.isnan(target):
            target = min(max(target, 0.0), 1.0)
            wanted = target if target != acted_on else None
    return Outcome(fills, cash, position, equities, halted)


def candles_of(rows: list[Row]) -> Candles:
    mts, made = 0, []
    for row in rows:
        mts += row.minutes * 60_000
        opened, closed = float(row.open), float(row.close)
        made.append(Candle(Mts(mts), opened, max(opened, closed), min(opened, closed), closed, row.target))
    return Candles.from_rows(made)


def terms_of(given_: Parameters) -> Terms:
    def share(text: str | None) -> Ppb | None:
        return None if text is None else Ppb(round(Fraction(text) * 10**7))

    limits = RiskLimits(
        share(given_.cap_pct),
        share(given_.drawdown_pct),
        None if given_.daily_loss is None else atoms(given_.daily_loss),
    )
    instrument = spot_instrument(Symbol("tBTCUSD"), atoms(given_.min_amount))
    settings_ = DeskSettings(instrument, TARGET, given_.size, limits)
    return Terms(settings_, costs_from_bps(Decimal(given_.fee_bps), Decimal(given_.slippage_bps)), atoms(given_.cash))


def assert_equals_the_oracle(run: Run, outcome: Outcome) -> None:
    record, atom = run.record, Fraction(1, 10**8)
    fills = [(f.mts, f.side.value, f.amount * atom, f.price * atom, f.fee * atom) for f in record.fills]
    assert fills == outcome.fills
    assert record.final_cash * atom == outcome.cash
    assert record.final_position * atom == outcome.position
    assert [int(equity) * atom for equity in run.equity] == outcome.equity
    assert bool(record.alerts) is outcome.halted


def _text(number: Decimal) -> str:
    return format(number, "f")


positive = st.decimals("100", "200", places=6).map(_text)
targets = st.one_of(st.just(math.nan), st.sampled_from([-0.5, 0.0, 0.25, 1.0, 1.5]), st.floats(-1.0, 1.0))
minutes = st.one_of(st.just(1), st.integers(1, 3000))
rows_of_any_market = st.lists(st.builds(Row, minutes, positive, positive, targets), max_size=30)
parameters = st.builds(
    Parameters,
    cash=st.decimals("0", "10000", places=8).map(_text),
    fee_bps=st.sampled_from(["0", "10", "20", "0.123456789", "2500"]),
    slippage_bps=st.sampled_from(["0", "1", "37.5", "900"]),
    size=st.sampled_from([1.0, 0.5, 0.3333333333333333, 1e-9]),
    min_amount=st.sampled_from(["0.00000001", "0.0001", "3"]),
    cap_pct=st.sampled_from([None, "0", "12.5", "100"]),
    drawdown_pct=st.sampled_from([None, "0.5", "20", "100"]),
    daily_loss=st.sampled_from([None, "0", "55.5", "100000"]),
)


@settings(max_examples=400)
@given(rows_of_any_market, parameters)
def test_both_engines_equal_the_oracle_to_the_last_atom(rows: list[Row], given_: Parameters) -> None:
    outcome, terms, series = oracle(rows, given_), terms_of(given_), candles_of(rows)
    by_events, by_columns = run_event(terms, series), run_columnar(terms, series)
    assert_equals_the_oracle(by_events, outcome)
    assert_equals_the_oracle(by_columns, outcome)
    assert decision_hash(by_events.record) == decision_hash(by_columns.record)
    assert by_events.record == by_columns.record
    assert summarise(by_events.record) == summarise(by_columns.record)


def test_an_order_fills_at_the_open_of_the_next_candle_that_exists() -> None:
    rows = [Row(1, "100", "101", 1.0), Row(90, "110", "120", 1.0), Row(1, "119", "130", 0.0), Row(500, "90", "95", 0.0)]
    run = run_event(terms_of(Parameters(slippage_bps="0")), candles_of(rows))
    assert [(fill.mts // 60_000, fill.side, fill.price) for fill in run.record.fills] == [
        (91, Side.BUY, 11_000_000_000),
        (592, Side.SELL, 9_000_000_000),
    ]


def test_a_purchase_pays_its_fee_in_base_and_a_sale_in_quote() -> None:
    rows = [Row(1, "100", "100", 1.0), Row(1, "100", "100", 0.0), Row(1, "100", "100", 0.0)]
    bought, sold = run_columnar(terms_of(Parameters(slippage_bps="0")), candles_of(rows)).record.fills
    assert (bought.amount, bought.fee) == (atoms(100), atoms("0.2"))
    assert (sold.amount, sold.fee) == (atoms("99.8"), atoms("19.96"))


def test_nothing_is_closed_at_the_end() -> None:
    rows = [Row(1, "100", "100", 1.0), Row(1, "100", "100", 1.0), Row(1, "100", "100", 0.0)]
    assert run_event(terms_of(Parameters()), candles_of(rows)).record.final_position > 0


def test_an_order_below_the_minimum_is_refused_counted_and_tried_again() -> None:
    rows = [Row(1, "100", "100", 1.0), *[Row(1, "100", "100", 1.0)] * 3, Row(1, "0.01", "0.01", 1.0)]
    for run in (run_event, run_columnar):
        record = run(terms_of(Parameters(cash="1", min_amount="3")), candles_of(rows)).record
        assert record.refusals == {RefusalCode.AMOUNT_BELOW_MINIMUM: 3}
        assert len(record.fills) == 1


def test_a_breach_flattens_halts_and_says_so() -> None:
    rows = [Row(1, "100", "100", 1.0), Row(1, "100", "79", 1.0), Row(1, "80", "80", 1.0), Row(1, "80", "500", 1.0)]
    for run in (run_event, run_columnar):
        record = run(terms_of(Parameters(drawdown_pct="20")), candles_of(rows)).record
        assert [fill.side for fill in record.fills] == [Side.BUY, Side.SELL]
        assert record.final_position == 0
        (alert,) = record.alerts
        assert "max_drawdown breached" in alert.text
        assert "flat and halted" in alert.text


@pytest.mark.parametrize("run", [run_event, run_columnar])
@pytest.mark.parametrize("bad", [math.nan, math.inf, 0.0, -5.0, 1e12])
def test_a_price_that_is_none_stops_the_run_where_it_would_be_used(run: "object", bad: float) -> None:
    assert callable(run)
    rows = [Row(1, "100", "100", 1.0), Row(1, "100", "100", 1.0), Row(1, "100", str(bad), 1.0)]
    with pytest.raises(InexactNumber, match="tBTCUSD"):
        run(terms_of(Parameters()), candles_of(rows))


def test_filling_at_the_close_takes_the_price_that_decided() -> None:
    series = candles_of([Row(1, "100", "101", 1.0), Row(1, "110", "120", 0.0), Row(1, "130", "140", 0.0)])
    assert filling_at_the_close(series).open.tolist() == [100.0, 101.0, 120.0]


def test_empty_and_single_candles_run() -> None:
    for rows in ([], [Row(1, "100", "100", 1.0)]):
        for run in (run_event, run_columnar):
            record = run(terms_of(Parameters()), candles_of(rows)).record
            assert record.final_equity == Atoms(10**12)
            assert not record.fills


def test_equity_stays_in_64_bits() -> None:
    rows = [Row(1, "0.0001", "0.0001", 1.0), Row(1, "0.0001", "0.0001", 1.0), Row(1, "1", "40000000", 1.0)]
    with pytest.raises(InexactNumber, match="2\\^60"):
        run_columnar(terms_of(Parameters(cash="1000000")), candles_of(rows))
    assert np.iinfo(np.int64).max > 2**60


def test_more_atoms_of_a_coin_than_the_columns_can_count_are_refused_and_as_many_as_they_can_are_exact() -> None:
    rows = [Row(1, "0.00001", "0.00001", 1.0)] * 2 + [Row(1, "0.00002", "0.00002", 0.0)] * 2
    candles = candles_of(rows)
    with pytest.raises(InexactNumber, match=f"candle 1 at {candles.mts[1]} .* less cash, or use --engine event"):
        run_columnar(terms_of(Parameters(cash="1000000")), candles)
    assert run_event(terms_of(Parameters(cash="1000000")), candles).record.final_equity > atoms("1900000")
    counted = terms_of(Parameters(cash="115000"))
    assert decision_hash(run_columnar(counted, candles).record) == decision_hash(run_event(counted, candles).record)
