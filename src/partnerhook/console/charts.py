"""Small charts as SVG that the server draws. Classes colour them; what they show stands beside them as a table.

A chart has no text of its own but numbers at its lines: times below it are HTML, so that the script can show them in
the viewer's zone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from markupsafe import Markup

WIDTH: Final = 480.0
HEIGHT: Final = 132.0
LEFT: Final = 46.0
"""Room for the numbers at the lines."""
TOP: Final = 8.0
BOTTOM: Final = 126.0
GAP: Final = 0.18
"""Between two bars, of their width."""


class Series(NamedTuple):
    """One thing that a chart shows. A value of None: there is none."""

    name: str
    tone: str
    """A class that colours it."""
    values: Sequence[float | None]


Tell = Callable[[float], str]
"""A value in words."""


def bars(several: Sequence[Series], tell: Tell, label: str) -> Markup:
    """Bars, those of several series on top of each other."""
    count = max((len(one.values) for one in several), default=0)
    tops = [sum(one.values[place] or 0 for one in several) for place in range(count)]
    scale = _Scale(max(tops, default=0), count)
    drawn = []
    below = [0.0] * count
    for one in several:
        for place, value in enumerate(one.values):
            if value:
                drawn.append(_bar(scale, one.tone, place, below[place], value))
                below[place] += value
    return _picture(scale, tell, label, drawn)


def lines(several: Sequence[Series], tell: Tell, label: str) -> Markup:
    """A line for each series, broken where there is no value."""
    count = max((len(one.values) for one in several), default=0)
    scale = _Scale(max((value for one in several for value in one.values if value is not None), default=0), count)
    drawn = [_line(scale, one.tone, part) for one in several for part in _parts(one.values)]
    return _picture(scale, tell, label, drawn)


def nice(value: float) -> float:
    """The top of an axis: the next of 1, 2, 4, 5, 10 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * step for step in (1, 2, 4, 5, 10) if value <= power * step * (1 + 1e-9))


class _Scale:
    """From values and places to where they are drawn."""

    def __init__(self, highest: float, count: int) -> None:
        self.top = nice(highest)
        self.step = (WIDTH - LEFT) / max(count, 1)

    def x(self, place: float) -> float:
        return LEFT + place * self.step

    def y(self, value: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * min(value / self.top, 1.0)


def _bar(scale: _Scale, tone: str, place: int, below: float, value: float) -> Markup:
    top, bottom = scale.y(below + value), scale.y(below)
    return Markup('<rect class="bar {}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
        tone, scale.x(place) + scale.step * GAP / 2, top, scale.step * (1 - GAP), max(bottom - top, 0.8)
    )


def _line(scale: _Scale, tone: str, part: Sequence[tuple[int, float]]) -> Markup:
    points = [(scale.x(place + 0.5), scale.y(value)) for place, value in part]
    if len(points) == 1:
        ((x, y),) = points
        return Markup('<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="2.4"/>').format(tone, x, y)
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return Markup('<polyline class="line {}" points="{}"/>').format(tone, path)


def _parts(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """The stretches of a series without a gap, each value with its place."""
    parts: list[list[tuple[int, float]]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            parts.append([])
        else:
            parts[-1].append((place, value))
    return [part for part in parts if part]


def _picture(scale: _Scale, tell: Tell, label: str, drawn: Sequence[Markup]) -> Markup:
    grid = Markup("").join(
        Markup(
            '<line class="grid-line" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
            '<text class="axis-text" x="{}" y="{:.1f}" text-anchor="end">{}</text>'
        ).format(LEFT, WIDTH, scale.y(value), scale.y(value), LEFT - 6, scale.y(value) + 3.5, tell(value))
        for value in (0.0, scale.top / 2, scale.top)
    )
    return Markup('<svg viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}" focusable="false">{}{}</svg>').format(
        WIDTH, HEIGHT, label, grid, Markup("").join(drawn)
    )
