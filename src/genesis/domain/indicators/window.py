"""The memory of windowed indicators: sums and extremes over the last *period* inputs without ever subtracting.

A running sum that adds what comes and subtracts what goes keeps the rounding of everything it ever saw; one huge value
spoils it for good. Here the inputs are cut into blocks of *period*. A window is then the tail of the last block and the
head of the present one: the head is folded input by input, the tails of a block are folded backwards once, when the
next block begins. Two folds an input, and no error but that of adding up *period* numbers: what left leaves no trace.

The arrays are stdlib arrays, whose elements are plain floats; compiled loops read the same memory. While a block fills,
its values wait for the folding in *values*; *tails* holds the folds of the block before. Both are overwritten in place
at positions that the newest state and the one before it no longer read, so a step can be repeated from either.
"""

import math
from array import array
from typing import TypeAlias

Slots: TypeAlias = "array[float]"


def values_before_the_start(period: int) -> Slots:
    """Return room for one block of values."""
    return array("d", bytes(8 * period))


def tails_before_the_start(period: int, empty: float) -> Slots:
    """Return tails of a block that never was: NaN, and *empty* where the tail has no element.

    So everything folded with them is NaN exactly until the first *period* inputs are there.
    """
    tails = array("d", [math.nan]) * (period + 1)
    tails[period] = empty
    return tails


def ring_before_the_start(size: int) -> Slots:
    """Return room for the last *size* inputs, of which each newest one takes the place of the oldest.

    A step writes one slot alone, and reads what is older from slots that the steps of the state before left alone.
    """
    return array("d", bytes(8 * size))
