"""How many events of each category are written: a few a second of what there is much of, and all that matters.

Warnings, errors, and everything about orders pass always; the rest passes up to its category's number a second.
"""

from collections.abc import Mapping
from typing import Final, get_args

from genesis.ports.errors import InputError
from genesis.ports.monitor import Category, Severity

CATEGORIES: Final[tuple[Category, ...]] = get_args(Category)
ALWAYS: Final = "order"

Rates = Mapping[Category, int]

RATES: Final[Rates] = {"market": 2, "risk": 20, "link": 20, "config": 20, "security": 20, "system": 20}

_OTHER_WORDS: Final[Mapping[str, Category]] = {
    "rest": "link",
    "ws": "link",
    "breaker": "link",
    "budget": "link",
    "key": "security",
    "nonce": "security",
    "audit": "config",
}
_FIRST_WORDS: Final[Mapping[str, Category]] = {**{category: category for category in CATEGORIES}, **_OTHER_WORDS}


def category_of(event: str) -> Category:
    """Return the category of an event by the first word of its dotted name; `system` for a word of nobody's."""
    return _FIRST_WORDS.get(event.partition(".")[0], "system")


def rates_from(text: str) -> Rates:
    """Return the rates that *text* asks for, as `market=1,link=5`, and the usual ones of what it does not name.

    Raises `InputError` for a word that is no category, for orders, and for what is no number from 0 on.
    """
    rates = dict(RATES)
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, _, number = part.partition("=")
        found = [category for category in CATEGORIES if category == name]
        if not found or found[0] == ALWAYS or not (number.isascii() and number.isdigit() and len(number) < 7):
            known = ", ".join(rates)
            raise InputError(f"GENESIS_LOG_SAMPLE: {part!r} is no rate: write CATEGORY=EVENTS_A_SECOND, of {known}")
        rates[found[0]] = int(number)
    return rates


class Sampler:
    """Counts each category by the second; what it turned away is told with the next event that passes."""

    def __init__(self, rates: Rates = RATES) -> None:
        self._rates = rates
        self._seconds: dict[Category, int] = {}
        self._passed: dict[Category, int] = {}
        self._withheld: dict[Category, int] = {}

    def admits(self, category: Category, severity: Severity, now_s: float) -> bool:
        """Return whether an event of this moment is written; *now_s* is monotonic."""
        if category == ALWAYS or severity != "info":
            return True
        second = int(now_s)
        if self._seconds.get(category) != second:
            self._seconds[category], self._passed[category] = second, 0
        if self._passed[category] < self._rates[category]:
            self._passed[category] += 1
            return True
        self._withheld[category] = self._withheld.get(category, 0) + 1
        return False

    def withheld(self, category: Category) -> int:
        """Return how many of *category* were turned away since the last call."""
        return self._withheld.pop(category, 0)
