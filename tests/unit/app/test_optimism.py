"""The optimism ledger says what a run under each assumption would say, and changes no decision."""

from attrs import evolve

from genesis.app.backtest import filling_at_the_close, run_columnar
from genesis.app.buy_and_hold import buy_and_hold
from genesis.app.optimism import MAKER_FEE, optimism_ledger
from genesis.domain.candle import Candles
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.strategy.features import close, lag, open_, where
from genesis.domain.units import Ppb, ppb
from tests.reports import TIGHT, terms_of, wavy_candles

CANDLES = wavy_candles(2_000)


def test_each_entry_is_the_run_under_its_assumption() -> None:
    terms = terms_of()
    honest = run_columnar(terms, CANDLES).record.final_equity
    flattered = filling_at_the_close(CANDLES)
    runs = {
        "Fill at the close": run_columnar(terms, flattered),
        "Zero slippage": run_columnar(evolve(terms, costs=evolve(terms.costs, slippage=Ppb(0))), CANDLES),
        "Maker fee (10 bp)": run_columnar(evolve(terms, costs=evolve(terms.costs, fee=ppb(10, 10_000))), CANDLES),
        "All together": run_columnar(evolve(terms, costs=Costs(ppb(10, 10_000), Ppb(0))), flattered),
    }
    entries = {entry.name: entry for entry in optimism_ledger(terms, CANDLES)}
    assert list(entries) == list(runs)
    for name, run in runs.items():
        assert entries[name].final_equity == run.record.final_equity
        assert entries[name].difference == run.record.final_equity - honest
        assert entries[name].points == (run.record.final_equity - honest) / terms.cash * 100.0
    assert len({entry.final_equity for entry in entries.values()} | {honest}) >= 4


def test_decisions_stay_those_of_the_real_candles() -> None:
    # On candles whose opens are the closes before, this strategy would never be long.
    terms = terms_of(where(open_ > lag(close, 1), 1.0, 0.0))
    candles = _jumping(CANDLES)
    assert run_columnar(terms, filling_at_the_close(candles)).record.fills == ()
    [entry, *_] = optimism_ledger(terms, candles)
    assert entry.final_equity != terms.cash


def test_a_maker_fee_never_makes_a_cheaper_account_dearer() -> None:
    terms = terms_of(costs=Costs(fee=Ppb(MAKER_FEE // 2)))
    maker = optimism_ledger(terms, CANDLES)[2]
    assert (maker.difference, maker.points) == (0, 0.0)


def test_guards_apply_under_every_assumption() -> None:
    for entry in optimism_ledger(terms_of(limits=TIGHT), CANDLES):
        assert entry.final_equity is not None
        assert entry.difference is not None


def test_an_equity_beyond_counting_is_said_and_not_raised() -> None:
    candles = _gold(600)
    terms = terms_of(where(close < open_, 1.0, 0.0), Costs(Ppb(0), ppb("400", 10_000)))
    ledger = {entry.name: entry for entry in optimism_ledger(terms, candles)}
    assert ledger["Zero slippage"].final_equity is None
    assert ledger["Zero slippage"].points is None


def test_no_candles_add_nothing() -> None:
    assert {entry.difference for entry in optimism_ledger(terms_of(), CANDLES[:0])} == {0}


def test_buy_and_hold_buys_once_whatever_the_strategy_does() -> None:
    run = buy_and_hold(terms_of(limits=TIGHT), CANDLES)
    [fill] = run.record.fills
    assert fill.mts == CANDLES.mts[1]
    assert run.record.alerts == ()
    assert run.record.final_cash < 10**4


def _jumping(candles: Candles) -> Candles:
    opens = candles.open.copy()
    opens[5::10] *= 1.01
    return evolve(candles, open=opens)


def _gold(count: int) -> Candles:
    """Return candles that open at 100 and at 111 by turns, and that say so one candle before."""
    candles = wavy_candles(count)
    opens, closes = candles.open.copy(), candles.close.copy()
    opens[0::2], closes[0::2] = 100.0, 110.0
    opens[1::2], closes[1::2] = 111.0, 100.0
    return evolve(candles, open=opens, close=closes)
