"""Stops, targets, trails and entries by limit in portfolios: the columns, the trading core, and the oracle."""

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.app.backtest import run_columnar
from genesis.app.portfolio_core import run_core
from genesis.domain.execution.plans import Twap
from genesis.domain.instrument import spot_instrument
from genesis.domain.risk.refusal import RefusalCode
from genesis.domain.simulation.portfolio import Portfolio, PortfolioRun, decision_hash, run_columns
from genesis.domain.simulation.synthetic import synthetic_candles
from genesis.domain.strategy.expression import Expr
from genesis.domain.units import Symbol, atoms
from tests.simulation.desk_oracle import ATOM, Oracle, Parameters, Row, Till
from tests.simulation.test_desk_engines import candles_of, entering, guarded, rows_of_any_market, terms_of
from tests.simulation.test_parity import expressions

SYMBOLS = ("tBTCUSD", "tETHUSD", "tLTCUSD")


def portfolio_of(desks: list[Parameters], together: Parameters) -> Portfolio:
    """Return the portfolio whose costs and limits of all are those of *together*."""
    whole, made = terms_of(together), []
    for symbol, given_ in zip(SYMBOLS, desks, strict=False):
        own = terms_of(given_).desk
        limits = evolve(own.limits, max_drawdown=None, max_daily_loss=None)
        instrument = spot_instrument(Symbol(symbol), own.instrument.amount_min)
        made.append(evolve(own, name=symbol, instrument=instrument, limits=limits))
    limits = evolve(whole.desk.limits, position_cap=None, cool_down_losses=None)
    return Portfolio(tuple(made), whole.costs, atoms(together.cash), limits)


def shared(given_: Parameters, together: Parameters) -> Parameters:
    """Return the terms of one desk, with the costs of all."""
    return given_._replace(
        leverage=0,
        fee_bps=together.fee_bps,
        slippage_bps=together.slippage_bps,
        by_volatility=together.by_volatility,
        impact_bps=together.impact_bps,
        part_cap_bps=together.part_cap_bps,
        tiers=together.tiers,
        maker_bps=together.maker_bps,
    )


def rested(run: PortfolioRun) -> list[bool]:
    return [fill.cid in run.rested for fill in run.fills]


def check(markets: list[list[Row]], desks: list[Parameters], together: Parameters) -> PortfolioRun:
    desks, candles = [shared(each, together) for each in desks], [candles_of(rows) for rows in markets]
    portfolio, till = portfolio_of(desks, together), Till(together)
    oracles = [Oracle(each, till) for each in desks]
    till.walk(markets)
    expected = [(SYMBOLS[oracles.index(filler)], *fill) for filler, fill in zip(till.fillers, till.fills, strict=True)]
    by_columns, by_core = run_columns(portfolio, candles), run_core(portfolio, candles)
    for run in (by_columns, by_core):
        found = [(f.symbol, f.mts, f.side.value, f.amount * ATOM, f.price * ATOM, f.fee * ATOM) for f in run.fills]
        assert found == expected
        assert run.cash * ATOM == till.cash
        assert [run.positions[Symbol(name)] * ATOM for name in SYMBOLS[: len(desks)]] == [
            each.position for each in oracles
        ]
        assert [int(each) * ATOM for each in run.equity] == till.equities
        assert [alert.code for alert in run.alerts] == till.alerts
        assert run.refusals == till.refusals
    assert decision_hash(by_columns, portfolio) == decision_hash(by_core, portfolio)
    assert by_columns.alerts == by_core.alerts
    assert rested(by_columns) == rested(by_core)
    return by_columns


def parameters(named: dict[str, Any]) -> Parameters:
    return Parameters()._replace(**named)


minutes = st.sampled_from([1, 1, 1, 1, 2, 700])
near = st.integers(9_700, 10_300).map(lambda cents: f"{cents / 100:.2f}")
busy_rows = st.lists(
    st.builds(Row, minutes, near, near, st.integers(0, 4), st.integers(0, 4), st.sampled_from([0.0, 0.3, 0.6, 1.0])),
    min_size=4,
    max_size=16,
)
busy = st.fixed_dictionaries(
    {
        "size": st.sampled_from([1.0, 0.5]),
        "losses": st.sampled_from([None, None, 1]),
        "pause_minutes": st.sampled_from([2, 5]),
        "shares": st.sampled_from([None, (100, 50)]),
        "stop_pct": st.sampled_from([None, "1", "3"]),
        "take_pct": st.sampled_from([None, "2"]),
        "trail_pct": st.sampled_from([None, None, "2"]),
        "offset_bps": st.sampled_from([None, "0", "50", "200"]),
        "patience_minutes": st.sampled_from([1, 3]),
    }
).map(parameters)
all_together = st.fixed_dictionaries(
    {
        "cash": st.sampled_from(["10000", "3000000"]),
        "drawdown_pct": st.sampled_from([None, 1, 3]),
        "daily_loss": st.sampled_from([None, "60"]),
        "only_reduces": st.booleans(),
        "maker_bps": st.sampled_from([None, "5"]),
        "tiers": st.booleans(),
        "impact_bps": st.sampled_from([None, 5]),
    }
).map(parameters)


@settings(max_examples=300)
@given(st.lists(st.tuples(busy_rows, busy), min_size=2, max_size=3), all_together)
def test_busy_guarded_portfolios_equal_the_oracle_to_the_last_atom(
    given_: list[tuple[list[Row], Parameters]], together: Parameters
) -> None:
    check([rows for rows, _ in given_], [own for _, own in given_], together)


PARTS = st.one_of(guarded, entering)


@settings(max_examples=150)
@given(st.lists(st.tuples(rows_of_any_market.filter(bool), PARTS), min_size=1, max_size=3), guarded)
def test_guarded_portfolios_equal_the_oracle_to_the_last_atom(
    given_: list[tuple[list[Row], Parameters]], together: Parameters
) -> None:
    check([rows for rows, _ in given_], [own for _, own in given_], together)


MARKETS = tuple(synthetic_candles(seed, 0.2)[:200] for seed in (5, 6))


@settings(max_examples=40)
@given(st.tuples(expressions, expressions), st.tuples(busy, busy), all_together)
def test_any_expressions_under_any_protection_are_the_same_by_columns_and_by_the_core(
    roots: tuple[Expr, Expr], own: tuple[Parameters, Parameters], together: Parameters
) -> None:
    portfolio = portfolio_of([shared(each, together) for each in own], together)
    desks = tuple(evolve(desk, strategy=root) for desk, root in zip(portfolio.desks, roots, strict=True))
    portfolio = evolve(portfolio, desks=desks)
    by_columns, by_core = run_columns(portfolio, MARKETS), run_core(portfolio, MARKETS)
    assert decision_hash(by_columns, portfolio) == decision_hash(by_core, portfolio)
    assert by_columns.equity.tolist() == by_core.equity.tolist()
    assert (by_columns.alerts, by_columns.refusals) == (by_core.alerts, by_core.refusals)


FREE = Parameters(slippage_bps="0", fee_bps="0")


def calm(price: str, target: float = 1.0) -> Row:
    return Row(1, price, price, 0, 0, target)


def told(run: PortfolioRun) -> list[tuple[int, str, str]]:
    """Return minute, instrument and side of each fill."""
    return [(fill.mts // 60_000, fill.symbol[1:4], fill.side.value) for fill in run.fills]


def test_what_a_stop_brings_in_is_spent_no_earlier_than_at_the_next_open() -> None:
    falling = [calm("100"), calm("100"), Row(1, "100", "90", 0, 0, 1.0), calm("90"), calm("90")]
    late = [calm("50", 0.0), calm("50"), calm("50"), calm("50"), calm("50")]
    stopped, idle = FREE._replace(stop_pct="3"), FREE
    for stopped_at in (0, 1):  # whichever of them comes first
        desks, markets = ([stopped, idle], [falling, late]) if stopped_at == 0 else ([idle, stopped], [late, falling])
        run = check(markets, desks, FREE)
        first, second = ("BTC", "ETH") if stopped_at == 0 else ("ETH", "BTC")
        # In the third minute the other one wants to buy too, at an open at which the stop was not reached yet.
        assert told(run) == [(2, first, "buy"), (3, first, "sell"), (4, second, "buy")]
        assert run.refusals == {RefusalCode.AMOUNT_BELOW_MINIMUM: 1}


def test_an_entry_that_rests_holds_what_it_costs() -> None:
    resting = FREE._replace(offset_bps="100", patience_minutes=60)
    never_met, greedy = [calm("100")] * 5, [calm("50", 0.0), calm("50"), calm("50"), calm("50"), calm("50")]
    run = check([never_met, greedy], [resting._replace(size=0.6), FREE], FREE)
    (bought,) = run.fills
    # 60 % of 10 000 at 100, resting at 99.
    assert bought.amount * 50 == (10_000 - 60 * 99) * 10**8
    assert run.cash == 60 * 99 * 10**8


def test_an_entry_that_is_withdrawn_gives_its_cash_to_others_at_that_open() -> None:
    resting = FREE._replace(offset_bps="100", patience_minutes=2)
    market = [calm("100"), calm("100", 0.0), calm("100", 0.0), calm("100", 0.0)]
    greedy = [calm("50", 0.0), calm("50", 0.0), calm("50"), calm("50")]
    assert told(check([greedy, market], [FREE, resting], FREE)) == [(4, "BTC", "buy")]


def test_a_breach_of_all_together_withdraws_every_entry() -> None:
    resting = FREE._replace(offset_bps="100", patience_minutes=60, size=0.2)
    held = [calm("50"), calm("50"), Row(1, "50", "40", 0, 0, 1.0), calm("40")]
    entering_ = [calm("100"), calm("100"), calm("100"), Row(1, "100", "90", 5, 0, 1.0)]
    for only_reduces in (False, True):
        together = FREE._replace(drawdown_pct=3, only_reduces=only_reduces)
        run = check([held, entering_], [FREE._replace(size=0.5), resting], together)
        assert [symbol for _, symbol, side in told(run) if side == "buy"] == ["BTC"]
        assert len(run.alerts) == 1


def test_a_portfolio_of_one_is_the_single_run() -> None:
    given_ = Parameters(stop_pct="2", take_pct="3", offset_bps="20", patience_minutes=3)
    rows = [Row(1, f"{100 + at * 7 % 5}", f"{100 + at * 3 % 7}", at % 3, at % 2, float(at % 4 > 0)) for at in range(60)]
    alone, run = run_columnar(terms_of(given_), candles_of(rows)), check([rows], [given_], given_)
    assert len(run.fills) > 10
    assert [(f.mts, f.side, f.amount, f.price, f.fee) for f in run.fills] == [
        (f.mts, f.side, f.amount, f.price, f.fee) for f in alone.record.fills
    ]
    assert run.equity.tolist() == alone.equity.tolist()


def test_a_portfolio_knows_no_other_plan() -> None:
    desk = evolve(terms_of(FREE).desk, plan=Twap(2, 1000))
    with pytest.raises(ValueError, match="one limit order"):
        Portfolio((desk,), terms_of(FREE).costs, atoms(1))
