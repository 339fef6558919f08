"""Strategies by the name that a person gives: one that ships, or one of the person's own, as FILE.py:NAME."""

import hashlib
import importlib.util
import json
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeAlias

from attrs import field, frozen

from genesis.app.strategy_source import Texts, helpers_of, importable
from genesis.domain.strategy.by_events import Deciding
from genesis.domain.strategy.expression import Expr, nodes
from genesis.domain.strategy.merged import symbols_of
from genesis.domain.strategy.shipped import PAIRED, SHIPPED
from genesis.domain.strategy.shipped_events import SHIPPED_EVENTS
from genesis.domain.strategy.specification import BadStrategy, EventDriven, Strategy, Value
from genesis.domain.units import Symbol
from genesis.ports.errors import InputError

AnyStrategy: TypeAlias = Strategy | EventDriven

KNOWN: Final[Mapping[str, AnyStrategy]] = {**SHIPPED, **PAIRED, **SHIPPED_EVENTS}
"""Every strategy that ships."""


@frozen
class StrategyOrigin:
    """Where a strategy came from: the name that a person gave, and the text of the file where it is their own.

    *helpers* are the modules beside the file that it imports, by their place in its folder.
    """

    name: str
    source: str | None = None
    helpers: Texts = field(factory=dict, hash=False)

    @property
    def sha256(self) -> str | None:
        """The hash of the file's text, and of its helpers where it has some; None for a strategy that ships."""
        if self.source is None:
            return None
        texts = [self.source, *(text for place, each in self.helpers.items() for text in (str(place), each))]
        said = self.source if len(texts) == 1 else json.dumps(texts)
        return hashlib.sha256(said.encode()).hexdigest()

    def written_to(self, folder: Path) -> str:
        """Write the file and its helpers to *folder*, and return the name of the strategy there."""
        path, _, attribute = self.name.rpartition(":")
        file = folder / Path(path).name
        for place, text in self.helpers.items():
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_text(text, encoding="utf-8")
        file.write_text(self.source or "", encoding="utf-8")
        return f"{file}:{attribute}"

    def load(self) -> Strategy:
        """Return the strategy, on whatever machine this is; runs the text, where there is one."""
        if self.source is None:
            return find_strategy(self.name)
        with TemporaryDirectory() as folder:
            return find_strategy(self.written_to(Path(folder)))


def origin_of(name: str) -> StrategyOrigin:
    """Return where the strategy called *name* comes from; raises `InputError` for a file that cannot be read."""
    path, colon, _ = name.rpartition(":")
    if not colon:
        return StrategyOrigin(name)
    try:
        text = Path(path).read_text(encoding="utf-8")
        return StrategyOrigin(name, text, helpers_of(Path(path), text))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: no Python file; give your own strategy as FILE.py:NAME") from error


def origins_of(*names: str) -> tuple[StrategyOrigin, ...]:
    """Return where the strategies called *names* come from, each once and in order; an empty name is none."""
    return tuple(origin_of(name) for name in dict.fromkeys(names) if name)


def find_strategy(name: str) -> Strategy:
    """Return the strategy called *name*, which is an expression; raises `InputError` that lists what there is.

    `FILE.py:NAME` runs the Python file: it is the person's own code, with all that code may do.
    """
    found = find_any_strategy(name)
    if isinstance(found, EventDriven):
        raise InputError(
            f"{name} decides event by event and is no expression: backtest --engine event, parity and run take it"
        )
    return found


def find_lone_strategy(name: str, what: str) -> Strategy:
    """Return an expression over one instrument's candles; raises `InputError` which says that *what* needs one."""
    found = find_strategy(name)
    others = other_symbols(found)
    if others:
        raise InputError(f"{name} reads candles of {', '.join(others)} too: {what} has those of one instrument alone")
    return found


def find_any_strategy(name: str) -> AnyStrategy:
    """Return the strategy called *name*, however it decides; raises `InputError` that lists what there is."""
    path, colon, attribute = name.rpartition(":")
    if colon:
        return _strategy_in(Path(path), attribute)
    if name not in KNOWN:
        known = ", ".join(sorted(KNOWN))
        raise InputError(f"no strategy is called {name!r}: there are {known}, or give your own as FILE.py:NAME")
    return KNOWN[name]


def other_symbols(strategy: Strategy) -> tuple[Symbol, ...]:
    """Return the other instruments that *strategy* reads at its defaults, where it can be built with those."""
    try:
        return symbols_of(strategy.build())
    except (Exception, SystemExit):  # noqa: BLE001 - a person's code may raise anything; building it says so
        return ()


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


def express(strategy: Strategy, values: Mapping[str, Value]) -> Expr:
    """Return the expression for resolved *values*.

    Raises `BadStrategy` where they do not go together, and `InputError` that names them where the strategy fails.
    """
    try:
        expression = strategy.express(values)
        nodes(expression)
    except BadStrategy:
        raise
    except (Exception, SystemExit) as error:  # a strategy is a person's code and may raise anything
        call = f"{strategy.name}({', '.join(f'{name}={value}' for name, value in values.items())})"
        raise InputError(f"{call} cannot be built: {_failure(error)}") from error
    return expression


def build_deciding(strategy: AnyStrategy, given: Mapping[str, object]) -> tuple[dict[str, Value], Deciding]:
    """Return all parameters of *strategy*, and what decides with them; raises `InputError` as `build_strategy` does."""
    if isinstance(strategy, Strategy):
        return build_strategy(strategy, given)
    try:
        params = strategy.resolve(given)
        return params, strategy.deciding(params)
    except BadStrategy as error:
        raise InputError(str(error)) from error
    except (Exception, SystemExit) as error:  # a strategy is a person's code and may raise anything
        raise InputError(f"{strategy.name} cannot be built: {_failure(error)}") from error


def _strategy_in(path: Path, attribute: str) -> AnyStrategy:
    spec = importlib.util.spec_from_file_location(f"genesis_strategy_{path.stem}", path)
    if path.suffix != ".py" or not path.is_file() or spec is None or spec.loader is None:
        raise InputError(f"{path}: no Python file; give your own strategy as FILE.py:NAME")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # type hints of the file are looked up there
    try:
        with importable(path):
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a person's file may raise anything
        raise InputError(f"{path}: {_failure(error)}") from error
    found = getattr(module, attribute, None)
    if not isinstance(found, AnyStrategy):
        named = [name for name, value in vars(module).items() if isinstance(value, AnyStrategy)]
        raise InputError(
            f"{path} has no strategy {attribute!r} made with @strategy or @event_strategy;"
            f" it has {', '.join(named) or 'none'}"
        )
    return found


def _failure(error: BaseException) -> str:
    if isinstance(error, SyntaxError):  # it names its line itself, and was raised where the file is compiled
        return f"SyntaxError: {error}"
    *_, last = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__}: {error} ({Path(last.filename).name}, line {last.lineno})"
