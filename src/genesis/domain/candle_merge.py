"""Two runs of candles of the same instrument and time frame, made one."""

import numpy as np
from attrs import frozen

from genesis.domain.candle import Candle, Candles, Ints

_VALUES = Candle._fields[1:]


class ConflictingCandles(ValueError):
    """The same time with different numbers: the first pair of them, and how many there are."""

    def __init__(self, old: Candle, new: Candle, count: int) -> None:
        self.old = old
        self.new = new
        self.count = count
        super().__init__(f"{count} candles differ from those there are; the first: {old} there, {new} here")


@frozen(eq=False)
class Merged:
    """All candles of both, and how many of the new ones were added, were there already, or replaced another."""

    candles: Candles
    added: int
    identical: int
    replaced: int


def merge(old: Candles, new: Candles, *, newer_wins: bool = False) -> Merged:
    """Return *old* and *new* as one, in order.

    A time that both have must have the same numbers, else `ConflictingCandles` is raised; with *newer_wins* the new
    candle takes the place of the old one.
    """
    _, in_old, in_new = np.intersect1d(old.mts, new.mts, assume_unique=True, return_indices=True)
    differs = np.zeros(len(in_old), dtype=np.bool_)
    for name in _VALUES:
        differs |= getattr(old, name)[in_old] != getattr(new, name)[in_new]
    conflicts = np.flatnonzero(differs)
    if len(conflicts) and not newer_wins:
        first = conflicts[0]
        raise ConflictingCandles(old[int(in_old[first])], new[int(in_new[first])], len(conflicts))
    keep = np.ones(len(old), dtype=np.bool_)
    keep[in_old] = False
    candles = _interleave(old, np.flatnonzero(keep), new)
    return Merged(candles, len(new) - len(in_new), len(in_new) - len(conflicts), len(conflicts))


def _interleave(old: Candles, rows: Ints, new: Candles) -> Candles:
    order = np.argsort(np.concatenate((old.mts[rows], new.mts)), kind="stable")
    columns = (np.concatenate((getattr(old, name)[rows], getattr(new, name)))[order] for name in Candle._fields)
    return Candles(*columns)
