"""The lifecycle as a picture, with the way that a solution took: an SVG of classes, no styles, drawn from the table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from partnerhook.console.words import NAME_OF_STATE
from partnerhook.core.names import (
    ACTIVE,
    DEACTIVATED,
    DEACTIVATION_REQUESTED,
    DRAFT,
    INITIATED,
    REJECTED,
    UNKNOWN,
    State,
)
from partnerhook.core.timeline import Effect, Entry
from partnerhook.core.transitions import TRANSITIONS

WIDTH: Final = 148
HEIGHT: Final = 46
GAP: Final = 104
"""Between two boxes of a row: room for what an arrow is called."""
ROW: Final = 64
BOW: Final = 40
"""How high the way back goes."""
EDGE: Final = 3
TOP: Final = 54

PLACES: Final = {
    DRAFT: (0, 0),
    INITIATED: (1, 0),
    ACTIVE: (2, 0),
    DEACTIVATION_REQUESTED: (3, 0),
    REJECTED: (1, 1),
    DEACTIVATED: (3, 1),
}
"""Column and row of each state. A word that is in no document has no place in the lifecycle."""

LINE: Final = 15
"""From one line of text to the next."""


class Line(NamedTuple):
    """A line of text, where its middle or its start is."""

    x: int
    y: int
    text: str


class Box(NamedTuple):
    """A state."""

    state: State
    x: int
    y: int
    lines: Sequence[Line]
    visited: bool
    current: bool


class Arrow(NamedTuple):
    """A transition between two states."""

    path: str
    lines: Sequence[Line]
    anchor: str
    taken: bool


class Diagram(NamedTuple):
    """All of it."""

    boxes: Sequence[Box]
    arrows: Sequence[Arrow]
    width: int
    height: int
    unusual: Sequence[tuple[State, State]]
    """Steps that it took and the lifecycle does not have."""
    box_width: int = WIDTH
    box_height: int = HEIGHT


Step = tuple[State | None, State]


def steps_of(entries: Iterable[Entry]) -> list[Step]:
    """The steps of a history, in their order."""
    return [
        (one.before, one.after)
        for one in entries
        if one.after is not None and one.before is not one.after and one.effect is not Effect.TEST
    ]


def draw(steps: Sequence[Step], could_be: Sequence[State]) -> Diagram:
    """The table, with the `steps` that were taken and where it is now."""
    taken = set(steps)
    visited = {state for step in steps for state in step if state is not None}
    boxes = [_box(state, visited=state in visited, current=state in could_be) for state in PLACES]
    known = {(row.before, row.after): row.action for row in TRANSITIONS if row.before not in {None, row.after}}
    arrows = [
        _arrow(before, after, action, taken=(before, after) in taken)
        for (before, after), action in known.items()
        if before is not None
    ]
    unusual = [
        (before, after)
        for before, after in dict.fromkeys(steps)
        if before is not None and (before, after) not in known and UNKNOWN not in {before, after}
    ]
    columns, rows = (max(place[axis] for place in PLACES.values()) + 1 for axis in (0, 1))
    width, height = columns * (WIDTH + GAP) - GAP + 2 * EDGE, TOP + rows * (HEIGHT + ROW) - ROW + EDGE
    return Diagram(boxes, arrows, width, height, unusual)


def way(steps: Sequence[Step]) -> list[State]:
    """The states in the order in which they were entered."""
    return [after for _, after in steps if after is not None]


def _box(state: State, *, visited: bool, current: bool) -> Box:
    left, top = _corner(state)
    words = NAME_OF_STATE[state].split(" ")
    return Box(state, left, top, _lines(words, left + WIDTH // 2, top + HEIGHT // 2), visited, current)


def _arrow(before: State, after: State, action: str, *, taken: bool) -> Arrow:
    (left, top), (to_left, to_top) = _corner(before), _corner(after)
    if top != to_top:  # down
        x, bottom = left + WIDTH // 2, top + HEIGHT
        lines = _lines([action], x - 10, (bottom + to_top) // 2)
        return Arrow(f"M{x} {bottom}V{to_top - 7}", lines, "end", taken)
    if left < to_left:  # onwards
        x, y = left + WIDTH, top + HEIGHT // 2
        words = action.split(" ")
        text = _lines(words, x + GAP // 2 - 4, y - 7 - LINE * len(words) // 2)
        return Arrow(f"M{x} {y}H{to_left - 7}", text, "middle", taken)
    # Back: in a bow above, since the arrow onwards has the straight way.
    x, to = left + WIDTH // 2, to_left + WIDTH // 2
    path = f"M{x} {top}C{x} {top - BOW} {to} {top - BOW} {to} {top - 7}"
    return Arrow(path, _lines([action], (x + to) // 2, top - BOW), "middle", taken)


def _corner(state: State) -> tuple[int, int]:
    column, row = PLACES[state]
    return column * (WIDTH + GAP) + EDGE, row * (HEIGHT + ROW) + TOP


def _lines(texts: Sequence[str], x: int, middle: int) -> list[Line]:
    """Lines below each other around a middle."""
    first = middle - LINE * (len(texts) - 1) // 2 + 5
    return [Line(x, first + LINE * number, text) for number, text in enumerate(texts)]
