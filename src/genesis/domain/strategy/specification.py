"""A strategy by name: the function that builds its expression, and the parameters it takes with their ranges."""

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from attrs import field, frozen

from genesis.domain.strategy.expression import Expr

Value = int | float
Build = Callable[..., Expr]


class BadStrategy(ValueError):
    """A strategy that is not known, or a parameter that it does not take; the text says what it does take."""


@frozen
class Between:
    """The range of a parameter, both ends included: ``fast: Annotated[int, Between(1, 500)] = 12``."""

    lowest: Value
    highest: Value


@frozen
class Parameter:
    """One parameter: its type is that of its default."""

    name: str
    default: Value
    between: Between

    def parse(self, given: object) -> Value:
        """Return *given* (a number, or its text) as a value of this parameter; raises `BadStrategy` if it is none."""
        kind = type(self.default)
        try:
            if isinstance(given, bool) or (kind is int and isinstance(given, float) and not given.is_integer()):
                raise ValueError
            value = kind(given)  # type: ignore[call-overload]  # whatever a person or a file gave; refused below
        except (ValueError, TypeError, OverflowError):
            raise BadStrategy(f"{self.name} must be {self._wanted()}, was {given!r}") from None
        if not (math.isfinite(value) and self.between.lowest <= value <= self.between.highest):
            raise BadStrategy(f"{self.name} must be {self._wanted()}, was {given!r}")
        return value

    def _wanted(self) -> str:
        noun = "a whole number" if isinstance(self.default, int) else "a number"
        return f"{noun} from {self.between.lowest} to {self.between.highest}"


@frozen
class Strategy:
    """A named function from parameters to an expression whose value is the target exposure."""

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    function: Build = field(repr=False)

    def resolve(self, given: Mapping[str, object]) -> dict[str, Value]:
        """Return every parameter with its value, defaults filled in; raises `BadStrategy` on a wrong name or value."""
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in given:
            if name not in known:
                raise BadStrategy(f"{self.name} has no parameter {name!r}; it has {', '.join(known) or 'none'}")
        return {name: each.parse(given.get(name, each.default)) for name, each in known.items()}

    def build(self, given: Mapping[str, object] | None = None) -> Expr:
        """Return the expression for these parameters; raises `BadStrategy` if they do not fit or do not go together."""
        values = self.resolve(given or {})
        try:
            return self.function(**values)
        except ValueError as error:
            raise BadStrategy(f"{self.name}({', '.join(f'{k}={v}' for k, v in values.items())}): {error}") from error


_ANYTHING: Final = Between(-math.inf, math.inf)


def strategy(function: Build) -> Strategy:
    """Make a strategy of a function whose parameters are ints and floats with defaults, its docstring the description."""
    hints: dict[str, Any] = get_type_hints(function, include_extras=True)  # Any: annotations are arbitrary objects
    parameters = []
    for name, parameter in inspect.signature(function).parameters.items():
        if type(parameter.default) not in (int, float):
            raise TypeError(f"{function.__name__}: parameter {name} needs an int or float default")
        ranges = get_args(hints[name])[1:] if get_origin(hints[name]) is Annotated else ()
        between = next((each for each in ranges if isinstance(each, Between)), _ANYTHING)
        parameters.append(Parameter(name, parameter.default, between))
    description = (inspect.getdoc(function) or "").strip()
    return Strategy(function.__name__, description, tuple(parameters), function)
