"""What a metric is called, what it means, and which label values it may have."""

import re
from collections.abc import Mapping
from enum import Enum
from typing import Final

from attrs import Factory, field, frozen

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_UNITS: Final = ("_seconds", "_bytes", "_per_second")

LATENCY_BOUNDS_S: Final = (
    *(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5),
    *(1.0, 2.0, 5.0, 10.0, 30.0),
)
RATE_BOUNDS: Final = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1e3, 3e3, 1e4, 3e4, 1e5)
BYTE_RATE_BOUNDS: Final = (1e2, 1e3, 1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7, 1e8)


class MetricKind(Enum):
    """How observations of a metric come together."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@frozen
class MetricSpec:
    """One metric: *labels* maps each label to the values that it may have, *bounds* are a histogram's buckets.

    *begins* are the values of a label whose series are there from the start, where it is not all of them.

    Raises `ValueError` for a name that is not snake_case, a histogram without a unit at the end of its name, and
    buckets that do not rise.
    """

    name: str
    kind: MetricKind
    text: str
    labels: Mapping[str, frozenset[str]] = Factory(dict)
    bounds: tuple[float, ...] = field(default=())
    begins: Mapping[str, frozenset[str]] = Factory(dict)

    def __attrs_post_init__(self) -> None:
        if not all(_NAME.fullmatch(word) for word in (self.name, *self.labels)):
            raise ValueError(f"{self.name}{sorted(self.labels)}: names of metrics and labels are snake_case")
        is_histogram = self.kind is MetricKind.HISTOGRAM
        if is_histogram and not self.name.endswith(_UNITS):
            raise ValueError(f"{self.name}: the name of a distribution ends with its unit, one of {', '.join(_UNITS)}")
        if is_histogram is not bool(self.bounds) or list(self.bounds) != sorted(set(self.bounds)):
            raise ValueError(f"{self.name}: a distribution has buckets that rise, and nothing else has any")
        if self.name.endswith("_total") and self.kind is not MetricKind.COUNTER:
            raise ValueError(f"{self.name}: only a counter's name ends with _total")
