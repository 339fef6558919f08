"""The one door to numba: steps that stay plain Python, and loops over them that are compiled on their first call.

A function marked `step` is left as it is: streaming calls it, and mypyc could compile it. A function marked `kernel` is
compiled by numba when it is first called, and may call steps and other kernels: it compiles the very same source, so
the two speeds cannot drift apart. Importing this module, or running steps, does not import numba.

What keeps the bits equal: no fastmath, so nothing is contracted to FMA or reassociated; steps use `+ - * /`,
comparisons and `math.sqrt`, which IEEE 754 rounds exactly, and guard every division, for compiled code divides by zero
without raising. No `**`, no `min` or `max` of floats (their answer for -0.0 differs), no numpy inside a step.

Steps and kernels allocate no arrays and return none: whoever calls a kernel brings them. So compiled code counts no
references, which would cost ten times the arithmetic in a loop whose state holds an array. numba refuses to compile
what does allocate ("No implementation of function … empty").
"""

import hashlib
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Final, Generic, ParamSpec, TypeVar

if TYPE_CHECKING:
    from numba.core.dispatcher import Dispatcher

P = ParamSpec("P")
R = TypeVar("R")

# Any: numba's annotations leave out `_nrt`, which its own documentation of `register_jitable` names. Kernels touch no
# Python object, so they need not hold the interpreter's lock: threads may run them side by side.
_OPTIONS: Final[dict[str, Any]] = {"error_model": "numpy", "_nrt": False, "nogil": True}
# Left to itself the compiler calls the larger steps, and their states go through memory: three to ten times slower.
_STEP_OPTIONS: Final[dict[str, Any]] = {**_OPTIONS, "forceinline": True}

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


def register_steps() -> None:
    """Make every step known to numba. Whoever compiles on several threads calls this before they begin."""
    from numba.extending import register_jitable

    while _pending:
        register_jitable(**_STEP_OPTIONS)(_pending.pop())


def _compile(function: Callable[P, R]) -> "Dispatcher[Callable[P, R]]":
    from numba import njit

    register_steps()
    dispatcher: Dispatcher[Callable[P, R]] = njit(**_OPTIONS)(function)
    try:
        dispatcher.enable_caching()
    except RuntimeError:  # no folder that a cache could be written to: correct all the same, only slower to start
        return dispatcher
    # numba notices changes of the file that a kernel is in, but not of the steps and constants that it compiled in from
    # other files: machine code of old steps would live on. So the stamp of the cache gets their fingerprint, too.
    cache: Any = dispatcher._cache  # type: ignore[attr-defined]  # noqa: SLF001 - numba offers no other way
    file = cache._cache_file  # noqa: SLF001
    file._source_stamp = f"{file._source_stamp} {fingerprint(function)}"  # noqa: SLF001
    return dispatcher


def fingerprint(function: Callable[..., object]) -> str:
    """Return a hash of the code of *function* and of all that it uses: steps, kernels, states and constants."""
    parts = [repr(_STEP_OPTIONS), *_parts(function, set())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _parts(function: object, known: set[object]) -> Iterator[str]:
    if isinstance(function, Kernel):
        function = function.py_func
    if not isinstance(function, FunctionType) or function in known:
        return
    known.add(function)
    code = function.__code__
    constants = [constant for constant in code.co_consts if not isinstance(constant, CodeType)]
    yield repr((code.co_code, constants, code.co_names, code.co_varnames))
    for name in code.co_names:
        value = function.__globals__.get(name)
        yield from _parts(value, known)
        if isinstance(value, int | float | str | tuple):
            yield repr((name, value))
        elif isinstance(value, type):
            yield repr((name, getattr(value, "_fields", ())))
