"""Strategies by name: the ones that ship, and a person's own file."""

from decimal import Decimal
from pathlib import Path

import pytest

from genesis.app.strategies import build_strategy, find_strategy
from genesis.domain.strategy.shipped import ema_cross, ema_cross_signal, rsi_reversion
from genesis.domain.strategy.specification import BadStrategy, strategy
from genesis.ports.errors import InputError

OWN = '''
from typing import Annotated

from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.features import close, rolling_high
from genesis.domain.strategy.specification import Between, strategy


@strategy
def breakout(period: Annotated[int, Between(2, 500)] = 20) -> Expr:
    """Long on a new high."""
    return close >= rolling_high(close, period)
'''


def test_a_strategy_of_ones_own_runs_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(OWN)
    found = find_strategy(f"{file}:breakout")
    assert found.description == "Long on a new high."
    assert str(found.build({"period": "5"})) == "(close >= rolling_high(close, 5))"


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        (OWN, "absent", "has no strategy 'absent'.*breakout"),
        ("import nothing_like_it", "x", "ModuleNotFoundError"),
        ("def", "x", "SyntaxError"),
        ("\nraise RuntimeError('boom')", "x", r"RuntimeError: boom \(mine.py, line 2\)"),
        ("raise SystemExit(0)", "x", "SystemExit"),
    ],
)
def test_a_file_that_is_no_strategy_is_refused_with_a_reason(tmp_path: Path, text: str, name: str, said: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text)
    with pytest.raises(InputError, match=said):
        find_strategy(f"{file}:{name}")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return 1 / 0", r"breakout.*ZeroDivisionError.*mine\.py, line 12"),
        ("raise SystemExit(0)", "breakout.*SystemExit"),
        ("return None", r"breakout\(period=20\) gave None: return an expression"),
        ("return 1.0", r"breakout\(period=20\) gave 1\.0"),
        ("return breakout.function(period)", "RecursionError"),
        ("return sum([close] * 5000)", "RecursionError"),
    ],
)
def test_a_strategy_that_fails_is_refused_with_its_line(tmp_path: Path, body: str, said: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(OWN.replace("return close >= rolling_high(close, period)", body))
    with pytest.raises(InputError, match=said):
        build_strategy(find_strategy(f"{file}:breakout"), {})


@pytest.mark.parametrize("name", ["nobody", "absent.py:x", "README.md:x"])
def test_an_unknown_name_says_what_there_is(name: str) -> None:
    with pytest.raises(InputError, match=r"FILE\.py:NAME"):
        find_strategy(name)


def test_parameters_take_numbers_and_text_within_their_range() -> None:
    assert ema_cross.resolve({"fast": "5", "slow": Decimal(30)}) == {"fast": 5, "slow": 30}
    assert rsi_reversion.resolve({"low": 25}) == {"period": 14, "low": 25.0, "high": 70.0}


@pytest.mark.parametrize(
    "given",
    [{"fast": "0"}, {"fast": "1.5"}, {"fast": True}, {"fast": "x"}, {"fast": "NaN"}, {"fast": "9e99"}, {"quick": 1}],
)
def test_a_wrong_parameter_is_refused_with_what_is_right(given: dict[str, object]) -> None:
    with pytest.raises(BadStrategy, match=r"fast|quick"):
        ema_cross.resolve(given)


@pytest.mark.parametrize("given", [{"fast": 26, "slow": 26}, {"fast": 30}])
def test_parameters_that_do_not_go_together_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(BadStrategy, match="fast must be below slow"):
        ema_cross.build(given)


def test_a_strategy_needs_numbers_as_defaults() -> None:
    def nameless(period: int) -> object:
        return period

    with pytest.raises(TypeError, match="period"):
        strategy(nameless)  # type: ignore[arg-type]  # what a person might write


@pytest.mark.parametrize(
    ("closes", "expected"),
    [
        ([10.0] * 30 + [9.0, 12.0], "buy"),
        ([10.0] * 30 + [11.0, 8.0], "sell"),
        ([10.0] * 40, "hold"),
        ([float(n) for n in range(60)], "hold"),
        ([1.0, 2.0], "hold"),
        ([], "hold"),
    ],
)
def test_the_cross_signal_is_told_only_on_the_cross(closes: list[float], expected: str) -> None:
    assert ema_cross_signal(closes, 3, 8) == expected


def test_the_cross_signal_refuses_crossed_periods() -> None:
    with pytest.raises(ValueError, match="fast must be below slow"):
        ema_cross_signal([1.0], 8, 8)
    with pytest.raises(ValueError, match="period"):
        ema_cross_signal([1.0], 0, 8)
