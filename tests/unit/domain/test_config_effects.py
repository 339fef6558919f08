"""What a change does, what a person has to confirm, and what counts at once."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.domain.config_diff import diff
from genesis.domain.config_effects import (
    Effect,
    confirmation_phrase,
    dangers,
    effect_of,
    running_document,
    waiting_paths,
)
from genesis.domain.json_value import JsonObject, same_json

RISK: JsonObject = {"max_open_orders": 5, "cooldown_s": 60, "nested": {"cap": Decimal("0.5")}, "is_strict": True}
AWAY = "; ".join(f"take $.risk.{name} away" for name in ("cooldown_s", "is_strict", "max_open_orders", "nested.cap"))
OLD: JsonObject = {
    "dry_run": True,
    "max_daily_loss": "250",
    "position_cap_pct": 10,
    "risk": RISK,
    "strategies": [{"name": "a", "enabled": True}, {"name": "b", "enabled": False}],
    "fees": {"fee_bps": 20},
}
FILE: JsonObject = {"name": "file", "enabled": True}


def phrase(new: JsonObject, old: JsonObject = OLD) -> str:
    return confirmation_phrase(dangers(diff(old, new)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"max_daily_loss": "2499"}, ""),
        ({"max_daily_loss": "2500"}, 'raise $.max_daily_loss from "250" to "2500"'),
        ({"max_daily_loss": 250_000}, 'raise $.max_daily_loss from "250" to 250000'),
        ({"max_daily_loss": 1}, ""),
        ({"dry_run": False}, "set $.dry_run to false"),
        ({"risk": {}}, AWAY),
        ({"risk": {**RISK, "max_open_orders": 50}}, "raise $.risk.max_open_orders from 5 to 50"),
        ({"risk": {**RISK, "cooldown_s": 6}}, "lower $.risk.cooldown_s from 60 to 6"),
        ({"risk": {**RISK, "cooldown_s": 600}}, ""),
        ({"risk": {**RISK, "is_strict": False}}, "raise $.risk.is_strict from true to false"),
        ({"risk": {**RISK, "new": 1}}, ""),
        ({"max_drawdown_pct": 5}, ""),
        ({"mode": "live"}, 'set $.mode to "live"'),
        ({"live": {"symbols": ["tBTCUSD"]}}, 'set $.live.symbols to ["tBTCUSD"]'),
        ({"fees": {"fee_bps": 2000}}, ""),
        ({"x-a": 1}, ""),
    ],
)
def test_e5_what_lets_much_more_happen_is_to_be_confirmed(change: JsonObject, said: str) -> None:
    assert phrase({**OLD, **change}) == said


def test_e5_a_limit_taken_away_or_raised_from_nothing_is_to_be_confirmed() -> None:
    without = {key: value for key, value in OLD.items() if key != "max_daily_loss"}
    assert phrase(without) == "take $.max_daily_loss away"
    assert phrase(OLD, {**OLD, "max_daily_loss": 0}) == 'raise $.max_daily_loss from 0 to "250"'
    assert phrase(OLD, without) == ""


def test_e5_what_was_said_before_needs_no_word() -> None:
    assert phrase({"dry_run": False}, {"dry_run": False, "x-a": 1}) == ""


def test_a_field_that_is_in_no_line_waits_for_a_restart() -> None:
    assert effect_of(("anything", "new")) is Effect.RESTART
    assert effect_of(("risk",)) is effect_of(("risk", "a", 3, "b")) is Effect.LIVE
    assert effect_of(("strategies", 0, "enabled")) is Effect.LIVE
    assert effect_of(("strategies", 0, "name")) is Effect.RESTART


def test_e5_limits_of_one_strategy_and_of_one_instrument_count_as_limits() -> None:
    old: JsonObject = {
        "strategies": [{"name": "a", "max_daily_loss": 10}],
        "risk": {"instruments": [{"symbol": "tBTCUSD", "max_exposure": 5}, {"symbol": "tETHUSD"}]},
    }
    new: JsonObject = {
        "strategies": [{"name": "a", "max_daily_loss": 100}],
        "risk": {"instruments": [{"symbol": "tBTCUSD"}]},
    }
    assert [danger.path for danger in dangers(diff(old, new))] == [
        "$.risk.instruments[0].max_exposure",
        "$.risk.instruments[1].symbol",
        "$.strategies[0].max_daily_loss",
    ]
    assert waiting_paths(diff(running_document(old, old, new), new)) == []


def test_only_what_is_live_counts_at_once() -> None:
    new: JsonObject = {
        "dry_run": False,
        "max_daily_loss": 100,
        "risk": {"max_open_orders": 2},
        "strategies": [{"name": "c", "enabled": False}, {"name": "b", "enabled": True}],
        "fees": {"fee_bps": 7},
        "data": {"cash": 1},
        "x-note": "hello",
    }
    running = running_document(OLD, OLD, new)
    assert running == {
        "dry_run": True,
        "max_daily_loss": 100,
        "risk": {"max_open_orders": 2},
        "strategies": [{"name": "a", "enabled": True}, {"name": "b", "enabled": True}],
        "fees": {"fee_bps": 20},
        "x-note": "hello",
    }
    assert waiting_paths(diff(running, new)) == [
        "$.data.cash",
        "$.dry_run",
        "$.fees.fee_bps",
        "$.strategies[0].name",
    ]


def test_strategies_come_and_go_at_a_restart_and_the_others_are_told_apart_by_name() -> None:
    new: JsonObject = {**OLD, "strategies": [{"name": "z", "enabled": True}, {"name": "a", "max_daily_loss": 5}]}
    expected = [{"name": "a", "max_daily_loss": 5}, {"name": "b", "enabled": False}]
    assert running_document(OLD, OLD, new)["strategies"] == expected


def test_instruments_come_and_go_at_once() -> None:
    btc: JsonObject
    eth: JsonObject
    btc, eth = {"symbol": "tBTCUSD", "max_exposure": 5}, {"symbol": "tETHUSD", "max_exposure": 1}
    one: JsonObject = {"risk": {"instruments": [btc]}}
    both: JsonObject = {"risk": {"instruments": [eth, {**btc, "max_exposure": 4}]}}
    assert running_document(one, one, both) == {"risk": {"instruments": [{**btc, "max_exposure": 4}, eth]}}
    assert running_document(both, both, one) == one


def test_what_runs_otherwise_takes_only_what_a_change_touched() -> None:
    running: JsonObject = {"dry_run": False, "max_daily_loss": 7, "risk": {"max_exposure": 100}, "strategies": [FILE]}
    before: JsonObject = {"dry_run": True, "risk": {"max_positions": 3}}
    after: JsonObject = {"dry_run": True, "risk": {"max_positions": 2}, "fees": {"fee_bps": 1}}
    followed: JsonObject = {**running, "risk": {"max_exposure": 100, "max_positions": 2}}
    assert running_document(running, before, after) == followed
    lower: JsonObject = {"dry_run": True, "max_daily_loss": 6, "strategies": [{**FILE, "size": 1, "max_daily_loss": 9}]}
    now = running_document(followed, after, lower)
    limited = {**FILE, "max_daily_loss": 9}
    assert now == {**running, "max_daily_loss": 6, "risk": {"max_exposure": 100}, "strategies": [limited]}


def test_a_pause_is_looser_when_it_is_shorter_or_comes_later() -> None:
    def said(old: JsonObject, new: JsonObject) -> str:
        return confirmation_phrase(dangers(diff({"strategies": [old]}, {"strategies": [new]})))

    assert said({"cool_down_s": 600}, {"cool_down_s": 6000}) == said({"cool_down_losses": 30}, {"cool_down_losses": 3})
    assert said({"cool_down_s": 600}, {"cool_down_s": 60}) == "lower $.strategies[0].cool_down_s from 600 to 60"
    assert said({"cool_down_losses": 3}, {}) == "take $.strategies[0].cool_down_losses away"


values = st.integers(0, 3)
members = st.dictionaries(st.sampled_from(["max_a", "cooldown_b", "c"]), values, max_size=3)
documents = st.fixed_dictionaries(
    {"dry_run": st.booleans()},
    optional={"max_daily_loss": values, "risk": members, "fees": members, "x-a": values, "data": members},
)


@given(documents, documents)
def test_running_and_waiting_make_up_the_change(old: JsonObject, new: JsonObject) -> None:
    running = running_document(old, old, new)
    left = diff(running, new)
    assert all(effect_of(change.steps) is Effect.RESTART for change in left)
    assert same_json(running_document(running, running, new), running)
    assert same_json(running_document(new, new, new), new)
