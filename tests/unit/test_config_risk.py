"""Limits of the account and several strategies, from a document to what the gate and the desks take."""

from collections.abc import Mapping

import pytest

from genesis.app.budget_words import budget_of
from genesis.app.config import Config, config_from_document
from genesis.domain.candle import Timeframe
from genesis.domain.execution.plans import Iceberg, LimitEntry, Market, PostOnly, Twap
from genesis.domain.execution.protection import Bracket, Trailing
from genesis.domain.journal.entries import BudgetBegan
from genesis.domain.json_value import JsonValue
from genesis.domain.risk.budget import realised_volatility
from genesis.domain.risk.guards import OnBreach, RiskLimits
from genesis.domain.risk.limits import OFF, AccountLimits, InstrumentLimits, RateLimit
from genesis.domain.units import Ppb, Symbol, atoms
from genesis.ports.errors import InputError

BTC = Symbol("tBTCUSD")


def strategy(**fields: JsonValue) -> Mapping[str, JsonValue]:
    return {"name": "one", "strategy": "ema_cross", "cash": "1000", **fields}


def config(**fields: JsonValue) -> Config:
    return config_from_document({"dry_run": True, **fields})


def test_every_limit_of_the_account_reaches_the_gate() -> None:
    risk: JsonValue = {
        "max_order_notional": "5000",
        "max_exposure": 20000,
        "max_positions": 3,
        "price_collar_pct": "0.5",
        "max_orders_per_second": 2,
        "max_orders_per_minute": 30,
        "max_orders_per_day": 500,
        "max_repeats": 4,
        "max_data_age_s": 20,
        "instruments": [{"symbol": BTC, "max_order_amount": "0.5", "max_exposure": "9000.00000001"}],
    }
    assert config(risk=risk).risk.limits == AccountLimits(
        instruments=(InstrumentLimits(BTC, atoms("0.5"), None, atoms("9000.00000001")),),
        max_order_notional=atoms(5000),
        max_exposure=atoms(20000),
        max_positions=3,
        price_collar=Ppb(5_000_000),
        rates=(RateLimit(2, 1_000), RateLimit(30, 60_000), RateLimit(500, 86_400_000)),
        max_repeats=4,
        max_data_age_ms=20_000,
    )


def test_without_a_section_every_limit_is_off() -> None:
    assert config().risk.limits == OFF


@pytest.mark.parametrize(
    ("plan", "found"),
    [
        ({"kind": "market"}, Market()),
        ({"kind": "twap", "slices": 4, "every_s": 60}, Twap(4, 60_000)),
        ({"kind": "post_only", "reprice_s": 5, "patience_s": 60}, PostOnly(5_000, 60_000)),
        ({"kind": "iceberg", "visible": "0.1", "reprice_s": 5, "patience_s": 60}, Iceberg(atoms("0.1"), 5_000, 60_000)),
        ({"kind": "limit_entry", "offset_bps": 25, "patience_s": 60}, LimitEntry(Ppb(2_500_000), 60_000)),
    ],
)
def test_each_plan_is_built_from_its_own_fields(plan: Mapping[str, JsonValue], found: object) -> None:
    (one,) = config(strategies=[strategy(plan=plan)]).strategies
    assert one.plan.plan("$") == found


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"kind": "twap", "slices": 4}, r"plan\.every_s: is missing in a plan of kind twap"),
        ({"kind": "market", "slices": 4}, r"plan\.slices: means nothing in a plan of kind market"),
        ({"kind": "post_only", "reprice_s": 60, "patience_s": 5}, "given up no earlier"),
    ],
)
def test_a_plan_that_does_not_fit_together_says_where(plan: Mapping[str, JsonValue], said: str) -> None:
    (one,) = config(strategies=[strategy(plan=plan)]).strategies
    with pytest.raises(InputError, match=said):
        one.plan.plan("plan")


def test_a_protection_is_a_bracket_or_a_trail() -> None:
    wanted: tuple[JsonValue, ...] = ({"stop_pct": 5, "take_pct": "12.5"}, {"trailing_pct": 3})
    bracket, trail = (config(strategies=[strategy(protection=each)]).strategies[0].protection for each in wanted)
    assert bracket is not None
    assert trail is not None
    assert bracket.protection("$") == Bracket(Ppb(50_000_000), Ppb(125_000_000))
    assert trail.protection("$") == Trailing(Ppb(30_000_000))


@pytest.mark.parametrize("wrong", [{}, {"stop_pct": 5, "trailing_pct": 3}, {"take_pct": 3, "trailing_pct": 3}])
def test_a_protection_that_is_none_or_two_is_refused(wrong: Mapping[str, JsonValue]) -> None:
    (one,) = config(strategies=[strategy(protection=wrong)]).strategies
    assert one.protection is not None
    with pytest.raises(InputError, match=r"protection"):
        one.protection.protection("protection")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"risk": {"max_orders": 3}}, r"\$\.risk\.max_orders is not a known key"),
        ({"risk": {"max_exposure": -1}}, r"\$\.risk\.max_exposure must be at least 0"),
        ({"risk": {"price_collar_pct": 100}}, r"\$\.risk\.price_collar_pct must be"),
        ({"risk": {"instruments": [{"max_exposure": 1}]}}, r"instruments\[0\]\.symbol is missing"),
        ({"strategies": [strategy(), strategy()]}, r"strategies\[1\]\.name is the name of another one: one"),
        ({"strategy": {"name": "ema_cross"}, "strategies": [strategy()]}, r"\$\.strategy goes without"),
        ({"strategies": []}, r"\$\.strategies"),
        (
            {"strategies": [strategy(volatility={"target_pct": 40, "window": 20, "cap": 101})]},
            r"strategies\[0\]\.volatility\.cap must be at most 100",
        ),
        (
            {"strategies": [strategy(volatility={"target_pct": 40, "window": 20, "cap": "0.0"})]},
            r"strategies\[0\]\.volatility\.cap",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(fields: Mapping[str, JsonValue], said: str) -> None:
    with pytest.raises(InputError, match=said):
        config(**fields)


def test_a_strategy_has_limits_and_a_budget_of_its_own() -> None:
    (one,) = config(
        strategies=[
            strategy(
                max_drawdown_pct=20,
                on_breach="reduce_only",
                cool_down_losses=3,
                cool_down_s=600,
                volatility={"target_pct": 40, "window": 20, "cap": "1.5"},
                regime={"strategy": "ema_cross", "shares": [{"regime": 1, "share": "0.5"}, {"regime": 0, "share": 1}]},
            )
        ]
    ).strategies
    drawdown = Ppb(200_000_000)
    assert one.limits == RiskLimits(None, drawdown, None, OnBreach.REDUCE_ONLY, 3, 600_000)
    words = one.budget(Timeframe.H1)
    shares = ((1.0, Ppb(500_000_000)), (0.0, Ppb(10**9)))
    assert words == BudgetBegan("1h", Ppb(400_000_000), 20, "ema_cross", shares, Ppb(1_500_000_000))
    budget = budget_of(words)
    assert budget.volatility is not None
    assert budget.volatility.cap == 1_500_000_000
    assert (budget.volatility.target, budget.volatility.measure) == (400_000_000, realised_volatility(20, Timeframe.H1))
    assert budget.regimes is not None
    assert budget.regimes.shares == shares
