"""A name for an expression that depends on nothing but what it says: a key for caches and for reports.

The hash of a node is that of its kind, its own numbers, and the hashes of its inputs. It is the same on every machine,
Python and day. An indicator that ships goes by its name; of one's own, the source of its functions counts too.
"""

import hashlib
import inspect
import json
from collections.abc import Callable
from typing import Final

from genesis.domain.compiled import Kernel
from genesis.domain.indicators.catalog import INDICATORS
from genesis.domain.indicators.indicator import Indicator
from genesis.domain.strategy.expression import Applied, Constant, Expr, Field, Held, Indicated, Lagged, nodes
from genesis.domain.strategy.merged import Of, On

_SHIPPED: Final = {id(indicator) for indicator in INDICATORS}


def content_hash(root: Expr) -> str:
    """Return the SHA-256 of what *root* says, in hexadecimal."""
    known: dict[Expr, str] = {}
    for node in nodes(root):
        known[node] = _digest([*_own(node), *(known[each] for each in node.inputs)])
    return known[root]


def _own(node: Expr) -> list[object]:
    match node:
        case Field(name):
            return ["field", name]
        case Constant(value):
            return ["constant", _number(value)]
        case Applied(operation, _):
            return ["applied", operation.name]
        case Lagged(_, periods):
            return ["lag", periods]
        case Held():
            return ["held"]
        case On(timeframe, operand):
            return ["on", timeframe.value, content_hash(operand)]
        case Of(symbol, operand):
            return ["of", symbol, content_hash(operand)]
        case Indicated(computation, output):
            parameters = [_number(each) for each in computation.parameters]
            return ["indicator", *_named(computation.indicator), parameters, output]
    raise TypeError(f"no hash of a {type(node).__name__}")


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else float(value).hex()


def _named(indicator: Indicator) -> list[object]:
    if id(indicator) in _SHIPPED:
        return [indicator.name]
    return [indicator.name, *map(_source, (indicator.start, indicator.step, indicator.loop))]


def _source(function: Callable[..., object]) -> str:
    plain = function.py_func if isinstance(function, Kernel) else function
    try:
        return inspect.getsource(plain)
    except (OSError, TypeError):  # typed in by hand, or no Python function: its name is all there is
        return f"{getattr(plain, '__module__', '')}.{getattr(plain, '__qualname__', type(plain).__qualname__)}"


def _digest(parts: list[object]) -> str:
    text = json.dumps(parts, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
