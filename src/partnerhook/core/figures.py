"""What was counted in a stretch of time, and what charts are made of it. Pure.

Figures are counts by group and name: `{"received": {"": 12}, "refused": {"signature_wrong": 1}, ...}`. They add up:
over minutes, and over processes. Names are what the counting program says; a newer one may have more of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

Figures = Mapping[str, Mapping[str, int]]

NOTHING: Final[Figures] = {}

RECEIVED: Final = "received"
"""POSTs that were signed, stored and answered 200, by app."""
REFUSED: Final = "refused"
"""Requests not taken, by reason."""
ANSWERS: Final = "answers"
"""How long answers took: how many were given within so many seconds, and not within fewer."""
ATTEMPTS: Final = "attempts"
"""Attempts to deliver, by what became of the delivery."""
FATES: Final = "fates"
"""Changes in the POSTs, by what became of each."""
HANDSHAKES: Final = "handshakes"
"""Verification requests answered with the challenge, by app."""
TESTS: Final = "tests"
"""What the App Dashboard's Test button sent, by app."""


def grown(before: Figures, now: Figures) -> dict[str, dict[str, int]]:
    """What was counted between two looks at the same counters; what has not grown is left out."""
    found: dict[str, dict[str, int]] = {}
    for group, counts in now.items():
        known = before.get(group, {})
        more = {name: count - known.get(name, 0) for name, count in counts.items() if count > known.get(name, 0)}
        if more:
            found[group] = more
    return found


def together(several: Iterable[Figures]) -> dict[str, dict[str, int]]:
    """All of them as one."""
    found: dict[str, dict[str, int]] = {}
    for one in several:
        for group, counts in one.items():
            sums = found.setdefault(group, {})
            for name, count in counts.items():
                sums[name] = sums.get(name, 0) + count
    return found


def total(figures: Figures, group: str) -> int:
    """How many there are in a group, whatever their names."""
    return sum(figures.get(group, {}).values())


class Within(NamedTuple):
    """How long something took, as far as counts by bucket tell."""

    at_least_s: float
    at_most_s: float
    """Infinity: longer than the last bucket."""


def quantile(figures: Figures, share: float) -> Within | None:
    """The bucket in which the answer lies that `share` of all answers were no slower than; None: there was none."""
    counts = sorted((float(end), count) for end, count in figures.get(ANSWERS, {}).items())
    rank = math.ceil(share * sum(count for _, count in counts))
    before, passed = 0.0, 0
    for end, count in counts:
        passed += count
        if rank and passed >= rank:
            return Within(before, end)
        before = end
    return None


class Stretch(NamedTuple):
    """A part of the time that a chart shows, with what was counted in it."""

    first_minute: int
    minutes: int
    figures: Figures


def stretches(counted: Iterable[tuple[int, Figures]], *, first: int, minutes: int, count: int) -> list[Stretch]:
    """`count` stretches of so many `minutes` each, from minute `first` on; `counted`: (minute, figures) each."""
    parts: list[list[Figures]] = [[] for _ in range(count)]
    for minute, figures in counted:
        place = (minute - first) // minutes
        if 0 <= place < count:
            parts[place].append(figures)
    return [Stretch(first + place * minutes, minutes, together(part)) for place, part in enumerate(parts)]
