"""Strategy limits, budgets and margin: the columns, the core event by event, and a plain oracle in fractions."""

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.app.backtest import Run, Terms, run_columnar, run_event
from genesis.domain.candle import Candle, Candles, Timeframe
from genesis.domain.core import one_desk
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import AlertCode, CandleClosed, Quote, Sized, Submit
from genesis.domain.execution.plans import LimitEntry, Market, Plan
from genesis.domain.execution.protection import Bracket, Protection, Trailing
from genesis.domain.instrument import spot_instrument
from genesis.domain.risk.budget import Budget, RegimeBudget, VolatilityTarget, realised_volatility
from genesis.domain.risk.guards import OnBreach, RiskLimits
from genesis.domain.risk.margin import Margin
from genesis.domain.risk.refusal import RefusalCode
from genesis.domain.simulation.market_orders import Costs, costs_from_bps
from genesis.domain.simulation.slippage import Impact, VolatilitySlippage
from genesis.domain.statistics.record import decision_hash
from genesis.domain.statistics.summary import summarise
from genesis.domain.strategy.columns import evaluate_all
from genesis.domain.strategy.features import KEEP, close, high, low, volume, where
from genesis.domain.units import PPB, Mts, Ppb, Symbol, atoms, format_atoms
from tests.simulation.desk_oracle import ATOM, Oracle, Outcome, Parameters, Row

REGIME = where(close > 190.0, KEEP, where(close > 140.0, 1.0, 2.0))
"""1 in dear markets, 2 in cheap ones, not known above 190."""
MEASURE = (high - low) / close
DEPTH = (high - low) * 3.0
"""How much the market of these tests trades in a candle: nothing where it does not move."""


def candles_of(rows: list[Row]) -> Candles:
    mts, made = 0, []
    for row in rows:
        mts += row.minutes * 60_000
        made.append(Candle(Mts(mts), float(row.open), float(row.high), float(row.low), float(row.close), row.target))
    return Candles.from_rows(made)


def terms_of(given_: Parameters) -> Terms:
    def share(percent: int | None) -> Ppb | None:
        return None if percent is None else Ppb(percent * PPB // 100)

    limits = RiskLimits(
        share(given_.cap_pct),
        share(given_.drawdown_pct),
        None if given_.daily_loss is None else atoms(given_.daily_loss),
        OnBreach.REDUCE_ONLY if given_.only_reduces else OnBreach.HALT,
        given_.losses,
        given_.pause_minutes * 60_000,
    )
    target, shares = share(given_.target_pct), given_.shares
    budget = Budget(
        None if target is None else VolatilityTarget(MEASURE, target, Ppb(given_.scale_cap * PPB)),
        (
            None
            if shares is None
            else RegimeBudget(REGIME, tuple((float(at), Ppb(part * PPB // 100)) for at, part in enumerate(shares, 1)))
        ),
        Ppb(given_.band_pct * PPB // 100),
    )
    costs = costs_of(given_)
    margin = (
        Margin(
            Ppb(given_.leverage * PPB),
            Ppb(given_.maintenance_pct * PPB // 100),
            Ppb(given_.funding_bps * PPB // 10_000),
            costs.fee,
        )
        if given_.leverage
        else None
    )
    instrument = spot_instrument(Symbol("tBTCUSD"), atoms(given_.min_amount))
    core = DeskSettings(instrument, volume, given_.size, limits, budget=budget, margin=margin, impact=costs.impact)
    plan: Plan = Market()
    if given_.offset_bps is not None:
        offset = Ppb(int(Fraction(given_.offset_bps) * PPB) // 10_000)
        plan = LimitEntry(offset, given_.patience_minutes * 60_000)
    core = evolve(core, protection=protection_of(given_), plan=plan)
    return Terms(core, costs, atoms(given_.cash))


def costs_of(given_: Parameters) -> Costs:
    cap = Ppb(given_.part_cap_bps * PPB // 10_000)
    costs = costs_from_bps(Decimal(given_.fee_bps), Decimal(given_.slippage_bps))
    if given_.by_volatility is not None:
        factor = Ppb(int(Fraction(given_.by_volatility) * PPB))
        costs = evolve(costs, volatility=VolatilitySlippage(factor, MEASURE, cap))
    if given_.impact_bps is not None:
        costs = evolve(costs, impact=Impact(Ppb(given_.impact_bps * PPB // 10_000), DEPTH, cap))
    maker = None if given_.maker_bps is None else Ppb(int(Fraction(given_.maker_bps) * PPB) // 10_000)
    return evolve(costs, has_tiers=given_.tiers, maker_fee=maker)


def protection_of(given_: Parameters) -> Protection | None:
    def share(percent: str) -> Ppb:
        return Ppb(int(Fraction(percent) * PPB / 100))

    if given_.trail_pct is not None:
        return Trailing(share(given_.trail_pct))
    if given_.stop_pct is None:
        return None
    return Bracket(share(given_.stop_pct), None if given_.take_pct is None else share(given_.take_pct))


def assert_equals_the_oracle(run: Run, outcome: Outcome) -> None:
    record = run.record
    fills = [(f.mts, f.side.value, f.amount * ATOM, f.price * ATOM, f.fee * ATOM) for f in record.fills]
    assert fills == outcome.fills
    assert record.final_cash * ATOM == outcome.cash
    assert record.final_position * ATOM == outcome.position
    assert [int(equity) * ATOM for equity in run.equity] == outcome.equity
    assert [alert.code for alert in record.alerts] == outcome.alerts
    assert record.refusals == outcome.refusals


def check(rows: list[Row], given_: Parameters) -> Run:
    outcome, terms, series = Oracle(given_).run(rows), terms_of(given_), candles_of(rows)
    by_events, by_columns = run_event(terms, series), run_columnar(terms, series)
    assert_equals_the_oracle(by_events, outcome)
    assert_equals_the_oracle(by_columns, outcome)
    assert decision_hash(by_events.record) == decision_hash(by_columns.record)
    assert summarise(by_events.record) == summarise(by_columns.record)
    rested = [[fill.cid in run.record.rested for fill in run.record.fills] for run in (by_events, by_columns)]
    assert rested[0] == rested[1]
    return by_columns


def _text(number: Decimal) -> str:
    return format(number, "f")


prices = st.decimals("100", "200", places=4).map(_text)
targets = st.one_of(st.just(math.nan), st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0, 1.5]), st.floats(-1.0, 1.0))
minutes = st.one_of(st.just(1), st.integers(1, 3000))
wicks = st.integers(0, 30)
rows_of_any_market = st.lists(st.builds(Row, minutes, prices, prices, wicks, wicks, targets), max_size=25)
spot = st.builds(
    Parameters,
    cash=st.decimals("0", "10000", places=8).map(_text),
    fee_bps=st.sampled_from(["0", "20", "2500"]),
    slippage_bps=st.sampled_from(["0", "37.5", "900"]),
    size=st.sampled_from([1.0, 0.5, 0.3333333333333333]),
    min_amount=st.sampled_from(["0.00000001", "0.0001", "3"]),
    cap_pct=st.sampled_from([None, 0, 12, 100]),
    drawdown_pct=st.sampled_from([None, 1, 20, 100]),
    daily_loss=st.sampled_from([None, "0", "55.5", "100000"]),
    only_reduces=st.booleans(),
    losses=st.sampled_from([None, 1, 2]),
    pause_minutes=st.sampled_from([1, 5, 3000]),
    target_pct=st.sampled_from([None, 1, 10]),
    scale_cap=st.sampled_from([1, 3]),
    shares=st.sampled_from([None, (0, 100), (50, 30), (100, 40)]),
    band_pct=st.sampled_from([0, 20, 100]),
    leverage=st.just(0),
    maintenance_pct=st.just(0),
    funding_bps=st.just(0),
    by_volatility=st.none(),
    impact_bps=st.none(),
    part_cap_bps=st.just(1000),
    tiers=st.just(False),
    maker_bps=st.none(),
    stop_pct=st.none(),
    take_pct=st.none(),
    trail_pct=st.none(),
    offset_bps=st.none(),
    patience_minutes=st.just(1),
)
margin = st.builds(
    lambda plain, leverage, maintenance_pct, funding_bps: plain._replace(
        leverage=leverage, maintenance_pct=maintenance_pct, funding_bps=funding_bps
    ),
    spot,
    st.sampled_from([1, 3, 5]),
    st.sampled_from([0, 5, 15]),
    st.sampled_from([0, 2, 500]),
)


@settings(max_examples=300)
@given(rows_of_any_market, spot)
def test_limits_and_budgets_equal_the_oracle_to_the_last_atom(rows: list[Row], given_: Parameters) -> None:
    check(rows, given_)


@settings(max_examples=300)
@given(rows_of_any_market, margin)
def test_margin_equals_the_oracle_to_the_last_atom(rows: list[Row], given_: Parameters) -> None:
    check(rows, given_)


measured = st.builds(
    lambda plain, *costs: plain._replace(
        **dict(zip(("by_volatility", "impact_bps", "part_cap_bps", "tiers", "cash"), costs, strict=True))
    ),
    st.one_of(spot, margin),
    st.sampled_from([None, "0.05", "0.25"]),
    st.sampled_from([None, 5, 200]),
    st.sampled_from([300, 1000]),
    st.booleans(),
    st.sampled_from(["1", "9000.5", "700000", "4000000"]),
)


@settings(max_examples=300)
@given(rows_of_any_market, measured)
def test_measured_slippage_and_fee_tiers_equal_the_oracle_to_the_last_atom(rows: list[Row], given_: Parameters) -> None:
    check(rows, given_)


guarded = st.builds(
    lambda plain, maker_bps, stop_pct, take_pct, trail_pct: plain._replace(
        maker_bps=maker_bps, stop_pct=stop_pct, take_pct=take_pct, trail_pct=trail_pct
    ),
    st.one_of(spot, margin, measured),
    st.sampled_from([None, "5", "10"]),
    st.sampled_from([None, "0.3", "3", "20"]),
    st.sampled_from([None, "0.5", "4", "15"]),
    st.sampled_from([None, None, "1", "6"]),
)


@settings(max_examples=400)
@given(rows_of_any_market, guarded)
def test_stops_and_targets_equal_the_oracle_to_the_last_atom(rows: list[Row], given_: Parameters) -> None:
    check(rows, given_)


entering = st.builds(
    lambda plain, offset_bps, patience_minutes: plain._replace(
        offset_bps=offset_bps, patience_minutes=patience_minutes
    ),
    st.one_of(spot, margin, guarded),
    st.sampled_from(["0", "25", "500"]),
    st.sampled_from([1, 2, 3000]),
)


@settings(max_examples=400)
@given(rows_of_any_market, entering)
def test_limit_entries_equal_the_oracle_to_the_last_atom(rows: list[Row], given_: Parameters) -> None:
    check(rows, given_)


def rising(count: int, target: float, closes: str = "100") -> list[Row]:
    return [Row(1, closes, closes, 0, 0, target) for _ in range(count)]


def test_a_daily_loss_only_reduces_until_the_day_is_over() -> None:
    rows = [*rising(2, 0.5), Row(1, "100", "90", 0, 0, 0.5), *rising(3, 1.0, "90"), Row(1500, "90", "90", 0, 0, 1.0)]
    run = check([*rows, *rising(2, 1.0, "90")], Parameters(daily_loss="100", only_reduces=True))
    assert [alert.code for alert in run.record.alerts] == [AlertCode.MAX_DAILY_LOSS]
    assert run.record.refusals == {RefusalCode.REDUCE_ONLY: 3}
    assert [fill.mts // 60_000 for fill in run.record.fills] == [2, 1507]


def test_losing_round_trips_pause_the_strategy() -> None:
    trip = [Row(1, "100", "100", 0, 0, 1.0), Row(1, "100", "100", 0, 0, 0.0)]
    run = check(trip * 5, Parameters(losses=2, pause_minutes=4))
    assert [fill.mts // 60_000 for fill in run.record.fills] == [2, 3, 4, 5, 10]
    assert run.record.refusals == {RefusalCode.COOL_DOWN: 2}


def test_a_short_earns_when_the_price_falls_and_pays_for_what_it_borrows() -> None:
    rows = [*rising(2, -1.0), Row(120, "90", "90", 0, 0, 0.0), Row(1, "90", "90", 0, 0, 0.0)]
    free, dear = (check(rows, Parameters(leverage=1, funding_bps=bps)) for bps in (0, 24))
    assert free.record.final_cash > atoms(10_900)
    assert free.record.final_position == dear.record.final_position == 0
    # Two hours at 1 bp an hour, the first on the close of 100: 2 × 0.0001 × some 99.8 sold at 100.
    assert format_atoms(free.record.final_cash - dear.record.final_cash).startswith("1.99")


def test_a_full_position_leaves_room_for_its_fee() -> None:
    run = check(rising(3, 1.0), Parameters(leverage=3, slippage_bps="0"))
    (fill,) = run.record.fills
    assert fill.amount * 100 <= 3 * int(run.equity[-1]) < (fill.amount + 10) * 100


def test_a_fall_that_eats_the_margin_liquidates_inside_the_candle_and_halts() -> None:
    rows = [*rising(2, 1.0), Row(1, "100", "95", 25, 0, 1.0), *rising(3, 1.0)]
    run = check(rows, Parameters(leverage=5, maintenance_pct=10, slippage_bps="0"))
    bought, closed = run.record.fills
    assert closed.amount == bought.amount
    # Owed 5/6 of the value at 100, so that equity is a tenth of the value near 100 × 5 ÷ 6 ÷ 0.9.
    assert 88 * PPB < closed.price * 10 < 90 * PPB
    assert [alert.code for alert in run.record.alerts] == [AlertCode.LIQUIDATED]


def test_a_gap_through_the_margin_is_liquidated_at_the_open() -> None:
    rows = [*rising(2, 1.0), Row(1, "70", "95", 0, 0, 0.5), *rising(2, 1.0)]
    run = check(rows, Parameters(leverage=5, maintenance_pct=10, slippage_bps="0"))
    assert [fill.price // 10**8 for fill in run.record.fills] == [100, 70]
    assert run.record.final_equity < 0


def test_why_a_size_is_what_it_is_names_every_guard() -> None:
    settings_ = terms_of(Parameters(target_pct=1, shares=(50, 30), leverage=3, cap_pct=12, maintenance_pct=5)).desk
    core = one_desk(settings_, atoms(1000))
    core.handle(CandleClosed(settings_.instrument.symbol, Candle(Mts(0), 150.0, 151.5, 148.5, 150.0, 0.9)))
    price = settings_.instrument.price(150)
    (submit,) = core.handle(Quote(settings_.instrument.symbol, Mts(60_000), price, price))
    assert isinstance(submit, Submit)
    assert submit.reasons.weight == 900_000_000
    assert submit.reasons.sizes == (
        Sized("volatility_target", Ppb(450_000_000)),
        Sized("regime_budget", Ppb(225_000_000)),
        Sized("position_cap", Ppb(120_000_000)),
        Sized("leverage", Ppb(360_000_000)),
    )


def test_realised_volatility_is_the_yearly_deviation_of_returns() -> None:
    hours = realised_volatility(24, Timeframe.H1)
    rows = [Row(60, "100", "101" if at % 2 else "100", 0, 0, 0.0) for at in range(60)]
    (found,) = evaluate_all((hours,), candles_of(rows))
    returns = [1 / 100, 100 / 101 - 1]
    assert found[-1] == pytest.approx((returns[0] - returns[1]) / 2 * math.sqrt(24 * 365), rel=1e-12)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Margin(Ppb(0)), "leverage"),
        (lambda: Margin(Ppb(10 * PPB)), "liquidated at once"),
        (lambda: Margin(funding_a_day=Ppb(PPB)), "1000 bp"),
        (lambda: RiskLimits(cool_down_losses=0), "1 or more"),
        (lambda: RiskLimits(cool_down_ms=0), "366 days"),
        (lambda: Budget(band=Ppb(-1)), "band"),
        (lambda: RegimeBudget(REGIME, ((1.0, Ppb(1)), (1.0, Ppb(2)))), "one share"),
        (lambda: VolatilityTarget(MEASURE, Ppb(0)), "above 0"),
    ],
)
def test_terms_that_mean_nothing_are_refused(make: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()
