"""Stops, targets, trails and entries inside a candle: each rule of the path, by both engines and the oracle."""

from collections.abc import AsyncIterator
from fractions import Fraction

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from genesis.adapters.memory.candle_market import CandleMarket
from genesis.adapters.report.page import report_page
from genesis.app.backtest import RunObserver, run_columnar
from genesis.app.backtest_report import report_of
from genesis.app.optimism import optimism_ledger
from genesis.app.parity import Way, prove
from genesis.app.trade import trade
from genesis.domain.candle import Candles, Timeframe
from genesis.domain.core import TradingCore
from genesis.domain.core_settings import CoreSettings
from genesis.domain.events import AlertCode
from genesis.domain.execution.plans import LimitEntry
from genesis.domain.execution.protection import Bracket, Trailing
from genesis.domain.ledger import Ledger
from genesis.domain.order import Side
from genesis.domain.risk.limits import AccountLimits
from genesis.domain.statistics.record import Recorder
from genesis.domain.strategy.features import volume
from genesis.domain.units import PPB, Atoms, Ppb
from tests.reports import result_of, terms_of, wavy_candles
from tests.simulation.desk_oracle import ATOM, Parameters, Row
from tests.simulation.test_desk_engines import candles_of, check

FREE = Parameters(slippage_bps="0", fee_bps="0")
IN = [Row(1, "100", "100", 0, 0, 1.0), Row(1, "100", "100", 0, 0, 1.0)]
"""Decides, then buys at 100 and closes there."""


def calm(price: str, target: float = 1.0) -> Row:
    return Row(1, price, price, 0, 0, target)


def exits(rows: list[Row], given: Parameters) -> list[tuple[int, int]]:
    """Return minute and price, in whole units of a hundredth, of each fill after the first."""
    return [(fill.mts // 60_000, fill.price // 10**6) for fill in check(rows, given).record.fills[1:]]


def test_a_stop_fills_at_its_trigger_when_the_candle_trades_through_it() -> None:
    rows = [*IN, Row(1, "100", "99", 5, 0, 1.0), calm("99")]
    assert exits(rows, FREE._replace(stop_pct="3")) == [(3, 9700)]


def test_a_stop_that_is_only_touched_is_reached() -> None:
    assert exits([*IN, Row(1, "100", "97", 0, 0, 1.0)], FREE._replace(stop_pct="3")) == [(3, 9700)]
    assert exits([*IN, Row(1, "100", "97.01", 0, 0, 1.0)], FREE._replace(stop_pct="3")) == []


def test_a_gap_through_the_stop_fills_at_the_open() -> None:
    assert exits([*IN, Row(1, "90", "95", 0, 0, 1.0)], FREE._replace(stop_pct="3")) == [(3, 9000)]


def test_a_stop_pays_slippage_and_the_fee_of_a_taker() -> None:
    given = Parameters(slippage_bps="10", fee_bps="20", maker_bps="5", stop_pct="3")
    left = check([*IN, Row(1, "100", "99", 5, 0, 1.0)], given).record.fills[1]
    assert left.price == 9_709_700_000 * 999 // 1000  # 3 % below 100.10, then 10 bp
    assert round(left.fee * 10_000 / (left.amount * left.price / 10**8)) == 20


def test_a_position_is_guarded_from_the_open_that_it_was_entered_at() -> None:
    rows = [calm("100"), Row(1, "100", "100", 5, 0, 1.0), calm("100")]
    assert exits(rows, FREE._replace(stop_pct="3")) == [(2, 9700)]


def test_a_target_fills_at_its_price_and_pays_the_maker() -> None:
    given = Parameters(slippage_bps="0", fee_bps="20", maker_bps="5", stop_pct="3", take_pct="4")
    left = check([*IN, Row(1, "100", "101", 0, 5, 1.0)], given).record.fills[1]
    assert left.price == 104 * 10**8
    assert round(left.fee * 10_000 / (left.amount * 104)) == 5


def test_a_target_that_is_only_touched_does_not_fill() -> None:
    given = FREE._replace(stop_pct="3", take_pct="4")
    assert exits([*IN, Row(1, "100", "104", 0, 0, 1.0)], given) == []
    assert exits([*IN, Row(1, "100", "104.01", 0, 0, 1.0)], given) == [(3, 10400)]


def test_a_gap_beyond_the_target_brings_no_more_than_the_target() -> None:
    assert exits([*IN, Row(1, "110", "110", 0, 0, 1.0)], FREE._replace(stop_pct="3", take_pct="4")) == [(3, 10400)]


def test_the_stop_goes_first_where_a_candle_reaches_both() -> None:
    assert exits([*IN, Row(1, "100", "100", 5, 9, 1.0)], FREE._replace(stop_pct="3", take_pct="4")) == [(3, 9700)]


def test_a_trail_follows_the_best_price_and_never_falls_back() -> None:
    moves = [("100", "104"), ("104", "108"), ("108", "103.5"), ("103.5", "102")]
    rows = [*IN, *(Row(1, opened, closed, 0, 0, 1.0) for opened, closed in moves)]
    assert exits(rows, FREE._replace(trail_pct="5")) == [(6, 10300)]


def test_a_trail_narrower_than_its_candle_is_stopped_at_the_low() -> None:
    trail = FREE._replace(trail_pct="5")
    # Up to 119.90 and back to 110: nobody knows how far it had risen when it first fell by 5. At 105 that met the low.
    assert exits([*IN, Row(1, "100", "110", 0, 9, 1.0), calm("110")], trail) == [(3, 10000)]
    assert exits([*IN, Row(1, "100", "110", 4, 0, 1.0)], trail) == [(3, 9600)]
    assert exits([*IN, Row(1, "100", "104.99", 0, 0, 1.0), calm("104.99")], trail) == []
    assert exits([*IN, Row(1, "100", "105", 0, 0, 1.0)], trail) == [(3, 10000)]


def trailed(path: list[Fraction], trail: Fraction, sign: int) -> Fraction | None:
    """Follow a price that moves without gaps from point to point; return where the trail is met, None for nowhere."""
    best = sign * path[0]
    for price in path:
        if sign * price <= best - trail:
            return sign * (best - trail)
        best = max(best, sign * price)
    return None


@given(st.data(), st.sampled_from(["1", "4", "9"]), st.sampled_from([1, -1]))
def test_no_path_through_a_candle_is_worse_for_a_trail_than_the_stated_one(
    data: st.DataObject, trail_pct: str, sign: int
) -> None:
    prices = st.sampled_from(["96", "100", "101.5", "108"])
    candle = Row(1, "100", data.draw(prices), data.draw(st.integers(0, 9)), data.draw(st.integers(0, 9)), float(sign))
    parts = data.draw(st.lists(st.integers(0, 10), max_size=8))
    inner = [candle.low + (candle.high - candle.low) * part / 10 for part in parts]
    inner = data.draw(st.permutations([*inner, candle.low, candle.high]))
    met = trailed([Fraction(candle.open), *inner, Fraction(candle.close)], Fraction(trail_pct), sign)
    given_ = FREE._replace(trail_pct=trail_pct, leverage=1, maintenance_pct=0, funding_bps=0)
    entry = [calm("100", float(sign)), calm("100", float(sign))]
    left = [fill.price * ATOM for fill in check([*entry, candle], given_).record.fills[1:]]
    assert met is None or (left and sign * left[0] <= sign * met)


def test_after_a_stop_nothing_is_bought_until_the_target_changes() -> None:
    rows = [*IN, Row(1, "100", "90", 0, 0, 1.0), *[calm("90")] * 3, calm("90", 0.5), calm("90", 0.5), calm("90", 1.0)]
    run = check([*rows, calm("90")], FREE._replace(stop_pct="3"))
    # 1 to 0.5 would be a sale of what is not held: it is acted on, and 0.5 to 1 buys.
    assert [(fill.mts // 60_000, fill.side) for fill in run.record.fills] == [
        (2, Side.BUY),
        (3, Side.SELL),
        (10, Side.BUY),
    ]


def test_after_a_stop_a_budget_that_rises_buys_nothing_until_the_target_changes() -> None:
    # Cheap candles have half the budget of dear ones.
    given_ = FREE._replace(stop_pct="3", shares=(100, 50))
    rows = [*IN, Row(1, "100", "90", 0, 0, 1.0), *[calm("150")] * 2, calm("150", 0.0), calm("150"), calm("150")]
    run = check(rows, given_)
    assert [(fill.mts // 60_000, fill.side) for fill in run.record.fills] == [
        (2, Side.BUY),
        (3, Side.SELL),
        (8, Side.BUY),
    ]


def test_what_is_left_after_a_sale_of_a_part_is_guarded_at_once() -> None:
    rows = [calm("100"), calm("100", 0.5), Row(1, "100", "100", 5, 0, 0.5)]
    assert exits(rows, FREE._replace(stop_pct="3")) == [(3, 10000), (3, 9700)]


def test_a_refused_order_leaves_the_position_guarded() -> None:
    rows = [calm("100"), calm("100", 0.999), Row(1, "100", "100", 5, 0, 0.999)]
    assert exits(rows, FREE._replace(stop_pct="3", min_amount="1")) == [(3, 9700)]


def test_a_refused_order_leaves_a_trail_where_it_stands() -> None:
    given_ = FREE._replace(trail_pct="5", min_amount="1")
    moves = [("100", "104"), ("104", "108"), ("108", "106"), ("106", "103")]
    rows = [calm("100"), *(Row(1, opened, closed, 0, 0, 0.999) for opened, closed in moves)]
    # 5 below 108, and not below 106, at whose open the sale of too little was refused again.
    assert exits(rows, given_) == [(5, 10300)]


def test_a_larger_position_is_guarded_from_its_last_entry() -> None:
    rows = [calm("100", 0.5), calm("110", 0.5), calm("110", 1.0), Row(1, "120", "120", 0, 0, 1.0)]
    # 3 % below 120, for the whole of it.
    run = check([*rows, Row(1, "118", "116", 0, 0, 1.0)], FREE._replace(stop_pct="3"))
    assert run.record.final_position == 0
    assert run.record.fills[-1].price == 11_640_000_000


def test_a_short_is_stopped_above_and_takes_its_profit_below() -> None:
    rows = [calm("100", -1.0), calm("100", -1.0)]
    given = FREE._replace(leverage=1, funding_bps=0, stop_pct="3", take_pct="4")
    assert exits([*rows, Row(1, "100", "101", 0, 5, -1.0)], given) == [(3, 10300)]
    assert exits([*rows, Row(1, "100", "99", 6, 0, -1.0)], given) == [(3, 9600)]


def test_a_position_that_turns_is_guarded_from_where_it_turned() -> None:
    rows = [calm("100", 1.0), calm("100", -1.0), calm("120", -1.0), Row(1, "121", "121", 0, 0, -1.0)]
    given = FREE._replace(leverage=1, funding_bps=0, stop_pct="20")
    assert exits([*rows, Row(1, "121", "145", 0, 0, -1.0)], given) == [(3, 12000), (5, 14400)]


@pytest.mark.parametrize(("stop", "codes"), [("5", []), ("19", [AlertCode.LIQUIDATED])])
def test_a_stop_comes_before_the_liquidation_if_the_margin_lasts_to_it(stop: str, codes: list[AlertCode]) -> None:
    given = Parameters(slippage_bps="0", leverage=5, maintenance_pct=10, stop_pct=stop)
    run = check([*IN, Row(1, "100", "95", 25, 0, 1.0), calm("95")], given)
    assert [alert.code for alert in run.record.alerts] == codes
    assert run.record.final_position == 0


LIMIT = FREE._replace(offset_bps="100", maker_bps="5", fee_bps="20", patience_minutes=2)


def entered(rows: list[Row], given: Parameters = LIMIT) -> list[tuple[int, int]]:
    """Return minute and price of each fill, in whole units of a hundredth."""
    return [(fill.mts // 60_000, fill.price // 10**6) for fill in check(rows, given).record.fills]


def test_an_entry_fills_at_its_limit_once_the_market_trades_beyond_it_and_pays_the_maker() -> None:
    rows = [calm("100"), Row(1, "100", "99", 0, 0, 1.0), Row(1, "99", "99.5", 1, 0, 1.0), calm("99.5")]
    assert entered(rows) == [(3, 9900)]  # 99 was touched before, and that is not enough
    (fill,) = check(rows, LIMIT).record.fills
    assert round(fill.fee * 10_000 / fill.amount) == 5


def test_a_gap_beyond_the_limit_brings_no_better_price() -> None:
    assert entered([calm("100"), calm("100"), Row(1, "95", "96", 0, 0, 1.0)]) == [(3, 9900)]


def test_an_entry_is_withdrawn_when_its_patience_ends_and_decided_anew() -> None:
    rows = [calm("100"), calm("100"), calm("100"), calm("110"), calm("110"), Row(1, "110", "108", 0, 0, 1.0)]
    # Sent at minute 2, withdrawn at the open of minute 4, whose close decides; sent at 5, 1 % below 110.
    assert entered(rows) == [(6, 10890)]


def test_a_position_is_left_at_the_market() -> None:
    rows = [calm("100"), Row(1, "100", "100", 2, 0, 0.0), calm("100", 0.0)]
    assert entered(rows) == [(2, 9900), (3, 10000)]


def test_an_entry_is_guarded_in_the_candle_that_fills_it() -> None:
    rows = [calm("100"), Row(1, "100", "100", 5, 5, 1.0), calm("100")]
    assert entered(rows, LIMIT._replace(stop_pct="3")) == [(2, 9900), (2, 9603)]


def test_a_trail_may_fall_from_a_high_of_the_very_candle_that_fills_its_entry() -> None:
    given_ = LIMIT._replace(trail_pct="5")
    # Filled at 99 on the way to 98, up to 109 and back to 98: or was it at 109 before it was filled?
    assert entered([calm("100"), Row(1, "100", "100", 2, 9, 1.0)], given_) == [(2, 9900), (2, 9800)]


def test_a_high_of_the_candle_that_fills_an_entry_may_have_come_before() -> None:
    given = LIMIT._replace(stop_pct="20", take_pct="3")
    assert entered([calm("100"), Row(1, "100", "100", 2, 9, 1.0), calm("100")], given) == [(2, 9900)]
    # A close above the target came after it.
    assert entered([calm("100"), Row(1, "100", "103", 2, 9, 1.0)], given) == [(2, 9900), (2, 10197)]


def test_a_short_is_entered_above_the_market() -> None:
    rows = [calm("100", -1.0), Row(1, "100", "100", 0, 2, -1.0)]
    assert entered(rows, LIMIT._replace(leverage=1, funding_bps=0)) == [(2, 10100)]


def test_a_target_that_goes_while_an_entry_rests_waits_for_its_end() -> None:
    rows = [calm("100"), calm("100", 0.0), calm("100", 0.0), calm("100", 0.0), calm("100", 0.0)]
    assert entered(rows, LIMIT) == []
    assert entered([*rows[:2], Row(1, "100", "100", 2, 0, 0.0), *rows[3:]], LIMIT) == [(3, 9900), (4, 10000)]


@pytest.mark.parametrize("protection", [Bracket(Ppb(PPB // 100), Ppb(PPB // 50)), Trailing(Ppb(PPB // 100))])
def test_columns_events_and_a_replayed_journal_agree(protection: Bracket | Trailing) -> None:
    plain = terms_of()
    terms = evolve(plain, desk=evolve(plain.desk, protection=protection))
    proof = prove(terms, wavy_candles(2_000), Timeframe.M1)
    assert [each.way for each in proof.outcomes] == [Way.COLUMNAR, Way.EVENT, Way.JOURNAL]
    assert not proof.difference
    assert proof.outcomes[0].decision_hash != prove(plain, wavy_candles(2_000), Timeframe.M1).outcomes[0].decision_hash
    (left_out,) = proof.left_out
    assert "path of its own" in left_out[1]


def test_a_replayed_journal_agrees_on_entries_too() -> None:
    plain = terms_of()
    desk = evolve(plain.desk, plan=LimitEntry(Ppb(PPB // 2_000), 600_000), protection=Bracket(Ppb(PPB // 100)))
    proof = prove(evolve(plain, desk=desk), wavy_candles(2_000), Timeframe.M1)
    assert [each.way for each in proof.outcomes] == [Way.COLUMNAR, Way.EVENT, Way.JOURNAL]
    assert not proof.difference
    assert proof.outcomes[0].fills > 20


def test_the_report_says_what_guards_and_what_that_does_to_the_costs() -> None:
    plain, candles = terms_of(), wavy_candles(2_000)
    guarded = evolve(plain, desk=evolve(plain.desk, protection=Trailing(Ppb(PPB // 100))))
    page = report_page(report_of(result_of(guarded, candles), candles))
    assert "trailing stop 1 %" in page
    assert "what a stop lost on the way" in page
    assert "what a stop lost on the way" not in report_page(report_of(result_of(plain, candles), candles))


@pytest.mark.parametrize(("offset", "patience_ms"), [(PPB, 1), (-1, 1), (0, 0)])
def test_entries_that_mean_nothing_are_refused(offset: int, patience_ms: int) -> None:
    with pytest.raises(ValueError, match=r"offset of an entry|post-only"):
        LimitEntry(Ppb(offset), patience_ms)


def test_the_optimism_ledger_follows_stops() -> None:
    plain, candles = terms_of(), wavy_candles(2_000)
    terms = evolve(plain, desk=evolve(plain.desk, protection=Trailing(Ppb(PPB // 100))))
    free = evolve(terms, costs=evolve(terms.costs, slippage=Ppb(0)))
    entries = {each.name: each for each in optimism_ledger(terms, candles)}
    assert entries["Zero slippage"].final_equity == run_columnar(free, candles).record.final_equity


async def test_on_paper_a_position_beyond_the_largest_order_is_stopped_out_whole() -> None:
    plain = terms_of()
    desk = evolve(plain.desk, strategy=volume, protection=Bracket(Ppb(PPB // 20)))
    limits = AccountLimits(max_order_notional=Atoms(plain.cash // 3))
    core = TradingCore(CoreSettings((desk,), limits), {desk.name: Ledger(plain.cash)})
    rows = [*[calm("100")] * 8, Row(1, "100", "90", 0, 0, 1.0), calm("90")]

    async def feed() -> AsyncIterator[Candles]:
        yield candles_of(rows)

    recorder = Recorder(desk.instrument, plain.cash, None)
    await trade(core, CandleMarket(desk.instrument, plain.costs, feed()), RunObserver(recorder))
    sides = [fill.side for fill in recorder.fills]
    assert sides.count(Side.SELL) > 1
    assert core.position(desk.instrument.symbol) == 0
