"""A strategy by name: the function that builds it, and the parameters it takes with their ranges."""

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from attrs import field, frozen

from genesis.domain.strategy.by_events import ByEvents
from genesis.domain.strategy.event_strategy import AnyEventStrategy
from genesis.domain.strategy.expression import Expr
from genesis.domain.units import InexactNumber, decimal_from_text

Value = int | float
Build = Callable[..., Expr]
BuildEvents = Callable[..., AnyEventStrategy]


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
        try:
            number = decimal_from_text("true" if isinstance(given, bool) else str(given))
        except InexactNumber:
            raise self._refusal(given) from None
        is_whole = isinstance(self.default, int)
        if number.adjusted() > 12 or (is_whole and number != number.to_integral_value()):
            raise self._refusal(given)
        value = int(number) if is_whole else float(number)
        if not self.between.lowest <= value <= self.between.highest:
            raise self._refusal(given)
        return value

    def _refusal(self, given: object) -> BadStrategy:
        noun = "a whole number" if isinstance(self.default, int) else "a number"
        wanted = f"{noun} from {self.between.lowest} to {self.between.highest}"
        return BadStrategy(f"{self.name} must be {wanted}, was '{given}'")


@frozen
class Named:
    """What every strategy has, however it decides: a name, a description, and parameters."""

    name: str
    description: str
    parameters: tuple[Parameter, ...]

    def resolve(self, given: Mapping[str, object]) -> dict[str, Value]:
        """Return every parameter with its value, defaults filled in; raises `BadStrategy` on a wrong name or value."""
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in given:
            if name not in known:
                raise BadStrategy(f"{self.name} has no parameter {name!r}; it has {', '.join(known) or 'none'}")
        return {name: each.parse(given.get(name, each.default)) for name, each in known.items()}

    def call(self, function: Callable[..., object], values: Mapping[str, Value]) -> tuple[str, object]:
        """Return the call as text, and what *function* gives; raises `BadStrategy` if *values* do not go together."""
        call = f"{self.name}({', '.join(f'{k}={v}' for k, v in values.items())})"
        try:
            return call, function(**values)
        except ValueError as error:
            raise BadStrategy(f"{call}: {error}") from error


@frozen
class Strategy(Named):
    """A named function from parameters to an expression whose value is the target exposure."""

    function: Build = field(repr=False)

    def build(self, given: Mapping[str, object] | None = None) -> Expr:
        """Return the expression for these parameters; raises `BadStrategy` if they do not fit or do not go together."""
        return self.express(self.resolve(given or {}))

    def express(self, values: Mapping[str, Value]) -> Expr:
        """Return the expression for resolved *values*; raises `BadStrategy` if they do not go together."""
        call, expression = self.call(self.function, values)
        if not isinstance(expression, Expr):
            raise BadStrategy(f"{call} gave {expression!r}: return an expression, such as where(close > 1.0, 1.0, 0.0)")
        return expression


@frozen
class EventDriven(Named):
    """A named function from parameters to a strategy that decides event by event."""

    function: BuildEvents = field(repr=False)

    def build(self, given: Mapping[str, object] | None = None) -> AnyEventStrategy:
        """Return the strategy for these parameters; raises `BadStrategy` if they do not fit or do not go together."""
        call, strategy = self.call(self.function, self.resolve(given or {}))
        if not (callable(getattr(strategy, "start", None)) and callable(getattr(strategy, "decide", None))):
            raise BadStrategy(
                f"{call} gave {strategy!r}: return an event strategy, with start() and decide(state, event)"
            )
        built: AnyEventStrategy = strategy  # type: ignore[assignment]  # it has both methods; their types were checked there
        return built

    def deciding(self, values: Mapping[str, Value]) -> ByEvents:
        """Return what a desk runs for resolved *values*; raises as `build` does, and for `reads` of no symbol."""
        strategy = self.build(values)
        call = f"{self.name}({', '.join(f'{k}={v}' for k, v in values.items())})"
        try:
            return ByEvents(call, strategy, getattr(strategy, "reads", ()))
        except (ValueError, TypeError) as error:
            raise BadStrategy(f"{call}: reads: {error}") from error


_ANYTHING: Final = Between(-1e9, 1e9)


def strategy(function: Build) -> Strategy:
    """Make a strategy of a function: its parameters are ints and floats with defaults, its docstring describes it."""
    return Strategy(function.__name__, _description(function), _parameters(function), function)


def event_strategy(function: BuildEvents) -> EventDriven:
    """Make an event strategy of a function that returns one: parameters and docstring as for `strategy`."""
    return EventDriven(function.__name__, _description(function), _parameters(function), function)


def _description(function: Callable[..., object]) -> str:
    return (inspect.getdoc(function) or "").strip()


def _parameters(function: Callable[..., object]) -> tuple[Parameter, ...]:
    hints: dict[str, Any] = get_type_hints(function, include_extras=True)  # Any: annotations are arbitrary objects
    parameters = []
    for name, parameter in inspect.signature(function).parameters.items():
        if type(parameter.default) not in (int, float):
            raise TypeError(f"{function.__name__}: parameter {name} needs an int or float default")
        ranges = get_args(hints[name])[1:] if get_origin(hints[name]) is Annotated else ()
        between = next((each for each in ranges if isinstance(each, Between)), _ANYTHING)
        parameters.append(Parameter(name, parameter.default, between))
    return tuple(parameters)
