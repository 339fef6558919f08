"""A configuration is refused with everything that is wrong with it, or becomes a `Config` without losing a digit."""

import copy
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.app.config import Config, FeesConfig, config_from_document, load_config, read_document
from genesis.app.config_problems import SchemaDesk, problems, schema_text
from genesis.domain.config_diff import json_path
from genesis.domain.json_value import JsonValue, parse_json
from genesis.ports.errors import InputError

GOOD: dict[str, Any] = {  # Any: a document that tests break on purpose
    "dry_run": True,
    "max_drawdown_pct": 20,
    "position_cap_pct": Decimal("12.5"),
    "max_daily_loss": "250.5",
    "strategy": {
        "name": "ema_cross",
        "symbol": "tBTCUSD",
        "timeframe": "1m",
        "params": {"fast": 12, "slow": 26},
        "size": "0.5",
    },
    "risk": {},
    "fees": {"fee_bps": "20", "slippage_bps": 1},
    "data": {"paths": ["btc.csv.gz"], "from": "2017-01-01", "to": "2017-02-01T12:30:00Z", "cash": Decimal("10000.12")},
    "x-notes": {"anything": [None, {"deep": True}]},
}

NUMBER: tuple[Any, ...] = (  # Any: wrong on purpose
    True,
    None,
    [],
    {},
    "ten",
    "-1",
    "NaN",
    "Infinity",
    "1_000",
    "1e3",
    " 1 ",
    "１",
    "1\n",
    "",
)
# Where an error is planted, and what stands there: each value is wrong in one way only.
PLANTS: dict[tuple[str | int, ...], tuple[Any, ...]] = {  # Any: wrong on purpose
    ("dry_run",): (1, "true", None, []),
    ("max_drawdown_pct",): (0, -1, 101, "20", True, None, [], Decimal("100.0001")),
    ("position_cap_pct",): (-1, 101, "20", False, {}),
    ("max_daily_loss",): (*NUMBER, -1, Decimal("0.123456789"), "0.123456789"),
    ("strategy", "name"): ("", "Ema", "ema-cross", 1, None, "a" * 65, "ema_cross\n"),
    ("strategy", "symbol"): ("BTCUSD", "tbtcusd", "fUSD", 7, "tBTCUSD "),
    ("strategy", "timeframe"): ("2m", "1M ", 1, None),
    ("strategy", "params", "fast"): (None, [], {}, "x" * 65),
    ("strategy", "params", "Fast"): (1,),
    ("strategy", "params", "fast\n"): (1,),
    ("strategy", "size"): (*NUMBER, 0, -1, Decimal("1.1"), "0", "0.0", "1.1", Decimal("0.1234567891")),
    ("risk", "leverage"): (1,),
    ("fees", "fee_bps"): (*NUMBER, -1, 10_001, "10001", "10000.1", Decimal("0.000001")),
    ("fees", "slippage"): (1,),
    ("data", "paths", 0): ("", 1, None),
    ("data", "from"): ("yesterday", "2017-02-30", "2017-13-01", "2017-01-01T00:00", True, Decimal("1.5"), -1),
    ("data", "cash"): (*NUMBER, -1, 10**12, Decimal("1e-9")),
    ("unknown",): (1,),
    ("a key",): (1,),
    ("X-notes",): (1,),
}

plants = st.sampled_from(sorted(PLANTS, key=str)).flatmap(
    lambda steps: st.tuples(st.just(steps), st.sampled_from(PLANTS[steps]))
)


def planted(document: dict[str, Any], steps: tuple[str | int, ...], value: Any) -> None:  # Any: as in PLANTS
    *way, last = steps
    place: Any = document  # Any: walks through objects and lists
    for step in way:
        place = place[step]
    place[last] = value


def test_the_good_document_has_no_problem() -> None:
    assert problems(GOOD) == []


@given(st.lists(plants, max_size=8, unique_by=lambda plant: plant[0]))
def test_exactly_the_planted_errors_are_found(chosen: list[tuple[tuple[str | int, ...], Any]]) -> None:
    document = copy.deepcopy(GOOD)
    for steps, value in chosen:
        planted(document, steps, value)
    found = [problem.path for problem in problems(document)]
    assert found == sorted(json_path(steps) for steps, _ in chosen)


@pytest.mark.parametrize("steps", sorted(PLANTS, key=str), ids=json_path)
def test_each_planted_error_alone_is_found_at_its_path(steps: tuple[str | int, ...]) -> None:
    for value in PLANTS[steps]:
        document = copy.deepcopy(GOOD)
        planted(document, steps, value)
        found = problems(document)
        assert [problem.path for problem in found] == [json_path(steps)], value
        assert found[0].message
        assert found[0].rule


def test_what_is_missing_is_named_at_its_own_path() -> None:
    assert [(p.path, p.rule) for p in problems({"strategy": {}})] == [
        ("$.dry_run", "required"),
        ("$.strategy.name", "required"),
    ]


@pytest.mark.parametrize("document", [None, True, 1, "x", [], [GOOD]])
def test_what_is_no_object_is_one_problem_at_the_root(document: Any) -> None:  # Any: any JSON
    assert [problem.path for problem in problems(document)] == ["$"]


def test_a_near_miss_is_told_what_was_meant() -> None:
    (problem,) = problems({"dry_run": True, "fees": {"fee_bsp": 1}})
    assert "fee_bps" in problem.message


SHARES: JsonValue = [{"regime": 1, "share": "0.5"}]


def test_a_strategy_that_does_not_exist_is_a_problem_of_its_name() -> None:
    several: list[JsonValue] = [
        {"name": "a", "strategy": "ema_cros", "cash": 1},
        {"name": "b", "strategy": "ema_cross", "cash": 1, "regime": {"strategy": "unheard_of", "shares": SHARES}},
    ]
    documents: list[JsonValue] = [
        {"dry_run": True, "strategy": {"name": "unheard_of"}},
        {"dry_run": True, "strategies": several},
    ]
    first, second = (problems(document) for document in documents)
    assert [(each.path, each.rule) for each in first] == [("$.strategy.name", "strategy")]
    assert first[0].message.startswith("is the name of no strategy: there are best_lately, ")
    assert [(each.path, each.rule) for each in second] == [
        ("$.strategies[0].strategy", "strategy"),
        ("$.strategies[1].regime.strategy", "strategy"),
    ]
    assert "did you mean ema_cross?" in second[0].message


def test_an_end_before_its_start_is_a_problem_of_the_end() -> None:
    (problem,) = problems({"dry_run": True, "data": {"from": "2017-01-02", "to": 1483228800000}})
    assert (problem.path, problem.rule) == ("$.data.to", "order")


def test_no_message_repeats_a_value_that_could_be_a_secret() -> None:
    document: JsonValue = {
        "dry_run": "hunter2",
        "max_daily_loss": "hunter2",
        "strategy": {"name": "HUNTER2", "timeframe": "hunter2"},
    }
    assert "hunter2" not in str(problems(document)).lower()


def test_judging_does_not_change_the_document() -> None:
    document: JsonValue = {"dry_run": True, "fees": {}}
    SchemaDesk().problems(document)
    assert document == {"dry_run": True, "fees": {}}


def test_a_config_carries_every_digit() -> None:
    config = config_from_document(GOOD)
    assert config.max_daily_loss == 25_050_000_000
    assert config.position_cap_pct == Decimal("12.5")
    assert config.strategy is not None
    assert config.strategy.size == Decimal("0.5")
    assert config.strategy.params == {"fast": 12, "slow": 26}
    assert (config.fees.fee, config.fees.slippage) == (2_000_000, 100_000)
    assert config.data.paths == ("btc.csv.gz",)
    assert (config.data.start, config.data.end) == (1_483_228_800_000, 1_485_952_200_000)
    assert config.data.cash == 1_000_012_000_000


def test_what_is_left_out_has_the_defaults_that_a_backtest_prints() -> None:
    config = config_from_document({"dry_run": False})
    assert config == Config(dry_run=False)
    assert config.fees == FeesConfig(Decimal(20), Decimal(1))
    assert config.data.cash == 1_000_000_000_000


def test_an_invalid_document_raises_with_every_problem() -> None:
    with pytest.raises(InputError, match=r"^2 problems .*\$\.dry_run is missing.*\$\.zzz is not a known key"):
        config_from_document({"zzz": 1})


def test_a_file_is_read_or_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"dry_run": true, "fees": {"fee_bps": 12.34567}}')
    assert load_config(path).fees.fee == 1_234_567
    for content in (b"", b"{", b"\xff", b'{"dry_run": true, "dry_run": false}', b'{"dry_run": NaN}', b"[" * 200_000):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"config\.json: "):
            load_config(path)
    path.write_bytes(b" " * ((1 << 20) + 1))
    with pytest.raises(InputError, match="larger than"):
        read_document(path)
    with pytest.raises(InputError, match="No such file"):
        read_document(tmp_path / "none.json")
    with pytest.raises(InputError, match="directory"):
        read_document(tmp_path)


def members(schema: Any) -> list[Any]:  # Any: a JSON Schema
    if not isinstance(schema, dict):
        return []
    below = [schema.get("items"), *schema.get("properties", {}).values(), *schema.get("patternProperties", {}).values()]
    return [schema, *(found for member in below for found in members(member))]


def test_everything_in_the_schema_has_a_title_and_a_description() -> None:
    schema = json.loads(schema_text())
    for member in [*members(schema), *schema["definitions"].values()]:
        assert member["title"], member
        assert member["description"], member


def test_the_schema_compiles_on_its_own_and_agrees_about_the_good_document() -> None:
    document = parse_json(json.dumps(GOOD, default=float))
    fastjsonschema.compile(json.loads(schema_text()))(document)
