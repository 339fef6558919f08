"""Whether code carries the very prices that it is tried on: the one leak that no change of the future brings to light.

What a function can reach without being given it (closures, defaults, globals that it names, attributes, and what is in
all those) is looked through for a run of consecutive prices of the data. Weights and tables are never that.
"""

import inspect
from array import array
from collections import deque
from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Final

import numpy as np

from genesis.domain.candle import Candles, Floats
from genesis.domain.compiled import Kernel

RUN: Final = 16
"""So many consecutive prices are no chance, with half as many different ones among them."""
DEPTH_MAX: Final = 6


def carried_prices(roots: tuple[object, ...], candles: Candles) -> str | None:
    """Return where prices of *candles* are within reach of *roots*, in words; None if they are nowhere."""
    columns = {name: getattr(candles, name) for name in ("close", "open", "high", "low")}
    for where, numbers in _reachable(roots):
        for name, column in columns.items():
            if _has_run(numbers, column):
                return f"{where} holds {name} prices of the data"
    return None


def _has_run(numbers: Floats, column: Floats) -> bool:
    if len(numbers) < RUN or len(column) < RUN or np.count_nonzero(np.isin(numbers, column)) < RUN:
        return False
    for start in range(0, len(column) - RUN + 1, RUN):
        run = column[start : start + RUN]
        if len(np.unique(run)) < RUN // 2:
            continue
        for at in np.flatnonzero(numbers[: len(numbers) - RUN + 1] == run[0]).tolist():
            if np.array_equal(numbers[at : at + RUN], run):
                return True
    return False


def _reachable(roots: tuple[object, ...]) -> Iterator[tuple[str, Floats]]:
    seen: set[int] = set()
    stack: list[tuple[str, Any, int]] = [(_name(root), root, 0) for root in roots]  # Any: whatever code can reach
    while stack:
        where, thing, depth = stack.pop()
        if id(thing) in seen or depth > DEPTH_MAX:
            continue
        seen.add(id(thing))
        yield from ((where, column) for column in _columns(thing))
        stack += [(f"{where}.{name}", inner, depth + 1) for name, inner in _inner(thing)]


def _columns(thing: Any) -> list[Floats]:
    """Return the columns of numbers that a container is, if it is one."""
    if isinstance(thing, Mapping):
        thing = list(thing.values())
    if isinstance(thing, deque):
        thing = list(thing)
    if not (isinstance(thing, list | tuple | array) or hasattr(thing, "__array__")):
        return []
    try:
        numbers = np.asarray(thing, dtype=np.float64)
    except (TypeError, ValueError):
        return []
    if numbers.ndim == 2:
        return [np.ascontiguousarray(column) for column in (*numbers.T[:100], *numbers[:100])]
    return [numbers] if numbers.ndim == 1 else []


def _inner(thing: Any) -> Iterator[tuple[str, object]]:
    if isinstance(thing, MethodType):
        yield from (("self", thing.__self__), (thing.__name__, thing.__func__))
    elif isinstance(thing, Kernel):
        yield "py_func", thing.py_func
    elif isinstance(thing, FunctionType):
        if not _is_ours(thing):
            named = ((name, thing.__globals__[name]) for name in _names(thing.__code__) if name in thing.__globals__)
            closed = inspect.getclosurevars(thing).nonlocals.items()
            yield from (*_numbered(thing.__defaults__ or ()), *closed, *named)
    elif isinstance(thing, Mapping):
        yield from ((repr(key), value) for key, value in list(thing.items())[:100])
    elif isinstance(thing, list | tuple):
        yield from _numbered(tuple(thing[:100]))
    elif not isinstance(thing, ModuleType):
        yield from _attributes(thing)


def _names(code: CodeType) -> Iterator[str]:
    """Yield what code names, comprehensions and functions inside of it too."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _numbered(things: tuple[object, ...]) -> Iterator[tuple[str, object]]:
    yield from ((str(number), thing) for number, thing in enumerate(things))


def _attributes(thing: Any) -> Iterator[tuple[str, object]]:
    owner = thing if isinstance(thing, type) else type(thing)
    if owner.__module__ in ("builtins", "numpy") or (isinstance(thing, type) and _is_ours(thing)):
        return
    named = dict.fromkeys(name for each in owner.__mro__ for name in _slots(each))
    named.update(dict.fromkeys(getattr(thing, "__dict__", ())))
    for each in owner.__mro__ if not _is_ours(owner) else ():
        named.update(dict.fromkeys(name for name, value in vars(each).items() if not isinstance(value, property)))
    for name in named:
        if not name.startswith("__") and hasattr(thing, name):
            yield name, getattr(thing, name)


def _slots(owner: type) -> tuple[str, ...]:
    slots = getattr(owner, "__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _is_ours(thing: FunctionType | type) -> bool:
    """Whether this is the house's own code, which carries no prices."""
    return thing.__module__.split(".")[0] == "genesis"


def _name(root: object) -> str:
    return getattr(root, "__name__", type(root).__name__)
