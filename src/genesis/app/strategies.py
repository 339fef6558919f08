"""Strategies by the name that a person gives: one that ships, or one of the person's own, as FILE.py:NAME."""

import importlib.util
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path

from genesis.domain.strategy.expression import Expr, nodes
from genesis.domain.strategy.shipped import SHIPPED
from genesis.domain.strategy.specification import BadStrategy, Strategy, Value
from genesis.ports.errors import InputError


def find_strategy(name: str) -> Strategy:
    """Return the strategy called *name*; raises `InputError` that lists what there is.

    `FILE.py:NAME` runs the Python file: it is the person's own code, with all that code may do.
    """
    path, colon, attribute = name.rpartition(":")
    if not colon:
        if name not in SHIPPED:
            known = ", ".join(sorted(SHIPPED))
            raise InputError(f"no strategy is called {name!r}: there are {known}, or give your own as FILE.py:NAME")
        return SHIPPED[name]
    return _strategy_in(Path(path), attribute)


def build_strategy(strategy: Strategy, given: Mapping[str, object]) -> tuple[dict[str, Value], Expr]:
    """Return all parameters of *strategy* and its expression.

    Raises `InputError` for parameters that do not fit, and for a strategy that fails or gives no expression.
    """
    try:
        params = strategy.resolve(given)
        expression = strategy.build(params)
        nodes(expression)  # an expression too deep to walk fails here, before anything runs
    except BadStrategy as error:
        raise InputError(str(error)) from error
    except (Exception, SystemExit) as error:  # a strategy is a person's code and may raise anything
        raise InputError(f"{strategy.name} cannot be built: {_failure(error)}") from error
    return params, expression


def _strategy_in(path: Path, attribute: str) -> Strategy:
    spec = importlib.util.spec_from_file_location(f"genesis_strategy_{path.stem}", path)
    if path.suffix != ".py" or not path.is_file() or spec is None or spec.loader is None:
        raise InputError(f"{path}: no Python file; give your own strategy as FILE.py:NAME")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # type hints of the file are looked up there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a person's file may raise anything
        raise InputError(f"{path}: {_failure(error)}") from error
    found = getattr(module, attribute, None)
    if not isinstance(found, Strategy):
        named = [name for name, value in vars(module).items() if isinstance(value, Strategy)]
        raise InputError(
            f"{path} has no strategy {attribute!r} made with @strategy; it has {', '.join(named) or 'none'}"
        )
    return found


def _failure(error: BaseException) -> str:
    if isinstance(error, SyntaxError):  # it names its line itself, and was raised where the file is compiled
        return f"SyntaxError: {error}"
    *_, last = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__}: {error} ({Path(last.filename).name}, line {last.lineno})"
