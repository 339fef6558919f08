"""What people write on the command line."""

import pytest

from genesis.app.backtest import Engine
from genesis.app.options import (
    atoms_option,
    choice_option,
    decimal_option,
    instant_option,
    parameters_option,
    percent_option,
    port_option,
    seconds_option,
    symbol_option,
    timeframe_option,
)
from genesis.domain.candle import Timeframe
from genesis.ports.errors import InputError


def test_good_words_become_exact_values() -> None:
    assert atoms_option("cash", "0.1") == 10_000_000
    assert percent_option("cap", "12.5") == 125_000_000
    assert percent_option("cap", "") is None
    assert choice_option("engine", "event", Engine) is Engine.EVENT
    assert symbol_option("symbol", "tDUSK:USD") == "tDUSK:USD"
    assert timeframe_option("timeframe", "7D") is Timeframe.W1
    assert (port_option("", 8000), port_option("0", 8000), port_option("065535", 8000)) == (8000, 0, 65_535)
    assert parameters_option(["fast=5", "note=a=b"]) == {"fast": "5", "note": "a=b"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-02", 86_400_000),
        ("1970-01-01T00:00:01", 1_000),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1514764800000", 1_514_764_800_000),
    ],
)
def test_instants_are_utc(text: str, expected: int) -> None:
    assert instant_option("from", text) == expected


@pytest.mark.parametrize(("text", "expected"), [("90s", 90.0), ("1.5m", 90.0), ("1h", 3600.0), ("2d", 172_800.0)])
def test_spans_have_a_unit(text: str, expected: float) -> None:
    assert seconds_option("until", text) == expected


@pytest.mark.parametrize(
    ("call", "option"),
    [
        (lambda: decimal_option("speed", "fast"), "--speed"),
        (lambda: atoms_option("cash", "NaN"), "--cash"),
        (lambda: percent_option("cap", "1e30"), "--cap"),
        (lambda: choice_option("engine", "warp", Engine), "--engine"),
        (lambda: symbol_option("symbol", "BTCUSD"), "--symbol"),
        (lambda: symbol_option("symbol", "tÄÖÜUSD"), "--symbol"),
        (lambda: symbol_option("symbol", "t../:X"), "--symbol"),
        (lambda: timeframe_option("timeframe", "2m"), "--timeframe"),
        (lambda: instant_option("from", "yesterday"), "--from"),
        (lambda: seconds_option("until", "10"), "--until"),
        (lambda: seconds_option("until", "-1h"), "--until"),
        (lambda: port_option("65536", 0), "--port"),
        (lambda: port_option("-1", 0), "--port"),
        (lambda: port_option("²", 0), "--port"),
        (lambda: port_option("9" * 5_000, 0), "--port"),
        (lambda: parameters_option(["fast"]), "--param"),
        (lambda: parameters_option(["fast=1", "fast=2"]), "--param"),
    ],
)
def test_a_wrong_word_is_a_sentence_that_names_its_option(call: "object", option: str) -> None:
    assert callable(call)
    with pytest.raises(InputError, match=option):
        call()
