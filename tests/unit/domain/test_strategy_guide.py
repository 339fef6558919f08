"""The guide has every node, with its signature and its words, and its examples are strategies that work."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from genesis.domain.indicators.catalog import INDICATORS
from genesis.domain.simulation.synthetic import synthetic_candles
from genesis.domain.strategy import ensemble, features, merged, regime
from genesis.domain.strategy.columns import evaluate
from genesis.domain.strategy.event_proof import prove_events
from genesis.domain.strategy.expression import Expr, Indicated, nodes
from genesis.domain.strategy.proof import prove
from genesis.domain.strategy.specification import EventDriven, Strategy
from genesis.domain.strategy.vocabulary import averages, candle_fields, momenta, operations, statistics, trends
from genesis.domain.units import Symbol

GUIDE = (Path(__file__).parents[3] / "docs" / "strategy-guide.md").read_text("utf-8")
MODULES: tuple[ModuleType, ...] = (
    *(candle_fields, operations, averages, momenta, trends, statistics, merged, regime, ensemble),
)


def functions() -> list[Callable[..., object]]:
    names = set(features.__all__)
    found: list[Callable[..., object]] = []
    for module in MODULES:
        for name, thing in vars(module).items():
            is_own = inspect.isfunction(thing) and thing.__module__ == module.__name__ and not name.startswith("_")
            if is_own and (name in names or module in (regime, ensemble)):
                found.append(thing)
    return found


def row(function: Callable[..., object]) -> str:
    """The line of the table for *function*."""
    parameters = [
        name if parameter.default is inspect.Parameter.empty else f"{name}={parameter.default!r}"
        for name, parameter in inspect.signature(function).parameters.items()
    ]
    words = (inspect.getdoc(function) or "").split("\n\n")[0].replace("\n", " ").removeprefix("Return ")
    words = re.sub(r"[;,]? ?[Rr]aises `ValueError`.*$", ".", words).replace("|", "\\|").replace("..", ".")
    return f"| `{function.__name__}({', '.join(parameters)})` | {words} |"


def test_every_node_is_in_the_guide_with_its_words() -> None:
    missing = [row(each) for each in functions() if row(each) not in GUIDE]
    assert missing == [], "put these rows into docs/strategy-guide.md:\n" + "\n".join(missing)


def test_every_word_of_the_vocabulary_is_a_node_or_named() -> None:
    known = {each.__name__ for each in functions()}
    for name in features.__all__:
        assert name in known or f"`{name}`" in GUIDE, f"docs/strategy-guide.md does not name {name}"


def test_every_indicator_has_a_word() -> None:
    x = features.close
    built: list[Expr] = []
    for function in functions():
        if function.__module__ == regime.__name__:
            continue  # they are made of the others
        wanted = inspect.signature(function).parameters
        arguments = {"x": x, "y": x, "condition": x, "on": x, "off": x, "left": x, "right": x, "expression": x}
        more = {"period": 5, "step": 0.5, "candles": 3, "enter": 1.0, "leave": 0.5, "lowest": 0, "highest": 1}
        given = {name: {**arguments, **more}[name] for name in wanted if name in {**arguments, **more}}
        if set(wanted) <= set(given) | {n for n, p in wanted.items() if p.default is not inspect.Parameter.empty}:
            result = function(**given)
            built += [each for each in (result if isinstance(result, tuple) else (result,)) if isinstance(each, Expr)]
    used = {node.computation.indicator.name for root in built for node in nodes(root) if isinstance(node, Indicated)}
    assert used == {each.name for each in INDICATORS}


@pytest.mark.parametrize("source", re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL), ids=lambda text: text[-40:])
def test_the_examples_are_strategies_that_do_not_look_ahead(source: str) -> None:
    space: dict[str, object] = {"__name__": "guide"}
    exec(compile(source, "docs/strategy-guide.md", "exec"), space)
    strategies = [each for each in space.values() if isinstance(each, Strategy)]
    candles, other = synthetic_candles(41, 2.0), synthetic_candles(42, 2.0)
    for driven in [each for each in space.values() if isinstance(each, EventDriven)]:
        proof = prove_events(driven.name, driven.build, Symbol("tBTCUSD"), candles[:600])
        assert proof.findings == ()
        assert proof.first_decision is not None
    for each in strategies:
        root = each.build()
        others = dict.fromkeys(merged.symbols_of(root), other)
        assert prove(root, candles[:600], 0, others).findings == ()
        targets = evaluate(root, candles, others)
        known = targets[~np.isnan(targets)]
        assert len(known)
        assert (np.abs(known) <= 1.0).all()
