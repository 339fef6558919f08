"""The figures of a run, against the same formulas written plainly with numpy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.domain.candle import DAY_MS
from genesis.domain.fill import Fill
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import Cid, Side
from genesis.domain.statistics.record import Record, decision_hash
from genesis.domain.statistics.summary import (
    daily_returns,
    returns_of,
    round_trips,
    sharpe,
    sortino,
    summarise,
    trip_returns,
)
from genesis.domain.units import Atoms, Mts, Price, Symbol, atoms

BITCOIN = spot_instrument(Symbol("tBTCUSD"))


def _record(days: list[int], fills: tuple[Fill, ...] = (), cash: str = "0", position: str = "0") -> Record:
    return Record(
        instrument=BITCOIN,
        initial_cash=atoms(1000),
        final_cash=atoms(cash),
        final_position=atoms(position),
        final_equity=Atoms(days[-1]) if days else atoms(1000),
        candles=10,
        candles_in_position=4,
        max_drawdown=0.25,
        days=tuple((Mts(day * DAY_MS), Atoms(equity)) for day, equity in enumerate(days)),
        fills=fills,
        alerts=(),
        refusals={},
    )


def _fill(number: int, side: Side, amount: str, price: str, fee: str) -> Fill:
    from decimal import Decimal

    return Fill(
        Mts(number), BITCOIN.symbol, Cid(number), side, atoms(amount), BITCOIN.price(Decimal(price)), atoms(fee)
    )


TRADES = (
    _fill(1, Side.BUY, "1", "100", "0.002"),
    _fill(2, Side.SELL, "0.998", "110", "0.21956"),
    _fill(3, Side.BUY, "2", "100", "0.004"),
    _fill(4, Side.SELL, "1", "90", "0.18"),
    _fill(5, Side.SELL, "0.996", "90", "0.17928"),
    _fill(6, Side.BUY, "1", "50", "0.002"),
)


@given(st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=50))
def test_ratios_equal_their_definition(returns: list[float]) -> None:
    array = np.array(returns)
    if array.std(ddof=1) > 1e-12:
        expected = array.mean() / array.std(ddof=1) * math.sqrt(365)
        assert sharpe(returns) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    downside = math.sqrt((np.minimum(array, 0.0) ** 2).mean())
    if downside > 1e-12:
        assert sortino(returns) == pytest.approx(array.mean() / downside * math.sqrt(365), rel=1e-9, abs=1e-9)


def test_ratios_without_meaning_are_none() -> None:
    assert sharpe([]) is sharpe([0.1]) is sharpe([0.1, 0.1]) is None
    assert sortino([0.1, 0.2]) is None
    summary = summarise(_record([]))
    assert summary.calmar is summary.profit_factor is summary.win_rate_pct is None


def test_growth_beyond_all_numbers_has_no_calmar_ratio() -> None:
    record = _record([atoms(900), atoms(1_000_000)])
    assert record.max_drawdown > 0
    assert summarise(record).calmar is None


def test_daily_returns_start_from_the_initial_cash() -> None:
    record = _record([atoms(1100), atoms(0), atoms(0)])
    assert daily_returns(record) == pytest.approx([0.1, -1.0, 0.0])


def test_a_day_without_a_candle_returns_nothing_and_counts_as_a_day() -> None:
    days = ((Mts(3 * DAY_MS), atoms(1100)), (Mts(6 * DAY_MS), atoms(550)), (Mts(7 * DAY_MS), atoms(550)))
    assert returns_of(atoms(1000), days) == pytest.approx([0.1, 0.0, 0.0, -0.5, 0.0])
    assert returns_of(atoms(1000), ()) == []


def test_ratios_of_weeks_are_near_those_of_days() -> None:
    steps = np.random.Generator(np.random.PCG64(2)).normal(0.001, 0.02, 7 * 520)
    values = np.round(1e11 * np.cumprod(1.0 + steps)).astype(np.int64).tolist()
    daily = [(Mts(day * DAY_MS), Atoms(value)) for day, value in enumerate(values)]
    ratio, rougher = (sharpe(returns_of(atoms(1000), days)) for days in (daily, daily[6::7]))
    assert ratio is not None
    assert rougher == pytest.approx(ratio, rel=0.1)  # √7 apart, where weeks are taken for days


def test_round_trips_go_from_flat_to_flat_and_leave_the_open_one_out() -> None:
    first, second = round_trips(_record([atoms(1000)], TRADES))
    assert first.profit == atoms("109.56044") - atoms("100")
    assert second.profit == atoms("89.82") + atoms("89.46072") - atoms("200")
    assert (second.opened, second.closed) == (3, 5)


def test_a_round_trip_returns_on_the_whole_account_whatever_its_size() -> None:
    trips = round_trips(_record([atoms(1000)], TRADES))
    first, second = trip_returns(atoms(1000), trips)
    assert first == pytest.approx(9.56044 / 1000)  # although 100 were spent
    assert second == pytest.approx(-20.71928 / 1009.56044)
    assert (1.0 + first) * (1.0 + second) == pytest.approx((1000 + 9.56044 - 20.71928) / 1000)


def test_the_summary_adds_up() -> None:
    summary = summarise(_record([atoms(1100), atoms(900)], TRADES))
    gain, loss = atoms("9.56044"), atoms("20.71928")
    assert summary.round_trips == 2
    assert summary.profit_factor == pytest.approx(gain / loss)
    assert summary.win_rate_pct == 50.0
    assert summary.exposure_pct == 40.0
    assert summary.max_drawdown_pct == 25.0
    assert summary.total_return_pct == pytest.approx(-10.0)
    assert summary.total_fees == atoms("0.2") + atoms("0.21956") + atoms("0.4") + atoms("0.18") + atoms(
        "0.17928"
    ) + atoms("0.1")
    assert summary.turnover == pytest.approx((100 + 109.78 + 200 + 90 + 89.64 + 50) / 1000)
    assert summary.calmar == pytest.approx((0.9 ** (365 / 2) - 1) / 0.25)


def test_the_decision_hash_is_that_of_its_documented_lines() -> None:
    import hashlib

    lines = "1,tBTCUSD,buy,1,100,0.002\n2,tBTCUSD,sell,0.998,110,0.21956\nledger,12.5,0\n"
    record = _record([atoms(1000)], TRADES[:2], cash="12.5")
    assert decision_hash(record) == hashlib.sha256(lines.encode()).hexdigest()
    assert decision_hash(record) != decision_hash(_record([atoms(1000)], TRADES[:2], cash="12.50000001"))
    assert Price(1) != Price(2)
