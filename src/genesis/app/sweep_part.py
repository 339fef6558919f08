"""A part of a sweep: some combinations of parameters, run and turned into the columns of a table."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from genesis.app.backtest import Terms
from genesis.app.strategies import express
from genesis.app.sweeper import sweeper_of
from genesis.domain.candle import Candles, Ints
from genesis.domain.statistics.sweep_figures import FIGURES, sweep_figures
from genesis.domain.strategy.constraint import Constraint
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.space import Space
from genesis.domain.strategy.specification import BadStrategy, Strategy, Value
from genesis.domain.units import InexactNumber
from genesis.ports.errors import InputError
from genesis.ports.sweeps import Column

Taken = tuple[int, Mapping[str, Value]]
"""The number of a combination that is run, and its parameters."""


class MadePart(NamedTuple):
    """The columns of a part, one row a run: none where there was nothing to run."""

    runs: int
    columns: Mapping[str, Column]


def parameter_column(name: str) -> str:
    """Return the column that holds a parameter: its name, marked where a figure of every run has the same."""
    return f"param:{name}" if name == "index" or name in FIGURES else name


def expressions_of(
    strategy: Strategy, space: Space, constraints: Sequence[Constraint], indices: Ints
) -> Iterator[tuple[int, Mapping[str, Value], Expr]]:
    """Yield number, parameters and expression of each combination that meets *constraints* and *strategy* takes.

    Raises `InputError` that names the parameters with which the strategy fails.
    """
    for index in indices.tolist():
        values = space.at(index)
        if not all(each.holds(values) for each in constraints):
            continue
        try:
            yield index, values, express(strategy, values)
        except BadStrategy:
            continue


def first_expression(strategy: Strategy, space: Space, constraints: Sequence[Constraint], indices: Ints) -> Expr:
    """Return the expression of the first combination that is taken; raises `InputError` if there is none."""
    for _, _, expression in expressions_of(strategy, space, constraints, indices):
        return expression
    refusal = "no combination meets what --where asks for"
    for index in indices.tolist():
        values = space.at(index)
        if all(each.holds(values) for each in constraints):
            try:
                express(strategy, values)
            except BadStrategy as error:
                refusal = str(error)
    raise InputError(f"{strategy.name} takes none of the {len(indices)} combinations: {refusal}")


class PartMaker:
    """Makes parts over the same candles, one after the other; the columns that runs share stay."""

    def __init__(
        self,
        strategy: Strategy,
        space: Space,
        constraints: Sequence[Constraint],
        terms: Terms,
        candles: Candles,
        workers: int,
    ) -> None:
        self._strategy, self._space, self._constraints = strategy, space, constraints
        self._cash, self._count = terms.cash, len(candles)
        self._sweeper = sweeper_of(candles, terms, workers)

    def make(self, indices: Ints) -> MadePart:
        """Run the combinations *indices*; raises `InputError` where a price that is used does not fit."""
        taken: list[Taken] = []
        try:
            outcomes = self._sweeper.run(self._noted(indices, taken))
        except InexactNumber as error:
            raise InputError(f"{error}; data.check tells more about the candles") from error
        columns: dict[str, Column] = {"index": np.array([index for index, _ in taken], dtype=np.int64)}
        for axis in self._space.axes:
            tried = [values[axis.name] for _, values in taken]
            is_whole = isinstance(axis.values[0], int)
            column = parameter_column(axis.name)
            columns[column] = np.array(tried, dtype=np.int64) if is_whole else np.array(tried, dtype=np.float64)
        if outcomes is not None:
            columns |= sweep_figures(outcomes, self._cash, self._count)
        return MadePart(len(taken), columns)

    def close(self) -> None:
        """End the threads."""
        self._sweeper.close()

    def _noted(self, indices: Ints, taken: list[Taken]) -> Iterator[Expr]:
        for index, values, expression in expressions_of(self._strategy, self._space, self._constraints, indices):
            taken.append((index, values))
            yield expression
