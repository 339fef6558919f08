"""Many expressions as one list of instructions: shared columns below, a few element-wise operations on top.

An expression ends in operations on the values of one candle; what is under them (fields, indicators, lags) are columns
that the runs of a sweep have in common. The columns are computed once; the operations are done tile by tile, while the
columns lie in the cache.
"""

from collections.abc import Sequence
from typing import Final, TypeGuard

import numpy as np
from attrs import frozen

from genesis.domain.candle import Floats, Ints
from genesis.domain.strategy.elementwise import CHOOSE_GREATER, GREATER, WHERE
from genesis.domain.strategy.expression import Applied, Constant, Expr

END: Final = -1
"""The code of the instruction that names a target and ends a program."""

_CONSTANT: Final = 2**32
"""Constants are numbered from here on until the number of temporaries is known."""


@frozen(eq=False)
class Programs:
    """The programs of some expressions, in their order; their numbers are those of `sweep_walk.walk_tiles`.

    *columns* are the expressions whose values are to be in columns 0, 1, 2…; *constants* fill the last of the *rows*
    rows of the scratch.
    """

    columns: tuple[Expr, ...]
    constants: Floats
    rows: int
    instructions: Ints
    starts: Ints


def programs_of(roots: Sequence[Expr]) -> Programs:
    """Return the programs of *roots*."""
    writer = _Writer()
    starts = [0]
    for root in roots:
        writer.write(root)
        starts.append(len(writer.instructions))
    table = np.array(writer.instructions, dtype=np.int64).reshape(-1, 6)
    table[table >= _CONSTANT] = _CONSTANT - 1 - writer.temporaries - table[table >= _CONSTANT]
    constants = np.array([each.value for each in writer.constants], dtype=np.float64)
    rows = writer.temporaries + len(constants)
    return Programs(tuple(writer.columns), constants, rows, table, np.array(starts, dtype=np.int64))


class _Writer:
    def __init__(self) -> None:
        self.columns: dict[Expr, int] = {}
        self.constants: dict[Constant, int] = {}
        self.temporaries = 0
        self.instructions: list[tuple[int, int, int, int, int, int]] = []

    def write(self, root: Expr) -> None:
        """Append the program of *root*."""
        if _is_choice_by_comparison(root):
            self._write_choice(root)
            return
        order = _operations(root)
        readers: dict[Expr, int] = {root: 1}
        for node in order:
            for operand in node.operands:
                readers[operand] = readers.get(operand, 0) + 1
        places: dict[Expr, int] = {}
        free: list[int] = []
        taken = 0
        for node in order:
            # The output's place is chosen before those of the inputs are given back: no loop reads what it writes.
            if not free:
                free.append(-1 - taken)
                taken += 1
            place = free.pop()
            inputs = [self._place(operand, places) for operand in node.operands]
            padded = (inputs + [inputs[0]] * 3)[:4]
            self.instructions.append((node.operation.code, place, padded[0], padded[1], padded[2], padded[3]))
            places[node] = place
            for operand in node.operands:
                readers[operand] -= 1
                if not readers[operand] and isinstance(operand, Applied):
                    free.append(places[operand])
        self.instructions.append((END, self._place(root, places), 0, 0, 0, 0))
        self.temporaries = max(self.temporaries, taken)

    def _write_choice(self, root: Applied) -> None:
        condition, *chosen = root.operands
        left, right = (self._place(each, {}) for each in condition.inputs)
        then, otherwise = (self._place(each, {}) for each in chosen)
        self.temporaries = max(self.temporaries, 1)
        self.instructions += [(CHOOSE_GREATER, -1, left, right, then, otherwise), (END, -1, 0, 0, 0, 0)]

    def _place(self, node: Expr, places: dict[Expr, int]) -> int:
        if isinstance(node, Applied):
            return places[node]
        if isinstance(node, Constant):
            return _CONSTANT + self.constants.setdefault(node, len(self.constants))
        return self.columns.setdefault(node, len(self.columns))


def _is_choice_by_comparison(root: Expr) -> TypeGuard[Applied]:
    """Whether *root* is the commonest of all strategies, `where(a > b, constant, constant)`, which has its own loop."""
    if not isinstance(root, Applied) or root.operation is not WHERE:
        return False
    condition, *chosen = root.operands
    return (
        isinstance(condition, Applied)
        and condition.operation is GREATER
        and not any(isinstance(each, Applied) for each in condition.operands)
        and all(isinstance(each, Constant) for each in chosen)
    )


def _operations(root: Expr) -> list[Applied]:
    """Return the operations at the end of an expression, inputs before their readers."""
    order: dict[Applied, None] = {}
    stack = [(root, False)]
    while stack:
        node, are_operands_done = stack.pop()
        if not isinstance(node, Applied) or node in order:
            continue
        if are_operands_done:
            order[node] = None
        else:
            stack.append((node, True))
            stack.extend((each, False) for each in reversed(node.operands))
    return list(order)
