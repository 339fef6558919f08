"""What waits for a quote beside what desks want: the next parts of undertakings, and stops."""

from genesis.domain.events import RequestQuote
from genesis.domain.units import Symbol


class Waiting:
    """See the module; *parts* are by the number of their undertaking, *stops* by the name of their desk."""

    def __init__(self) -> None:
        self.parts: dict[int, Symbol] = {}
        self.stops: dict[str, Symbol] = {}

    def ask(self, symbol: Symbol) -> RequestQuote:
        """Ask for a quote for all that waits for one of an instrument."""
        return RequestQuote(symbol, self.count(symbol))

    def count(self, symbol: Symbol) -> int:
        """Return how many orders wait for a quote of an instrument."""
        if not self.parts and not self.stops:
            return 0
        return sum(each == symbol for waiting in (self.parts, self.stops) for each in waiting.values())

    def clear(self) -> None:
        """Forget all that waits: nobody asked for a quote."""
        self.parts.clear()
        self.stops.clear()
