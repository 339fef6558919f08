"""The one door to numba: steps that stay plain Python, and loops over them that are compiled on their first call.

A function marked `step` is left as it is: streaming calls it, and mypyc could compile it. A function marked `kernel` is
compiled by numba when it is first called, and may call steps and other kernels: it compiles the very same source, so
the two speeds cannot drift apart. Importing this module, or running steps, does not import numba.

What keeps the bits equal: no fastmath, so nothing is contracted to FMA or reassociated; steps use `+ - * /`,
comparisons and `math.sqrt`, which IEEE 754 rounds exactly, and guard every division, for compiled code divides by zero
without raising. No `**`, no `min` or `max` of floats (their answer for -0.0 differs), no numpy inside a step.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Generic, ParamSpec, TypeVar

if TYPE_CHECKING:
    from numba.core.dispatcher import Dispatcher

P = ParamSpec("P")
R = TypeVar("R")

_pending: Final[list[Callable[..., object]]] = []


def step(function: Callable[P, R]) -> Callable[P, R]:
    """Let kernels call *function*; it stays the plain function that it is."""
    _pending.append(function)
    return function


def kernel(function: Callable[P, R]) -> "Kernel[P, R]":
    """Compile *function* with numba on its first call, and keep the machine code in numba's cache on disk."""
    return Kernel(function)


class Kernel(Generic[P, R]):
    """A function that numba compiles when it is first called; `py_func` is the plain one."""

    def __init__(self, function: Callable[P, R]) -> None:
        self.py_func = function
        self.__doc__ = function.__doc__
        self._compiled: Dispatcher[Callable[P, R]] | None = None

    def __call__(self, *arguments: P.args, **named: P.kwargs) -> R:
        result: R = self.compiled(*arguments, **named)
        return result

    @property
    def compiled(self) -> "Dispatcher[Callable[P, R]]":
        """Return numba's dispatcher; imports numba when asked for the first time."""
        if self._compiled is None:
            self._compiled = _compile(self.py_func)
        return self._compiled

    @property
    def _numba_type_(self) -> object:
        # numba asks a global for this attribute, which is what lets one kernel call another.
        from numba import typeof

        kind: object = typeof(self.compiled)  # type: ignore[no-untyped-call]  # numba's typeof has no annotations
        return kind


def _compile(function: Callable[P, R]) -> "Dispatcher[Callable[P, R]]":
    from numba import njit
    from numba.extending import register_jitable

    while _pending:
        register_jitable(error_model="numpy")(_pending.pop())
    try:
        return njit(cache=True, error_model="numpy")(function)
    except RuntimeError:  # no folder that a cache could be written to: correct all the same, only slower to start
        return njit(error_model="numpy")(function)
