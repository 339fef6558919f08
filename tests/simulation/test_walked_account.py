"""The tests of a walk-forward as one account are what the event engine trades, given the choices of the windows."""

import numpy as np
import pytest
from attrs import evolve

from genesis.app.backtest import Terms, run_event
from genesis.app.sweep import with_expression
from genesis.app.walked_account import walked_account
from genesis.domain.candle import DAY_MS, Timeframe, resample
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.execution.plans import LimitEntry
from genesis.domain.execution.protection import Trailing
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import Cid
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.simulation.fee_tiers import tier_of
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.simulation.synthetic import SYNTHETIC_START, synthetic_candles
from genesis.domain.statistics.record import decision_hash
from genesis.domain.statistics.walk_forward import Window
from genesis.domain.strategy.features import close, ema, volume, where
from genesis.domain.units import PPB, Mts, Ppb, Symbol, atoms

CANDLES = synthetic_candles(3, 4.0)
CHOSEN = [
    (Window(*(Mts(SYNTHETIC_START + day * DAY_MS) for day in (at, at + 1, at + 1, at + 2))), expression)
    for at, expression in enumerate(
        where(ema(close, fast) > ema(close, slow), 1.0, 0.0) for fast, slow in ((3, 8), (20, 5), (5, 30))
    )
]
DESK = DeskSettings(
    spot_instrument(Symbol("tBTCUSD")),
    CHOSEN[0][1],
    0.9,
    RiskLimits(max_drawdown=Ppb(PPB // 10), cool_down_losses=3, cool_down_ms=7_200_000),
    protection=Trailing(Ppb(PPB // 200)),
)
TERMS = Terms(DESK, Costs(tier_of(0).taker, Ppb(100_000), maker_fee=tier_of(0).maker, has_tiers=True), atoms(1_000_000))


def test_the_account_is_that_of_the_event_engine() -> None:
    account = walked_account(TERMS, CANDLES, CHOSEN)
    # The targets of the windows, handed to the event engine as a column that its strategy reads.
    candles = evolve(account.candles, volume=account.targets)
    by_events = run_event(with_expression(TERMS, volume + 0.0), candles)
    assert decision_hash(account.run.record) == decision_hash(by_events.record)
    assert evolve(account.run.record, fills=()) == evolve(by_events.record, fills=())
    assert account.run.equity.tolist() == by_events.equity.tolist()
    assert account.run.record.alerts, "the drawdown is breached on the way"


def test_the_tests_are_the_account_cut_at_the_windows() -> None:
    account = walked_account(TERMS, CANDLES, CHOSEN)
    whole = account.run.record
    records = [each.record for each in account.tests]
    assert [fill._replace(cid=Cid(0)) for each in records for fill in each.fills] == [
        fill._replace(cid=Cid(0)) for fill in whole.fills
    ]
    assert [each.initial_cash for each in records] == [
        whole.initial_cash,
        *(each.final_equity for each in records[:-1]),
    ]
    assert records[-1].final_equity == whole.final_equity
    assert [alert for each in records for alert in each.alerts] == list(whole.alerts)
    assert all(each.final_cash == each.final_equity for each in records if not each.final_position)


@pytest.mark.parametrize("seed", [16, 23])
def test_an_entry_that_rests_is_never_carried_into_the_next_test(seed: int) -> None:
    candles = resample(synthetic_candles(seed, 22.0), Timeframe.M15)
    cross = where(ema(close, 3) > ema(close, 8), 1.0, 0.0)
    windows = [
        Window(*(Mts(SYNTHETIC_START + day * DAY_MS) for day in (at - 2, at, at, at + 2))) for at in range(2, 22, 2)
    ]
    plan = LimitEntry(Ppb(PPB // 1000), 3_600_000)
    terms = Terms(DeskSettings(spot_instrument(Symbol("tBTCUSD")), cross, 1.0, plan=plan), Costs(), atoms(10_000))
    account = walked_account(terms, candles, [(window, cross) for window in windows])
    assert [each.record.final_position for each in account.tests] == [0] * len(windows)
    assert all(each.record.fills for each in account.tests)
    by_events = run_event(with_expression(terms, volume + 0.0), evolve(account.candles, volume=account.targets))
    assert decision_hash(account.run.record) == decision_hash(by_events.record)
    last = np.flatnonzero(np.isnan(account.targets))
    assert np.diff(candles.mts)[0] * len(last) <= len(windows) * plan.patience_ms, "ways out are never left out"
