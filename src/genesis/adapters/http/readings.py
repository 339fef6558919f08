"""What the monitor knows, as the API and the stream show it: pages of events, and latency by client."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Final

import msgspec
from attrs import frozen

from genesis.adapters.http.requests import EventsQuery
from genesis.adapters.http.wire import NoteBody, note_bodies
from genesis.ports.monitor import Distribution, Note
from genesis.ports.session_view import LatencyRow

_SERIES: Final = re.compile(r"(?P<name>[a-z0-9_]+)_seconds(?:\{(?P<labels>.*)\})?")
_LABEL: Final = re.compile(r'\w+="((?:[^"\\]|\\.)*)"')


@frozen
class EventPage:
    """Events, the youngest first; *next* is the `before` of the page that follows, null on the last."""

    next: int | None
    items: Sequence[NoteBody]


class LatencyBody(msgspec.Struct, frozen=True):
    """How long each client's requests took."""

    items: Sequence[LatencyRow]


def event_page(notes: Sequence[Note], query: EventsQuery) -> EventPage:
    """Return the part of *notes*, which are oldest first, that *query* asks for."""
    found = list(islice(_fitting(notes, query), query.limit + 1))
    is_last = len(found) <= query.limit
    found = found[: query.limit]
    return EventPage(None if is_last else found[-1].seq, note_bodies(found))


def _fitting(notes: Sequence[Note], query: EventsQuery) -> Iterable[Note]:
    for note in reversed(notes):
        if query.before is not None and note.seq >= query.before:
            continue
        if (query.start is not None and note.mts < query.start) or (query.end is not None and note.mts >= query.end):
            continue
        if query.category not in (None, note.category) or query.severity not in (None, note.severity):
            continue
        yield note


def latency_rows(distributions: Mapping[str, Distribution]) -> list[LatencyRow]:
    """Return every distribution of seconds as a row: the metric is the client, its labels are the kind."""
    rows = []
    for series, found in distributions.items():
        matched = _SERIES.fullmatch(series)
        if matched is None or not found.count:
            continue
        kind = " ".join(_LABEL.findall(matched["labels"] or ""))
        figures = (round(1000 * each, 3) for each in (found.p50, found.p90, found.p99, found.max))
        rows.append(LatencyRow(matched["name"].replace("_", " "), kind, found.count, *figures))
    return rows
