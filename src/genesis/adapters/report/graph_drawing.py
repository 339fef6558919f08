"""The graph of an expression as a drawing: inputs on the left, the decision on the right, an arrow for what is read."""

from collections.abc import Mapping, Sequence
from typing import Final

from attrs import frozen

from genesis.adapters.report.markup import Markup, element

WIDTH: Final = 216
HEIGHT: Final = 46
GAP_X: Final = 56
GAP_Y: Final = 16
TEXT_MAX: Final = 27
SWEEPS: Final = 8


@frozen
class Box:
    """One node: its name, what is in it, its last value, the names that it reads, and whose candles it is on."""

    name: str
    text: str
    value: str
    reads: tuple[str, ...]
    place: str


@frozen
class Spot:
    """Where a box is drawn: its upper left corner."""

    x: float
    y: float


def graph_drawing(boxes: Sequence[Box]) -> Markup:
    """Return the drawing of *boxes*, inputs before those who read them."""
    spots = placed(boxes)
    width = max(spot.x for spot in spots.values()) + WIDTH + 2
    height = max(spot.y for spot in spots.values()) + HEIGHT + 2
    arrows = [_arrow(spots[name], spots[box.name]) for box in boxes for name in box.reads]
    drawn = [_drawn(box, spots[box.name], box is boxes[-1]) for box in boxes]
    size = {"viewBox": f"0 0 {width:g} {height:g}", "width": f"{width:g}", "height": f"{height:g}"}
    picture = element("svg", *arrows, *drawn, role="img", aria_label="The graph of the expression", **size)
    return element("div", picture, class_="scroll")


def placed(boxes: Sequence[Box]) -> Mapping[str, Spot]:
    """Return where each box is drawn: a column further right than all that it reads, and near to it in height."""
    columns: dict[str, int] = {}
    for box in boxes:
        columns[box.name] = max((columns[name] + 1 for name in box.reads), default=0)
    for box in reversed(boxes):  # what is read late is drawn late: its arrow is short then
        readers = [columns[other.name] for other in boxes if box.name in other.reads]
        columns[box.name] = min(readers) - 1 if readers else columns[box.name]
    layers: list[list[Box]] = [[] for _ in range(max(columns.values()) + 1)]
    for box in boxes:
        layers[columns[box.name]].append(box)
    heights = {box.name: float(row) for layer in layers for row, box in enumerate(layer)}
    for sweep in range(SWEEPS):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            _settle(layer, boxes, heights, reads=sweep % 2 == 0)
    lowest = min(heights.values())
    return {
        box.name: Spot(1 + columns[box.name] * (WIDTH + GAP_X), 1 + (heights[box.name] - lowest) * (HEIGHT + GAP_Y))
        for box in boxes
    }


def _settle(layer: list[Box], boxes: Sequence[Box], heights: dict[str, float], *, reads: bool) -> None:
    """Move the boxes of a column towards the middle of what they read, or of who reads them, one below the other."""

    def wish(box: Box) -> float:
        near = box.reads if reads else [other.name for other in boxes if box.name in other.reads]
        return sum(heights[name] for name in near) / len(near) if near else heights[box.name]

    wishes = {box.name: wish(box) for box in layer}
    layer.sort(key=lambda box: (wishes[box.name], heights[box.name]))
    lowest = -float("inf")
    for box in layer:
        lowest = heights[box.name] = max(wishes[box.name], lowest + 1.0)
    shift = sum(wishes[box.name] - heights[box.name] for box in layer) / len(layer)
    for box in layer:
        heights[box.name] += shift


def _arrow(start: Spot, end: Spot) -> Markup:
    x, y = start.x + WIDTH, start.y + HEIGHT / 2
    to_x, to_y = end.x, end.y + HEIGHT / 2
    bend = max((to_x - x) / 2, 24.0)
    curve = f"M{x:g} {y:g}C{x + bend:g} {y:g} {to_x - bend:g} {to_y:g} {to_x - 6:g} {to_y:g}"
    head = f"M{to_x:g} {to_y:g}l-8 -4v8z"
    return element(
        "g",
        element("path", d=curve, style="fill:none;stroke:var(--faint);stroke-width:1.5"),
        element("path", d=head, style="fill:var(--faint)"),
    )


def _drawn(box: Box, spot: Spot, is_last: bool) -> Markup:
    color = "var(--gain)" if is_last else "var(--other)" if box.place else "var(--main)"
    whole = f"{box.name} {box.text}"
    shown = whole if len(whole) <= TEXT_MAX else f"{whole[: TEXT_MAX - 1]}…"
    font = "font:12px ui-monospace,'DejaVu Sans Mono',monospace;fill:var(--ink)"
    small = "font:11px system-ui,'DejaVu Sans',sans-serif;fill:var(--soft)"
    below = " · ".join(part for part in (box.place, box.value) if part)
    return element(
        "g",
        element("title", f"{box.name} = {box.text}"),
        element(
            "rect",
            x=f"{spot.x:g}",
            y=f"{spot.y:g}",
            width=str(WIDTH),
            height=str(HEIGHT),
            rx="6",
            style=f"fill:var(--page);stroke:{color};stroke-width:{2 if is_last else 1}",
        ),
        element("text", shown, x=f"{spot.x + 8:g}", y=f"{spot.y + 19:g}", style=font),
        element("text", below, x=f"{spot.x + 8:g}", y=f"{spot.y + 36:g}", style=small),
    )
