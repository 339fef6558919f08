"""Expressions as lists, and their names: the same everywhere, for the same content and no other."""

import subprocess
import sys

import pytest

from genesis.domain.candle import Floats
from genesis.domain.indicators.indicator import Indicator
from genesis.domain.strategy.content_hash import content_hash
from genesis.domain.strategy.expression import Computation, Constant, Expr, Indicated
from genesis.domain.strategy.features import KEEP, adx, bollinger, close, ema, held, lag, of, on, open_, rsi, where
from genesis.domain.strategy.outline import outline, printed


def test_every_node_is_listed_once_and_inputs_come_first() -> None:
    slow = ema(close, 26)
    text = printed(where((ema(close, 12) > slow) & (close > lag(slow, 2)), 1.0, KEEP))
    assert text.splitlines() == [
        "%1 = ema(close, 12)",
        "%2 = ema(close, 26)",
        "%3 = (%1 > %2)",
        "%4 = lag(%2, 2)",
        "%5 = (close > %4)",
        "%6 = (%3 & %5)",
        "%7 = where(%6, 1.0, KEEP)",
    ]


def test_other_candles_are_named() -> None:
    root = on("1h", ema(close, 3) > of("tETHUSD", ema(close, 3))) & (ema(close, 3) > held(adx(14).plus_di))
    assert printed(root).splitlines() == [
        "%1 = ema(close, 3)                      [1h]",
        "%2 = ema(close, 3)                      [1h tETHUSD]",
        "%3 = of('tETHUSD', %2)                  [1h]",
        "%4 = (%1 > %3)                          [1h]",
        "%5 = on('1h', %4)",
        "%6 = ema(close, 3)",
        "%7 = adx(high, low, close, 14).plus_di",
        "%8 = held(%7)",
        "%9 = (%6 > %8)",
        "%10 = (%5 & %9)",
    ]
    assert [line.reads for line in outline(root)][-1] == ("%5", "%9")


@pytest.mark.parametrize(("root", "text"), [(close, "%1 = close"), (Constant(0.5), "%1 = 0.5")])
def test_a_leaf_is_a_list_too(root: Expr, text: str) -> None:
    assert printed(root) == text


EXPRESSION = "where(on('1h', ema(close, 12)) > of('tETHUSD', held(rsi(close, 14))), 0.1, KEEP)"
HASH = "13e964dbe920d33ff11670ea45dbcd10ffe6c600d75e86dc250daa30206bf3db"


def test_the_hash_never_changes() -> None:
    root = where(on("1h", ema(close, 12)) > of("tETHUSD", held(rsi(close, 14))), 0.1, KEEP)
    assert content_hash(root) == HASH


@pytest.mark.parametrize("seed", ["0", "1", "random"])
def test_the_hash_does_not_depend_on_the_seed_of_hashes(seed: str) -> None:
    script = (
        "from genesis.domain.strategy.features import *\n"
        "from genesis.domain.strategy.content_hash import content_hash\n"
        f"print(content_hash({EXPRESSION}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
    )
    assert done.stdout.strip() == HASH


def test_what_says_something_else_has_another_hash() -> None:
    different: list[Expr] = [
        close,
        open_,
        ema(close, 12),
        ema(close, 13),
        ema(open_, 12),
        rsi(close, 12),
        bollinger(close, 20, 2.0).upper,
        bollinger(close, 20, 2.0).lower,
        bollinger(close, 20, 2.5).upper,
        Constant(0.0),
        Constant(-0.0),
        KEEP,
        close - open_,
        open_ - close,
        lag(close),
        lag(close, 2),
        held(close),
        on("1h", close),
        on("3h", close),
        on("1h", open_),
        of("tETHUSD", close),
        of("tLTCUSD", close),
    ]
    assert len({content_hash(each) for each in different}) == len(different)


def test_the_code_of_an_indicator_of_ones_own_counts() -> None:
    def own(loop: object) -> Expr:
        def start() -> tuple[object, ...]:
            return ()

        indicator = Indicator("own", ("x",), ("value",), (), (), start, lambda s, x: (s, x), loop, lambda: (0,))  # type: ignore[arg-type]  # a loop
        return Indicated(Computation(indicator, (close,), ()))

    def same(_: object, x: Floats, out: Floats) -> None:
        out[:] = x

    def doubled(_: object, x: Floats, out: Floats) -> None:
        out[:] = 2.0 * x

    assert content_hash(own(same)) == content_hash(own(same))
    assert content_hash(own(same)) != content_hash(own(doubled))
