"""An expression as a numbered list: every node once, inputs before those who read them."""

from collections.abc import Iterator
from typing import TypeAlias

from attrs import frozen

from genesis.domain.strategy.expression import Applied, Constant, Expr, Field, Held, Indicated, Lagged, nodes
from genesis.domain.strategy.merged import Of, On

Place: TypeAlias = tuple[str, ...]
"""Whose candles: none for those that the strategy decides on, else time frames and symbols from the outside in."""


@frozen
class Line:
    """One node: its name in the list, its text over the names of its inputs, and on whose candles it is computed.

    *reads* are the names of the inputs that are numbered themselves. Fields and constants have no number.
    """

    name: str
    text: str
    place: Place
    reads: tuple[str, ...]
    node: Expr


def outline(root: Expr) -> tuple[Line, ...]:
    """Return the lines of *root*, which is the last; what `on` and `of` read comes before them."""
    names: dict[tuple[Place, Expr], str] = {}
    lines: list[Line] = []
    _list(root, (), names, lines)
    return tuple(lines)


def _list(root: Expr, place: Place, names: dict[tuple[Place, Expr], str], lines: list[Line]) -> None:
    for node in nodes(root):
        if (place, node) in names or isinstance(node, Field | Constant):
            if node is root and isinstance(node, Field | Constant):
                lines.append(Line(f"%{len(lines) + 1}", str(node), place, (), node))
                names[place, node] = lines[-1].name
            continue
        for inner, where in _inner(node, place):
            _list(inner, where, names, lines)
        inputs = [(each, place) for each in node.inputs] if not isinstance(node, On | Of) else [*_inner(node, place)]
        called = [names.get((where, each), str(each)) for each, where in inputs]
        reads = tuple(dict.fromkeys(name for name in called if name.startswith("%")))
        name = f"%{len(lines) + 1}"
        lines.append(Line(name, label(node, called), place, reads, node))
        names[place, node] = name


def _inner(node: Expr, place: Place) -> Iterator[tuple[Expr, Place]]:
    if isinstance(node, On):
        yield node.operand, (*place, node.timeframe.value)
    elif isinstance(node, Of):
        yield node.operand, (*place, node.symbol)


def label(node: Expr, inputs: list[str]) -> str:
    """Return the text of a node over the texts of its inputs."""
    match node:
        case Applied(operation, _):
            return operation.format(*inputs)
        case Indicated(computation, output):
            indicator = computation.indicator
            called = f"{indicator.name}({', '.join([*inputs, *map(str, computation.parameters)])})"
            return called if len(indicator.outputs) == 1 else f"{called}.{indicator.outputs[output]}"
        case Lagged(_, periods):
            return f"lag({inputs[0]}, {periods})"
        case Held():
            return f"held({inputs[0]})"
        case On(timeframe, _):
            return f"on({timeframe.value!r}, {inputs[0]})"
        case Of(symbol, _):
            return f"of({symbol!r}, {inputs[0]})"
    return str(node)


def printed(root: Expr) -> str:
    """Return the outline as text, a line a node, with whose candles it is computed on where they are others."""
    lines = outline(root)
    width = max(len(line.name) + len(line.text) for line in lines) + 3
    texts = []
    for line in lines:
        text = f"{line.name} = {line.text}"
        texts.append(f"{text:<{width}}  [{' '.join(line.place)}]" if line.place else text)
    return "\n".join(texts)
